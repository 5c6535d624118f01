import keras
import numpy as np
import pytest

from ser_tf.layers.satt2017_body import frames_in_a_step
from ser_tf.papers.ando2019 import networks as models
from ser_tf.papers.ando2019.initialisation import like_pytorch
from tests.checks import check_model, example

DIMS, CLASSES, LENGTHS = 20, 4, (70, 33, 50, 9)
MEAN, STD = np.linspace(-2, 2, DIMS), np.linspace(0.5, 3, DIMS)
SMALL = {"lstm_units": 6, "attention_units": 5}


def _encoder(name=models.DOMINANT_ENCODER, **changes):
    return models.build_encoder(DIMS, MEAN, STD, name, **SMALL | changes)


def _single(activation="softmax"):
    name = models.MLEE_ENCODER if activation == "sigmoid" else models.DOMINANT_ENCODER
    return models.build_network([_encoder(name)], models.build_classifier(12, CLASSES, activation, dense_units=7))


def _fusion():
    encoders = [_encoder(name) for name in models.ENCODERS]
    return models.build_network(encoders, models.build_classifier(24, CLASSES, dense_units=7))


def _call(model, batch):
    return {name: value.numpy() for name, value in model(batch, training=False).items()}


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_contract(activation, tmp_path):
    shapes = {"probabilities": (CLASSES,), "attention": (None,)}
    check_model(_single(activation), DIMS, shapes, tmp_path, LENGTHS)


def test_fusion_contract(tmp_path):
    attention = dict.fromkeys(("attention", *(f"attention_of_{name}" for name in models.ENCODERS)), (None,))
    check_model(_fusion(), DIMS, {"probabilities": (CLASSES,), **attention}, tmp_path, LENGTHS)


def test_sizes_are_those_of_table_2():
    encoder = models.build_encoder(400, np.zeros(400), np.ones(400), "encoder")
    assert [encoder.get_layer(f"conv_{place}").filters for place in (1, 2, 3)] == [16, 24, 32]
    assert encoder.get_layer("conv_1").strides == (2, 2)
    assert encoder.output["embedding"].shape == (None, 256)
    assert encoder.get_layer("steps").output.shape == (None, None, 25 * 32)
    classifier = models.build_classifier(256, 4)
    assert [layer.units for layer in classifier.layers[1:]] == [64, 4]


def test_posteriors_and_existence():
    batch = example(DIMS, LENGTHS)
    np.testing.assert_allclose(_call(_single(), batch)["probabilities"].sum(1), 1, atol=1e-5)
    existence = _call(_single("sigmoid"), batch)["probabilities"]
    assert ((existence > 0) & (existence < 1)).all() and not np.allclose(existence.sum(1), 1, atol=1e-2)


def test_attention_sums_to_one_and_lies_evenly_on_the_frames_of_a_step():
    attention = _call(_single(), example(DIMS, LENGTHS))["attention"]
    inside = frames_in_a_step(models.FIRST_STRIDE)
    for row, length in enumerate(LENGTHS):
        assert attention[row].sum() == pytest.approx(1, abs=1e-5)
        assert (attention[row, length:] == 0).all()
        for first in range(0, length, inside):
            np.testing.assert_allclose(attention[row, first : min(first + inside, length)], attention[row, first])


