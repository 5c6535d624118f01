"""The recipe of a training: every number and name of a network's training in one place."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Maps targets and outputs to the loss of each unit: (batch,), or (batch, frames) where frames are classified."""
OPTIMISERS: Mapping[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


@dataclasses.dataclass(frozen=True)
class Decay:
    """Exponential decay of the learning rate.

    Attributes:
        rate: Factor by which the learning rate is multiplied.
        epochs: Number of epochs per multiplication.
        staircase: Whether to decay in discrete jumps rather than a little at every step.
    """

    rate: float
    epochs: int
    staircase: bool = True


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The training recipe of a network.

    Attributes:
        optimiser: A key of `OPTIMISERS`.
        learning_rate: The initial rate.
        batch_size: Utterances (or pieces, or segments) in a batch.
        max_epochs: Maximum number of epochs; one in a smoke run.
        patience: Epochs without an improvement after which training stops; the best epoch's weights stay.
        class_weights: `balanced` (inverse to class frequency) or `none`.
        class_counts: Whether `balanced` counts `units` of the loss (frames, pieces, segments) or `utterances`.
        monitor: Validation metric that selects the epoch: `loss` or `ua`.
        losses: For each trained output of the model, its loss and the weight of that loss.
        decay: Decay of the learning rate, or None.
        clip_norm: Norm at which gradients are clipped, or None.
        clip_each: Whether each weight's gradient is clipped separately rather than all together.
        min_steps: Minimum steps in an epoch; a corpus with fewer batches is repeated to reach it.
    """

    optimiser: str
    learning_rate: float
    batch_size: int
    max_epochs: int
    patience: int
    class_weights: str
    losses: Mapping[str, tuple[Loss, float]]
    class_counts: str = "units"
    monitor: str = "loss"
    decay: Decay | None = None
    clip_norm: float | None = None
    clip_each: bool = False
    min_steps: int = 1

    def make_optimiser(self, steps_per_epoch: int) -> keras.optimizers.Optimizer:
        """Makes a new optimiser.

        Args:
            steps_per_epoch: Batches in an epoch, for the decay.
        """
        rate: Any = self.learning_rate
        if self.decay is not None:
            rate = keras.optimizers.schedules.ExponentialDecay(
                rate, self.decay.epochs * steps_per_epoch, self.decay.rate, staircase=self.decay.staircase
            )
        clipping = {}
        if self.clip_norm is not None:
            clipping = {"clipnorm" if self.clip_each else "global_clipnorm": self.clip_norm}
        return OPTIMISERS[self.optimiser](rate, **clipping)


def cross_entropy(target: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Computes the cross-entropy of each unit from class indices: (...,) and (..., classes) -> (...,)."""
    return keras.losses.sparse_categorical_crossentropy(target, probabilities)
