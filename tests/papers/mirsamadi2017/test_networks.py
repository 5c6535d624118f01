import keras
import numpy as np
import pytest

from ser_tf.papers.mirsamadi2017 import functionals
from ser_tf.papers.mirsamadi2017 import networks as models
from tests.checks import LENGTHS, check_model, example

DIMS, CLASSES, DENSE, CELLS = 5, 4, (8, 7), 6
MEAN, STD = np.linspace(-2, 2, DIMS), np.linspace(0.5, 3, DIMS)
SMALL = {"dense_units": DENSE, "lstm_units": CELLS}
VARIANTS = {
    "frame_wise": {"frame_probabilities": (None, CLASSES), "probabilities": (CLASSES,)},
    "final_frame": {"probabilities": (CLASSES,)},
    "mean_pool": {"probabilities": (CLASSES,)},
    "weighted_pool": {"attention": (None,), "probabilities": (CLASSES,)},
}


def _recurrent(aggregation, **changes):
    return models.build_recurrent_network(DIMS, CLASSES, aggregation, MEAN, STD, **SMALL | changes)


def _call(model, batch):
    return {name: value.numpy() for name, value in model(batch, training=False).items()}


def _states(model, batch):
    """Outputs of the BLSTM, (batch, frames or nothing, 2 x cells)."""
    return keras.Model(model.input, model.get_layer("blstm").output)(batch, training=False).numpy()


@pytest.mark.parametrize("aggregation", VARIANTS)
def test_recurrent_contract(aggregation, tmp_path):
    check_model(_recurrent(aggregation), DIMS, VARIANTS[aggregation], tmp_path)


def test_deeper_attention_contract(tmp_path):
    check_model(_recurrent("weighted_pool", attention_units=(4,)), DIMS, VARIANTS["weighted_pool"], tmp_path)


def test_functionals_contract(tmp_path):
    names = functionals.FULL
    model = models.build_functionals_network(DIMS, CLASSES, names, MEAN, STD, DENSE)
    check_model(model, DIMS, {"probabilities": (CLASSES,)}, tmp_path)


@pytest.mark.parametrize("aggregation", VARIANTS)
def test_posteriors_sum_to_one(aggregation):
    np.testing.assert_allclose(_call(_recurrent(aggregation), example(DIMS))["probabilities"].sum(-1), 1, atol=1e-5)


