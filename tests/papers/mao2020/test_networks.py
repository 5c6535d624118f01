import dataclasses

import keras
import numpy as np
import pytest

from ser_tf.papers.mao2020 import networks as models
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.segmenting import SegmentParams
from tests.checks import LENGTHS, check_model, check_padding_invariance, example

DIMS, CLASSES, HIDDEN, ATTENTION = 5, 3, 6, 4
PARAMS = SegmentParams(frames=4, hop_frames=2, min_frames=3, max_segments=3, fill=-1.0)
ATTENTIVE = ("single", "multi", "feature")


def _network(pooling, seed=0, **changes):
    keras.utils.set_random_seed(seed)
    settings = {"embedding_dims": DIMS, "hidden_units": HIDDEN, "attention_dims": ATTENTION} | changes
    network = models.build_bag_network(CLASSES, pooling, **settings)
    rng = np.random.default_rng(seed)
    for weight in network.weights:  # biases and moving statistics count as well
        weight.assign(
            rng.normal(size=weight.shape) if "variance" not in weight.path else rng.uniform(0.5, 2, weight.shape)
        )
    return network


def _segcnn(bands=8, frames=4):
    keras.utils.set_random_seed(1)
    return models.build_segcnn(
        CLASSES, np.linspace(-2, 2, bands), np.linspace(1, 3, bands), ((3,), (4, 4)), (7, DIMS), segment_frames=frames
    )


def _shapes(pooling):
    shapes = {"probabilities": (CLASSES,), "bag_prediction": (CLASSES,)}
    return shapes | ({"attention": (None,)} if pooling in ATTENTIVE else {})


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_contract(pooling, batch_norm, tmp_path):
    check_model(_network(pooling, batch_norm=batch_norm), DIMS, _shapes(pooling), tmp_path)


class Numpy:
    """Equations 2-9 for one bag without padding, in float64, with a network's weights."""

    def __init__(self, network, instance_activation="softmax", attention_softmax="classes", mapping_activation=None):
        self.weights = {layer.name: [np.float64(weight) for weight in layer.get_weights()] for layer in network.layers}
        self.decide = self.softmax if instance_activation == "softmax" else self.sigmoid
        self.attend = self.softmax if attention_softmax == "classes" else lambda logits: self.softmax(logits.T).T
        self.map = (lambda values: np.maximum(values, 0)) if mapping_activation == "relu" else (lambda values: values)

    @staticmethod
    def softmax(values):
        exponentials = np.exp(values - values.max(-1, keepdims=True))
        return exponentials / exponentials.sum(-1, keepdims=True)

    @staticmethod
    def sigmoid(values):
        return 1 / (1 + np.exp(-values))

    def dense(self, values, name):
        kernel, *bias = self.weights[name]
        return values @ kernel + (bias[0] if bias else 0)

    def hidden(self, bag):
        for name in ("fc_1", "fc_2"):
            bag = self.dense(bag, name)
            if f"{name}_norm" in self.weights:
                gamma, beta, mean, variance = self.weights[f"{name}_norm"]
                bag = gamma * (bag - mean) / np.sqrt(variance + 1e-3) + beta
            bag = np.maximum(bag, 0)
            yield bag

    def single(self, hidden, name):
        """Eq. 2-3: F(B)_k = sum of w(h)_k f(h)_k with w(h)_k = s(h)_k / sum of s(h)_k."""
        decisions = self.decide(self.dense(hidden, f"{name}_classifier"))
        scores = self.attend(self.dense(hidden, f"{name}_logits"))
        weights = scores / scores.sum(0)
        return (weights * decisions).sum(0), weights

    def __call__(self, bag, pooling):
        """F(B) and, for attention, one weight a segment."""
        first, second = self.hidden(np.float64(bag))
        if pooling == "max":  # eq. 8
            return self.decide(self.dense(second, "classifier")).max(0), None
        if pooling == "mean":  # eq. 9
            return self.decide(self.dense(second, "classifier")).mean(0), None
        if pooling == "single":
            prediction, weights = self.single(second, "single_attention")
            return prediction, weights.mean(-1)
        if pooling == "multi":  # §2.2.2
            modules = [self.single(first, "attention_1"), self.single(second, "attention_2")]
            joined = np.concatenate([prediction for prediction, _ in modules])
            weights = np.concatenate([weight for _, weight in modules], axis=-1)
            return self.softmax(self.dense(joined, "bag_prediction")), weights.mean(-1)
        mapped = self.map(self.dense(second, "feature_mapping"))
        scores = self.sigmoid(self.dense(second, "feature_logits"))
        weights = scores / scores.sum(0)  # eq. 5
        bag_representation = (weights * mapped).sum(0)  # eq. 4
        return self.softmax(self.dense(bag_representation, "bag_prediction")), weights.mean(-1)  # eq. 6


