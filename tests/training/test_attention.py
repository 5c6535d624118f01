"""Measurements of attention on test utterances."""

import keras
import numpy as np
import pytest

from ser_tf.features.level import level_spec
from ser_tf.features.spectrogram import SpectrogramParams
from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling
from ser_tf.protocol import folds
from ser_tf.training import attention
from ser_tf.training.batches import Batches
from tests.contexts import fold_context
from tests.protocol import toy
from tests.training.test_batches import recipe

SPEC = level_spec(SpectrogramParams())


@pytest.fixture(scope="module")
def context(emodb, tmp_path_factory):
    by_id = {utterance.id: utterance for utterance in emodb.utterances}
    fold = folds.by_session(list(by_id.values()), 0)[0]
    return fold_context(tmp_path_factory.mktemp("attention"), fold, toy.task(None), toy.Ledger(), by_id)


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


def test_even_attention_gives_silence_its_share_and_attention_on_loud_frames_less(context, monkeypatch):
    """The tiny corpus has no pauses: here what is a little quieter than the loudest frame counts as silent."""
    monkeypatch.setattr(attention, "SILENCE_DECIBELS", 0.3)
    batches = Batches(context, SPEC, recipe())
    even = attention.over_silence(_attending(0.0), batches)
    assert len(even["time_in_silence"]) == len(context.fold.test)
    assert 0 < even["time_in_silence"].mean() < 1
    np.testing.assert_allclose(even["attention_on_silence"], even["time_in_silence"], atol=1e-6)
    loud = attention.over_silence(_attending(1.0), batches)
    assert loud["attention_on_silence"].mean() < 0.9 * loud["time_in_silence"].mean()
    assert context.reads.utterances == {"predict": set(context.fold.test)}


def test_values_come_in_the_order_of_the_test_set(context):
    found = attention.measure(
        _attending(0.0),
        Batches(context, SPEC, recipe(batch_size=7)),
        ("attention",),
        lambda utterance_id, outputs: {"frames": np.count_nonzero(outputs["attention"])},
    )
    view = context.view(SPEC, context.fold.test, "predict")
    assert found["frames"].tolist() == [view.num_frames(utterance_id) for utterance_id in context.fold.test]
