"""PocketSphinx on one recording: the times of words that are known, or the words as well.

Its English model and dictionary (134,000 words) come in its wheel. The model scores 10 ms frames of 16 kHz audio.
"""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pocketsphinx

from ser_tf.asr.wdseg import Token
from ser_tf.corpora.base import spoken_word

FULL_SCALE = 32_767
_LOG_BASE = math.log(1.0001)
"""Scores of SPHINX are logarithms to this base."""
_SMALLEST = 5e-324
_NOISES = {"[NOISE]": "++NOISE++", "[SPEECH]": "++GARBAGE++"}
"""The model's noises in IEMOCAP's spelling."""
_ALIGNING = {"lm": None, "loglevel": "FATAL", "bestpath": False}
"""Without a second search in the lattice of words, which may leave out words of the text."""
_WIDE_BEAMS = {"beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-100}
"""For recordings that do not align at the first attempt; slower."""


def pcm_of(waveform: npt.NDArray[np.float32]) -> bytes:
    """A waveform, float32 (samples,) at 16 kHz with full scale 1, as little-endian 16-bit samples."""
    return np.clip(np.round(waveform * FULL_SCALE), -FULL_SCALE - 1, FULL_SCALE).astype("<i2").tobytes()


class Sphinx:
    """Aligns and recognises recordings; loads its models when they are needed first."""

    def __init__(self, pronunciations: Mapping[str, str] | None = None) -> None:
        """Takes pronunciations beyond the dictionary's, phones of CMU's set by word in lower case."""
        self._pronunciations = dict(pronunciations or {})

    def knows(self, word: str) -> bool:
        """Whether the dictionary has a word in lower case."""
        return self._aligner.lookup_word(word) is not None

    def align(self, pcm: bytes, words: Sequence[str]) -> tuple[Token, ...] | None:
        """Finds when each word is spoken.

        Args:
            pcm: 16-bit samples at 16 kHz.
            words: In lower case, all known.

        Returns:
            The words in order, with silences; None when the recording cannot be aligned with them.
        """
        for decoder in ("_aligner", "_wide_aligner"):
            tokens = self._decode(getattr(self, decoder), pcm, " ".join(words))
            if [word.lower() for token in tokens if (word := spoken_word(token.text))] == list(words):
                return tokens
        return None

    def recognise(self, pcm: bytes) -> tuple[Token, ...]:
        """Finds which words are spoken, and when; only silence and noises where there is none.

        Args:
            pcm: 16-bit samples at 16 kHz.
        """
        return self._decode(self._recogniser, pcm)

    @functools.cached_property
    def _aligner(self) -> pocketsphinx.Decoder:
        return self._with_pronunciations(pocketsphinx.Decoder(**_ALIGNING))

    @functools.cached_property
    def _wide_aligner(self) -> pocketsphinx.Decoder:
        return self._with_pronunciations(pocketsphinx.Decoder(**_ALIGNING, **_WIDE_BEAMS))

    @functools.cached_property
    def _recogniser(self) -> pocketsphinx.Decoder:
        return self._with_pronunciations(pocketsphinx.Decoder(loglevel="FATAL"))

    def _with_pronunciations(self, decoder: pocketsphinx.Decoder) -> pocketsphinx.Decoder:
        for word, phones in self._pronunciations.items():
            decoder.add_word(word, phones, update=True)
        return decoder

    def _decode(self, decoder: pocketsphinx.Decoder, pcm: bytes, text: str | None = None) -> tuple[Token, ...]:
        """Decodes a recording, of the given text or of any."""
        decoder.reinit_feat()  # forgets the noise and the channel of the recording before
        if text is not None:
            decoder.set_align_text(text)
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        if decoder.hyp() is None:
            return ()
        return _tokens((each.word, each.start_frame, each.end_frame, each.ascore) for each in decoder.seg())


def _tokens(segments: Iterable[tuple[str, int, int, float]]) -> tuple[Token, ...]:
    """A decoder's segments (word, first and last frame, likelihood) in IEMOCAP's spelling.

    A sentence's end that takes no time of its own is left out.
    """
    tokens: list[Token] = []
    for word, first, last, likelihood in segments:
        if tokens and first <= tokens[-1].last_frame:
            continue
        score = round(math.log(max(likelihood, _SMALLEST)) / _LOG_BASE)
        text = word if word.startswith("<") else _NOISES.get(word, word.upper())
        tokens.append(Token(text, first, last, score))
    return tuple(tokens)
