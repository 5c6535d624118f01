import collections
import math

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.data import pipeline
from ser_tf.data.pipeline import BatchParams


class Store:
    """Features of known content: frame t of utterance i is full of i + t / 1000."""

    dims = 3

    def __init__(self, lengths):
        self.lengths = {f"u{place}": int(length) for place, length in enumerate(lengths)}
        self.ids = list(self.lengths)

    def num_frames(self, key):
        return self.lengths[key]

    def __getitem__(self, key):
        frames = int(key[1:]) + np.arange(self.lengths[key]) / 1000
        return np.repeat(frames[:, np.newaxis], self.dims, axis=1).astype(np.float32)


LENGTHS = np.random.default_rng(0).integers(1, 120, 61)
PARAMS = BatchParams(batch_size=8, pad_multiple=16)


def _epochs(number, seed, params=PARAMS, columns=None):
    store = Store(LENGTHS)
    dataset = pipeline.dataset(store, store.ids, params, columns, seed)
    return [list(dataset.as_numpy_iterator()) for _ in range(number)]


def _order(epoch):
    return [tuple(batch["position"].tolist()) for batch in epoch]


@pytest.mark.parametrize("seed", [None, 0, 5])
@pytest.mark.parametrize("batch_size", [1, 8, 1000])
def test_every_utterance_comes_exactly_once_in_every_epoch(seed, batch_size):
    for epoch in _epochs(3, seed, BatchParams(batch_size)):
        assert sorted(position for batch in _order(epoch) for position in batch) == list(range(len(LENGTHS)))
        assert all(len(batch) <= batch_size for batch in _order(epoch))


def test_the_same_seed_gives_the_same_order_and_each_epoch_another():
    first, again, other = _epochs(3, 7), _epochs(3, 7), _epochs(3, 8)
    assert [_order(epoch) for epoch in first] == [_order(epoch) for epoch in again]
    assert len({tuple(_order(epoch)) for epoch in first + other}) == 6
    assert len({frozenset(map(frozenset, _order(epoch))) for epoch in first}) == 3, "the same utterances come together"


def test_without_a_seed_the_order_is_fixed():
    first, second = _epochs(2, None)
    assert _order(first) == _order(second)


def test_contents_lengths_and_zeros_in_the_padding():
    weights = np.linspace(0, 1, len(LENGTHS)).astype(np.float32)
    targets = np.stack([np.arange(len(LENGTHS)), -np.arange(len(LENGTHS))], axis=1).astype(np.int32)
    store = Store(LENGTHS)
    (epoch,) = _epochs(1, 3, columns={"weight": weights, "target": targets})
    for batch in epoch:
        assert batch["features"].dtype == np.float32 and batch["lengths"].dtype == np.int32
        assert batch["features"].shape[1] % PARAMS.pad_multiple == 0
        assert batch["features"].shape[1] - batch["lengths"].max() < PARAMS.pad_multiple
        np.testing.assert_array_equal(batch["weight"], weights[batch["position"]])
        np.testing.assert_array_equal(batch["target"], targets[batch["position"]])
        for features, length, position in zip(batch["features"], batch["lengths"], batch["position"], strict=True):
            assert length == LENGTHS[position]
            np.testing.assert_array_equal(features[:length], store[f"u{position}"])
            assert (features[length:] == 0).all()


RANDOM = math.inf


def _iemocap_like(number):
    """Lengths in frames with a mean of 4.2 s."""
    return np.random.default_rng(1).gamma(4.0, 100.0, number).astype(int) + 20


def _share_again(lengths, params, epochs=20):
    """How often a pair that shares a batch shares one in the next epoch, and how often chance says."""
    rng = np.random.default_rng(0)
    again = together = 0
    before = None
    for _ in range(epochs):
        batch_of = np.empty(len(lengths), int)
        for number, batch in enumerate(pipeline.plan_epoch(lengths, params, rng)):
            batch_of[batch] = number
        if before is not None:
            sizes = np.unique(before, return_counts=True)[1]
            both = np.unique(np.stack([before, batch_of]), axis=1, return_counts=True)[1]
            together += (sizes * (sizes - 1)).sum()
            again += (both * (both - 1)).sum()
        before = batch_of
    sizes = np.unique(before, return_counts=True)[1]
    return again / together, (sizes * (sizes - 1)).sum() / (len(lengths) * (len(lengths) - 1))


