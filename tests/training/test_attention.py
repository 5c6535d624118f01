"""Measurements of attention on test utterances."""

import keras
import numpy as np
import pytest

from ser_tf.features.level import level_spec
from ser_tf.features.spectrogram import SpectrogramParams
from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling
from ser_tf.training import attention
from ser_tf.training.batches import Batches
from tests.training.test_batches import context, recipe  # noqa: F401 - a fixture

SPEC = level_spec(SpectrogramParams())


def _attending(weight):
    """A model whose attention on a frame grows with its level."""
    inputs = {
        "features": keras.Input((None, SPEC.dims), name="features"),
        "lengths": keras.Input((), dtype="int32", name="lengths"),
    }
    pooling = LocalAttentionPooling()
    pooled, weights = pooling(inputs["features"], FrameMask()(inputs["features"], inputs["lengths"]))
    pooling.set_weights([np.full((SPEC.dims, 1), weight)])
    return keras.Model(inputs, {"attention": weights, "pooled": pooled})


def test_silence_is_30_decibels_below_the_loudest_frame():
    levels = np.array([-20.0, -49.9, -50.1, -120.0])
    np.testing.assert_array_equal(attention.silent(levels), [False, False, True, True])
    np.testing.assert_array_equal(attention.silent(levels - 40), attention.silent(levels))
    assert not attention.silent(np.full(3, -120.0)).any()


def test_shares_are_of_the_weights_and_of_the_time():
    weights = np.array([0.5, 0.25, 0.125, 0.125], np.float32)
    found = attention.on_silence(weights, np.array([False, True, False, True]))
    assert found == {"attention_on_silence": 0.375, "time_in_silence": 0.5}


@pytest.fixture
def pauses(monkeypatch):
    """Counts frames as silent that are a little quieter than the loudest one: the tiny corpus has no pauses."""
    monkeypatch.setattr(attention, "SILENCE_DECIBELS", 0.3)


@pytest.mark.usefixtures("pauses")
def test_even_attention_gives_silence_its_share_of_the_time(context):  # noqa: F811
    batches = Batches(context, SPEC, recipe())
    found = attention.over_silence(_attending(0.0), batches)
    assert len(found["time_in_silence"]) == len(context.fold.test)
    assert 0 < found["time_in_silence"].mean() < 1
    np.testing.assert_allclose(found["attention_on_silence"], found["time_in_silence"], atol=1e-6)


@pytest.mark.usefixtures("pauses")
def test_attention_on_loud_frames_leaves_silence_less(context):  # noqa: F811
    batches = Batches(context, SPEC, recipe())
    found = attention.over_silence(_attending(1.0), batches)
    assert found["attention_on_silence"].mean() < 0.9 * found["time_in_silence"].mean()


def test_values_come_in_the_order_of_the_test_set_whatever_the_batches(context):  # noqa: F811
    lengths = context.view(SPEC, context.fold.test, "predict")
    for size in (2, 7):
        batches = Batches(context, SPEC, recipe(batch_size=size))
        found = attention.measure(
            _attending(0.0),
            batches,
            ("attention",),
            lambda key, given: {"frames": np.count_nonzero(given["attention"])},
        )
        assert found["frames"].tolist() == [lengths.num_frames(key) for key in context.fold.test]


def test_measuring_reads_the_test_set_to_predict_and_for_nothing_else(context):  # noqa: F811
    attention.over_silence(_attending(0.0), Batches(context, SPEC, recipe()))
    assert context.reads.utterances == {"predict": set(context.fold.test)}
