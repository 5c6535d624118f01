"""Words and the frames under them: segments of an utterance's features, and batches with bounded padding.

A batch holds the frames of whole utterances once, and for each word the start and length of its segment; the network
cuts the segments itself. Overlapping segments therefore take no extra space. If the feature is the waveform
(`segment_mfcc`), a frame is a sample. A model that reads only words gets no frames.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import pipeline
from ser_tf.features.framing import FrameParams

ROUNDING_FRAMES = 1e-6
"""Tolerance of comparing times, which are sums of decimal fractions, with the edges of frames."""


class Features(Protocol):
    """Features of utterances by id, such as a feature store or a view."""

    @property
    def dims(self) -> int:
        """Size of a frame."""

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of an utterance."""

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Returns the features of an utterance, float32 (frames, dims)."""


@dataclasses.dataclass(frozen=True)
class Aligned:
    """One utterance as words on frames.

    Attributes:
        words: Indices of the words, int32 (words,).
        segments: First frame and number of frames of each word, int32 (words, 2); at least one frame each.
    """

    words: npt.NDArray[np.int32]
    segments: npt.NDArray[np.int32]


def word_segments(words: Sequence[Word], num_frames: int, params: FrameParams, overlap: float) -> npt.NDArray[np.int32]:
    """Returns the frames under each word (lee2020 §3.1.2).

    A segment has the frames whose windows lie entirely within the word's time, extended on both sides; a word shorter
    than a window has the single frame nearest to its middle.

    Args:
        words: Words with contiguous times; see `ser_tf.papers.lee2020.alignment.spoken_words`.
        num_frames: Frames of the utterance.
        params: The time axis of the frames.
        overlap: Overlap of neighbours as a fraction of a word's duration; each side is extended by half of it.

    Returns:
        First frame and number of frames, int32 (words, 2).
    """
    times = np.asarray([(word.start_seconds, word.end_seconds) for word in words], np.float64).reshape(-1, 2)
    margin = overlap / 2 * (times[:, 1] - times[:, 0])
    start, end = times[:, 0] - margin, times[:, 1] + margin
    first = np.ceil(start / params.hop_seconds - ROUNDING_FRAMES)
    last = np.floor((end - params.window_seconds) / params.hop_seconds + ROUNDING_FRAMES)
    nearest = np.round(((start + end) / 2 - params.window_seconds / 2) / params.hop_seconds)
    short = last < first
    first = np.clip(np.where(short, nearest, first), 0, num_frames - 1)
    last = np.clip(np.where(short, nearest, last), 0, num_frames - 1)
    return np.stack([first, last - first + 1], axis=1).astype(np.int32)


def equal_segments(number: int, num_frames: int, params: FrameParams, overlap: float) -> npt.NDArray[np.int32]:
    """Returns segments of equal length, independent of word boundaries (lee2020 Table 3).

    Args:
        number: Number of segments, which is the number of words in the utterance.
        num_frames: Frames of the utterance.
        params: The time axis of the frames.
        overlap: As for `word_segments`.

    Returns:
        First frame and number of frames, int32 (number, 2).
    """
    duration_seconds = (num_frames - 1) * params.hop_seconds + params.window_seconds
    edges = np.linspace(0.0, duration_seconds, number + 1)
    parts = [Word("", start, end) for start, end in itertools.pairwise(edges)]
    return word_segments(parts, num_frames, params, overlap)


def _sizes(items: Sequence[Aligned], num_frames: Sequence[int], reads: str) -> npt.NDArray[np.int64]:
    """Returns the sizes for `pipeline.plan_epoch`, int64 (utterances, 1 or 2)."""
    words, frames = [len(item.words) for item in items], list(num_frames)
    columns = {"segments": (words, frames), "frames": (frames,), "words": (words,)}[reads]
    return np.asarray(columns, np.int64).T


def dataset(
    features: Features | None,
    ids: Sequence[str],
    items: Sequence[Aligned],
    params: pipeline.BatchParams,
    columns: Mapping[str, npt.NDArray[Any]] | None = None,
    seed: int | None = None,
    reads: str = "segments",
) -> tf.data.Dataset:
    """Makes batches of words and frames.

    Args:
        features: The features, streamed utterance by utterance; None for a model that `reads` words.
        ids: The utterances.
        items: Their words and segments.
        params: How batches are cut.
        columns: Further values of each utterance (targets), with rows along the first axis.
        seed: Seed for shuffling each epoch anew; None keeps one order.
        reads: What the model reads, by which utterances are grouped: `segments`, whole utterances of `frames`, or
            `words`.

    Returns:
        A dataset that yields one epoch per iteration, as dictionaries with `words` int32 (batch, words), `num_words`
        int32 (batch,), `position` (the index in `ids`) and the columns; with features also `features` float32 (batch,
        frames, dims), `lengths` int32 (batch,) and `segments` int32 (batch, words, 2). Padding is zero and on the
        right.
    """
    rows = {"position": np.arange(len(ids), dtype=np.int32), **(columns or {})}
    num_frames = [features.num_frames(utterance_id) if features else 0 for utterance_id in ids]
    sizes = _sizes(items, num_frames, reads)
    epochs = itertools.count()

    def batches() -> Iterator[dict[str, npt.NDArray[Any]]]:
        rng = None if seed is None else np.random.default_rng([seed, next(epochs)])
        for positions in pipeline.plan_epoch(sizes, params, rng):
            chosen = [items[position] for position in positions]
            audio = {}
            if features is not None:
                frames = [features[ids[position]] for position in positions]
                audio = {
                    "features": pipeline.pad(frames, params.pad_multiple),
                    "lengths": np.asarray(list(map(len, frames)), np.int32),
                    "segments": pipeline.pad([item.segments for item in chosen]).astype(np.int32),
                }
            yield {
                **audio,
                "words": pipeline.pad([item.words[:, np.newaxis] for item in chosen])[..., 0].astype(np.int32),
                "num_words": np.asarray([len(item.words) for item in chosen], np.int32),
                **{key: value[positions] for key, value in rows.items()},
            }

    of_audio = {
        "features": tf.TensorSpec((None, None, features.dims if features else 0), tf.float32),
        "lengths": tf.TensorSpec((None,), tf.int32),
        "segments": tf.TensorSpec((None, None, 2), tf.int32),
    }
    signature = {
        **(of_audio if features else {}),
        "words": tf.TensorSpec((None, None), tf.int32),
        "num_words": tf.TensorSpec((None,), tf.int32),
        **{key: tf.TensorSpec((None, *value.shape[1:]), value.dtype) for key, value in rows.items()},
    }
    number = len(pipeline.plan_epoch(sizes, params, None if seed is None else np.random.default_rng(seed)))
    return pipeline.streamed(batches, signature, number)
