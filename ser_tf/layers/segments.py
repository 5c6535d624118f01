"""Max pooling over segments or words."""

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class MaskedMax(ExplicitMaskLayer):
    """Maximum over valid steps: (sequence (batch, steps, dims), mask (batch, steps)) -> (batch, dims)."""

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Takes the maximum of each dimension over the steps whose mask is true; there must be at least one."""
        return tf.reduce_max(tf.where(mask[..., tf.newaxis], sequence, sequence.dtype.min), axis=1)

    def compute_output_shape(
        self, sequence_shape: tuple[int, ...], mask_shape: tuple[int, ...] | None = None
    ) -> tuple[int, ...]:
        """Shape (batch, dims)."""
        return (sequence_shape[0], sequence_shape[2])
