"""What every layer and every model must pass; a test supplies only a small one and the shapes that it should give."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from ser_tf.layers.pooling import FrameMask
from ser_tf.protocol import ledger as ledgers

LENGTHS = (7, 3, 5, 1)
TOLERANCE = 1e-5


def example(dims: int, lengths=LENGTHS, frames: int | None = None, seed: int = 0) -> dict[str, np.ndarray]:
    """A right-padded batch `features` (batch, frames, dims), `lengths` (batch,), undefined values in the padding."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(len(lengths), max(lengths), dims)).astype(np.float32)
    frames = max(lengths) if frames is None else frames
    padded = np.random.default_rng(seed + 1).uniform(-30, 30, (len(lengths), frames, dims)).astype(np.float32)
    for row, length in enumerate(lengths):
        padded[row, :length] = features[row, :length]
    return {"features": padded, "lengths": np.asarray(lengths, np.int32)}


def model_of_layer(layer: keras.Layer, dims: int, names: tuple[str, ...]) -> keras.Model:
    """A model that consists of one layer called with (sequence, mask); its outputs get the names."""
    features, lengths = keras.Input((None, dims), name="features"), keras.Input((), dtype="int32", name="lengths")
    outputs = layer(features, FrameMask()(features, lengths))
    outputs = outputs if isinstance(outputs, tuple | list) else (outputs,)
    return keras.Model({"features": features, "lengths": lengths}, dict(zip(names, outputs, strict=True)))


def check_layer(layer: keras.Layer, dims: int, shapes: Mapping[str, tuple], tmp_path: Path) -> None:
    """Config round trip of a layer that takes (sequence, mask), and all of `check_model` on a model of it alone."""
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    check_model(model_of_layer(layer, dims, tuple(shapes)), dims, shapes, tmp_path)


def check_model(model: keras.Model, dims: int, shapes: Mapping[str, tuple], tmp_path: Path, lengths=LENGTHS) -> None:
    """Checks shapes, config round trip, save and load, padding invariance and one training step.

    Args:
        model: Takes `features` (batch, frames, dims) and `lengths` (batch,), gives a dictionary.
        dims: Of a frame.
        shapes: For each output the shape without the batch axis; `None` stands for the time axis.
        tmp_path: Folder for the saved model.
        lengths: Frames of the utterances that it is called with.
    """
    batch = example(dims, lengths)
    outputs = _outputs(model, batch)
    frames = batch["features"].shape[1]
    assert {name: value.shape for name, value in outputs.items()} == {
        name: (len(lengths), *(frames if size is None else size for size in shape)) for name, shape in shapes.items()
    }
    assert all(tuple(model.output[name].shape[1:]) == tuple(shape) for name, shape in shapes.items())
    twin = type(model).from_config(model.get_config())
    twin.set_weights(model.get_weights())
    _assert_equal(_outputs(twin, batch), outputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    _assert_equal(_outputs(loaded, batch), outputs)
    check_padding_invariance(model, dims, lengths)
    if model.trainable_weights:
        check_training_step(loaded, dims, lengths)


def check_padding_invariance(model: keras.Model, dims: int, lengths=LENGTHS) -> None:
    """Neither more padding, nor what it holds, nor the neighbours in the batch change an utterance's outputs."""
    together = _outputs(model, example(dims, lengths))
    longer = _outputs(model, example(dims, lengths, frames=max(lengths) + 9))
    for row, length in enumerate(lengths):
        batch = example(dims, lengths)
        alone = {"features": batch["features"][row : row + 1, :length], "lengths": batch["lengths"][row : row + 1]}
        for name, value in _outputs(model, alone).items():
            has_time = model.output[name].shape[1] is None
            for other in (together[name][row], longer[name][row]):
                other = other[:length] if has_time else other
                np.testing.assert_allclose(other, value[0], atol=TOLERANCE, rtol=0, err_msg=f"{name} of row {row}")


def check_training_step(model: keras.Model, dims: int, lengths=LENGTHS) -> None:
    """One step changes every trainable weight, and nothing becomes NaN."""
    batch = example(dims, lengths)
    name = "probabilities" if "probabilities" in model.output else next(iter(model.output))
    trained = keras.Model(model.input, model.output[name])
    trained.compile(keras.optimizers.SGD(0.5), "mse")
    before = [weight.numpy() for weight in model.trainable_weights]
    rng = np.random.default_rng(2)
    target = rng.uniform(size=(len(lengths), *model.output[name].shape[1:])).astype(np.float32)
    loss = trained.train_on_batch(batch, target)
    assert np.isfinite(loss)
    for old, weight in zip(before, model.trainable_weights, strict=True):
        assert np.isfinite(weight.numpy()).all(), weight.path
        assert not np.array_equal(old, weight.numpy()), f"{weight.path} was not trained"


def _outputs(model: keras.Model, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in model(dict(batch), training=False).items()}


def _assert_equal(left: Mapping[str, np.ndarray], right: Mapping[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


def posteriors_of(model: keras.Model, features, ids) -> np.ndarray:
    """Posteriors of utterances, each alone: float32 (utterances, classes), in the order of `ids`.

    Args:
        model: Takes `features` and `lengths`, gives `probabilities`.
        features: Features (frames, dims) by id.
        ids: The utterances.
    """
    batches = (
        {"features": np.array(features[one])[np.newaxis], "lengths": np.array([len(features[one])])} for one in ids
    )
    return np.stack([np.asarray(model(batch, training=False)["probabilities"])[0] for batch in batches])


def check_ledger(ledger) -> None:
    """Every assumption of a paper has a reason, and a switch that changes it alone."""
    for entry in ledgers.entries(ledger):
        assert len(entry.why) > 10
        other = next((choice for choice in entry.choices if choice != entry.default), None)
        if other is None:
            other = _another(entry)
        changed = ledgers.override(ledger, [f"{entry.key}={other}"])
        assert ledgers.overridden(changed).keys() == {entry.key}


def _another(entry: ledgers.Entry):
    """Another allowed value of the same type: a little larger, or smaller where the default is the maximum."""
    if isinstance(entry.default, bool):
        return not entry.default
    maximum = entry.range[1]
    larger = entry.default + 1 if isinstance(entry.default, int) else entry.default * 1.1 or 0.1
    if maximum is None or larger <= maximum:
        return larger
    return entry.default - 1 if isinstance(entry.default, int) else entry.default * 0.9
