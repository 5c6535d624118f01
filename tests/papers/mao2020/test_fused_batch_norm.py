"""The fused kernel gives what Keras's layer gives, in training, afterwards, frozen, and to the gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.mao2020.fused_batch_norm import FusedBatchNormalization

RNG = np.random.default_rng(0)
IMAGES = (3.0 + 2.0 * RNG.normal(size=(4, 5, 6, 3))).astype(np.float32)
TARGET = RNG.normal(size=IMAGES.shape).astype(np.float32)


def both(momentum=0.8):
    layers = FusedBatchNormalization(momentum=momentum), keras.layers.BatchNormalization(momentum=momentum)
    weights = [RNG.uniform(0.5, 2.0, 3) for _ in range(4)]
    for layer in layers:
        layer.build(IMAGES.shape)
        layer.set_weights(weights)
    return layers


def step(layer, training):
    images = tf.Variable(IMAGES)
    with tf.GradientTape() as tape:
        outputs = layer(images, training=training)
        loss = tf.reduce_sum(outputs * TARGET)
    gradients = tape.gradient(loss, [images, layer.gamma.value, layer.beta.value])
    return [outputs, *gradients, *layer.get_weights()]


@pytest.mark.parametrize("training", [True, False])
def test_outputs_gradients_and_statistics_are_those_of_keras(training):
    for ours, theirs in zip(*(step(layer, training) for layer in both()), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4, rtol=1e-4)


def test_statistics_move_only_in_training():
    fused, _ = both()
    before = fused.get_weights()
    fused(IMAGES, training=False)
    for kept, first in zip(fused.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, first)
    fused(IMAGES, training=True)
    assert not np.allclose(fused.get_weights()[2], before[2])


def test_frozen_means_frozen():
    fused, plain = both()
    fused.trainable = plain.trainable = False
    before = fused.get_weights()
    np.testing.assert_allclose(fused(IMAGES, training=True), plain(IMAGES, training=True), atol=1e-5)
    for kept, first in zip(fused.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, first)


def test_a_mask_is_refused():
    with pytest.raises(ValueError, match="mask"):
        FusedBatchNormalization()(IMAGES, mask=np.ones((4, 5), bool))
