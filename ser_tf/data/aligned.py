"""Words and the frames under them: segments of an utterance's features, and batches whose padding stays bounded.

A batch holds the frames of whole utterances once, and for each word where its segment begins and how many frames it
has; the network cuts the segments itself. Overlapping segments cost nothing on the way, and models that read words
alone, frames alone or both take the same batches.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import pipeline
from ser_tf.features.framing import FrameParams

ROUNDING_FRAMES = 1e-6
"""Times are sums of decimal fractions; what lies this close to a frame's edge lies on it."""


class Features(Protocol):
    """Gives the features of an utterance by its id, as a feature store or a view does."""

    dims: int

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames."""

    def __getitem__(self, utterance_id: str) -> np.ndarray:
        """float32 (frames, dims)."""


@dataclasses.dataclass(frozen=True)
class Aligned:
    """One utterance as words on frames.

    Attributes:
        words: Numbers of the words, int32 (words,).
        segments: First frame and number of frames of each word, int32 (words, 2); at least one frame each.
    """

    words: np.ndarray
    segments: np.ndarray


@dataclasses.dataclass(frozen=True)
class BatchParams:
    """How batches are cut.

    Attributes:
        batch_size: Utterances in a batch at most.
        max_cells: Utterances x most words x longest segment of a batch at most, padding included, which bounds the
            memory of a training step; an utterance that is larger by itself is a batch of its own.
        bucket_batches: So many batches' worth of shuffled utterances are sorted by size before they are cut.
        pad_frames: Padded lengths of utterances are multiples of so many frames.
    """

    batch_size: int
    max_cells: int = 200_000
    bucket_batches: int = 8
    pad_frames: int = 16


def word_segments(words: Sequence[Word], num_frames: int, params: FrameParams, overlap: float) -> np.ndarray:
    """Frames under each word (lee2020 §3.1.2).

    A segment has the frames whose windows lie wholly inside of the word's time after it was made longer on both
    sides; a word shorter than a window has the one frame nearest to its middle.

    Args:
        words: With times that touch each other; see `ser_tf.corpora.alignment.spoken_words`.
        num_frames: Frames of the utterance.
        params: The time axis of the frames.
        overlap: Of neighbours, as a share of a word's duration: each side is extended by half of it.

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


def equal_segments(number: int, num_frames: int, params: FrameParams, overlap: float) -> np.ndarray:
    """Segments of equal length that know nothing of words (lee2020 Table 3).

    Args:
        number: How many segments, as many as the utterance has words.
        num_frames: Frames of the utterance.
        params: The time axis of the frames.
        overlap: As for `word_segments`.

    Returns:
        First frame and number of frames, int32 (number, 2).
    """
    duration_seconds = (num_frames - 1) * params.hop_seconds + params.window_seconds
    edges = np.linspace(0.0, duration_seconds, number + 1)
    parts = [Word("", start, end) for start, end in zip(edges, edges[1:], strict=False)]
    return word_segments(parts, num_frames, params, overlap)


def plan_epoch(sizes: np.ndarray, params: BatchParams, rng: np.random.Generator | None) -> list[np.ndarray]:
    """Cuts one epoch into batches of positions that are alike in both sizes.

    Args:
        sizes: Of each utterance, two sizes whose largest values in a batch are what it is padded to, (utterances, 2);
            the product of both with the number of utterances is bounded by `max_cells`.
        params: How batches are cut.
        rng: Shuffles utterances and batches; None keeps one sorted order, for prediction.

    Returns:
        One integer array of positions for each batch; together every position once.
    """
    order = np.arange(len(sizes)) if rng is None else rng.permutation(len(sizes))
    span = len(sizes) if rng is None else params.batch_size * params.bucket_batches
    batches: list[np.ndarray] = []
    for first in range(0, len(order), max(span, 1)):
        batches += _cut(_alike(order[first : first + span], sizes, params.batch_size), sizes, params)
    if rng is not None:
        batches = [batches[position] for position in rng.permutation(len(batches))]
    return batches


