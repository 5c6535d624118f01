import keras
import numpy as np
import pytest

from ser_tf.papers.ando2019 import networks
from ser_tf.papers.ando2019.initialisation import like_pytorch

DIMS = 80


def _network():
    encoder = networks.build_encoder(
        DIMS, np.zeros(DIMS), np.ones(DIMS), networks.MLEE_ENCODER, lstm_units=9, attention_units=50
    )
    return networks.build_network([encoder], networks.build_classifier(18, 4))


def _drawn(seed):
    keras.utils.set_random_seed(seed)
    network = _network()
    before = {weight.path: weight.numpy() for weight in network.weights}
    like_pytorch(network)
    after = {weight.path: weight.numpy() for weight in network.weights}
    return before, after


@pytest.fixture(scope="module")
def drawn():
    return _drawn(0)


def test_every_trained_weight_but_those_of_normalisation_is_drawn_anew(drawn):
    before, after = drawn
    kept = {path for path in before if np.array_equal(before[path], after[path])}
    assert kept == {path for path in before if "norm" in path}
    assert len(kept) == 3 * 4  # scale, shift and two moving statistics of each


@pytest.mark.parametrize(
    ("part", "inputs"),
    [
        ("conv_1/kernel", 12 * 16),
        ("conv_2/kernel", 8 * 12 * 16),
        ("conv_3/kernel", 5 * 7 * 24),
        ("forward_lstm/lstm_cell/kernel", 9),
        ("backward_lstm/lstm_cell/recurrent_kernel", 9),
        ("attention_hidden_1/kernel", 18),
        ("u/kernel", 50),
        ("dense/kernel", 18),
        ("dense/bias", 18),
        ("scores/kernel", 64),
        ("scores/bias", 64),
    ],
)
def test_ranges_are_those_of_pytorch(drawn, part, inputs):
    """Uniform up to 1/sqrt(inputs): for recurrent layers, of the units."""
    (values,) = [value for path, value in drawn[1].items() if path.endswith(part)]
    limit = inputs**-0.5
    assert (np.abs(values) <= limit).all()
    assert np.abs(values).max() > (0.9 if values.size > 40 else 0.3) * limit
    if values.size > 500:
        assert values.std() == pytest.approx(limit / 3**0.5, rel=0.1)


def test_the_two_biases_of_a_recurrent_layer_add_up():
    keras.utils.set_random_seed(0)
    layer = keras.layers.LSTM(400)
    features = keras.Input((None, 3))
    like_pytorch(keras.Model(features, layer(features)))
    bias = layer.cell.bias.numpy()
    assert 1.5 / 20 < np.abs(bias).max() <= 2 / 20
    assert bias.std() == pytest.approx((2 / 3) ** 0.5 / 20, rel=0.1)


def test_the_seed_decides(drawn):
    again, other = _drawn(0)[1], _drawn(1)[1]
    for path, value in drawn[1].items():
        np.testing.assert_array_equal(again[path], value)
        assert "norm" in path or not np.array_equal(other[path], value)
