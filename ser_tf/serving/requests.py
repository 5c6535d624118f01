"""Inputs of the served signatures from waveforms, files and words, as NumPy arrays; no TensorFlow here."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.corpora.base import Word
from ser_tf.corpora.wav_header import IEEE_FLOAT

SAMPLE_RATE_HZ = 16_000


def of_waveforms(waveforms: Sequence[npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Inputs of `serving_default`: float32 (samples,) each, at 16 kHz."""
    longest = max((len(waveform) for waveform in waveforms), default=0)
    padded = np.zeros((len(waveforms), longest), np.float32)
    for row, waveform in enumerate(waveforms):
        padded[row, : len(waveform)] = waveform
    return {"waveform": padded, "num_samples": np.asarray([len(one) for one in waveforms], np.int32)}


def of_files(contents: Sequence[bytes]) -> dict[str, npt.NDArray[Any]]:
    """Inputs of `wav_bytes`: the bytes of RIFF/WAVE files."""
    audio = np.empty(len(contents), object)  # NumPy's own strings would lose zeros at the end
    audio[:] = contents
    return {"audio": audio}


def of_words(texts: Sequence[Sequence[Word]]) -> dict[str, npt.NDArray[Any]]:
    """The inputs beside the audio for models that read words: spoken words with their times, in order."""
    longest = max((len(text) for text in texts), default=0)
    words = np.full((len(texts), longest), b"", object)
    seconds = np.zeros((len(texts), longest, 2), np.float32)
    for row, text in enumerate(texts):
        words[row, : len(text)] = [word.text.encode() for word in text]
        seconds[row, : len(text)] = np.reshape([(word.start_seconds, word.end_seconds) for word in text], (-1, 2))
    return {
        "words": words,
        "word_seconds": seconds,
        "num_words": np.asarray([len(text) for text in texts], np.int32),
    }


def wav_of(waveform: npt.NDArray[Any]) -> bytes:
    """A waveform, float32 (samples,) at 16 kHz, as a WAV file of 32-bit floats: no rounding."""
    samples = waveform.astype("<f4").tobytes()
    layout = struct.pack("<HHIIHH", IEEE_FLOAT, 1, SAMPLE_RATE_HZ, 4 * SAMPLE_RATE_HZ, 4, 32)
    chunks = struct.pack("<4sI", b"fmt ", len(layout)) + layout + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks
