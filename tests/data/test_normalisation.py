import numpy as np
import pytest

from ser_tf.data import normalisation


class Recorder(dict):
    """Features by id, and which of them were read."""

    def __init__(self, features):
        super().__init__(features)
        self.read = []

    def __getitem__(self, key):
        self.read.append(key)
        return super().__getitem__(key)


def _features(rng, number=12, dims=4, mean=0.0, std=1.0):
    return {
        f"u{index}": rng.normal(mean, std, (int(rng.integers(1, 40)), dims)).astype(np.float32)
        for index in range(number)
    }


def test_mean_and_deviation_are_those_of_all_frames():
    features = _features(np.random.default_rng(0), mean=3.0, std=5.0)
    normaliser = normalisation.fit(features, list(features))
    frames = np.concatenate(list(features.values())).astype(np.float64)
    np.testing.assert_allclose(normaliser.mean, frames.mean(0), rtol=1e-12)
    np.testing.assert_allclose(normaliser.std, frames.std(0), rtol=1e-12)
    normalised = np.concatenate([normaliser(one) for one in features.values()])
    assert normalised.dtype == np.float32
    np.testing.assert_allclose(normalised.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(normalised.std(0), 1, atol=1e-5)


def test_a_large_mean_does_not_swallow_a_small_deviation():
    """Sums of squares in one pass cancel here: 1e6 squared has no digits left for 1e-4 squared."""
    rng = np.random.default_rng(1)
    features = {f"u{index}": rng.normal(1e6, 1e-4, (50, 3)) for index in range(40)}
    normaliser = normalisation.fit(features, list(features))
    frames = np.concatenate(list(features.values()))
    np.testing.assert_allclose(normaliser.std, frames.std(0), rtol=1e-6)


def test_only_the_given_utterances_are_read():
    features = Recorder(_features(np.random.default_rng(2)))
    chosen = ["u3", "u1", "u7"]
    normaliser = normalisation.fit(features, chosen)
    assert features.read == chosen
    frames = np.concatenate([dict.__getitem__(features, one) for one in chosen]).astype(np.float64)
    np.testing.assert_allclose(normaliser.mean, frames.mean(0), rtol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, -1e-3, 7.3e8])
def test_a_dimension_that_never_varies_stays_finite(constant):
    rng = np.random.default_rng(3)
    features = {key: value.copy() for key, value in _features(rng, number=30).items()}
    for frames in features.values():
        frames[:, 1] = constant
    normaliser = normalisation.fit(features, list(features))
    assert normaliser.std[1] == 1.0
    np.testing.assert_allclose(normaliser(features["u0"])[:, 1], 0, atol=1e-6)


def test_no_utterances_are_refused():
    with pytest.raises(ValueError, match="at least one utterance"):
        normalisation.fit({}, [])
