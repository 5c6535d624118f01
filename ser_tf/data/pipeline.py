"""From a feature store to batches: length bucketing, right padding, lengths, prefetching, the same order for a seed.

Batches are cut from utterances that lie near each other in length, so that little of a batch is padding; which
utterances come together, and in which order batches come, is drawn anew in every epoch from the seed alone.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_tf.data.store import Frames


@dataclasses.dataclass(frozen=True)
class BatchParams:
    """How batches are cut.

    Attributes:
        batch_size: Utterances in a batch; the last batches of an epoch may be smaller.
        bucket_batches: So many batches' worth of shuffled utterances are sorted by length before they are cut.
        pad_multiple: Padded lengths are multiples of so many frames, to bound the number of distinct shapes.
    """

    batch_size: int
    bucket_batches: int = 8
    pad_multiple: int = 16


def plan_epoch(
    sizes: Sequence[int] | np.ndarray, params: BatchParams, rng: np.random.Generator | None
) -> list[np.ndarray]:
    """Cuts one epoch into batches of positions that are alike in size.

    Args:
        sizes: Frames of each utterance, (utterances,); or two sizes of each, (utterances, 2), both of which are padded.
        params: How batches are cut.
        rng: Shuffles utterances and batches; None keeps one sorted order, for prediction.

    Returns:
        One integer array of positions for each batch; together every position once. Their number depends on the
        number of utterances alone.
    """
    table = _table(sizes)
    order = np.arange(len(table)) if rng is None else rng.permutation(len(table))
    span = len(table) if rng is None else params.batch_size * params.bucket_batches
    batches: list[np.ndarray] = []
    for first in range(0, len(order), max(span, 1)):
        bucket = _alike(order[first : first + span], table, params.batch_size)
        batches += [bucket[cut : cut + params.batch_size] for cut in range(0, len(bucket), params.batch_size)]
    if rng is not None:
        batches = [batches[position] for position in rng.permutation(len(batches))]
    return batches


def _table(sizes: Sequence[int] | np.ndarray) -> np.ndarray:
    """One row an utterance, one column a size."""
    table = np.asarray(sizes, np.int64)
    return table[:, np.newaxis] if table.ndim == 1 else table


def _alike(bucket: np.ndarray, table: np.ndarray, batch_size: int) -> np.ndarray:
    """Orders positions so that neighbours are alike in all sizes.

    With two sizes, what is sorted by the first is split into as many parts as will make batches in each; every part
    is sorted by the second, so that a batch spans a small range of both.
    """
    ordered = bucket[np.argsort(table[bucket, 0], kind="stable")]
    if table.shape[1] == 1:
        return ordered
    num_parts = max(round((len(bucket) / batch_size) ** 0.5), 1)
    part = -(-len(bucket) // (num_parts * batch_size)) * batch_size
    parts = [ordered[first : first + part] for first in range(0, len(ordered), part)]
    return np.concatenate([each[np.argsort(table[each, 1], kind="stable")] for each in parts])


def pad(arrays: Sequence[np.ndarray], multiple: int = 1) -> np.ndarray:
    """Stacks arrays of shape (frames, dims) into (batch, longest, dims), zeros on the right."""
    longest = max(len(array) for array in arrays)
    padded = np.zeros((len(arrays), -(-longest // multiple) * multiple, *arrays[0].shape[1:]), np.float32)
    for row, array in enumerate(arrays):
        padded[row, : len(array)] = array
    return padded


def dataset(
    store: Frames,
    ids: Sequence[str],
    params: BatchParams,
    columns: Mapping[str, np.ndarray] | None = None,
    seed: int | None = None,
) -> tf.data.Dataset:
    """Batches of `{"features": (batch, frames, dims), "lengths": (batch,), **columns}`.

    Args:
        store: Where features are read from, streamed utterance by utterance.
        ids: The utterances, in the order of the rows of `columns`.
        params: How batches are cut.
        columns: Further values for each utterance (targets, weights), rows along the first axis.
        seed: Shuffles each epoch anew, always the same for the same seed; None keeps one order.

    Returns:
        A dataset whose every iteration is one epoch; with `position`, the row in `ids`, among the columns.
    """
    rows = {"position": np.arange(len(ids), dtype=np.int32), **(columns or {})}
    lengths = [store.num_frames(utterance_id) for utterance_id in ids]
    epochs = itertools.count()

    def batches() -> Iterator[dict[str, np.ndarray]]:
        rng = None if seed is None else np.random.default_rng([seed, next(epochs)])
        for positions in plan_epoch(lengths, params, rng):
            features = pad([store[ids[position]] for position in positions], params.pad_multiple)
            batch_lengths = np.asarray([lengths[position] for position in positions], np.int32)
            yield {
                "features": features,
                "lengths": batch_lengths,
                **{key: value[positions] for key, value in rows.items()},
            }

    signature = {
        "features": tf.TensorSpec((None, None, store.dims), tf.float32),
        "lengths": tf.TensorSpec((None,), tf.int32),
        **{key: tf.TensorSpec((None, *value.shape[1:]), value.dtype) for key, value in rows.items()},
    }
    # The number of batches is the same in every epoch, whatever the shuffling.
    number = len(plan_epoch(lengths, params, None if seed is None else np.random.default_rng(seed)))
    return streamed(batches, signature, number)


def streamed(
    batches: Callable[[], Iterator], signature: Mapping[str, tf.TensorSpec], number: int, ahead: int = 2
) -> tf.data.Dataset:
    """A dataset of what a generator makes, some batches ahead of who reads it.

    Args:
        batches: Called for each epoch.
        signature: Of a batch.
        number: Batches in an epoch.
        ahead: How many are made ahead.
    """
    generated = tf.data.Dataset.from_generator(batches, output_signature=dict(signature))
    return untuned(generated.apply(tf.data.experimental.assert_cardinality(number)).prefetch(ahead))


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Switches tf.data's tuning off: there is nothing to tune, and to end it takes half a second in every epoch."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def padded_share(sizes: Sequence[int] | np.ndarray, params: BatchParams, seed: int = 0) -> float:
    """Share of cells in one epoch's batches that are padding; with two sizes, of cells of their product."""
    table = _table(sizes)
    cells = 0
    for positions in plan_epoch(table, params, np.random.default_rng(seed)):
        longest = table[positions].max(axis=0)
        longest[-1] = -(-longest[-1] // params.pad_multiple) * params.pad_multiple
        cells += len(positions) * int(longest.prod())
    return 1.0 - float(table.prod(axis=1).sum()) / cells
