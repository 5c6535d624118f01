"""Layers that cut utterances into pieces of limited length and average the pieces' outputs.

The rules are those of `ser_tf.papers.zhang2018.subutterances`, used to train networks on pieces.
"""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer

EQUAL, FIXED = "equal", "fixed"


@keras.saving.register_keras_serializable("ser_tf")
class CutPieces(ExplicitMaskLayer):
    """Cuts utterances into pieces: (features (batch, frames, dims), lengths (batch,)) -> pieces, lengths, counts.

    The pieces of all utterances follow one another, (pieces, `longest`, dims), with zeros after their ends; `lengths`
    int32 (pieces,) holds their valid frames, `counts` int32 (batch,) the number of pieces of each utterance. The
    padding of the utterances is never read.
    """

    def __init__(self, longest: int, rule: str = EQUAL, **kwargs: Any) -> None:
        """Takes the maximum frames of a piece and the cutting rule.

        Args:
            longest: Maximum frames in a piece.
            rule: `equal` makes as few pieces as possible, with lengths that differ by at most one frame; `fixed` makes
                pieces of `longest` frames and one of the remainder.
            **kwargs: Arguments of a Keras layer.

        Raises:
            ValueError: the rule is unknown.
        """
        super().__init__(**kwargs)
        if rule not in (EQUAL, FIXED):
            raise ValueError(f"rule {rule!r} is none of {EQUAL}, {FIXED}")
        self.longest, self.rule = longest, rule

    def call(self, features: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Cuts the pieces."""
        lengths = tf.cast(tf.reshape(lengths, (-1,)), tf.int32)
        counts = tf.maximum((lengths + self.longest - 1) // self.longest, 1)
        owner = tf.repeat(tf.range(tf.size(counts)), counts)
        place = tf.ragged.range(counts).flat_values
        length, count = tf.gather(lengths, owner), tf.gather(counts, owner)
        if self.rule == EQUAL:
            first, after = place * length // count, (place + 1) * length // count
        else:
            first = place * self.longest
            after = tf.minimum(first + self.longest, length)
        index = first[:, tf.newaxis] + tf.range(self.longest)
        inside = index < after[:, tf.newaxis]
        rows = tf.broadcast_to(owner[:, tf.newaxis], tf.shape(index))
        found = tf.gather_nd(features, tf.stack([rows, tf.where(inside, index, 0)], axis=-1))
        pieces = tf.where(inside[..., tf.newaxis], found, tf.zeros_like(found))
        return tf.ensure_shape(pieces, (None, self.longest, features.shape[-1])), after - first, counts

    def compute_output_spec(
        self, features: keras.KerasTensor, lengths: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
        """Specifies pieces and lengths, whose number is unknown, and the counts."""
        pieces = keras.KerasTensor((None, self.longest, features.shape[2]), features.dtype)
        return pieces, keras.KerasTensor((None,), "int32"), keras.KerasTensor(lengths.shape[:1], "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "longest": self.longest, "rule": self.rule}


@keras.saving.register_keras_serializable("ser_tf")
class PieceMean(ExplicitMaskLayer):
    """Mean over each utterance's pieces: (values (pieces, dims), counts (batch,)) -> (batch, dims)."""

    def call(self, values: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        """Averages the values of each utterance's pieces."""
        counts = tf.reshape(counts, (-1,))
        return tf.math.segment_mean(values, tf.repeat(tf.range(tf.size(counts)), counts))

    def compute_output_shape(self, values_shape: tuple[Any, ...], counts_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Shape (batch, dims)."""
        return (counts_shape[0], values_shape[-1])
