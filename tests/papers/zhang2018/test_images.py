import keras
import numpy as np
import pytest

from ser_tf.papers.zhang2018.images import ColumnsAfter, MaskColumns, SpectrogramImage, TimeFrequencyAttention

HEIGHT, WIDTH, CHANNELS = 3, 6, 5
COLUMNS = np.array([6, 2, 4], np.int32)


def _cells(seed=0):
    cells = np.random.default_rng(seed).normal(size=(len(COLUMNS), HEIGHT, WIDTH, CHANNELS)).astype(np.float32)
    for row, columns in enumerate(COLUMNS):
        cells[row, :, columns:] = 30  # rubbish behind the valid columns
    return cells


def test_image_turns_masks_and_pads():
    features = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    features[1, 2:] = np.inf
    images, columns = SpectrogramImage(shortest=6)(features, np.array([4, 2], np.int32))
    assert images.shape == (2, 3, 6, 1)
    np.testing.assert_array_equal(images[0, :, :4, 0], features[0].T)
    np.testing.assert_array_equal(images[1, :, :2, 0], features[1, :2].T)
    assert not np.any(images[0, :, 4:]) and not np.any(images[1, :, 2:])
    np.testing.assert_array_equal(columns, [6, 6])


@pytest.mark.parametrize("frames", [3, 5, 9])
def test_image_of_fixed_width(frames):
    features = np.random.default_rng(0).normal(size=(1, frames, 2)).astype(np.float32)
    images, columns = SpectrogramImage(5, 5)(features, np.array([frames], np.int32))
    assert images.shape == (1, 2, 5, 1) and columns == [5]
    np.testing.assert_array_equal(images[0, :, : min(frames, 5), 0], features[0, :5].T)


def test_columns_after_and_mask():
    np.testing.assert_array_equal(ColumnsAfter(5, 2, 1, 1)(np.array([7, 8, 30], np.int32)), [3, 4, 15])
    masked = MaskColumns()(_cells(), COLUMNS).numpy()
    for row, columns in enumerate(COLUMNS):
        np.testing.assert_array_equal(masked[row, :, :columns], _cells()[row, :, :columns])
        assert not masked[row, :, columns:].any()


@pytest.mark.parametrize("scale", [0.0, 0.3, 1.0])
def test_attention_is_equations_2_to_4(scale):
    layer = TimeFrequencyAttention(units=4, scale=scale)
    context, weights = (value.numpy() for value in layer(_cells(), COLUMNS))
    w, b, u = (value.astype(np.float64) for value in layer.get_weights())
    assert u.shape == (4, 1) and weights.shape == (len(COLUMNS), WIDTH, HEIGHT)
    for row, columns in enumerate(COLUMNS):
        a = _cells()[row, :, :columns].astype(np.float64)  # (height, columns, channels)
        e = np.tanh(a @ w + b) @ u[:, 0]
        alpha = np.exp(scale * e) / np.exp(scale * e).sum()
        np.testing.assert_allclose(weights[row, :columns], alpha.T, atol=1e-6)
        np.testing.assert_allclose(context[row], (alpha[..., np.newaxis] * a).sum((0, 1)), atol=1e-5)


def test_attention_sums_to_one_over_valid_cells_and_is_zero_elsewhere():
    _, weights = TimeFrequencyAttention()(_cells(), COLUMNS)
    for row, columns in enumerate(COLUMNS):
        assert abs(weights[row].numpy().sum() - 1) < 1e-6
        assert not weights[row, columns:].numpy().any()


def test_lambda_0_is_masked_average_pooling_and_lambda_1_is_not():
    average = [_cells()[row, :, :columns].mean((0, 1)) for row, columns in enumerate(COLUMNS)]
    context, weights = TimeFrequencyAttention(scale=0.0)(_cells(), COLUMNS)
    np.testing.assert_allclose(context, average, atol=1e-6)
    for row, columns in enumerate(COLUMNS):
        assert (weights[row, :columns].numpy() == np.float32(1 / (columns * HEIGHT))).all()
    context, _ = TimeFrequencyAttention(scale=1.0)(_cells(), COLUMNS)
    assert not np.allclose(context, average, atol=1e-3)


@pytest.mark.parametrize(
    "layer", [SpectrogramImage(3, 9), ColumnsAfter(5, 2, 1, 1), MaskColumns(), TimeFrequencyAttention(7, 0.5)]
)
def test_config_round_trip(layer):
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()


def test_symbolic_shapes_and_types():
    features, lengths = keras.Input((None, HEIGHT)), keras.Input((), dtype="int32")
    images, columns = SpectrogramImage(4)(features, lengths)
    assert images.shape == (None, HEIGHT, None, 1) and columns.dtype == "int32"
    assert SpectrogramImage(4, 4)(features, lengths)[0].shape == (None, HEIGHT, 4, 1)
    assert ColumnsAfter(3, 2)(columns).dtype == "int32"
    context, weights = TimeFrequencyAttention()(MaskColumns()(images, columns), columns)
    assert context.shape == (None, 1) and weights.shape == (None, None, HEIGHT)
