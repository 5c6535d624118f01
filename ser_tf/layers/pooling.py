"""Pooling over time that ignores padding: masks from lengths, mean, and local attention."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class FrameMask(keras.layers.Layer):
    """Turns lengths into a mask: (features (batch, frames, dims), lengths (batch,)) -> bool (batch, frames).

    A frame is valid where its index is smaller than the utterance's length.
    """

    def call(self, features: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Computes the mask."""
        return tf.sequence_mask(tf.reshape(lengths, (-1,)), tf.shape(features)[1])

    def compute_output_shape(self, features_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Shape (batch, frames)."""
        return tuple(features_shape[:2])

    def compute_output_spec(self, features: keras.KerasTensor, lengths: keras.KerasTensor) -> keras.KerasTensor:
        """A bool tensor."""
        return keras.KerasTensor(features.shape[:2], "bool")


def masked_softmax(scores: tf.Tensor, mask: tf.Tensor, axis: int = -1) -> tf.Tensor:
    """Computes the softmax over the valid entries; all others get exactly 0.

    Args:
        scores: float32, any shape.
        mask: bool, broadcastable to `scores`; at least one entry along `axis` is valid.
        axis: The axis along which the weights sum to one.
    """
    return tf.nn.softmax(tf.where(mask, scores, scores.dtype.min), axis=axis)


@keras.saving.register_keras_serializable("ser_tf")
class MaskedMean(ExplicitMaskLayer):
    """Mean over valid frames: (sequence (batch, frames, dims), mask (batch, frames)) -> (batch, dims)."""

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Averages each dimension over the frames whose mask is true."""
        weights = tf.cast(mask, sequence.dtype)[..., tf.newaxis]
        return tf.reduce_sum(sequence * weights, 1) / tf.maximum(tf.reduce_sum(weights, 1), 1.0)

    def compute_output_shape(
        self, sequence_shape: tuple[Any, ...], mask_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Shape (batch, dims)."""
        return (sequence_shape[0], sequence_shape[2])


@keras.saving.register_keras_serializable("ser_tf")
class LocalAttentionPooling(ExplicitMaskLayer):
    """Weighted pooling with local attention (mirsamadi2017, eq. 1-2).

    Scores are inner products of the frames with one vector u (Fig. 1(e)); `hidden_units` inserts tanh layers before u
    (Fig. 1(f)). The softmax runs over valid frames only; padding gets weight 0.
    """

    def __init__(self, hidden_units: tuple[int, ...] = (), hidden_bias: bool = True, **kwargs: Any) -> None:
        """Takes the widths of the tanh layers of a deeper attention model; none by default.

        With one tanh layer without `hidden_bias` this is the structured self-attention of Lin et al. 2017 (eq. 5-6)
        with one head.
        """
        super().__init__(**kwargs)
        self.hidden_units, self.hidden_bias = tuple(hidden_units), hidden_bias
        self._hidden = [
            keras.layers.Dense(units, activation="tanh", use_bias=hidden_bias, name=f"attention_hidden_{place}")
            for place, units in enumerate(self.hidden_units, start=1)
        ]
        # A bias would shift every frame's score equally and change nothing.
        self._score = keras.layers.Dense(1, use_bias=False, name="u")

    def build(self, sequence_shape: tuple[Any, ...], mask_shape: tuple[Any, ...] | None = None) -> None:
        """Creates the weights."""
        shape = tuple(sequence_shape)
        for layer in (*self._hidden, self._score):
            layer.build(shape)
            shape = (*shape[:-1], layer.units)
        self.built = True

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pools a sequence.

        Args:
            sequence: float32 (batch, frames, dims).
            mask: bool (batch, frames), at least one true in each row.

        Returns:
            Pooled (batch, dims) and the weights (batch, frames), which sum to one over valid frames.
        """
        hidden = sequence
        for layer in self._hidden:
            hidden = layer(hidden)
        weights = masked_softmax(self._score(hidden)[..., 0], mask)
        return tf.einsum("bt,btd->bd", weights, sequence), weights

    def compute_output_shape(
        self, sequence_shape: tuple[Any, ...], mask_shape: tuple[Any, ...] | None = None
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Shapes (batch, dims) and (batch, frames)."""
        return (sequence_shape[0], sequence_shape[2]), tuple(sequence_shape[:2])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "hidden_units": list(self.hidden_units), "hidden_bias": self.hidden_bias}
