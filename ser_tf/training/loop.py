"""The training loop: compiles, fits with early stopping on the validation set, and predicts the test set.

The loss of a batch is the sum of its units' weighted losses; `Batches` scales the weights to make it, on average, the
mean over the training set. The validation loss is the weighted mean over the whole set. Deviations: the papers do not
say what they divide by; dividing by each batch's own weights would shift the balance of the classes.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training.batches import Batch, Batches
from ser_tf.training.recipe import Recipe

L = TypeVar("L")
DECISION = "probabilities"
"""The output that gives the predicted class."""
MONITORS = {"loss": ("val_loss", "min"), "ua": ("val_ua", "max")}


@dataclasses.dataclass(frozen=True)
class Trained:
    """The outcome of a training.

    Attributes:
        epochs: Number of epochs trained.
        best_epoch: The epoch, from 1, whose weights were kept.
    """

    epochs: int
    best_epoch: int


class _Validation(keras.callbacks.Callback):
    """Adds to each epoch's logs `val_loss`, the weighted mean over the validation set, and on request `val_ua`."""

    def __init__(self, model: keras.Model, batches: Batches[Any], recipe: Recipe) -> None:
        super().__init__()
        self._whole, self._batches, self._recipe = model, batches, recipe
        self._deciding = _with_one_output(model, DECISION)
        self._data = batches.supervised("validation")
        self._loss = tf.function(self._sums, reduce_retracing=True)

    def _sums(self, batch: Batch) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the sum of weighted losses and the sum of weights of a batch."""
        outputs = self._whole(_inputs(self._whole, batch), training=False)
        losses = self._recipe.losses.items()
        weight = batch["weight"]
        terms = [
            factor * tf.reduce_sum(weight * loss(batch["target"], outputs[name])) for name, (loss, factor) in losses
        ]
        return tf.add_n(terms), tf.reduce_sum(weight)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        if logs is None:
            raise ValueError("the validation needs the epoch's logs")
        sums = np.sum([[float(value) for value in self._loss(batch)] for batch in self._data], axis=0)
        logs["val_loss"] = float(sums[0] / sums[1])
        if self._recipe.monitor == "ua":
            ids = self._batches.ids("validation")
            found = _found(self._deciding, self._batches.read(ids, "selection"), DECISION)
            posteriors = self._batches.combine(ids, found)
            targets = self._batches.context.targets(ids)
            right = posteriors.argmax(axis=1) == targets
            logs["val_ua"] = float(np.mean([right[targets == label].mean() for label in np.unique(targets)]))


class _Report(keras.callbacks.Callback):
    """Reports each epoch to the progress display."""

    def __init__(self, context: FoldContext[Any], max_epochs: int) -> None:
        super().__init__()
        self._context, self._max_epochs = context, max_epochs

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras's signature
        self._context.report(0, self._max_epochs, "first epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = logs or {}
        numbers = ", ".join(f"{name} {values[name]:.3f}" for name in ("loss", "val_loss") if name in values)
        self._context.report(epoch + 1, self._max_epochs, numbers)


def _inputs(model: keras.Model, batch: Batch) -> Any:
    """Selects the model's inputs from a batch by name."""
    if isinstance(model.input, dict):
        return {name: batch[name] for name in model.input}
    return batch[model.input.name]


def train(context: FoldContext[L], model: keras.Model, batches: Batches[L], recipe: Recipe) -> FoldOutcome:
    """Fits a model on a fold and predicts its test set.

    Args:
        context: The fold; its `report` is called for each epoch.
        model: A model with named inputs and a dictionary of outputs, including `probabilities`.
        batches: The batches it reads.
        recipe: The training recipe.

    Raises:
        FloatingPointError: a loss is not finite.
    """
    trained = fit(context, model, batches, recipe)
    return FoldOutcome(predict(model, batches), trained.epochs, trained.best_epoch, model)


def fit(context: FoldContext[L], model: keras.Model, batches: Batches[L], recipe: Recipe) -> Trained:
    """Compiles and fits a model, keeping the weights of the best epoch; arguments and errors as for `train`.

    Without validation utterances it trains for `recipe.max_epochs` and keeps the last weights.
    """
    compiled, data = prepared(model, batches, recipe)
    max_epochs = 1 if context.smoke else recipe.max_epochs
    callbacks: list[keras.callbacks.Callback] = []
    stopping = None
    if batches.ids("validation"):
        quantity, mode = MONITORS[recipe.monitor]
        stopping = keras.callbacks.EarlyStopping(
            quantity, patience=recipe.patience, mode=mode, restore_best_weights=True
        )
        callbacks = [_Validation(model, batches, recipe), stopping]
    callbacks.append(_Report(context, max_epochs))
    if context.places.tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(context.places.tensorboard)))
    history = compiled.fit(data, epochs=max_epochs, callbacks=callbacks, shuffle=False, verbose=0).history
    for name, what in (("loss", "training"), ("val_loss", "validation")):
        if not np.isfinite(history.get(name, 0.0)).all():
            raise FloatingPointError(f"the {what} loss is not finite; try a smaller learning rate")
    epochs = len(history["loss"])
    return Trained(epochs, epochs if stopping is None else int(stopping.best_epoch) + 1)


