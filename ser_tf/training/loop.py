"""The one training loop: compile, fit with early stopping on the validation set, predict the test set."""

import dataclasses
from collections.abc import Callable, Sequence
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
"""The output that decides."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """How a training went.

    Attributes:
        epochs: Trained epochs.
        best_epoch: The epoch, from 1, whose weights were kept.
    """

    epochs: int
    best_epoch: int


class _Report(keras.callbacks.Callback):
    """Tells the progress display about each epoch."""

    def __init__(self, context: FoldContext[Any], max_epochs: int) -> None:
        super().__init__()
        self._context, self._max_epochs = context, max_epochs

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._context.report(0, self._max_epochs, "first epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        numbers = ", ".join(f"{name} {logs[name]:.3f}" for name in ("loss", "val_loss") if name in (logs or {}))
        self._context.report(epoch + 1, self._max_epochs, numbers)


def train(context: FoldContext[L], model: keras.Model, batches: Batches[L], recipe: Recipe) -> FoldOutcome:
    """Fits a model on a fold and predicts its test set.

    Args:
        context: The fold; its `report` is told about epochs.
        model: With named inputs and a dictionary of outputs, one of them `probabilities`.
        batches: What it reads.
        recipe: How it is trained.

    Raises:
        FloatingPointError: a loss is not finite.
    """
    trained = fit(context, model, batches, recipe)
    return FoldOutcome(predict(model, batches), trained.epochs, trained.best_epoch, model)


def fit(context: FoldContext[L], model: keras.Model, batches: Batches[L], recipe: Recipe) -> Trained:
    """Compiles and fits a model, keeping the weights of the best epoch; arguments and errors as for `train`."""
    inputs = tuple(model.input) if isinstance(model.input, dict) else None
    compiled = keras.Model(model.input, {name: model.output[name] for name in recipe.losses})

    def split(batch: Batch) -> tuple[Any, dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        given = {name: batch[name] for name in inputs} if inputs else batch[model.input.name]
        return (
            given,
            {name: batch["target"] for name in recipe.losses},
            {name: batch["weight"] for name in recipe.losses},
        )

    training = batches.supervised("train").map(split)
    training = training.repeat(-(-recipe.min_steps // int(training.cardinality())))
    compiled.compile(
        recipe.make_optimiser(int(training.cardinality())),
        {name: loss for name, (loss, _) in recipe.losses.items()},
        loss_weights={name: weight for name, (_, weight) in recipe.losses.items()},
        jit_compile=False,
    )
    max_epochs = 1 if context.smoke else recipe.max_epochs
    stopping = keras.callbacks.EarlyStopping(
        "val_loss", patience=recipe.patience, mode="min", restore_best_weights=True
    )
    callbacks: list[keras.callbacks.Callback] = [stopping, _Report(context, max_epochs)]
    if context.places.tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(context.places.tensorboard)))
    history = compiled.fit(
        training,
        validation_data=batches.supervised("validation").map(split),
        epochs=max_epochs,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    if not np.isfinite(history.history["loss"]).all():
        raise FloatingPointError("the training loss is not finite; try a smaller learning rate")
    return Trained(len(history.epoch), int(stopping.best_epoch) + 1)


def predict(model: keras.Model, batches: Batches[L]) -> npt.NDArray[np.float32]:
    """Posteriors of the fold's test set, float32 (utterances, classes), rows in the order of `fold.test`."""
    ids = batches.context.fold.test
    return batches.combine(ids, outputs(model, batches, ids, "predict", DECISION))


def outputs(
    model: keras.Model, batches: Batches[L], ids: Sequence[str], purpose: str, name: str
) -> npt.NDArray[np.float32]:
    """One output of a model for utterances, in inference mode.

    Args:
        model: With named inputs and a dictionary of outputs.
        batches: What it reads.
        ids: The utterances.
        purpose: As for `FoldContext.view`.
        name: The output's name.

    Returns:
        float32 (rows, ...), in the order of `position`; it does not depend on how batches are cut.
    """
    single: Callable[..., Any] = keras.Model(model.input, {name: model.output[name]}).predict_on_batch
    found: dict[int, npt.NDArray[np.float32]] = {}
    for batch in batches.read(ids, purpose):
        values = single({key: batch[key] for key in model.input})[name]
        found |= dict(zip(batch["position"].numpy().tolist(), values, strict=True))
    return np.stack([found[place] for place in range(len(found))])
