import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling, MaskedMean, masked_softmax
from ser_tf.papers.mirsamadi2017 import functionals
from ser_tf.papers.mirsamadi2017.functionals_pooling import FunctionalsPooling
from tests.checks import LENGTHS, check_layer, example

DIMS = 6


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (MaskedMean(), {"pooled": (DIMS,)}),
        (FunctionalsPooling(functionals.MEAN_MIN_MAX), {"pooled": (3 * DIMS,)}),
        (FunctionalsPooling(functionals.EXTENDED), {"pooled": (12 * DIMS,)}),
        (LocalAttentionPooling(), {"pooled": (DIMS,), "attention": (None,)}),
        (LocalAttentionPooling((5, 4)), {"pooled": (DIMS,), "attention": (None,)}),
    ],
    ids=["mean", "mean_min_max", "extended", "local_attention", "deeper_attention"],
)
def test_contract(layer, shapes, tmp_path):
    check_layer(layer, DIMS, shapes, tmp_path)


def _mask(lengths, frames):
    return np.arange(frames) < np.asarray(lengths)[:, np.newaxis]


def test_frame_mask_is_true_on_the_first_frames():
    batch = example(DIMS, (3, 1, 0, 5))
    mask = FrameMask()(batch["features"], batch["lengths"]).numpy()
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, _mask((3, 1, 0, 5), 5))


def test_masked_softmax_gives_exactly_zero_elsewhere_and_one_in_sum():
    scores = np.array([[1e4, -1e4, 3e38, 5.0], [-3e38, -3e38, 9e9, -3e38]], np.float32)
    mask = np.array([[True, True, False, True], [True, True, False, True]])
    weights = masked_softmax(tf.constant(scores), tf.constant(mask)).numpy()
    assert (weights[~mask] == 0).all() and np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    np.testing.assert_allclose(weights[0], [1, 0, 0, 0], atol=1e-6)


def test_local_attention_is_equations_1_and_2():
    batch = example(DIMS)
    layer = LocalAttentionPooling()
    mask = _mask(LENGTHS, max(LENGTHS))
    pooled, weights = layer(batch["features"], mask)
    (u,) = layer.get_weights()
    assert u.shape == (DIMS, 1)  # one vector and no bias
    for row, length in enumerate(LENGTHS):
        y = batch["features"][row, :length].astype(np.float64)
        alpha = np.exp(y @ u[:, 0]) / np.exp(y @ u[:, 0]).sum()
        np.testing.assert_allclose(weights[row, :length], alpha, atol=1e-6)
        np.testing.assert_allclose(pooled[row], (alpha[:, np.newaxis] * y).sum(0), atol=1e-5)
        assert (weights[row, length:].numpy() == 0).all()


def test_deeper_attention_scores_tanh_layers_and_pools_the_frames_themselves():
    batch = example(DIMS)
    layer = LocalAttentionPooling((5, 4))
    pooled, weights = layer(batch["features"], _mask(LENGTHS, max(LENGTHS)))
    first, first_bias, second, second_bias, u = layer.get_weights()
    y = batch["features"][0].astype(np.float64)
    scores = np.tanh(np.tanh(y @ first + first_bias) @ second + second_bias) @ u[:, 0]
    alpha = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(weights[0], alpha, atol=1e-6)
    np.testing.assert_allclose(pooled[0], alpha @ y, atol=1e-5)


def test_local_attention_with_equal_frames_weighs_them_equally():
    sequence = np.ones((2, 5, DIMS), np.float32)
    _, weights = LocalAttentionPooling()(sequence, _mask((5, 2), 5))
    np.testing.assert_allclose(weights[0], 0.2, atol=1e-6)
    np.testing.assert_allclose(weights[1], [0.5, 0.5, 0, 0, 0], atol=1e-6)


def test_masked_mean_divides_by_the_utterances_own_length():
    batch = example(DIMS)
    pooled = MaskedMean()(batch["features"], _mask(LENGTHS, max(LENGTHS))).numpy()
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(pooled[row], batch["features"][row, :length].mean(0), atol=1e-5)


def test_functionals_against_scipy():
    batch = example(DIMS, (40, 11))
    pooled = FunctionalsPooling(functionals.FULL)(batch["features"], _mask((40, 11), 40)).numpy()
    for row, length in enumerate((40, 11)):
        y = batch["features"][row, :length].astype(np.float64)
        expected = [y.mean(0), y.std(0), y.min(0), y.max(0), np.ptp(y, 0)]
        expected += [scipy.stats.skew(y), scipy.stats.kurtosis(y)]
        np.testing.assert_allclose(pooled[row], np.concatenate(expected), atol=1e-4)


@pytest.mark.parametrize("constant", [0.0, 1.0, -273.15, 1e-20, 1e20])
def test_gradients_are_finite_on_constant_input(constant):
    sequence = tf.fill((2, 9, 3), tf.constant(constant, tf.float32))
    mask = tf.constant(_mask((9, 1), 9))
    for layer in (FunctionalsPooling(functionals.EXTENDED), LocalAttentionPooling((4,)), MaskedMean()):
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            outputs = tf.nest.flatten(layer(sequence, mask))
            total = tf.add_n([tf.reduce_sum(output) for output in outputs])
        for gradient in tape.gradient(total, [sequence, *layer.trainable_variables]):
            assert np.isfinite(gradient).all(), layer.name


def test_mask_of_keras_ends_at_the_pooling():
    sequence = keras.Input((None, DIMS))
    masked = keras.layers.Masking()(sequence)
    mask = FrameMask()(sequence, keras.Input((), dtype="int32"))
    for pooled in (MaskedMean()(masked, mask), LocalAttentionPooling()(masked, mask)[0]):
        assert getattr(pooled, "_keras_mask", None) is None