def _alike(bucket: np.ndarray, sizes: np.ndarray, batch_size: int) -> np.ndarray:
    """Orders positions so that neighbours are alike in both sizes.

    Sorted by the first size, the bucket is split into as many parts as will make batches in each; every part is
    sorted by the second size, so that a batch spans a small range of both.
    """
    by_first = bucket[np.lexsort((sizes[bucket, 1], sizes[bucket, 0]))]
    num_parts = max(round((len(bucket) / batch_size) ** 0.5), 1)
    part = -(-len(bucket) // (num_parts * batch_size)) * batch_size
    parts = [by_first[first : first + part] for first in range(0, len(by_first), part)]
    return np.concatenate([each[np.argsort(sizes[each, 1], kind="stable")] for each in parts])


def _cut(bucket: np.ndarray, sizes: np.ndarray, params: BatchParams) -> list[np.ndarray]:
    batches, begin = [], 0
    first_size = second_size = 0
    for place, (first, second) in enumerate(sizes[bucket].tolist()):
        grown = max(first_size, first), max(second_size, second)
        number = place - begin + 1
        if number > 1 and (number > params.batch_size or number * grown[0] * grown[1] > params.max_cells):
            batches.append(bucket[begin:place])
            begin, grown = place, (first, second)
        first_size, second_size = grown
    return [*batches, bucket[begin:]] if len(bucket) else batches


def split_to(batches: Sequence[np.ndarray], number: int) -> list[np.ndarray]:
    """Halves the largest batches until there are `number` of them, or each has one utterance."""
    result = list(batches)
    while len(result) < number:
        largest = max(range(len(result)), key=lambda place: len(result[place]))
        if len(result[largest]) < 2:
            break
        result[largest : largest + 1] = np.array_split(result[largest], 2)
    return result


def sizes_of(items: Sequence[Aligned], num_frames: Sequence[int], read: str) -> np.ndarray:
    """The sizes that `plan_epoch` takes, int64 (utterances, 2).

    Args:
        items: The utterances.
        num_frames: Their frames.
        read: `segments` (longest segment and number of words), `frames` or `words` (the one number and 1).
    """
    sizes = {
        "segments": lambda item, frames: (item.segments[:, 1].max(), len(item.words)),
        "frames": lambda item, frames: (1, frames),
        "words": lambda item, frames: (1, len(item.words)),
    }[read]
    return np.asarray([sizes(*pair) for pair in zip(items, num_frames, strict=True)], np.int64).reshape(-1, 2)


def padded_share(sizes: np.ndarray, filled: Sequence[int], batches: Sequence[np.ndarray]) -> float:
    """Share of cells in batches that are padding.

    Args:
        sizes: As for `plan_epoch`.
        filled: Cells that each utterance fills: the frames of all its segments.
        batches: From `plan_epoch`.
    """
    cells = sum(len(batch) * sizes[batch].max(0).prod() for batch in batches)
    return float(1.0 - np.sum(filled) / cells)


def dataset(
    features: Features,
    ids: Sequence[str],
    items: Sequence[Aligned],
    params: BatchParams,
    columns: Mapping[str, np.ndarray] | None = None,
    seed: int | None = None,
    read: str = "segments",
    num_epochs: int = 1,
) -> tf.data.Dataset:
    """Batches of words and frames.

    Args:
        features: Where frames are read from, streamed utterance by utterance.
        ids: The utterances.
        items: Their words and segments.
        params: How batches are cut.
        columns: Further values for each utterance (targets), rows along the first axis.
        seed: Shuffles each epoch anew, always the same for the same seed; None keeps one order.
        read: What the model reads, which decides the utterances that come together: `segments`, whole utterances of
            `frames`, or `words`.
        num_epochs: How many iterations differ; later ones begin again with the first. Keras wants the same number of
            batches in each, and `max_cells` makes it vary: epochs with fewer batches than the one with most have some
            of theirs halved.

    Returns:
        A dataset whose every iteration is one epoch, of dictionaries with `features` float32 (batch, frames, dims),
        `lengths` int32 (batch,), `words` int32 (batch, words), `segments` int32 (batch, words, 2), `num_words` int32
        (batch,), `position` (the row in `ids`) and the columns; padding is zero and on the right.
    """
    rows = {"position": np.arange(len(ids), dtype=np.int32), **(columns or {})}
    sizes = sizes_of(items, [features.num_frames(one) for one in ids], read)
    epochs = itertools.count()

    def plan(epoch: int) -> list[np.ndarray]:
        return plan_epoch(sizes, params, None if seed is None else np.random.default_rng([seed, epoch % num_epochs]))

    number = max(len(plan(epoch)) for epoch in range(1 if seed is None else num_epochs))

    def batches() -> Iterator[dict[str, np.ndarray]]:
        for positions in split_to(plan(next(epochs)), number):
            chosen = [items[position] for position in positions]
            frames = [features[ids[position]] for position in positions]
            yield {
                "features": pipeline.pad(frames, params.pad_frames),
                "lengths": np.asarray([len(each) for each in frames], np.int32),
                "words": pipeline.pad([item.words[:, np.newaxis] for item in chosen])[..., 0].astype(np.int32),
                "segments": pipeline.pad([item.segments for item in chosen]).astype(np.int32),
                "num_words": np.asarray([len(item.words) for item in chosen], np.int32),
                **{key: value[positions] for key, value in rows.items()},
            }

    signature = {
        "features": tf.TensorSpec((None, None, features.dims), tf.float32),
        "lengths": tf.TensorSpec((None,), tf.int32),
        "words": tf.TensorSpec((None, None), tf.int32),
        "segments": tf.TensorSpec((None, None, 2), tf.int32),
        "num_words": tf.TensorSpec((None,), tf.int32),
        **{key: tf.TensorSpec((None, *value.shape[1:]), value.dtype) for key, value in rows.items()},
    }
    generated = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return generated.apply(tf.data.experimental.assert_cardinality(number)).prefetch(2)
