"""From a feature store to batches: similar lengths together, right padding, prefetching, the same order for a seed.

Utterances of similar length share a batch, so that little of it is padding, but not always the same ones: each is
ranked by length, moved up or down by chance, and batches are cut from that order. How far it may move decides between
padding and mixing. With `BatchParams.mixing` as it is, two utterances that share a batch share it in another epoch at
most three times as often as in random batches, at every size of a corpus; sorted buckets of a small corpus would
repeat nearly all of them. Everything is drawn anew in every epoch from the seed alone.

Deviations: no paper says how it forms batches; this rule is fixed here, and random batches are `mixing` at infinity.
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
"""Share of `mixing` that is left for the longest utterances, whose company costs most padding."""


@dataclasses.dataclass(frozen=True)
class BatchParams:
    """How batches are cut.

    Attributes:
        batch_size: Utterances in a batch; one batch of an epoch may be smaller.
        mixing: Range that the rank by length of the shortest utterances is moved in, as a share of all ranks, 0 to 1;
            longer ones move less. Infinity makes random batches.
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
        sizes: Frames of each utterance, (utterances,); or two sizes of each, (utterances, 2), both of which are padded.
        params: How batches are cut.
        rng: Shuffles utterances and batches; None keeps one sorted order, for prediction.

    Returns:
        One integer array of positions for each batch; together every position once. Their number depends on the
        number of utterances alone.
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
    # The batch that is smaller lies anywhere, not always among the longest.
    edges[rng.integers(1, len(edges)) :] -= -number % size
    batches = [order[first:end] for first, end in itertools.pairwise(edges)]
    return [batches[position] for position in rng.permutation(len(batches))]


def _table(sizes: Sequence[int] | npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """One row an utterance, one column a size."""
    table = np.asarray(sizes, np.int64)
    return table[:, np.newaxis] if table.ndim == 1 else table


def pad(arrays: Sequence[npt.NDArray[Any]], multiple: int = 1) -> npt.NDArray[Any]:
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
    columns: Mapping[str, npt.NDArray[Any]] | None = None,
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


def padded_share(sizes: Sequence[int] | npt.NDArray[Any], params: BatchParams, seed: int = 0) -> float:
    """Share of cells in one epoch's batches that are padding; with two sizes, of cells of their product."""
    table = _table(sizes)
    cells = 0
    for positions in plan_epoch(table, params, np.random.default_rng(seed)):
        longest = table[positions].max(axis=0)
        longest[-1] = -(-longest[-1] // params.pad_multiple) * params.pad_multiple
        cells += len(positions) * int(longest.prod())
    return 1.0 - float(table.prod(axis=1).sum()) / cells