def test_self_attention_is_that_of_lin_2017():
    encoder = _encoder()
    layer = encoder.get_layer("self_attention")
    assert [weight.shape for weight in layer.weights] == [(12, 5), (5, 1)]  # W1, w2, no bias
    states = keras.Model(encoder.input, encoder.get_layer("blstm").output)(example(DIMS, LENGTHS)).numpy()
    embedding = _call(encoder, example(DIMS, LENGTHS))["embedding"]
    first, second = layer.get_weights()
    for row, length in enumerate(LENGTHS):
        hidden = states[row, : -(-length // 16)]
        scores = (np.tanh(hidden @ first) @ second)[:, 0]
        weights = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(embedding[row], weights @ hidden, atol=1e-5)


def test_features_are_normalised_inside():
    raw = example(DIMS, LENGTHS)
    normalised = dict(raw, features=((raw["features"] - MEAN) / STD).astype(np.float32))
    inner = models.build_encoder(DIMS, np.zeros(DIMS), np.ones(DIMS), models.DOMINANT_ENCODER, **SMALL)
    outer = _encoder()
    outer.set_weights(inner.get_weights())
    np.testing.assert_allclose(_call(outer, raw)["embedding"], _call(inner, normalised)["embedding"], atol=1e-5)


WIDE, LONG = 80, (130, 260, 40)


def _inside():
    """The encoder whose convolutions have nothing at their edges; 130 frames give two steps, 40 are filled up."""
    return models.build_encoder(WIDE, np.zeros(WIDE), np.ones(WIDE), models.DOMINANT_ENCODER, **SMALL, padding="valid")


def test_contract_without_padding(tmp_path):
    shapes = {"probabilities": (CLASSES,), "attention": (None,)}
    network = models.build_network([_inside()], models.build_classifier(12, CLASSES, dense_units=7))
    check_model(network, WIDE, shapes, tmp_path, LONG)


def test_without_padding_attention_lies_in_the_middle_of_what_a_step_sees():
    encoder = _inside()
    batch = example(WIDE, LONG)
    attention = _call(encoder, batch)["attention"]
    steps = keras.Model(encoder.input, encoder.get_layer("conv_3_pool_lengths").output)(batch).numpy()
    assert steps.tolist() == [2, 10, 1]
    for row, (number, first) in enumerate(zip(steps, (53, 53, 24), strict=True)):
        there = np.flatnonzero(attention[row])
        assert (there.min(), there.max()) == (first, first + 16 * number - 1)
        assert attention[row].sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("initialise", [like_pytorch, lambda network: None], ids=["pytorch", "keras"])
def test_the_first_loss_is_near_that_of_knowing_nothing(initialise):
    """Within 1.5 times ln 4 whatever the classes are, at the paper's sizes, over three seeds."""
    batch = example(400, (60, 100, 47, 80))
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        encoder = models.build_encoder(400, np.zeros(400), np.ones(400), models.DOMINANT_ENCODER)
        network = models.build_network([encoder], models.build_classifier(256, CLASSES))
        initialise(network)
        assert -np.log(network.predict_on_batch(batch)["probabilities"]).max() < 1.5 * np.log(CLASSES)


def _step(network):
    network = keras.Model(network.input, network.output["probabilities"])
    network.compile(keras.optimizers.SGD(0.5), "categorical_crossentropy")
    batch = example(DIMS, LENGTHS)
    network.train_on_batch(batch, np.eye(CLASSES, dtype=np.float32))


def test_frozen_means_frozen():
    """A step with frozen encoders moves the classifier alone: no weight and no moving statistic of an encoder."""
    network = _fusion()
    encoders = [network.get_layer(name) for name in models.ENCODERS]
    for encoder in encoders:
        encoder.trainable = False
    classifier = network.get_layer("classifier")
    before = [[weight.numpy() for weight in part.weights] for part in (*encoders, classifier)]
    vectors = [_call(encoder, example(DIMS, LENGTHS))["embedding"] for encoder in encoders]
    _step(network)
    for part, old in zip((*encoders, classifier), before, strict=True):
        same = [np.array_equal(weight.numpy(), value) for weight, value in zip(part.weights, old, strict=True)]
        assert not any(same) if part is classifier else all(same), part.name
    for encoder, vector in zip(encoders, vectors, strict=True):
        np.testing.assert_array_equal(_call(encoder, example(DIMS, LENGTHS))["embedding"], vector)


def test_frozen_encoders_normalise_by_moving_statistics():
    """In a training step too: what the classifier sees is the vector that inference gives."""
    network = _single()
    encoder = network.get_layer(models.DOMINANT_ENCODER)
    batch = example(DIMS, LENGTHS)
    inference = _call(encoder, batch)["embedding"]
    assert not np.allclose(encoder(batch, training=True)["embedding"], inference, atol=1e-3)
    network = _single()
    encoder = network.get_layer(models.DOMINANT_ENCODER)
    inference = _call(encoder, batch)["embedding"]
    encoder.trainable = False
    np.testing.assert_allclose(encoder(batch, training=True)["embedding"], inference, atol=1e-6)
