"""Training a Keras model on a fold (early stopping on the validation part, progress, TensorBoard) and predicting."""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ser_tf.data import pipeline
from ser_tf.data.store import Frames
from ser_tf.protocol.context import FoldContext


@dataclasses.dataclass(frozen=True)
class FitParams:
    """How long to train.

    Attributes:
        max_epochs: Epochs at most; one in a smoke run.
        patience: Epochs without a lower validation loss after which training stops; the best epoch's weights stay.
    """

    max_epochs: int
    patience: int


class _Report(keras.callbacks.Callback):
    """Tells the progress display about each epoch."""

    def __init__(self, context: FoldContext, max_epochs: int) -> None:
        super().__init__()
        self._context, self._max_epochs = context, max_epochs

    def on_train_begin(self, logs=None) -> None:
        self._context.report(0, self._max_epochs, "first epoch")

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        numbers = ", ".join(f"{name} {logs[name]:.3f}" for name in ("loss", "val_loss") if name in (logs or {}))
        self._context.report(epoch + 1, self._max_epochs, numbers)


def fit(
    context: FoldContext, model: keras.Model, train: tf.data.Dataset, validation: tf.data.Dataset, params: FitParams
) -> int:
    """Fits a compiled model, keeping the weights of the epoch with the lowest validation loss.

    Args:
        context: The fold; its `report` is told about epochs.
        model: Compiled.
        train: Batches of (inputs, targets[, weights]), one epoch an iteration.
        validation: The same for the validation part.
        params: How long to train.

    Returns:
        Number of epochs that were trained.

    Raises:
        FloatingPointError: the loss became NaN.
    """
    if context.before_training is not None:
        context.before_training(model, train)
    max_epochs = 1 if context.smoke else params.max_epochs
    callbacks: list[keras.callbacks.Callback] = [
        keras.callbacks.EarlyStopping("val_loss", patience=params.patience, mode="min", restore_best_weights=True),
        _Report(context, max_epochs),
    ]
    if context.tensorboard is not None:
        callbacks.append(keras.callbacks.TensorBoard(str(context.tensorboard)))
    history = model.fit(
        train, validation_data=validation, epochs=max_epochs, callbacks=callbacks, shuffle=False, verbose=0
    )
    if not np.isfinite(history.history["loss"]).all():
        raise FloatingPointError("the training loss is not finite; try a smaller learning rate")
    return len(history.epoch)


def balanced_class_weights(targets: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights inverse to class frequency with mean 1 over the utterances, float32 (classes,).

    A class without utterances gets weight 0.
    """
    counts = np.bincount(targets, minlength=num_classes)
    present = counts > 0
    weights = np.zeros(num_classes, np.float32)
    weights[present] = len(targets) / (present.sum() * counts[present])
    return weights


def predict(model: keras.Model, view: Frames, ids: Sequence[str], batch_size: int) -> np.ndarray:
    """Posteriors of utterances, float32 (utterances, classes), rows in the order of `ids`.

    Args:
        model: With the inputs `features` and `lengths` and the output `probabilities`.
        view: Features of the utterances.
        ids: The utterances.
        batch_size: Utterances in a batch; the posteriors do not depend on it.
    """
    posteriors = np.zeros((len(ids), model.output["probabilities"].shape[-1]), np.float32)
    for batch in pipeline.dataset(view, ids, pipeline.BatchParams(batch_size)):
        outputs = model.predict_on_batch({key: batch[key] for key in ("features", "lengths")})
        posteriors[batch["position"].numpy()] = outputs["probabilities"]
    return posteriors


def posteriors_of_decision(decision: np.ndarray, classes: np.ndarray, num_classes: int) -> np.ndarray:
    """A softmax over decision values, float64 (utterances, num_classes); the largest value stays the largest.

    Args:
        decision: Of a scikit-learn classifier: (utterances, classes), or (utterances,) when it knows two classes.
        classes: Class index of each column.
        num_classes: Classes in all; those that the classifier never saw get probability 0.
    """
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1)
    exponentials = np.exp(decision - decision.max(axis=1, keepdims=True))
    posteriors = np.zeros((len(decision), num_classes))
    posteriors[:, classes] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return posteriors
