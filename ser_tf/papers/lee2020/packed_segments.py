"""Packing many short segments into few long rows for a recurrent layer, with little padding.

Segments of words vary greatly in length (a word before a pause is ten times as long as an article). One row per segment
would be mostly padding; instead, segments are placed one after another in rows as long as the longest segment, and a
recurrent layer restarts at the beginning of each. The result equals that of each segment by itself.
"""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer

PADDING = -1
"""Owner of the steps after the last segment of a row."""
Shape = tuple[int | None, ...]


def next_fit(lengths: tf.Tensor, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Places segments, longest first, in rows; a segment that does not fit opens the next row.

    Args:
        lengths: Frames of each segment, int32 (segments,), at most `steps`.
        steps: Frames of a row, int32 ().

    Returns:
        Row and first step of each segment, int32 (segments,) each.
    """
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)

    def lay(state: tuple[tf.Tensor, tf.Tensor, tf.Tensor], length: tf.Tensor) -> tuple[tf.Tensor, ...]:
        row, _, end = state
        fits = end + length <= steps
        begin = tf.where(fits, end, 0)
        return tf.where(fits, row, row + 1), begin, begin + length

    rows, begins, _ = tf.scan(lay, tf.gather(lengths, order), (0, 0, 0))
    back = tf.math.invert_permutation(order)
    return tf.gather(rows, back), tf.gather(begins, back)


@keras.saving.register_keras_serializable("ser_tf")
class PackSegments(ExplicitMaskLayer):
    """Cuts each word's segment out of an utterance's frames (lee2020 §3.1.2) and packs the segments into rows.

    (features (batch, frames, dims), segments (batch, words, 2): first frame and number) -> frames (rows, steps, dims)
    and the owner of each, int32 (rows, steps): the index of the segment among all words of the batch, utterance by
    utterance, or `PADDING`. Padding words, whose segments have no frames, are ignored.
    """

    def __init__(self, zero_padded: bool = False, **kwargs: Any) -> None:
        """Takes whether to pad each segment with zeros to the longest segment of its utterance (T' of §3.1.2)."""
        super().__init__(**kwargs)
        self.zero_padded = zero_padded

    def call(self, features: tf.Tensor, segments: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Packs all segments of a batch."""
        words = tf.where(segments[..., 1] > 0)  # rows of (utterance, word)
        first, filled = tf.unstack(tf.gather_nd(segments, words), axis=1)
        lengths = filled
        if self.zero_padded:
            lengths = tf.gather(tf.reduce_max(segments[..., 1], axis=1), words[:, 0])
        steps = tf.reduce_max(lengths)
        rows, begins = next_fit(lengths, steps)
        owner = tf.repeat(tf.range(tf.size(lengths)), lengths)
        inside = tf.range(tf.size(owner)) - tf.gather(tf.cumsum(lengths, exclusive=True), owner)
        place = tf.gather(first, owner) + tf.minimum(inside, tf.gather(filled, owner) - 1)
        cut = tf.gather_nd(features, tf.stack([tf.cast(tf.gather(words[:, 0], owner), tf.int32), place], axis=1))
        if self.zero_padded:
            cut = tf.where((inside < tf.gather(filled, owner))[:, tf.newaxis], cut, 0.0)
        places = tf.stack([tf.gather(rows, owner), tf.gather(begins, owner) + inside], axis=1)
        shape = tf.stack([tf.reduce_max(rows) + 1, steps])
        frames = tf.scatter_nd(places, cut, tf.concat([shape, [features.shape[-1]]], 0))
        owners = tf.tensor_scatter_nd_update(tf.fill(shape, PADDING), places, owner)
        return tf.ensure_shape(frames, (None, None, features.shape[-1])), owners

    def compute_output_spec(
        self,
        features: keras.KerasTensor,
        segments: keras.KerasTensor,  # noqa: ARG002 - Keras gives each argument
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Specifies a float32 and an int32 tensor."""
        return (
            keras.KerasTensor((None, None, features.shape[-1]), features.dtype),
            keras.KerasTensor((None, None), "int32"),
        )

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "zero_padded": self.zero_padded}


@keras.saving.register_keras_serializable("ser_tf")
class RestartingLSTMCell(keras.layers.LSTMCell):
    """An LSTM cell whose states are reset before each step marked with 1 in the last column of its input."""

    def build(self, input_shape: Shape) -> None:
        """Creates the weights; the mark has none."""
        super().build((*input_shape[:-1], (input_shape[-1] or 0) - 1))

    def call(
        self, sequence: tf.Tensor, states: list[tf.Tensor], training: bool = False
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Computes one step: ((batch, dims + 1), states) -> (batch, units), states."""
        kept = 1.0 - sequence[:, -1:]
        return super().call(sequence[:, :-1], [kept * state for state in states], training=training)


@keras.saving.register_keras_serializable("ser_tf")
class PackedBLSTM(ExplicitMaskLayer):
    """A bidirectional LSTM that reads every segment of a packed row independently.

    (frames (rows, steps, dims), owners (rows, steps)) -> (rows, steps, 2 x units); undefined where the owner
    is `PADDING`.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        """Takes the units of each direction."""
        super().__init__(**kwargs)
        self.units = units
        self.forward_lstm = keras.layers.RNN(RestartingLSTMCell(units), return_sequences=True, name="forward_lstm")
        self.backward_lstm = keras.layers.RNN(
            RestartingLSTMCell(units), return_sequences=True, go_backwards=True, name="backward_lstm"
        )

    def build(self, frames_shape: Shape, owners_shape: Shape | None = None) -> None:  # noqa: ARG002 - Keras gives both
        """Creates the weights."""
        for layer in (self.forward_lstm, self.backward_lstm):
            layer.build((*frames_shape[:-1], (frames_shape[-1] or 0) + 1))
        self.built = True

    def call(self, frames: tf.Tensor, owners: tf.Tensor) -> tf.Tensor:
        """Reads all rows in one call."""
        changes = tf.cast(owners[:, 1:] != owners[:, :-1], frames.dtype)[..., tf.newaxis]
        edge = tf.ones_like(frames[:, :1, :1])
        forward = self.forward_lstm(tf.concat([frames, tf.concat([edge, changes], axis=1)], axis=-1))
        backward = self.backward_lstm(tf.concat([frames, tf.concat([changes, edge], axis=1)], axis=-1))
        return tf.concat([forward, tf.reverse(backward, axis=[1])], axis=-1)

    def compute_output_shape(
        self,
        frames_shape: Shape,
        owners_shape: Shape | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> Shape:
        """Shape (rows, steps, 2 x units)."""
        return (*frames_shape[:2], 2 * self.units)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable("ser_tf")
class PackedMean(ExplicitMaskLayer):
    """Mean over the frames of each segment, returned to its word; padding words get zeros.

    (states (rows, steps, dims), owners (rows, steps), segments (batch, words, 2)) -> (batch, words, dims).
    """

    def call(self, states: tf.Tensor, owners: tf.Tensor, segments: tf.Tensor) -> tf.Tensor:
        """Undoes the packing."""
        words = tf.where(segments[..., 1] > 0)
        number = tf.shape(words)[0]
        flat, owner = tf.reshape(states, (-1, states.shape[-1])), tf.reshape(owners, (-1,))
        lengths = tf.math.unsorted_segment_sum(tf.ones_like(owner), owner, number)
        sums = tf.math.unsorted_segment_sum(flat, owner, number)
        means = sums / tf.cast(lengths, states.dtype)[:, tf.newaxis]
        shape = tf.concat([tf.shape(segments)[:2], [states.shape[-1]]], axis=0)
        return tf.ensure_shape(tf.scatter_nd(words, means, tf.cast(shape, words.dtype)), (None, None, states.shape[-1]))

    def compute_output_shape(
        self,
        states_shape: Shape,
        owners_shape: Shape,  # noqa: ARG002 - Keras gives one shape for each argument
        segments_shape: Shape,
    ) -> Shape:
        """Shape (batch, words, dims)."""
        return (segments_shape[0], segments_shape[1], states_shape[-1])
