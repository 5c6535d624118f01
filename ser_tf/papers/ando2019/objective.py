"""The training objectives of ando2019: eq. 2 and 6 with classes weighted by inverse frequency.

All share one reduction: the mean over the training set of an example's loss times its weight (`training.loop` divides
every batch by the same number). For hard and soft targets the weights average 1 over the training set, which makes this
PyTorch's mean over N, not a division by each batch's own weights. An MLEE example has weight 1, and its classes are
weighted inside the loss.
"""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.papers.ando2019.splits import EXISTENCE
from ser_tf.papers.ando2019.targets import SHARE, Examples, class_weights, existence_weights
from ser_tf.training.recipe import Loss

Floats = npt.NDArray[np.float32]


def existence_loss(weights: npt.NDArray[np.float32]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Makes the weighted class-wise binary cross-entropy of eq. 6.

    Args:
        weights: float32 (2, classes), for absent and existent emotions.

    Returns:
        A function of targets and probabilities (batch, classes) that returns (batch,).
    """
    absent, existent = (tf.constant(row, tf.float32) for row in weights)

    def loss(target: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
        epsilon = keras.config.epsilon()
        inside = tf.clip_by_value(probabilities, epsilon, 1.0 - epsilon)
        terms = existent * target * tf.math.log(inside) + absent * (1.0 - target) * tf.math.log(1.0 - inside)
        return -tf.reduce_sum(terms, axis=-1)

    return loss


@dataclasses.dataclass(frozen=True)
class Objective:
    """The objective of a training, and the batch columns it needs.

    Attributes:
        loss: The loss of each example, as `Recipe` takes it.
        columns: Maps targets (utterances, classes) to `target`, of the same shape, and `weight` (utterances,), all
            float32.
    """

    loss: Loss
    columns: Callable[[Floats], dict[str, Floats]]


def objective(labels: str, train: Examples, frequency: str = SHARE) -> Objective:
    """Makes the objective of a label type, weighted by the frequencies in the training examples (§4.1).

    Args:
        labels: The label type.
        train: The training examples.
        frequency: Definition of a class's frequency, as for `class_weights`.
    """
    if labels == EXISTENCE:
        return Objective(
            existence_loss(existence_weights(train.targets)),
            lambda targets: {"target": targets, "weight": np.ones(len(targets), np.float32)},
        )
    weights = class_weights(train.targets, frequency)

    def columns(targets: Floats) -> dict[str, Floats]:
        """Turns class weights into a weighted target, factoring out its sum as the example's weight (eq. 2)."""
        weighted = targets * weights
        mass = weighted.sum(axis=1)
        return {"target": weighted / np.maximum(mass, 1e-12)[:, np.newaxis], "weight": mass}

    return Objective(keras.losses.categorical_crossentropy, columns)
