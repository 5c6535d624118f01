"""Segments of many utterances in shuffled batches, read from a feature store during training.

Only the positions of segments are in memory, eight bytes each; their frames are read from the memory map when a batch
is assembled, which avoids holding the 300,000 segments of §4.1 in memory.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data import pipeline
from ser_tf.data.store import Frames
from ser_tf.papers.mao2020.segmenting import SegmentParams, num_segments


def places(store: Frames, ids: Sequence[str], params: SegmentParams) -> npt.NDArray[np.int32]:
    """Lists the positions of the utterances' segments.

    Args:
        store: Features of the utterances, for their numbers of frames.
        ids: The utterances.
        params: How frames are cut into segments.

    Returns:
        int32 (segments, 2): the utterance's index in `ids`, and the segment's first frame.
    """
    counts = [num_segments(store.num_frames(utterance_id), params) for utterance_id in ids]
    rows = np.repeat(np.arange(len(ids), dtype=np.int32), counts)
    starts = np.concatenate([np.arange(count, dtype=np.int32) * params.hop_frames for count in counts])
    return np.stack([rows, starts], axis=1)


def read(
    store: Frames, ids: Sequence[str], where: npt.NDArray[np.int32], params: SegmentParams
) -> npt.NDArray[np.float32]:
    """Reads segments.

    Args:
        store: Features of the utterances.
        ids: The utterances.
        where: Rows of the result of `places`.
        params: How frames are cut into segments.

    Returns:
        float32 (segments, `params.frames`, dims).
    """
    batch = np.full((len(where), params.frames, store.dims), params.fill, np.float32)
    for place, (row, start) in enumerate(where):
        found = store[ids[row]][start : start + params.frames]
        batch[place, : len(found)] = found
    return batch


def dataset(
    store: Frames,
    ids: Sequence[str],
    params: SegmentParams,
    batch_size: int,
    columns: Mapping[str, npt.NDArray[np.generic]],
    seed: int | None = None,
) -> tf.data.Dataset:
    """Makes batches of `{"segments": (batch, frames, dims), "position": (batch,), **columns}`.

    Args:
        store: Features of the utterances.
        ids: The utterances, in the order of the rows of `columns`.
        params: How frames are cut into segments.
        batch_size: Segments in a batch; the last batch of an epoch may be smaller.
        columns: Values of each utterance (targets, weights), which its segments inherit (§2.1.2).
        seed: Seed for shuffling the segments of all utterances anew in each epoch; None keeps their order.

    Returns:
        A dataset that yields one epoch per iteration; `position` numbers the segments of all utterances.
    """
    everywhere = places(store, ids, params)
    epochs = itertools.count()

    def batches() -> Iterator[dict[str, npt.NDArray[Any]]]:
        order = np.arange(len(everywhere), dtype=np.int32)
        if seed is not None:
            np.random.default_rng([seed, next(epochs)]).shuffle(order)
        for first in range(0, len(order), batch_size):
            positions = order[first : first + batch_size]
            where = everywhere[positions]
            yield {
                "segments": read(store, ids, where, params),
                "position": positions,
                **{name: values[where[:, 0]] for name, values in columns.items()},
            }

    signature = {
        "segments": tf.TensorSpec((None, params.frames, store.dims), tf.float32),
        "position": tf.TensorSpec((None,), tf.int32),
        **{name: tf.TensorSpec((None, *values.shape[1:]), values.dtype) for name, values in columns.items()},
    }
    number = -(-len(everywhere) // batch_size)
    return pipeline.streamed(batches, signature, number, ahead=4)
