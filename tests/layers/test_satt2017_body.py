import keras
import numpy as np
import pytest

from ser_tf.layers import satt2017_body as body
from ser_tf.layers.pooling import FrameMask, MaskedMean
from tests.checks import check_model, example

BINS, LENGTHS = 20, (70, 33, 50, 9)


def _model(first_stride=1, **settings):
    features, lengths = keras.Input((None, BINS), name="features"), keras.Input((), dtype="int32", name="lengths")
    steps, number = body.convolution_body(features, lengths, first_stride, **settings)
    pooled = MaskedMean(name="mean")(steps, FrameMask(name="mask")(steps, number))
    return keras.Model({"features": features, "lengths": lengths}, {"mean": pooled})


@pytest.mark.parametrize("first_stride", [1, 2])
def test_contract(first_stride, tmp_path):
    positions = {1: 3, 2: 2}[first_stride]
    check_model(_model(first_stride), BINS, {"mean": (32 * positions,)}, tmp_path, LENGTHS)


@pytest.mark.parametrize("first_stride", [1, 2])
def test_steps_of_each_utterance(first_stride):
    model = _model(first_stride)
    number = keras.Model(model.input, model.get_layer("conv_3_pool_lengths").output)
    steps = number(example(BINS, LENGTHS), training=False).numpy()
    inside = body.frames_in_a_step(first_stride)
    assert inside == 8 * first_stride
    assert steps.tolist() == [-(-length // inside) for length in LENGTHS]


def test_kernels_are_those_of_the_table():
    shapes = [_model().get_layer(f"conv_{place}").kernel.shape for place in (1, 2, 3)]
    assert shapes == [(16, 12, 1, 16), (12, 8, 16, 24), (7, 5, 24, 32)]  # frames, bins, in, out
    along_time = _model(kernel_axes=body.TIME_FIRST)
    assert along_time.get_layer("conv_1").kernel.shape == (12, 16, 1, 16)
    with pytest.raises(ValueError, match="sideways"):
        _model(kernel_axes="sideways")


def _inside(first_stride=1, bins=80, **settings):
    features, lengths = keras.Input((None, bins), name="features"), keras.Input((), dtype="int32", name="lengths")
    steps, number = body.convolution_body(features, lengths, first_stride, padding="valid", **settings)
    pooled = MaskedMean(name="mean")(steps, FrameMask(name="mask")(steps, number))
    return keras.Model({"features": features, "lengths": lengths}, {"mean": pooled, "number": number})


def test_contract_without_padding(tmp_path):
    inside = _inside(2)
    model = keras.Model(inside.input, {"mean": inside.output["mean"]})
    check_model(model, 80, {"mean": (32,)}, tmp_path, (150, 108, 125, 9))


@pytest.mark.parametrize(("axes", "fewest", "first"), [(body.FREQUENCY_FIRST, 108, 53), (body.TIME_FIRST, 72, 35)])
def test_steps_without_padding(axes, fewest, first):
    """An utterance of the fewest frames gives one step, as does a shorter one; each further step takes 16 frames."""
    assert body.min_frames(2, axes, "valid") == fewest and body.min_frames(2, axes) == 1
    assert body.first_frame(2, axes, "valid") == first and body.first_frame(2, axes) == 0
    lengths = (fewest - 60, fewest, fewest + 1, fewest + 15, fewest + 16, fewest + 32)
    number = _inside(2, 110, kernel_axes=axes)(example(110, lengths), training=False)["number"].numpy().tolist()
    assert number[:2] == [1, 1] and number[-2:] == [2, 3] and number == sorted(number)


def test_a_step_without_padding_sees_its_field_and_nothing_else():
    """What lies outside of the field of the last step does not change it; `first_frame` is where its middle begins."""
    features, lengths = keras.Input((None, 80)), keras.Input((), dtype="int32")
    model = keras.Model([features, lengths], body.convolution_body(features, lengths, 2, padding="valid")[0])
    frames = np.random.default_rng(0).normal(size=(200, 80)).astype(np.float32)
    moved = frames + 10 * np.eye(200, dtype=np.float32)[..., np.newaxis]  # one frame in each row
    rows = np.concatenate([frames[np.newaxis], moved])
    base, *steps = model.predict([rows, np.full(201, 200, np.int32)], batch_size=67, verbose=0)[:, 1]
    seen = [place for place, step in enumerate(steps) if not np.allclose(step, base, atol=1e-6)]
    assert (min(seen), max(seen)) == (16, 16 + 2 * body.first_frame(2, padding="valid") + 16 - 1)


def test_too_few_bins_or_another_padding_are_refused():
    with pytest.raises(ValueError, match="20 bins are too few"):
        _inside(2, 20)
    with pytest.raises(ValueError, match="reflect"):
        _model(padding="reflect")


def _trained(frames):
    """All weights after two training steps on a batch that is padded to so many frames."""
    keras.utils.set_random_seed(0)
    model = _model(2)
    trained = keras.Model(model.input, model.output["mean"])
    trained.compile(keras.optimizers.SGD(0.01), "mse")
    batch = example(BINS, LENGTHS, frames=frames)
    target = np.random.default_rng(0).normal(size=(len(LENGTHS), 64)).astype(np.float32)
    for _ in range(2):
        trained.train_on_batch(batch, target)
    return {weight.path: weight.numpy() for weight in model.weights}


def test_a_training_step_does_not_depend_on_padding():
    """Neither moving statistics nor trained weights: the rubbish in the padding reaches neither."""
    short, long = _trained(max(LENGTHS)), _trained(max(LENGTHS) + 37)
    moving = [path for path in short if "moving" in path]
    assert len(moving) == 6
    for path, value in short.items():
        np.testing.assert_allclose(long[path], value, atol=1e-5, rtol=1e-5, err_msg=path)
    start = {"moving_mean": 0.0, "moving_variance": 1.0}
    assert all(not np.allclose(short[path], start[path.split("/")[-1]], atol=1e-4) for path in moving)
