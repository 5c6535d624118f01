"""A recipe: everything about a network's training that is a number or a name, on one page of each paper."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes targets and outputs, gives the loss of each unit: (batch,), or (batch, frames) where frames are classified."""
OPTIMISERS: Mapping[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


@dataclasses.dataclass(frozen=True)
class Decay:
    """An exponential decay of the learning rate.

    Attributes:
        rate: Factor.
        epochs: Number of epochs after which the rate is multiplied by the factor.
        staircase: In steps (True), or a little at every step.
    """

    rate: float
    epochs: int
    staircase: bool = True


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        optimiser: A key of `OPTIMISERS`.
        learning_rate: The initial rate.
        batch_size: Utterances (or pieces, or segments) in a batch.
        max_epochs: Maximum epochs; one in a smoke run.
        patience: Epochs without an improvement after which training stops; the best epoch's weights stay.
        class_weights: `balanced` (inverse to class frequency) or `none`.
        class_counts: What `balanced` counts: `units`, the things that the loss counts (frames, pieces, segments), or
            `utterances`.
        monitor: What chooses the epoch: `loss` of the validation set, or its `ua`.
        losses: For each output of the model that is trained, its loss and the weight of the loss.
        decay: Of the learning rate, or None.
        clip_norm: Norm that gradients are clipped at, or None.
        clip_each: Whether each weight's gradient is clipped by itself, not all gradients together.
        min_steps: A corpus with fewer batches is gone through several times in an epoch to have as many.
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
        """A new optimiser.

        Args:
            steps_per_epoch: Batches in an epoch, which the decay counts.
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
    """Cross-entropy of each unit with class indices: (...,) and (..., classes) -> (...,)."""
    return keras.losses.sparse_categorical_crossentropy(target, probabilities)
