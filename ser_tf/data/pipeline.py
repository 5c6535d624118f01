"""Batches from a feature store: similar lengths together, padded on the right, prefetched, reproducible from a seed.

Utterances of similar length share a batch, which keeps padding low, but not always the same ones: utterances are ranked
by length, their ranks are shifted at random, and batches are cut from that order. The range of the shift trades padding
against mixing. With the default `BatchParams.mixing`, two utterances that share a batch share one in another epoch at
most three times as often as in random batches, whatever the size of the corpus; sorted buckets of a small corpus would
repeat nearly all batches. Every epoch is drawn anew, from the seed only.

Deviations: no paper says how it forms batches. This rule is ours; an infinite `mixing` gives random batches.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data.store import Frames

_LONGEST_MIXING = 0.05
"""Fraction of `mixing` applied to the longest utterances, which cost the most padding."""


@dataclasses.dataclass(frozen=True)
class BatchParams:
    """Settings for cutting batches.

    Attributes:
        batch_size: Utterances in a batch; one batch per epoch may be smaller.
        mixing: Range within which the ranks of the shortest utterances are shifted, as a fraction of all ranks, 0 to
            1; longer ones are shifted less. Infinity makes random batches.
        pad_multiple: Padded lengths are multiples of this many frames, to bound the number of distinct shapes.
    """

    batch_size: int
    mixing: float = 0.85
    pad_multiple: int = 16


def plan_epoch(
    sizes: Sequence[int] | npt.NDArray[np.integer[Any]], params: BatchParams, rng: np.random.Generator | None
) -> list[npt.NDArray[np.intp]]:
    """Cuts one epoch into batches of positions that are alike in size.

    Args:
        sizes: Frames of each utterance, (utterances,), or two sizes that are both padded, (utterances, 2).
        params: How batches are cut.
        rng: Shuffles utterances and batches; None keeps one sorted order, for prediction.

    Returns:
        One integer array of positions per batch, together containing every position once. The number of batches depends
        only on the number of utterances.
    """
    cells = _table(sizes).prod(axis=1)
    number, size = len(cells), params.batch_size
    if rng is None or number == 0:
        order = np.argsort(cells, kind="stable")
        return [order[first : first + size] for first in range(0, number, size)]
    if np.isinf(params.mixing):
        cells = np.zeros_like(cells)
    ranks = np.empty(number)
    ranks[np.lexsort((rng.random(number), cells))] = (np.arange(number) + 0.5) / number
    reach = min(params.mixing, 1.0) * (1 - (1 - _LONGEST_MIXING) * ranks)
    order = np.argsort(ranks + reach * (rng.random(number) - 0.5), kind="stable")
    edges = np.arange(0, number + size, size)
    # The smaller batch may lie anywhere, not always among the longest.
    edges[rng.integers(1, len(edges)) :] -= -number % size
    batches = [order[first:end] for first, end in itertools.pairwise(edges)]
    return [batches[position] for position in rng.permutation(len(batches))]


def _table(sizes: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """Returns an array with one row per utterance and one column per size."""
    table = np.asarray(sizes, np.int64)
    return table[:, np.newaxis] if table.ndim == 1 else table


def pad(arrays: Sequence[npt.NDArray[Any]], multiple: int = 1) -> npt.NDArray[Any]:
    """Stacks arrays of shape (frames, dims) into (batch, max_frames, dims), padded with zeros on the right."""
    longest = max(len(array) for array in arrays)
    padded = np.zeros((len(arrays), -(-longest // multiple) * multiple, *arrays[0].shape[1:]), np.float32)
    for row, array in enumerate(arrays):
        padded[row, : len(array)] = array
    return padded


def dataset(
    store: Frames,
    ids: Sequence[str],
    params: BatchParams,
    columns: Mapping[str, npt.NDArray[Any]] | None = None,
    seed: int | None = None,
) -> tf.data.Dataset:
    """Makes batches of `{"features": (batch, frames, dims), "lengths": (batch,), **columns}`.

    Args:
        store: The features, streamed utterance by utterance.
        ids: The utterances, in the order of the rows of `columns`.
        params: How batches are cut.
        columns: Further values of each utterance (targets, weights), with rows along the first axis.
        seed: Seed for shuffling each epoch anew; None keeps one order.

    Returns:
        A dataset that yields one epoch per iteration; its columns include `position`, the index in `ids`.
    """
    rows = {"position": np.arange(len(ids), dtype=np.int32), **(columns or {})}
    lengths = [store.num_frames(utterance_id) for utterance_id in ids]
    epochs = itertools.count()

    def batches() -> Iterator[dict[str, npt.NDArray[Any]]]:
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
    batches: Callable[[], Iterator[Any]], signature: Mapping[str, tf.TensorSpec], number: int, ahead: int = 2
) -> tf.data.Dataset:
    """Makes a dataset from a generator, prepared some batches ahead.

    Args:
        batches: Called for each epoch; yields its batches.
        signature: Shapes and types of a batch.
        number: Batches in an epoch.
        ahead: Number of batches to prepare ahead.
    """
    generated = tf.data.Dataset.from_generator(batches, output_signature=dict(signature))
    return untuned(generated.apply(tf.data.experimental.assert_cardinality(number)).prefetch(ahead))


def untuned(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Disables tf.data's autotuning: there is nothing to tune, and stopping it takes half a second per epoch."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def padded_share(sizes: Sequence[int] | npt.NDArray[Any], params: BatchParams, seed: int = 0) -> float:
    """Returns the fraction of cells in one epoch's batches that are padding; two sizes make cells of their product."""
    table = _table(sizes)
    cells = 0
    for positions in plan_epoch(table, params, np.random.default_rng(seed)):
        longest = table[positions].max(axis=0)
        longest[-1] = -(-longest[-1] // params.pad_multiple) * params.pad_multiple
        cells += len(positions) * int(longest.prod())
    return 1.0 - float(table.prod(axis=1).sum()) / cells