def test_functionals_network_in_numpy():
    model = models.build_functionals_network(DIMS, CLASSES, functionals.MEAN_MIN_MAX, MEAN, STD, DENSE)
    batch = example(DIMS)
    given = _call(model, batch)["probabilities"]
    weights = {layer.name: [weight.astype(np.float64) for weight in layer.get_weights()] for layer in model.layers}
    for row, length in enumerate(LENGTHS):
        frames = (batch["features"][row, :length] - MEAN) / STD
        for name in ("lld_1", "lld_2"):
            frames = np.maximum(frames @ weights[name][0] + weights[name][1], 0)
        pooled = np.concatenate([frames.mean(0), frames.min(0), frames.max(0)])
        scores = pooled @ weights["probabilities"][0] + weights["probabilities"][1]
        np.testing.assert_allclose(given[row], np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


def test_final_frame_is_the_last_valid_output_of_each_direction():
    batch = example(DIMS)
    final = _recurrent("final_frame")
    sequence = _recurrent("mean_pool")
    sequence.set_weights(final.get_weights())
    last, states = _states(final, batch), _states(sequence, batch)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(last[row, :CELLS], states[row, length - 1, :CELLS], atol=1e-6)
        np.testing.assert_allclose(last[row, CELLS:], states[row, 0, CELLS:], atol=1e-6)


def test_frame_wise_decides_by_the_mean_posterior_of_valid_frames():
    outputs = _call(_recurrent("frame_wise"), example(DIMS))
    for row, length in enumerate(LENGTHS):
        mean = outputs["frame_probabilities"][row, :length].mean(0)
        np.testing.assert_allclose(outputs["probabilities"][row], mean, atol=1e-6)


@pytest.mark.parametrize("aggregation", ["mean_pool", "weighted_pool"])
def test_pooled_states_are_classified(aggregation):
    batch = example(DIMS)
    model = _recurrent(aggregation)
    outputs, states = _call(model, batch), _states(model, batch)
    kernel, bias = model.get_layer("probabilities").get_weights()
    for row, length in enumerate(LENGTHS):
        alpha = np.full(length, 1 / length)
        if aggregation == "weighted_pool":
            scores = states[row, :length] @ model.get_layer("attention").get_weights()[0][:, 0]
            alpha = np.exp(scores) / np.exp(scores).sum()
            np.testing.assert_allclose(outputs["attention"][row, :length], alpha, atol=1e-6)
            assert (outputs["attention"][row, length:] == 0).all()
        scores = alpha @ states[row, :length] @ kernel + bias
        np.testing.assert_allclose(outputs["probabilities"][row], np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


def test_attention_sums_to_one_over_valid_frames():
    attention = _call(_recurrent("weighted_pool"), example(DIMS, frames=20))["attention"]
    np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-6)
    assert attention.shape == (len(LENGTHS), 20)
    assert all((attention[row, length:] == 0).all() for row, length in enumerate(LENGTHS))


def _trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def _blstm(inputs, cells):
    return 2 * 4 * (inputs + cells + 1) * cells


@pytest.mark.parametrize("aggregation", VARIANTS)
def test_numbers_of_parameters_are_the_papers(aggregation):
    """§3: dense layers of 512, 128 memory cells in each direction, 257 spectral values or 32 descriptors."""
    pooling = 256 if aggregation == "weighted_pool" else 0
    softmax = 257 * 4
    lld = models.build_recurrent_network(32, 4, aggregation, np.zeros(32), np.ones(32))
    assert _trainable(lld) == _blstm(32, 128) + pooling + softmax
    spectral = models.build_recurrent_network(
        257, 4, aggregation, np.zeros(257), np.ones(257), dense_units=models.DENSE_UNITS
    )
    assert _trainable(spectral) == 258 * 512 + 513 * 512 + _blstm(512, 128) + pooling + softmax


@pytest.mark.parametrize(("names", "number"), [(functionals.MEAN, 1), (functionals.FULL, 7)])
def test_number_of_parameters_of_the_functionals_network(names, number):
    model = models.build_functionals_network(257, 4, names, np.zeros(257), np.ones(257))
    assert _trainable(model) == 258 * 512 + 513 * 512 + (512 * number + 1) * 4


def test_half_is_dropped_after_each_layer_and_nowhere_else():
    spectral = _recurrent("weighted_pool")
    order = [layer.name for layer in spectral.layers if isinstance(layer, keras.layers.Dropout)]
    assert order == ["lld_1_dropout", "lld_2_dropout", "blstm_dropout"]
    pooled = models.build_functionals_network(DIMS, CLASSES, functionals.MEAN, MEAN, STD, DENSE)
    for model, inputs in ((spectral, ("lld_1", "lld_2", "blstm")), (pooled, ("lld_1", "lld_2"))):
        dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
        assert [layer.rate for layer in dropouts] == [0.5] * len(inputs)
        for layer, name in zip(dropouts, inputs, strict=True):
            assert layer.input is model.get_layer(name).output
    lstm = spectral.get_layer("blstm").forward_layer
    assert lstm.dropout == lstm.recurrent_dropout == 0


def test_dropout_acts_in_training_alone():
    batch = example(DIMS)
    model = _recurrent("mean_pool")
    predicted = [model(batch, training=False)["probabilities"].numpy() for _ in range(2)]
    trained = [model(batch, training=True)["probabilities"].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*predicted)
    assert not np.array_equal(*trained)


def test_features_are_normalised_inside_the_model():
    """Statistics travel with the model: shifted and scaled features with their own statistics change nothing."""
    batch = example(DIMS)
    plain = models.build_recurrent_network(DIMS, CLASSES, "mean_pool", np.zeros(DIMS), np.ones(DIMS), **SMALL)
    scaled = _recurrent("mean_pool")
    trained = [weight.numpy() for weight in plain.trainable_weights]
    for weight, value in zip(scaled.trainable_weights, trained, strict=True):
        weight.assign(value)
    shifted = {**batch, "features": (batch["features"] * STD + MEAN).astype(np.float32)}
    np.testing.assert_allclose(_call(scaled, shifted)["probabilities"], _call(plain, batch)["probabilities"], atol=1e-5)


def test_a_constant_dimension_does_no_harm():
    std = STD.copy()
    std[2] = 0.0
    model = models.build_recurrent_network(DIMS, CLASSES, "weighted_pool", MEAN, std, **SMALL)
    batch = example(DIMS)
    batch["features"][:, :, 2] = MEAN[2]
    assert np.isfinite(_call(model, batch)["probabilities"]).all()


def test_an_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="aggregation 'max' is none of frame_wise, final_frame, mean_pool, weighted"):
        _recurrent("max")
