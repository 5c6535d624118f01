import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from ser_tf import errors
from ser_tf.papers.mirsamadi2017 import functionals
from ser_tf.papers.mirsamadi2017.functionals import EXTENDED, FULL, MEAN, MEAN_MIN_MAX

LENGTHS = [40, 1, 2, 7, 25, 40]
DIMS = 3


def reference(values, name):
    """NumPy and SciPy on the valid frames alone: `(frames, dims)` -> `(dims,)`."""
    time = np.arange(len(values))
    slope, offset = np.polyfit(time, values, 1) if len(values) > 1 else (np.zeros(DIMS), values[0])
    last = max(len(values) - 1, 1)
    return {
        "mean": lambda: values.mean(axis=0),
        "std": lambda: values.std(axis=0),
        "min": lambda: values.min(axis=0),
        "max": lambda: values.max(axis=0),
        "range": lambda: np.ptp(values, axis=0),
        "skewness": lambda: np.nan_to_num(scipy.stats.skew(values, axis=0)),
        "kurtosis": lambda: np.nan_to_num(scipy.stats.kurtosis(values, axis=0)),
        "max_position": lambda: values.argmax(axis=0) / last,
        "min_position": lambda: values.argmin(axis=0) / last,
        "slope": lambda: slope,
        "offset": lambda: offset,
        "regression_error": lambda: np.mean((values - offset - slope * time[:, np.newaxis]) ** 2, axis=0),
    }[name]()


@pytest.fixture
def batch():
    """Rows of different length and dimensions of very different size, rubbish behind the end."""
    generator = np.random.default_rng(3)
    features = generator.gamma(2.0, size=[len(LENGTHS), max(LENGTHS), DIMS]) * [1e-4, 1.0, 300.0] + [0.0, -5.0, 1000.0]
    mask = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, np.newaxis]
    features[~mask] = np.nan
    return features.astype(np.float32), mask


@pytest.mark.parametrize("name", EXTENDED)
@pytest.mark.filterwarnings("ignore")
def test_agrees_with_numpy_and_scipy(batch, name):
    features, mask = batch
    ours = functionals.functionals(tf.constant(features), tf.constant(mask), [name]).numpy()
    for row, length, values in zip(ours, LENGTHS, features.astype(np.float64), strict=True):
        expected = reference(values[:length], name)
        size = np.abs(values[:length]).max(axis=0) if name in ("slope", "offset") else np.ones(DIMS)
        np.testing.assert_allclose(row, expected, rtol=2e-4, atol=1e-5 * size.max(), err_msg=f"{length} frames")
        if name in ("std", "range", "regression_error"):
            np.testing.assert_allclose(row, expected, rtol=2e-3, atol=1e-12)


def test_layout_is_functional_by_functional(batch):
    features, mask = (tf.constant(part) for part in batch)
    together = functionals.functionals(features, mask, FULL).numpy()
    assert together.shape == (len(LENGTHS), 7 * DIMS)
    for index, name in enumerate(FULL):
        alone = functionals.functionals(features, mask, [name]).numpy()
        np.testing.assert_array_equal(together[:, index * DIMS : (index + 1) * DIMS], alone)


def test_named_sets():
    assert MEAN == ("mean",)
    assert MEAN_MIN_MAX == ("mean", "min", "max")
    assert FULL == ("mean", "std", "min", "max", "range", "skewness", "kurtosis")
    assert EXTENDED[:7] == FULL
    assert len(set(EXTENDED)) == 12


def test_scattered_masks_count_time_in_valid_frames():
    features = tf.constant([[[9.0], [1.0], [9.0], [2.0], [3.0]]])
    mask = tf.constant([[False, True, False, True, True]])
    names = ["mean", "slope", "offset", "max_position", "min_position", "max"]
    np.testing.assert_allclose(functionals.functionals(features, mask, names)[0], [2, 1, 1, 1, 0, 3], rtol=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.1, -1e4, 1e-20])
@pytest.mark.parametrize("length", [1, 2, 37])
def test_constant_contours_have_no_spread_and_finite_gradients(constant, length):
    features = tf.fill([2, 40, DIMS], tf.constant(constant, tf.float32))
    mask = tf.constant([[frame < length for frame in range(40)]] * 2)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        pooled = {name: functionals.functionals(features, mask, [name]) for name in EXTENDED}
    for name in ("std", "range", "skewness", "kurtosis", "slope", "regression_error"):
        assert not pooled[name].numpy().any(), name
    for name in ("mean", "min", "max", "offset"):
        np.testing.assert_allclose(pooled[name], constant, rtol=1e-6)
    for name in EXTENDED:
        gradient = tape.gradient(pooled[name], features)
        assert gradient is None or np.isfinite(gradient.numpy()).all(), name
        assert (gradient is None) == name.endswith("position"), name


def test_gradients_are_those_of_the_definitions():
    generator = np.random.default_rng(0)
    values = generator.normal(size=[2, 12, 2]).astype(np.float64)
    mask = tf.constant(np.arange(12) < np.array([[12], [8]]))
    names = ["mean", "std", "skewness", "kurtosis", "range", "slope", "offset", "regression_error"]

    def pooled(features):
        return functionals.functionals(features, mask, names)

    theoretical, numerical = tf.test.compute_gradient(pooled, [tf.constant(values)], delta=1e-5)
    np.testing.assert_allclose(theoretical[0], numerical[0], rtol=1e-4, atol=1e-6)


def test_gradients_do_not_leave_the_mask(batch):
    features, mask = batch
    with tf.GradientTape() as tape:
        variable = tf.constant(features)
        tape.watch(variable)
        total = tf.reduce_sum(functionals.functionals(variable, tf.constant(mask), EXTENDED))
    gradient = tape.gradient(total, variable).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[~mask].any()
    assert gradient[mask].any()


def test_an_empty_utterance_gives_zeros():
    features = tf.fill([1, 5, DIMS], float("nan"))
    pooled = functionals.functionals(features, tf.zeros([1, 5], tf.bool), EXTENDED)
    assert not pooled.numpy().any()


def test_runs_in_a_graph_with_unknown_shapes(batch):
    features, mask = batch
    signature = [tf.TensorSpec([None, None, DIMS]), tf.TensorSpec([None, None], tf.bool)]
    graph = tf.function(lambda frames, valid: functionals.functionals(frames, valid, EXTENDED), signature)
    eager = functionals.functionals(tf.constant(features), tf.constant(mask), EXTENDED)
    np.testing.assert_allclose(graph(features, mask), eager, rtol=1e-5, atol=1e-6)
    assert graph.get_concrete_function().output_shapes == [None, 12 * DIMS]


def test_unknown_names_are_refused():
    with pytest.raises(errors.SettingError, match="'median' does not exist: choose from mean, std"):
        functionals.functionals(tf.zeros([1, 2, 1]), tf.ones([1, 2], tf.bool), ["mean", "median"])
