"""Words in a network: their embedding, and what is picked out of the states along them."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class WordEmbedding(keras.layers.Embedding):
    """An embedding that carries its vocabulary: int32 (batch, words) -> float32 (batch, words, dims).

    Row 0 is the unknown word, row i + 1 the i-th word of the vocabulary.
    """

    def __init__(self, vocabulary: tuple[str, ...], output_dim: int, **kwargs: Any) -> None:
        """Takes the words and the dimension of the embedding."""
        kwargs.pop("input_dim", None)
        super().__init__(len(vocabulary) + 1, output_dim, **kwargs)
        self.vocabulary = tuple(vocabulary)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "vocabulary": list(self.vocabulary)}


@keras.saving.register_keras_serializable("ser_tf")
class LastStates(ExplicitMaskLayer):
    """The last output of each direction of a BLSTM: (states (batch, steps, dims), lengths (batch,)) -> (batch, dims).

    The first half is the forward direction's at the last valid step, the second the backward direction's at the first.
    """

    def call(self, states: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Picks the two states."""
        half = states.shape[-1] // 2
        last = tf.gather(states[..., :half], tf.reshape(lengths, (-1,)) - 1, axis=1, batch_dims=1)
        return tf.concat([last, states[:, 0, half:]], axis=-1)

    def compute_output_shape(self, states_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Shape (batch, dims)."""
        return (states_shape[0], states_shape[2])


@keras.saving.register_keras_serializable("ser_tf")
class MaskedMax(ExplicitMaskLayer):
    """Largest value over valid steps: (sequence (batch, steps, dims), mask (batch, steps)) -> (batch, dims)."""

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Takes the maximum of each dimension over the steps whose mask is true, of which there is one at least."""
        return tf.reduce_max(tf.where(mask[..., tf.newaxis], sequence, sequence.dtype.min), axis=1)

    def compute_output_shape(
        self, sequence_shape: tuple[Any, ...], mask_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Shape (batch, dims)."""
        return (sequence_shape[0], sequence_shape[2])
