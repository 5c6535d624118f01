import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.zhang2018.caffe import GroupedConvolution, LocalResponseNormalization
from tests.papers.zhang2018 import caffe_reference as reference


def _images(channels, height=9, width=11, seed=0):
    return np.random.default_rng(seed).normal(size=(2, height, width, channels)).astype(np.float32)


@pytest.mark.parametrize(("stride", "padding", "groups"), [(1, 0, 1), (4, 0, 1), (1, 2, 2), (1, 1, 2), (2, 1, 4)])
def test_convolution_is_caffes(stride, padding, groups):
    layer = GroupedConvolution(8, 5, stride, padding, groups)
    images = _images(4)
    given = layer(images).numpy()
    layer.bias.assign(np.random.default_rng(1).normal(size=8))
    given = layer(images).numpy()
    kernel, bias = layer.get_weights()
    assert kernel.shape == (5, 5, 4 // groups, 8)
    for image, result in zip(images, given, strict=True):
        expected = np.maximum(reference.convolution(image, kernel, bias, stride, padding, groups), 0)
        np.testing.assert_allclose(result, expected, atol=1e-5)
    assert layer.compute_output_shape(images.shape) == given.shape


def test_groups_do_not_see_each_other():
    layer = GroupedConvolution(6, 3, padding=1, groups=2)
    images = _images(4)
    before = layer(images).numpy()
    images[..., 2:] += 1
    after = layer(images).numpy()
    np.testing.assert_array_equal(after[..., :3], before[..., :3])
    assert not np.allclose(after[..., 3:], before[..., 3:])


def test_grouped_convolution_has_gradients():
    """TensorFlow's own grouped convolution has none on a CPU."""
    layer = GroupedConvolution(6, 3, padding=1, groups=2)
    images = tf.constant(_images(4))
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(layer(images) ** 2)
    for gradient in tape.gradient(total, [images, *layer.trainable_variables]):
        assert np.isfinite(gradient).all() and np.any(gradient)


def test_groups_have_to_divide_channels_and_filters():
    for filters, groups in ((6, 4), (5, 2)):
        with pytest.raises(ValueError, match="do not divide"):
            GroupedConvolution(filters, 3, groups=groups)(_images(4))


@pytest.mark.parametrize("settings", [{}, {"size": 3, "alpha": 0.5, "beta": 0.5, "bias": 2.0}])
def test_normalisation_is_caffes(settings):
    images = 100 * _images(7)
    given = LocalResponseNormalization(**settings)(images).numpy()
    for image, result in zip(images, given, strict=True):
        np.testing.assert_allclose(result, reference.local_response_normalisation(image, **settings), rtol=1e-4)
    assert np.abs(given - images).max() > 1  # the constants matter at this size of the input


@pytest.mark.parametrize(
    "layer",
    [GroupedConvolution(4, 3, 2, 1, 2, "glorot_uniform"), LocalResponseNormalization(3, 0.5, 0.5, 2.0)],
    ids=["convolution", "normalisation"],
)
def test_config_and_saving(layer, tmp_path):
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    inputs = keras.Input((None, None, 4))
    model = keras.Model(inputs, layer(inputs))
    model.save(tmp_path / "model.keras")
    images = _images(4)
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(images), model(images))