@pytest.mark.parametrize("number", [100, 240, 500, 5000])
@pytest.mark.parametrize("batch_size", [8, 32])
def test_batches_mix_at_every_size_of_a_corpus(number, batch_size):
    """At most three times as often as in random batches; sorted buckets gave 98% where chance says 13%."""
    again, chance = _share_again(_iemocap_like(number), BatchParams(batch_size))
    assert again < 3.1 * chance
    again, chance = _share_again(_iemocap_like(number), BatchParams(batch_size, mixing=RANDOM))
    assert again == pytest.approx(chance, rel=0.15)


@pytest.mark.parametrize(("batch_size", "largest"), [(8, 0.2), (32, 0.25)])
def test_padding_is_a_small_share(batch_size, largest):
    """Mixing costs padding: sorted batches have some per cent of it."""
    lengths = _iemocap_like(3000)
    share = pipeline.padded_share(lengths, BatchParams(batch_size))
    assert share < largest
    assert share < pipeline.padded_share(lengths, BatchParams(batch_size, mixing=RANDOM)) * 0.6
    assert pipeline.padded_share(lengths, BatchParams(batch_size, mixing=0.0)) < 0.1


def test_the_padded_share_is_that_of_the_batches():
    (epoch,) = _epochs(1, 4)
    cells = sum(batch["features"][..., 0].size for batch in epoch)
    assert pipeline.padded_share(LENGTHS.tolist(), PARAMS, seed=[4, 0]) == pytest.approx(1 - LENGTHS.sum() / cells)


def test_two_sizes_are_sorted_by_their_product():
    rng = np.random.default_rng(0)
    words = rng.integers(1, 60, 2000)
    sizes = np.stack([words, words * 30 + rng.integers(0, 400, 2000)], axis=1)
    batches = pipeline.plan_epoch(sizes, BatchParams(64), np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(2000))
    assert max(map(len, batches)) == 64
    random = pipeline.padded_share(sizes, BatchParams(64, mixing=RANDOM))
    assert pipeline.padded_share(sizes, BatchParams(64)) < 0.5 < 0.6 < random


def test_no_utterances_make_no_batches():
    assert pipeline.plan_epoch([], BatchParams(4), None) == []
    assert pipeline.plan_epoch(np.zeros((0, 2), int), BatchParams(4), np.random.default_rng(0)) == []


def test_few_shapes_come_up():
    shapes = collections.Counter(batch["features"].shape[1] for epoch in _epochs(5, 0) for batch in epoch)
    assert len(shapes) <= 120 // PARAMS.pad_multiple + 1


def test_pad_makes_whole_multiples():
    padded = pipeline.pad([np.ones((3, 2)), np.ones((5, 2))], 4)
    assert padded.shape == (2, 8, 2) and padded.dtype == np.float32
    np.testing.assert_array_equal(padded.sum(axis=(1, 2)), [6, 10])
    assert pipeline.pad([np.ones((8, 2))], 4).shape == (1, 8, 2)


def test_batches_stay_untuned_whatever_is_mapped_over_them():
    """With tuning, half a second passes at the end of every epoch until its thread has gone."""
    store = Store(LENGTHS)
    batches = pipeline.dataset(store, store.ids, PARAMS).map(lambda batch: batch["lengths"])
    assert batches.options().autotune.enabled is False


def test_a_model_can_be_fed_from_it():
    """Shapes are known as far as a Keras model needs them, and no batch is lost at the end of an epoch."""
    store = Store(LENGTHS)
    dataset = pipeline.dataset(store, store.ids, PARAMS, seed=0)
    assert dataset.element_spec["features"].shape.as_list() == [None, None, 3]
    assert dataset.element_spec["lengths"] == tf.TensorSpec((None,), tf.int32)