def prepared(model: keras.Model, batches: Batches[L], recipe: Recipe) -> tuple[keras.Model, tf.data.Dataset]:
    """Compiles a model for training and makes its batches of (inputs, targets, weights)."""
    compiled = keras.Model(model.input, {name: model.output[name] for name in recipe.losses})

    def split(batch: Batch) -> tuple[Any, dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        target, weight = batch["target"], batch["weight"]
        return _inputs(model, batch), dict.fromkeys(recipe.losses, target), dict.fromkeys(recipe.losses, weight)

    data = batches.supervised("train").map(split)
    data = data.repeat(-(-recipe.min_steps // int(data.cardinality())))
    compiled.compile(
        recipe.make_optimiser(int(data.cardinality())),
        {name: _summed(loss) for name, (loss, _) in recipe.losses.items()},
        loss_weights={name: factor for name, (_, factor) in recipe.losses.items()},
        jit_compile=False,
    )
    _create_variables(compiled, data)
    return compiled, data


def _create_variables(compiled: keras.Model, data: tf.data.Dataset) -> None:
    """Creates the variables of the optimiser and the losses; otherwise the first step would, and be traced twice."""

    def example(of: Any) -> tf.Tensor:
        return tf.ones([size or 1 for size in of.shape], of.dtype)

    compiled.optimizer.build(compiled.trainable_variables)
    _, targets, weights = tf.nest.map_structure(example, data.element_spec)
    answers = {name: example(output) for name, output in compiled.output.items()}
    compiled.compute_loss(None, targets, answers, weights)


def _summed(loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> keras.losses.Loss:
    class Summed(keras.losses.Loss):
        """The sum of a loss over a batch."""

        def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
            return loss(y_true, y_pred)

    return Summed(reduction="sum")


def predict(model: keras.Model, batches: Batches[L]) -> npt.NDArray[np.float32]:
    """Returns posteriors of the fold's test set, float32 (utterances, classes), in the order of `fold.test`."""
    ids = batches.context.fold.test
    return batches.combine(ids, outputs(model, batches, ids, "predict", DECISION))


def outputs(
    model: keras.Model, batches: Batches[L], ids: Sequence[str], purpose: str, name: str
) -> npt.NDArray[np.float32]:
    """Computes one output of a model for utterances, in inference mode.

    Args:
        model: A model with named inputs and a dictionary of outputs.
        batches: The batches it reads.
        ids: The utterances.
        purpose: As for `FoldContext.view`.
        name: The output's name.

    Returns:
        float32 (rows, ...), in the order of `position`, independent of how batches are cut.
    """
    return _found(_with_one_output(model, name), batches.read(ids, purpose), name)


def _with_one_output(model: keras.Model, name: str) -> keras.Model:
    return keras.Model(model.input, {name: model.output[name]})


def _found(single: keras.Model, data: tf.data.Dataset, name: str) -> npt.NDArray[np.float32]:
    found = dict(_rows(single, data, name))
    return np.stack([found[place] for place in range(len(found))])


def _rows(single: keras.Model, data: tf.data.Dataset, name: str) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
    for batch in data:
        values = single.predict_on_batch(_inputs(single, batch))[name]
        yield from zip(batch["position"].numpy().tolist(), values, strict=True)


def utterance_outputs(
    model: keras.Model, batches: Batches[L], ids: Sequence[str], purpose: str, names: Sequence[str]
) -> Iterator[tuple[str, dict[str, npt.NDArray[np.float32]]]]:
    """Several outputs of a model that reads whole utterances, one utterance at a time, in inference mode.

    Args:
        model: With named inputs and a dictionary of outputs.
        batches: What it reads.
        ids: The utterances.
        purpose: As for `FoldContext.view`.
        names: The outputs' names.

    Yields:
        The id and the outputs of an utterance, in the order of the batches and padded as its batch was.
    """
    several = keras.Model(model.input, {name: model.output[name] for name in names})
    for batch in batches.read(ids, purpose):
        values = several.predict_on_batch(_inputs(several, batch))
        for row, place in enumerate(batch["position"].numpy().tolist()):
            yield ids[place], {name: values[name][row] for name in names}
