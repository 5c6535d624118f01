import keras
import numpy as np
import pytest

from ser_tf.papers.zhang2018 import satt2017
from tests.checks import example

DIMS = 20
LENGTHS = (61, 8, 30, 3)


def _network(**body):
    keras.utils.set_random_seed(0)
    return satt2017.build_cnn_lstm(DIMS, 4, np.zeros(DIMS), np.ones(DIMS), lstm_units=3, dense_units=5, **body)


@pytest.mark.parametrize("first_stride", [1, 2])
def test_padding_changes_nothing(first_stride):
    model = _network(first_stride=first_stride)
    batch = example(DIMS, LENGTHS)
    longer = example(DIMS, LENGTHS, frames=max(LENGTHS) + 21)
    together = model(batch)["probabilities"].numpy()
    np.testing.assert_allclose(model(longer)["probabilities"], together, atol=1e-5)
    for row, length in enumerate(LENGTHS):
        alone = {"features": batch["features"][row : row + 1, :length], "lengths": batch["lengths"][row : row + 1]}
        np.testing.assert_allclose(model(alone)["probabilities"][0], together[row], atol=1e-5)


def test_saving_and_one_training_step(tmp_path):
    model = _network()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    batch = example(DIMS, LENGTHS)
    np.testing.assert_array_equal(loaded(batch)["probabilities"], model(batch)["probabilities"])
    trained = keras.Model(loaded.input, loaded.output["probabilities"])
    trained.compile(keras.optimizers.SGD(0.5), "mse")
    assert np.isfinite(trained.train_on_batch(batch, np.eye(4, dtype=np.float32)))
    for old, new in zip(model.trainable_weights, loaded.trainable_weights, strict=True):
        assert not np.array_equal(old, new), new.path


def test_the_papers_sizes():
    model = satt2017.build_cnn_lstm(200, 4, np.zeros(200), np.ones(200), kernel_axes="time_frequency")
    kernels = [model.get_layer(f"conv_{place}").get_weights()[0].shape for place in (1, 2, 3)]
    assert kernels == [(12, 16, 1, 16), (8, 12, 16, 24), (5, 7, 24, 32)]
    assert model.get_layer("blstm").forward_layer.units == 128 and model.get_layer("dense").units == 64
