"""Converting weights of a time-shortening network's steps into weights of its input frames."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class SpreadOverFrames(ExplicitMaskLayer):
    """Divides the weight of each step evenly among the valid frames that it represents.

    (weights (batch, steps), features (batch, frames, dims), lengths (batch,)) -> (batch, frames): step s represents the
    frames from first_frame + s x frames_in_a_step, or earlier ones if the utterance is too short. Weights that sum to
    one over steps also sum to one over frames; padding gets 0.
    """

    def __init__(self, frames_in_a_step: int, first_frame: int = 0, **kwargs: Any) -> None:
        """Takes the number of frames per step, and the first frame of the first step."""
        super().__init__(**kwargs)
        self.frames_in_a_step, self.first_frame = frames_in_a_step, first_frame

    def call(self, weights: tf.Tensor, features: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Spreads the weights."""
        frames, steps = tf.shape(features)[1], tf.shape(weights)[1]
        lengths = tf.reshape(lengths, (-1, 1))
        before = tf.clip_by_value(lengths - self.frames_in_a_step, 0, self.first_frame)
        begins = before + self.frames_in_a_step * tf.range(steps)
        held = tf.clip_by_value(lengths - begins, 1, self.frames_in_a_step)
        share = weights / tf.cast(held, weights.dtype)
        place = (tf.range(frames) - before) // self.frames_in_a_step
        spread = tf.gather(share, tf.clip_by_value(place, 0, steps - 1), batch_dims=1)
        inside = tf.logical_and(place >= 0, place < steps)
        return tf.where(tf.logical_and(inside, tf.range(frames) < lengths), spread, 0.0)

    def compute_output_shape(
        self, weights_shape: tuple[Any, ...], features_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Shape (batch, frames)."""
        return tuple(features_shape[:2])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "frames_in_a_step": self.frames_in_a_step, "first_frame": self.first_frame}
