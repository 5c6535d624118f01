"""Words for models that read them: alignments as the model was trained to read them, given or recognised."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ser_tf import papers
from ser_tf.asr import extra
from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora.base import Word
from ser_tf.corpora.iemocap_format import FRAMES_PER_SECOND
from ser_tf.errors import AudioError, SettingError
from ser_tf.protocol import ledger as ledgers
from ser_tf.serving import names

Say = Callable[[Sequence[Word], float | None], tuple[Word, ...]]
"""From an alignment as written, and the recording's seconds, to the words that a model was trained on."""
PIECE_SECONDS = 30.0
"""Longest piece that is recognised at once; the search's memory grows with it."""


def sayer(paper: str, settings: Mapping[str, Any]) -> Say:
    """How a model's paper reads alignments under the assumptions that the model was trained under.

    Args:
        paper: The paper's key.
        settings: The assumptions, as on the model's card.

    Raises:
        ValueError: the paper reads no words.
    """
    found = papers.load(paper)
    words = found.served().words if found.served else None
    if words is None:
        raise ValueError(f"{paper} reads no words")
    ledger = ledgers.restore(type(found.ledger), settings)
    return lambda tokens, seconds: words.said(tokens, seconds, ledger)


class Source(Protocol):
    """Where the words of recordings come from."""

    def __call__(self, path: Path, waveform: npt.NDArray[np.float32], /) -> Sequence[Word]:
        """The alignment of a recording, as written.

        Args:
            path: Its file.
            waveform: What is heard of it, float32 (samples,) at 16 kHz.

        Raises:
            AudioError: there is none.
        """


class Given:
    """Alignments of the user's, by the stem of the file."""

    def __init__(self, alignments: Mapping[str, Sequence[Word]]) -> None:
        """Takes the alignments."""
        self._alignments = alignments

    def __call__(self, path: Path, _: npt.NDArray[np.float32], /) -> Sequence[Word]:
        """The alignment of the file's name."""
        if path.stem not in self._alignments:
            raise AudioError(f"--alignment has no alignment of {names.one_line(path.stem)}")
        return self._alignments[path.stem]


class Recognised:
    """Words that PocketSphinx recognises."""

    def __init__(self) -> None:
        """Loads no model yet.

        Raises:
            SettingError: PocketSphinx is not installed.
        """
        if not extra.is_installed():
            raise SettingError(
                "this model reads words: give their alignments with --alignment DIR, or install what recognises them:"
                f" {extra.INSTALL}"
            )
        from ser_tf.asr.sphinx import Sphinx

        self._sphinx = Sphinx()

    def __call__(self, _: Path, waveform: npt.NDArray[np.float32], /) -> Sequence[Word]:
        """Recognises a recording in pieces of `PIECE_SECONDS`."""
        from ser_tf.asr.sphinx import pcm_of

        length = round(PIECE_SECONDS * MODEL_SAMPLE_RATE_HZ)
        found: list[Word] = []
        for start in range(0, len(waveform), length):
            offset = start / MODEL_SAMPLE_RATE_HZ
            for token in self._sphinx.recognise(pcm_of(waveform[start : start + length])):
                begin, end = token.first_frame, token.last_frame + 1
                found.append(Word(token.text, offset + begin / FRAMES_PER_SECOND, offset + end / FRAMES_PER_SECOND))
        return tuple(found)