@pytest.mark.parametrize("frames", [7, 15])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_norm": True},
        {"instance_activation": "sigmoid"},
        {"attention_softmax": "segments"},
        {"mapping_activation": "relu"},
    ],
)
@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_equations_2_to_9_in_numpy(pooling, settings, frames):
    network = _network(pooling, **settings)
    reference = Numpy(network, **{name: value for name, value in settings.items() if name != "batch_norm"})
    batch = example(DIMS, frames=frames)
    given = {name: value.numpy() for name, value in network(batch, training=False).items()}
    for row, length in enumerate(LENGTHS):
        prediction, weights = reference(batch["features"][row, :length], pooling)
        np.testing.assert_allclose(given["bag_prediction"][row], prediction, atol=1e-5)
        np.testing.assert_allclose(given["probabilities"][row], prediction / prediction.sum(), atol=1e-5)
        if weights is not None:
            np.testing.assert_allclose(given["attention"][row, :length], weights, atol=1e-5)


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_padding_that_counts_is_a_bag_with_zeros(pooling):
    """The other reading of §4.1: all bags have the same size, zeros are segments."""
    network = _network(pooling, pad_to=9)
    batch = example(DIMS, frames=12)
    given = network(batch, training=False)["bag_prediction"].numpy()
    for row, length in enumerate(LENGTHS):
        bag = np.pad(batch["features"][row, :length], ((0, 9 - length), (0, 0)))
        np.testing.assert_allclose(given[row], Numpy(network)(bag, pooling)[0], atol=1e-5)
    check_padding_invariance(network, DIMS)


@pytest.mark.parametrize("pooling", ATTENTIVE)
def test_attention_is_not_negative_and_sums_to_one_over_valid_segments(pooling):
    attention = _network(pooling)(example(DIMS, frames=20), training=False)["attention"].numpy()
    assert (attention >= 0).all()
    np.testing.assert_allclose(attention.sum(-1), 1, atol=1e-5)
    assert all((attention[row, length:] == 0).all() for row, length in enumerate(LENGTHS))


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_the_order_of_segments_changes_no_output(pooling):
    network, batch = _network(pooling), example(DIMS)
    shuffled = {name: value.copy() for name, value in batch.items()}
    orders = [np.random.default_rng(row).permutation(length) for row, length in enumerate(LENGTHS)]
    for row, order in enumerate(orders):
        shuffled["features"][row, : len(order)] = batch["features"][row, order]
    before, after = (network(each, training=False) for each in (batch, shuffled))
    np.testing.assert_allclose(before["bag_prediction"], after["bag_prediction"], atol=1e-5)
    for row, order in enumerate(orders):
        if "attention" in before:
            np.testing.assert_allclose(
                after["attention"][row, : len(order)], before["attention"].numpy()[row, order], atol=1e-5
            )


def test_padding_has_no_part_in_the_statistics_of_batch_norm():
    statistics = []
    for frames in (7, 30):
        network = models.build_bag_network(CLASSES, "mean", DIMS, HIDDEN, batch_norm=True)
        network.get_layer("fc_1").set_weights([np.eye(DIMS, HIDDEN)])
        network(example(DIMS, frames=frames), training=True)
        statistics.append(network.get_layer("fc_1_norm").get_weights()[2:])
    np.testing.assert_allclose(statistics[0], statistics[1], atol=1e-5)


def test_an_unknown_pooling_is_refused():
    with pytest.raises(ValueError, match="max, mean, single, multi, feature"):
        models.build_bag_network(CLASSES, "sum")


