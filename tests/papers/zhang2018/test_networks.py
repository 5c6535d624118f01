import keras
import numpy as np
import pytest

from ser_tf.papers.zhang2018 import alexnet, pretrained
from ser_tf.papers.zhang2018 import networks as models
from tests.checks import check_model
from tests.papers.zhang2018 import small_alexnet

BINS, CLASSES = 131, 4  # 131 bins leave three cells of frequency
MEAN, STD = np.linspace(-2, 2, BINS), np.linspace(0.5, 3, BINS)
LENGTHS = (150, 67, 99, 40, 233)
LONGEST = 233


def _fcn(**changes):
    """With a classifier that already tells classes apart: it starts at zero otherwise."""
    settings = {"table": small_alexnet.TABLE, "attention_units": 6, "classifier_initializer": "glorot_uniform"}
    settings |= changes
    return models.build_attention_fcn(BINS, CLASSES, MEAN, STD, **settings)


def _utterances():
    rng = np.random.default_rng(0)
    return [(MEAN + STD * rng.normal(size=(length, BINS))).astype(np.float32) for length in LENGTHS]


def _batch(frames=LONGEST, padding=30.0):
    features = np.full((len(LENGTHS), frames, BINS), padding, np.float32)
    for row, utterance in enumerate(_utterances()):
        features[row, : len(utterance)] = utterance
    return {"features": features, "lengths": np.array(LENGTHS, np.int32)}


def _call(model, batch):
    return {name: value.numpy() for name, value in model(batch, training=False).items()}


def test_fcn_contract(tmp_path):
    """All but the attention's own time axis, which has fewer cells than frames."""
    model = _fcn()
    decision = keras.Model(model.input, {"probabilities": model.output["probabilities"]})
    check_model(decision, BINS, {"probabilities": (CLASSES,)}, tmp_path)


@pytest.mark.parametrize("pooling", [alexnet.VALID, alexnet.CEIL])
@pytest.mark.parametrize("pool5", [True, False])
def test_padding_changes_nothing(pooling, pool5):
    table = small_alexnet.TABLE if pool5 else (*small_alexnet.TABLE[:-1], models.convolutions(False)[-1])
    model = _fcn(table=table, pooling=pooling)
    together, longer = _call(model, _batch()), _call(model, _batch(LONGEST + 77, -1e6))
    for row, utterance in enumerate(_utterances()):
        alone = _call(model, {"features": utterance[np.newaxis], "lengths": np.array([len(utterance)], np.int32)})
        cells = alone["attention"].shape[1]
        for other in (together, longer):
            np.testing.assert_allclose(other["probabilities"][row], alone["probabilities"][0], atol=1e-5)
            np.testing.assert_allclose(other["attention"][row, :cells], alone["attention"][0], atol=1e-5)
            assert not other["attention"][row, cells:].any()


def test_attention_sums_to_one_and_has_a_cell_each_32_frames_and_bins():
    outputs = _call(_fcn(), _batch())
    np.testing.assert_allclose(outputs["attention"].sum((1, 2)), 1, atol=1e-6)
    np.testing.assert_allclose(outputs["probabilities"].sum(1), 1, atol=1e-6)
    for row, length in enumerate(LENGTHS):
        valid = outputs["attention"][row] > 0
        assert valid.any(1).sum() == (max(length, 67) - 67) // 32 + 1 and valid[0].sum() == (BINS - 67) // 32 + 1


def test_short_utterances_are_padded_with_the_mean_spectrum():
    model = _fcn()
    short = _utterances()[3]
    padded = np.concatenate([short, np.tile(MEAN.astype(np.float32), (67 - len(short), 1))])
    outputs = [
        _call(model, {"features": one[np.newaxis], "lengths": np.array([len(one)], np.int32)})
        for one in (short, padded)
    ]
    np.testing.assert_allclose(outputs[0]["probabilities"], outputs[1]["probabilities"], atol=1e-5)


def test_lambda_0_is_average_pooling():
    model = _fcn(attention_scale=0.0)
    batch = _batch()
    cells = keras.Model(model.input, model.get_layer("conv5_pooling").output)(batch).numpy()
    kernel, bias = model.get_layer("probabilities").get_weights()
    given = _call(model, batch)
    for row, weights in enumerate(given["attention"]):
        logits = cells[row, :, weights.any(1)].mean((0, 1)) @ kernel + bias
        expected = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        np.testing.assert_allclose(given["probabilities"][row], expected, atol=1e-5)


def test_the_papers_sizes():
    model = models.build_attention_fcn(200, 4, np.zeros(200), np.ones(200))
    assert model.output["attention"].shape == (None, None, 5)
    assert model.get_layer("attention").scale == 0.3 and model.get_layer("attention").units == 256
    assert model.get_layer("conv1").get_weights()[0].shape == (11, 11, 1, 96)
    field = models.attention_field()
    assert (field.size, field.distance) == (195, 32)
    assert models.attention_field(pool5=False).distance == 16


def test_input_scale_multiplies_the_normalised_spectrogram():
    images = [
        keras.Model(model.input, model.get_layer("image").output[0])(_batch()).numpy()
        for model in (_fcn(), _fcn(input_scale=58.0))
    ]
    np.testing.assert_allclose(images[1], 58 * images[0], rtol=1e-5)
    assert abs(images[0][0, :, :150].std() - 1) < 0.05


@pytest.mark.parametrize(("network", "pixels"), [("alexnet", 67), ("alexnet", None), ("vgg16", 32)])
def test_classifier_reads_a_fixed_stretch(network, pixels):
    model = models.build_classifier(network, BINS, CLASSES, MEAN, STD, 100, pixels, units=8)
    outputs = _call(model, _batch())["probabilities"]
    assert outputs.shape == (len(LENGTHS), CLASSES)
    for row, utterance in enumerate(_utterances()):
        first = utterance[np.newaxis, :100]
        alone = _call(model, {"features": first, "lengths": np.array([first.shape[1]], np.int32)})
        np.testing.assert_allclose(outputs[row], alone["probabilities"][0], atol=1e-5)


@pytest.mark.parametrize("network", ["alexnet", "vgg16"])
@pytest.mark.parametrize(("initializer", "variance"), [("he_normal", 2.0), ("lecun_normal", 1.0)])
def test_classifier_starts_as_asked(network, initializer, variance):
    """Convolutions and dense layers: the variance of the kernels times their inputs."""
    keras.utils.set_random_seed(0)
    model = models.build_classifier(
        network, BINS, CLASSES, MEAN, STD, 100, 67, units=200, kernel_initializer=initializer
    )
    for name in ("conv2", "fc7") if network == "alexnet" else ("block2_conv1", "fc2"):
        kernel = model.get_layer(name).get_weights()[0]
        assert kernel.var() * np.prod(kernel.shape[:-1]) == pytest.approx(variance, rel=0.1), name


def test_unknown_network():
    with pytest.raises(ValueError, match="'resnet' is none of alexnet, vgg16"):
        models.build_classifier("resnet", BINS, CLASSES, MEAN, STD, 100, 67)


def test_vgg16_starts_from_its_weights():
    model = models.build_classifier("vgg16", BINS, CLASSES, MEAN, STD, 100, 32, units=8)
    shapes = {name: shape for name, shape in pretrained.vgg16_shapes().items() if name.startswith("block")}
    given = {name: tuple(weight.shape) for name in shapes for weight in model.get_layer(name).weights[:1]}
    assert given == shapes and len(shapes) == 13
