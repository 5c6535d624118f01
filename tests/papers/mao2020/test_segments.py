import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.mao2020 import segmenting, segments
from ser_tf.papers.mao2020.segmenting import SegmentParams
from tests.data.test_pipeline import LENGTHS, Store

PARAMS = SegmentParams(frames=8, hop_frames=3, min_frames=5, max_segments=9, fill=-1.0)
COLUMNS = {"target": np.arange(len(LENGTHS), dtype=np.int32), "weight": np.linspace(0, 1, len(LENGTHS))}


def _epochs(number, seed, batch_size=32):
    store = Store(LENGTHS)
    batches = segments.dataset(store, store.ids, PARAMS, batch_size, COLUMNS, seed)
    assert int(batches.cardinality()) == len(list(batches))  # the first epoch is not used
    return [list(batches.as_numpy_iterator()) for _ in range(number)]


def _joined(epoch, name):
    return np.concatenate([batch[name] for batch in epoch])


def test_segments_are_those_that_the_graph_cuts():
    store = Store(LENGTHS)
    (epoch,) = _epochs(1, None)
    assert _joined(epoch, "position").tolist() == list(range(len(_joined(epoch, "target"))))
    for place, name in enumerate(store.ids):
        cut, _ = segmenting.cut(tf.constant(store[name])[tf.newaxis], tf.constant([store.num_frames(name)]), PARAMS)
        np.testing.assert_array_equal(_joined(epoch, "segments")[_joined(epoch, "target") == place], cut)


@pytest.mark.parametrize("seed", [None, 0, 5])
def test_every_segment_comes_once_in_every_epoch_with_its_utterances_columns(seed):
    expected = None
    for epoch in _epochs(3, seed):
        assert {len(batch["segments"]) for batch in epoch[:-1]} == {32}
        rows = _joined(epoch, "segments").reshape(-1, 8 * Store.dims)
        order = np.lexsort(rows.T)
        expected = rows[order] if expected is None else expected
        np.testing.assert_array_equal(rows[order], expected)
        np.testing.assert_array_equal(np.floor(rows[:, 0]), _joined(epoch, "target"))
        np.testing.assert_array_equal(COLUMNS["weight"][_joined(epoch, "target")], _joined(epoch, "weight"))


def test_the_same_seed_gives_the_same_order_and_each_epoch_another():
    first, again, other = ([_joined(epoch, "segments") for epoch in _epochs(2, seed)] for seed in (7, 7, 8))
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1]) and not np.array_equal(first[0], other[0])


def test_utterances_are_mixed_within_a_batch():
    (epoch,) = _epochs(1, 0)
    assert np.mean([len(set(batch["target"].tolist())) for batch in epoch]) > 15


def test_only_places_are_held_in_memory():
    """300,000 segments (§4.1) take 2.4 MB before a batch is read."""
    where = segments.places(Store(LENGTHS), Store(LENGTHS).ids, PARAMS)
    assert where.dtype == np.int32 and where.nbytes == 8 * len(where)
