import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.layers.masked_convolution import (
    FilledFrames,
    MaskedBatchNormalization,
    MaskedConv2D,
    MaskedMaxPool2D,
    StridedLengths,
)
from ser_tf.layers.pooling import FrameMask, MaskedMean
from tests.checks import LENGTHS, check_model, example

BINS, CHANNELS = 6, 3
SHAPES = {"conv": (None, BINS, 4), "strided": (None, 3, 4), "pool": (None, 3, CHANNELS), "norm": (None, BINS, CHANNELS)}
LAYERS = {
    "conv": MaskedConv2D(4, (3, 4)),
    "strided": MaskedConv2D(4, (5, 4), (2, 2)),
    "pool": MaskedMaxPool2D(2),
    "norm": MaskedBatchNormalization(),
}


def _cells(lengths=LENGTHS, frames=None, seed=0):
    """As `example`, (batch, frames, BINS, CHANNELS), with rubbish in the padding."""
    batch = example(BINS * CHANNELS, lengths, frames, seed)
    return batch["features"].reshape(len(lengths), -1, BINS, CHANNELS), batch["lengths"]


def _valid(cells, lengths):
    return [cells[row, :length].astype(np.float64) for row, length in enumerate(lengths)]


@pytest.mark.parametrize("name", ["strided", "pool"])
def test_in_a_model(name, tmp_path):
    """All of the shared checks; what the layers leave of time is averaged."""
    features = keras.Input((None, BINS * CHANNELS), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    cells = keras.layers.Reshape((-1, BINS, CHANNELS))(features)
    cells = MaskedBatchNormalization(name="norm")(cells, lengths)
    cells = MaskedConv2D(4, (3, 4), name="conv")(cells, lengths)
    cells = type(LAYERS[name]).from_config(LAYERS[name].get_config())(cells, lengths)
    left = StridedLengths(2, name="left")(lengths)
    steps = keras.layers.Reshape((-1, 3 * 4))(cells)
    outputs = {"mean": MaskedMean(name="mean")(steps, FrameMask(name="mask")(steps, left))}
    model = keras.Model({"features": features, "lengths": lengths}, outputs)
    check_model(model, BINS * CHANNELS, {"mean": (12,)}, tmp_path)


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_and_configuration(name):
    cells, lengths = _cells()
    layer = type(LAYERS[name]).from_config(LAYERS[name].get_config())
    assert layer.get_config() == LAYERS[name].get_config()
    outputs = layer(cells, lengths)
    assert outputs.shape[2:] == SHAPES[name][1:]
    assert tuple(layer.compute_output_shape(cells.shape, lengths.shape)) == tuple(outputs.shape)
    symbolic = layer(keras.Input((None, BINS, CHANNELS)), keras.Input((), dtype="int32"))
    assert tuple(symbolic.shape[1:]) == SHAPES[name]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("more", [1, 2, 5])
def test_padding_changes_nothing(name, more):
    layer = LAYERS[name]
    stride = layer.strides[0] if name == "strided" else getattr(layer, "size", 1)
    short, lengths = _cells()
    long, _ = _cells(frames=max(LENGTHS) + more)
    together, padded = layer(short, lengths).numpy(), layer(long, lengths).numpy()
    for row, length in enumerate(LENGTHS):
        alone = layer(short[row : row + 1, :length], lengths[row : row + 1]).numpy()[0]
        remain = int(StridedLengths(stride)(np.int32([length]))[0])
        assert len(alone) == remain == -(-length // stride)
        np.testing.assert_allclose(together[row, :remain], alone, atol=1e-5)
        np.testing.assert_allclose(padded[row, :remain], alone, atol=1e-5)


@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize("kernel", [(3, 4), (4, 5), (1, 2)])
def test_convolution_in_numpy(kernel, strides):
    layer = MaskedConv2D(2, kernel, strides)
    cells, lengths = _cells()
    given = layer(cells, lengths).numpy()
    (weights,) = layer.get_weights()
    for row, valid in enumerate(_valid(cells, lengths)):
        before = [(size - 1) // 2 for size in kernel]
        edges = [(place, size - 1 - place) for place, size in zip(before, kernel, strict=True)]
        padded = np.pad(valid, [*edges, (0, 0)])
        for frame in range(0, len(valid), strides[0]):
            for place in range(0, BINS, strides[1]):
                window = padded[frame : frame + kernel[0], place : place + kernel[1]]
                wanted = np.einsum("tfc,tfco->o", window, weights)
                np.testing.assert_allclose(
                    given[row, frame // strides[0], place // strides[1]], wanted, atol=1e-4, rtol=1e-5
                )


@pytest.mark.parametrize("strides", [(1, 1), (2, 2)])
def test_convolution_without_padding_in_numpy(strides):
    layer = MaskedConv2D(2, (3, 4), strides, "valid")
    cells, lengths = _cells((7, 3, 5))
    given = layer(cells, lengths).numpy()
    assert tuple(layer.compute_output_shape(cells.shape)) == given.shape
    assert MaskedConv2D.from_config(layer.get_config()).padding == "valid"
    (weights,) = layer.get_weights()
    number = StridedLengths(strides[0], kernel_size=3)(lengths).numpy()
    assert number.tolist() == [-(-(length - 2) // strides[0]) for length in lengths]
    for row, valid in enumerate(_valid(cells, lengths)):
        for frame in range(number[row]):
            for place in range(given.shape[2]):
                first, bin_ = frame * strides[0], place * strides[1]
                window = valid[first : first + 3, bin_ : bin_ + 4]
                wanted = np.einsum("tfc,tfco->o", window, weights)
                np.testing.assert_allclose(given[row, frame, place], wanted, atol=1e-4, rtol=1e-5)


def test_another_padding_is_refused():
    with pytest.raises(ValueError, match="reflect"):
        MaskedConv2D(2, (3, 4), padding="reflect")


@pytest.mark.parametrize("min_frames", [4, 9])
def test_short_utterances_are_filled_with_silence(min_frames):
    layer = FilledFrames(min_frames)
    cells, lengths = _cells()
    filled, longer = layer(cells, lengths)
    assert FilledFrames.from_config(layer.get_config()).min_frames == min_frames
    assert longer.numpy().tolist() == [max(length, min_frames) for length in lengths]
    assert filled.shape[1] == max(min_frames, max(lengths))
    for row, length in enumerate(lengths):
        np.testing.assert_array_equal(filled[row, :length], cells[row, :length])
        assert not filled[row, length:].numpy().any()


def test_pooling_takes_valid_cells_alone():
    cells, lengths = _cells()
    cells = -np.abs(cells)  # zeros in the padding would win
    pooled = MaskedMaxPool2D(2)(cells, lengths).numpy()
    for row, valid in enumerate(_valid(cells, lengths)):
        remain = -(-len(valid) // 2)
        for frame in range(remain):
            block = valid[2 * frame : 2 * frame + 2]
            wanted = [block[:, place : place + 2].max((0, 1)) for place in range(0, BINS, 2)]
            np.testing.assert_allclose(pooled[row, frame], wanted)
        assert (pooled[row, remain:] == 0).all()


def test_statistics_are_those_of_valid_cells():
    layer = MaskedBatchNormalization(momentum=0.9, epsilon=1e-5)
    cells, lengths = _cells()
    outputs = layer(cells, lengths, training=True).numpy()
    valid = np.concatenate(_valid(cells, lengths)).reshape(-1, CHANNELS)
    mean, variance = valid.mean(0), valid.var(0)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, 0.9 + 0.1 * variance, rtol=1e-5)
    wanted = (valid - mean) / np.sqrt(variance + 1e-5)
    given = np.concatenate(_valid(outputs, lengths)).reshape(-1, CHANNELS)
    np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_moving_statistics_normalise_in_inference_and_when_frozen():
    layer = MaskedBatchNormalization()
    cells, lengths = _cells()
    layer(cells, lengths, training=True)
    before = [weight.numpy() for weight in layer.weights]
    inference = layer(cells, lengths, training=False).numpy()
    wanted = (cells - before[2]) / np.sqrt(before[3] + 1e-5)
    np.testing.assert_allclose(inference, wanted, atol=1e-5, rtol=1e-5)
    layer.trainable = False
    np.testing.assert_array_equal(layer(cells, lengths, training=True).numpy(), inference)
    for old, weight in zip(before, layer.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())


def test_gradients_are_those_of_the_formula():
    """Against differences of the loss, for inputs, scale and shift."""
    layer = MaskedBatchNormalization()
    cells, lengths = _cells((3, 2))
    layer(cells, lengths)
    rng = np.random.default_rng(3)
    layer.gamma.assign(rng.uniform(0.5, 2, CHANNELS).astype(np.float32))
    probe = tf.constant(rng.normal(size=cells.shape).astype(np.float32))
    valid = tf.sequence_mask(lengths, cells.shape[1], tf.float32)[..., tf.newaxis, tf.newaxis]

    def loss(inputs):
        return tf.reduce_sum(tf.sin(layer(inputs, lengths, training=True)) * probe * valid)

    inputs = tf.constant(cells)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = loss(inputs)
    gradients = tape.gradient(value, [inputs, layer.gamma.value, layer.beta.value])
    step = 1e-2
    for place in [(0, 0, 1, 2), (0, 2, 5, 0), (1, 1, 3, 1), (1, 2, 0, 0)]:
        moved = np.zeros_like(cells)
        moved[place] = step
        slope = (loss(inputs + moved) - loss(inputs - moved)) / (2 * step)
        assert float(gradients[0][place]) == pytest.approx(float(slope), abs=2e-3)
    for weight, gradient in zip((layer.gamma, layer.beta), gradients[1:], strict=True):
        start = weight.numpy()
        moved = np.zeros_like(start)
        moved[1] = step
        weight.assign(start + moved)
        above = loss(inputs)
        weight.assign(start - moved)
        slope = (above - loss(inputs)) / (2 * step)
        weight.assign(start)
        assert float(gradient[1]) == pytest.approx(float(slope), abs=2e-2, rel=1e-2)
