"""Weights of the steps of a network that shortens time, as weights of the frames that went in."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class SpreadOverFrames(ExplicitMaskLayer):
    """Divides the weight of each step evenly among the valid frames that it stands for.

    (weights (batch, steps), features (batch, frames, dims), lengths (batch,)) -> (batch, frames): step s stands for
    the frames from s x frames_in_a_step on. Weights that sum to one over steps do so over frames; padding gets 0.
    """

    def __init__(self, frames_in_a_step: int, **kwargs: Any) -> None:
        """Takes how many frames became one step."""
        super().__init__(**kwargs)
        self.frames_in_a_step = frames_in_a_step

    def call(self, weights: tf.Tensor, features: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Spreads the weights."""
        frames = tf.shape(features)[1]
        lengths = tf.reshape(lengths, (-1, 1))
        begins = self.frames_in_a_step * tf.range(tf.shape(weights)[1])
        held = tf.clip_by_value(lengths - begins, 1, self.frames_in_a_step)
        share = weights / tf.cast(held, weights.dtype)
        spread = tf.repeat(share, self.frames_in_a_step, axis=1)[:, :frames]
        return tf.where(tf.range(frames) < lengths, spread, 0.0)

    def compute_output_shape(
        self, weights_shape: tuple[Any, ...], features_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Shape (batch, frames)."""
        return tuple(features_shape[:2])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "frames_in_a_step": self.frames_in_a_step}
