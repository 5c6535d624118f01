"""Words in a network: their embedding, the segments of frames under them, masks and states along them."""

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer


@keras.saving.register_keras_serializable("ser_tf")
class WordEmbedding(keras.layers.Embedding):
    """An embedding that carries its vocabulary: int32 (batch, words) -> float32 (batch, words, dims).

    Row 0 is the unknown word, row i + 1 the i-th word of the vocabulary.
    """

    def __init__(self, vocabulary: tuple[str, ...], output_dim: int, **kwargs) -> None:
        """Takes the words and the dimension of the embedding."""
        kwargs.pop("input_dim", None)
        super().__init__(len(vocabulary) + 1, output_dim, **kwargs)
        self.vocabulary = tuple(vocabulary)

    def get_config(self) -> dict:
        """Arguments of the constructor."""
        return {**super().get_config(), "vocabulary": list(self.vocabulary)}


@keras.saving.register_keras_serializable("ser_tf")
class CutSegments(ExplicitMaskLayer):
    """Cuts the segment of each word out of an utterance's frames (lee2020 §3.1.2).

    (features (batch, frames, dims), segments (batch, words, 2)) -> frames (segments, longest, dims), zero behind the
    end of each segment, and their mask (segments, longest). The segments of all words of the batch come one after the
    other; a word of padding, whose segment has no frames, has none.
    """

    def call(self, features: tf.Tensor, segments: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Cuts all segments of a batch."""
        words = tf.where(segments[..., 1] > 0)  # rows of (utterance, word)
        first, number = tf.unstack(tf.gather_nd(segments, words), axis=1)
        mask = tf.sequence_mask(number)
        places = tf.minimum(first[:, tf.newaxis] + tf.range(tf.shape(mask)[1]), tf.shape(features)[1] - 1)
        utterances = tf.broadcast_to(tf.cast(words[:, :1], places.dtype), tf.shape(places))
        frames = tf.gather_nd(features, tf.stack([utterances, places], axis=-1))
        return tf.where(mask[..., tf.newaxis], frames, tf.zeros_like(frames)), mask

    def compute_output_spec(
        self, features: keras.KerasTensor, segments: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """A float32 and a bool tensor."""
        return (
            keras.KerasTensor((None, None, features.shape[-1]), features.dtype),
            keras.KerasTensor((None, None), "bool"),
        )


@keras.saving.register_keras_serializable("ser_tf")
class GroupByUtterance(ExplicitMaskLayer):
    """Puts vectors of all segments of a batch back to their utterances; words of padding get zeros.

    (vectors (segments, dims), segments (batch, words, 2)) -> (batch, words, dims).
    """

    def call(self, vectors: tf.Tensor, segments: tf.Tensor) -> tf.Tensor:
        """Undoes the first axis of `CutSegments`."""
        words = tf.where(segments[..., 1] > 0)
        shape = tf.concat([tf.shape(segments)[:2], tf.shape(vectors)[1:]], axis=0)
        return tf.ensure_shape(
            tf.scatter_nd(words, vectors, tf.cast(shape, words.dtype)), (None, None, vectors.shape[-1])
        )

    def compute_output_shape(self, vectors_shape: tuple, segments_shape: tuple) -> tuple:
        """Shape (batch, words, dims)."""
        return (segments_shape[0], segments_shape[1], vectors_shape[-1])


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

    def compute_output_shape(self, states_shape: tuple, lengths_shape: tuple) -> tuple:
        """Shape (batch, dims)."""
        return (states_shape[0], states_shape[2])


@keras.saving.register_keras_serializable("ser_tf")
class MaskedMax(ExplicitMaskLayer):
    """Largest value over valid steps: (sequence (batch, steps, dims), mask (batch, steps)) -> (batch, dims)."""

    def call(self, sequence: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Takes the maximum of each dimension over the steps whose mask is true, of which there is one at least."""
        return tf.reduce_max(tf.where(mask[..., tf.newaxis], sequence, sequence.dtype.min), axis=1)

    def compute_output_shape(self, sequence_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        """Shape (batch, dims)."""
        return (sequence_shape[0], sequence_shape[2])
