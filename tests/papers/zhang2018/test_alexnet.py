import keras
import numpy as np
import pytest

from ser_tf.papers.zhang2018 import alexnet, pretrained
from tests.papers.zhang2018 import caffe_reference as reference
from tests.papers.zhang2018 import small_alexnet

CHANNELS = tuple(one.channels for one in small_alexnet.TABLE)


def _network(channels=3, pooling=alexnet.VALID, masked=False):
    """The convolutions alone, with the small network's weights."""
    images = keras.Input((None, None, channels), name="images")
    columns = keras.Input((), dtype="int32", name="columns") if masked else None
    cells, left = alexnet.convolve(images, columns, small_alexnet.TABLE, pooling=pooling)
    model = keras.Model(
        {"images": images, "columns": columns} if masked else images, (cells, left) if masked else cells
    )
    pretrained.initialise(model, small_alexnet.weights(), [one.name for one in small_alexnet.TABLE])
    return model


def _reference(image, weights, poolings=3):
    """All five layers in the order of bvlc_alexnet's prototxt."""
    settings = {"conv1": (4, 0, 1), "conv2": (1, 2, 2), "conv3": (1, 1, 1), "conv4": (1, 1, 2), "conv5": (1, 1, 2)}
    for name, (stride, padding, groups) in settings.items():
        image = np.maximum(reference.convolution(image, *weights[name], stride, padding, groups), 0)
        if name in ("conv1", "conv2"):
            image = reference.local_response_normalisation(image)
        if name in ("conv1", "conv2", "conv5")[:poolings]:
            image = reference.pooling(image)
    return image


def _image(height, width, channels=3):
    return (60 * np.random.default_rng(0).normal(size=(height, width, channels))).astype(np.float32)


def test_table_is_bvlc_alexnets():
    rows = [
        (one.channels, one.step.kernel, one.step.stride, one.step.padding, one.groups) for one in alexnet.CONVOLUTIONS
    ]
    assert rows == [(96, 11, 4, 0, 1), (256, 5, 1, 2, 2), (384, 3, 1, 1, 1), (384, 3, 1, 1, 2), (256, 3, 1, 1, 2)]
    assert [one.normalised for one in alexnet.CONVOLUTIONS] == [True, True, False, False, False]
    assert [one.pooled for one in alexnet.CONVOLUTIONS] == [True, True, False, False, True]
    images = keras.Input((227, 227, 3))
    cells, _ = alexnet.convolve(images)
    assert cells.shape == (None, 6, 6, 256)
    assert keras.Model(images, cells).count_params() == 2_334_080  # of bvlc_alexnet's 60,965,224


@pytest.mark.parametrize("pooling", [alexnet.VALID, alexnet.CEIL])
def test_activations_are_those_of_caffe(pooling):
    """99 pixels fill all windows, so that both poolings are Caffe's."""
    image = _image(99, 99)
    given = _network(pooling=pooling)(image[np.newaxis]).numpy()[0]
    expected = _reference(image, small_alexnet.weights())
    height, width = expected.shape[:2]
    assert (height, width) == (2, 2) and expected.max() > 1
    np.testing.assert_allclose(given[:height, :width], expected, rtol=2e-4, atol=1e-4 * expected.max())


@pytest.mark.parametrize("size", [(99, 110), (104, 99), (112, 131)])
def test_ceil_is_caffes_pooling_where_windows_are_cut_off(size):
    image = _image(*size)
    given = _network(pooling=alexnet.CEIL)(image[np.newaxis]).numpy()[0]
    expected = _reference(image, small_alexnet.weights())
    assert given.shape == expected.shape
    np.testing.assert_allclose(given, expected, rtol=2e-4, atol=1e-4 * expected.max())


def test_valid_drops_what_ceil_keeps():
    image = _image(104, 131)[np.newaxis]
    assert _network()(image).shape[1:3] == (2, 3)
    assert _network(pooling=alexnet.CEIL)(image).shape[1:3] == (3, 3)


@pytest.mark.parametrize("pooling", [alexnet.VALID, alexnet.CEIL])
def test_widths_in_a_batch_do_not_matter(pooling):
    model = _network(channels=1, pooling=pooling, masked=True)
    columns = np.array([150, 67, 99, 120], np.int32)
    images = np.full((4, 80, 160, 1), 50, np.float32)
    alone = [_image(80, width, 1) for width in columns]
    for place, (image, width) in enumerate(zip(alone, columns, strict=True)):
        images[place, :, :width] = image
    together, left = model({"images": images, "columns": columns})
    for place, (image, width) in enumerate(zip(alone, columns, strict=True)):
        cells, own = model({"images": image[np.newaxis], "columns": np.array([width], np.int32)})
        assert own == left[place] == cells.shape[2]
        largest = float(np.abs(cells).max())  # between 100 and 200: float32 ends at 1e-5
        np.testing.assert_allclose(together[place, :, : int(own[0])], cells[0], atol=1e-6 * largest)


def test_dense_layers_end_the_classifier():
    cells = keras.Input((2, 3, 4))
    hidden = alexnet.fully_connect(cells, units=5, dropout=0.25)
    model = keras.Model(cells, hidden)
    assert [layer.name for layer in model.layers[1:]] == ["flat", "fc6", "fc6_dropout", "fc7", "fc7_dropout"]
    assert model.get_layer("fc6").get_weights()[0].shape == (24, 5)
    assert model.get_layer("fc7_dropout").rate == 0.25