def _parameters(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


def test_sizes_are_the_papers():
    """§4.1: dense layers of 256, 64 and K above the convolutions of the ledger; §2.2: H = 120."""
    segcnn = models.build_segcnn(6, np.zeros(64), np.ones(64))
    assert segcnn.input.shape == (None, 32, 64)
    convolutions = [(1, 64), (64, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    body = sum(9 * before * after + 2 * after for before, after in convolutions)
    assert _parameters(segcnn) == body + (2 * 4 * 512 + 1) * 256 + 257 * 64 + 65 * 6
    below = 65 * 120 + 121 * 120
    expected = {"max": 121 * 6, "mean": 121 * 6, "single": 2 * 121 * 6, "multi": 4 * 121 * 6 + 13 * 6}
    expected["feature"] = 2 * 121 * 120 + 121 * 6
    for pooling, number in expected.items():
        assert _parameters(models.build_bag_network(6, pooling)) == below + number


def test_the_embedding_lies_after_its_relu_or_before():
    segments = np.random.default_rng(0).normal(size=(5, 4, 8)).astype(np.float32)
    after, before = (
        models.build_segcnn(
            CLASSES, np.zeros(8), np.ones(8), ((3,),), (7, DIMS), segment_frames=4, embedding_after_relu=relu
        )
        for relu in (True, False)
    )
    before.set_weights(after.get_weights())
    given = before(segments)
    assert (given["embedding"].numpy() < 0).any()
    np.testing.assert_allclose(np.maximum(given["embedding"], 0), after(segments)["embedding"], atol=1e-6)
    np.testing.assert_allclose(given["probabilities"], after(segments)["probabilities"], atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_first_losses_are_those_of_guessing(seed):
    """The logarithm of the number of classes, and at most half more, in training as in testing."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 6, 64)
    keras.utils.set_random_seed(seed)
    segcnn = models.build_segcnn(6, np.zeros(64), np.ones(64), models.BODIES["compact"])
    cases = [(segcnn, rng.normal(size=(64, 32, 64)))]
    bags = np.maximum(rng.normal(size=(64, 9, 64)), 0)
    batch = {"features": bags, "lengths": np.full(64, 9)}
    for pooling in models.POOLINGS:
        network = models.build_bag_network(6, pooling, batch_norm=True, instance_activation="sigmoid")
        cases.append((network, batch))
    for model, given in cases:
        for training in (True, False):
            probabilities = model(given, training=training)["probabilities"].numpy()
            loss = -np.log(probabilities[np.arange(64), targets]).mean()
            assert 0.9 * np.log(6) < loss < 1.5 * np.log(6), model.name


def test_segcnn_normalises_its_input():
    segcnn = _segcnn()
    normalised = keras.Model(segcnn.input, segcnn.get_layer("normaliser").output)
    segments = np.random.default_rng(0).normal(size=(2, 4, 8)).astype(np.float32)
    expected = (segments - np.linspace(-2, 2, 8)) / np.linspace(1, 3, 8)
    np.testing.assert_allclose(normalised(segments), expected, atol=1e-6)
    outputs = segcnn(segments)
    assert outputs["embedding"].shape == (2, DIMS) and (outputs["embedding"].numpy() >= 0).all()
    np.testing.assert_allclose(outputs["probabilities"].numpy().sum(-1), 1, atol=1e-6)


@pytest.mark.parametrize("padding", ["masked", "zeros", "speech"])
@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_the_composed_model_is_its_two_stages(pooling, padding, tmp_path):
    pad_to = 3 if padding == "zeros" else None
    segcnn, network = _segcnn(), _network(pooling, pad_to=pad_to)
    model = models.compose(segcnn, network, dataclasses.replace(PARAMS, padded=padding == "speech"))
    time = None if pad_to is None else pad_to
    shapes = {"probabilities": (CLASSES,), "segment_probabilities": (None, CLASSES)}
    shapes |= {"attention": (time,)} if pooling in ATTENTIVE else {}
    assert {name: tuple(value.shape[1:]) for name, value in model.output.items()} == shapes
    batch = example(8)
    given = {name: value.numpy() for name, value in model(batch, training=False).items()}
    for row, length in enumerate(LENGTHS):
        frames = np.vstack([batch["features"][row, :length], np.full((8, 8), PARAMS.fill)]).astype(np.float32)
        count = 3 if padding == "speech" else min(max((length - 3) // 2 + 1, 1), 3)
        of_segments = segcnn(np.stack([frames[2 * place : 2 * place + 4] for place in range(count)]), training=False)
        np.testing.assert_allclose(given["segment_probabilities"][row, :count], of_segments["probabilities"], atol=1e-5)
        assert (given["segment_probabilities"][row, count:] == 0).all()
        bag = {"features": of_segments["embedding"].numpy()[np.newaxis], "lengths": np.asarray([count])}
        expected = network(bag, training=False)
        np.testing.assert_allclose(given["probabilities"][row], expected["probabilities"][0], atol=1e-5)
        if "attention" in given:
            shown = expected["attention"].shape[1]
            np.testing.assert_allclose(given["attention"][row, :shown], expected["attention"][0], atol=1e-5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for name, value in loaded(batch, training=False).items():
        np.testing.assert_array_equal(value, given[name], err_msg=name)


@pytest.mark.parametrize("pooling", models.POOLINGS)
def test_an_utterance_of_the_composed_model_does_not_depend_on_its_neighbours_or_padding(pooling):
    model = models.compose(_segcnn(), _network(pooling), PARAMS)
    together = model(example(8, frames=20), training=False)
    for row, length in enumerate(LENGTHS):
        batch = example(8)
        alone = {"features": batch["features"][row : row + 1, :length], "lengths": batch["lengths"][row : row + 1]}
        for name, value in model(alone, training=False).items():
            shown = together[name].numpy()[row]
            shown = shown if name == "probabilities" else shown[: value.shape[1]]
            np.testing.assert_allclose(shown, value[0], atol=1e-5, err_msg=name)


def _recalls_of_max_pooling(**settings):
    """Recalls on unseen bags whose segments all tell a little of the class and that end with silence."""
    classes, size, dims = 4, 20, models.DENSE_UNITS[-1]
    means = np.random.default_rng(9).normal(size=(classes, dims))
    silence = np.maximum(np.random.default_rng(5).normal(size=dims), 0)

    def bags(seed):
        rng = np.random.default_rng(seed)
        targets = rng.integers(0, classes, 240)
        noise = 0.7 * rng.normal(size=(240, 1, dims)) + rng.normal(size=(240, size, dims))
        features = np.maximum(0.4 * means[targets][:, np.newaxis] + noise, 0)
        for bag, end in zip(features, rng.integers(12, size + 1, 240), strict=True):
            bag[end:] = silence
        return {"features": features, "lengths": np.full(240, size)}, targets

    keras.utils.set_random_seed(0)
    network = models.build_bag_network(classes, "max", **settings)
    trained = keras.Model(network.input, network.output["probabilities"])
    trained.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    trained.fit(*bags(0), batch_size=128, epochs=50, verbose=0)
    unseen, targets = bags(1)
    right = trained.predict_on_batch(unseen).argmax(-1) == targets
    return [right[targets == label].mean() for label in range(classes)]


def test_max_pooling_learns_every_class():
    """With dropout before the maximum, or decisions that sum to one on silence as well, it gives classes up."""
    ledger = Ledger()
    recalls = _recalls_of_max_pooling(
        dropout=ledger.bag_dropout,
        batch_norm=ledger.bag_batch_norm,
        instance_activation=ledger.bag_instance_activation,
    )
    assert min(recalls) > 0.7
    assert min(_recalls_of_max_pooling(dropout=0.5, batch_norm=True, instance_activation="softmax")) < 0.5


@pytest.mark.parametrize("pooling", ATTENTIVE)
def test_attention_learns_which_segment_tells_the_class(pooling):
    """Bags in which one segment tells the class; trained only on labels of bags."""
    rng = np.random.default_rng(0)
    number, size = 384, 8
    features = rng.normal(size=(number, size, DIMS)).astype(np.float32)
    targets, places = rng.integers(0, CLASSES, number), rng.integers(0, size, number)
    features[np.arange(number), places] = 4 * np.eye(DIMS)[targets]
    features[..., -1] = 0
    features[np.arange(number), places, -1] = 4
    batch = {"features": features, "lengths": np.full(number, size, np.int32)}
    keras.utils.set_random_seed(0)
    network = models.build_bag_network(CLASSES, pooling, DIMS, 24, 16)
    trained = keras.Model(network.input, network.output["probabilities"])
    trained.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", jit_compile=False)
    trained.fit(batch, targets, batch_size=64, epochs=25, verbose=0)
    outputs = network(batch, training=False)
    assert np.mean(outputs["probabilities"].numpy().argmax(-1) == targets) > 0.9
    assert np.mean(outputs["attention"].numpy()[np.arange(number), places]) > 1.5 / size
