"""What ando2019's trainings minimise: eq. 2 and 6 with classes weighted by their inverse frequency."""

import dataclasses
from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.papers.ando2019.labels import EXISTENCE
from ser_tf.papers.ando2019.targets import SHARE, Examples, class_weights, existence_weights
from ser_tf.training.recipe import Loss


def existence_loss(weights: npt.NDArray[np.float32]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """The class-wise binary cross-entropy of eq. 6, weighted.

    Args:
        weights: float32 (2, classes), of absent and of existent emotions.

    Returns:
        A function of targets and probabilities (batch, classes) that gives (batch,).
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
    """What a training minimises, and what its batches hold for it.

    Attributes:
        loss: Of each example, as `Recipe` takes it.
        columns: For examples: `target` float32 (utterances, classes) and `weight` float32 (utterances,).
    """

    loss: Loss
    columns: Callable[[Examples], dict[str, npt.NDArray[np.float32]]]


def objective(labels: str, train: Examples, frequency: str = SHARE) -> Objective:
    """The loss of a label type, with weights by the frequencies in the training examples (§4.1).

    Args:
        labels: The label type.
        train: The training examples.
        frequency: What it is of a class, as for `class_weights`.
    """
    if labels == EXISTENCE:
        return Objective(
            existence_loss(existence_weights(train.targets)),
            lambda these: {"target": these.targets, "weight": np.ones(len(these.ids), np.float32)},
        )
    weights = class_weights(train.targets, frequency)

    def columns(these: Examples) -> dict[str, npt.NDArray[np.float32]]:
        """Eq. 2 with weighted classes is the plain one with the weighted target, its sum taken out as a weight."""
        weighted = these.targets * weights
        mass = weighted.sum(axis=1)
        return {"target": weighted / np.maximum(mass, 1e-12)[:, np.newaxis], "weight": mass}

    return Objective(keras.losses.categorical_crossentropy, columns)
