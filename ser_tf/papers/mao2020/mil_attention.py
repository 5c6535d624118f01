"""Layers for bags of segments (mao2020): cutting segments, gathering them into bags, and attention over a bag."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.layers.pooling import masked_softmax
from ser_tf.papers.mao2020 import segmenting

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("ser_tf")
class CutSegments(ExplicitMaskLayer):
    """Cuts utterances into segments: (features (batch, frames, dims), lengths (batch,)) -> segments, counts.

    The segments of all utterances follow one another, (segments, segment frames, dims); `counts` int32 (batch,) holds
    the number of segments of each utterance. Nothing is computed for padding.
    """

    def __init__(self, params: segmenting.SegmentParams | dict[str, Any], **kwargs: Any) -> None:
        """Takes `SegmentParams`, or a dictionary of its fields."""
        super().__init__(**kwargs)
        self.params = segmenting.SegmentParams(**params) if isinstance(params, dict) else params

    def call(self, features: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Cuts the segments."""
        return segmenting.cut(features, lengths, self.params)

    def compute_output_spec(
        self, features: keras.KerasTensor, lengths: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Specifies segments, whose number is unknown, and the counts."""
        segments = keras.KerasTensor((None, self.params.frames, features.shape[2]), features.dtype)
        return segments, keras.KerasTensor(lengths.shape[:1], "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "params": dataclasses.asdict(self.params)}


@keras.saving.register_keras_serializable("ser_tf")
class GatherBags(ExplicitMaskLayer):
    """The inverse of `CutSegments`: (values (segments, dims), counts (batch,)) -> (batch, segments, dims).

    Bags take the size of the largest in the batch; smaller ones are padded with zeros on the right.
    """

    def call(self, values: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
        """Gathers the values of each utterance's segments."""
        bags = tf.RaggedTensor.from_row_lengths(values, tf.reshape(counts, (-1,)))
        return bags.to_tensor(shape=(None, None, values.shape[-1]))

    def compute_output_shape(self, values_shape: Shape, counts_shape: Shape) -> Shape:
        """Shape (batch, segments, dims)."""
        return (counts_shape[0], None, values_shape[-1])


@keras.saving.register_keras_serializable("ser_tf")
class PadBags(ExplicitMaskLayer):
    """Pads all bags to one size (§4.1): (bags (batch, segments, dims), counts (batch,)) -> bags, counts.

    The space after a bag's end becomes zeros that count as segments: all counts are `size`.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        """Takes the number of segments in every bag."""
        super().__init__(**kwargs)
        self.size = size

    def call(self, bags: tf.Tensor, counts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pads or cuts the bags."""
        counts = tf.reshape(counts, (-1,))
        valid = tf.sequence_mask(counts, tf.shape(bags)[1])[..., tf.newaxis]
        silent = tf.where(valid, bags, tf.zeros_like(bags))[:, : self.size]
        padded = tf.pad(silent, [[0, 0], [0, self.size - tf.shape(silent)[1]], [0, 0]])
        return tf.ensure_shape(padded, (None, self.size, bags.shape[-1])), tf.fill(tf.shape(counts), self.size)

    def compute_output_spec(
        self, bags: keras.KerasTensor, counts: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Specifies bags of the fixed size, and counts."""
        shape = (bags.shape[0], self.size, bags.shape[2])
        return keras.KerasTensor(shape, bags.dtype), keras.KerasTensor(counts.shape[:1], "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("ser_tf")
class BagAttention(ExplicitMaskLayer):
    """Attention over a bag, separately for each dimension (mao2020, eq. 2-3 and 4-5).

    With scores s(h) of given logits, w(h)_k = s(h)_k / sum over the bag of s_k, and the bag's value is the sum over the
    bag of w(h)_k f(h)_k. The weights are computed as a softmax over the bag of log s, which is equal but does not
    divide by a sum that may underflow. Padding gets weight 0.
    """

    SCORES = ("softmax_over_classes", "softmax_over_segments", "sigmoid")

    def __init__(self, score: str, **kwargs: Any) -> None:
        """Takes the non-negative function s: a softmax over either axis (§2.2.1), or `sigmoid` (§2.2.3).

        Raises:
            ValueError: `score` is not one of `SCORES`.
        """
        super().__init__(**kwargs)
        if score not in self.SCORES:
            raise ValueError(f"score {score!r} is none of {', '.join(self.SCORES)}")
        self.score = score

    def _log_scores(self, logits: tf.Tensor) -> tf.Tensor:
        if self.score == "softmax_over_classes":
            return tf.nn.log_softmax(logits)
        if self.score == "sigmoid":
            return tf.math.log_sigmoid(logits)
        return logits  # up to a constant for each dimension, which the division cancels

    def call(self, values: tf.Tensor, logits: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pools bags.

        Args:
            values: f or q of each segment, float32 (batch, segments, dims).
            logits: Arguments of the non-negative function, of the same shape.
            mask: bool (batch, segments), at least one true in each row.

        Returns:
            The bag's values (batch, dims), and the weights (batch, segments, dims), which sum to one over segments.
        """
        weights = masked_softmax(self._log_scores(logits), mask[..., tf.newaxis], axis=1)
        return tf.reduce_sum(weights * values, axis=1), weights

    def compute_output_shape(
        self,
        values_shape: Shape,
        logits_shape: Shape,  # noqa: ARG002 - Keras gives one shape for each argument
        mask_shape: Shape | None = None,  # noqa: ARG002
    ) -> tuple[Shape, Shape]:
        """Shapes (batch, dims) and (batch, segments, dims)."""
        return (values_shape[0], values_shape[2]), tuple(values_shape)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "score": self.score}


@keras.saving.register_keras_serializable("ser_tf")
class MeanWeight(ExplicitMaskLayer):
    """Averages the weights of several dimensions: (batch, segments, dims) -> (batch, segments).

    The result sums to one over segments, like the weights of each dimension.
    """

    def call(self, weights: tf.Tensor) -> tf.Tensor:
        """Averages over the dimensions."""
        return tf.reduce_mean(weights, axis=-1)

    def compute_output_shape(self, weights_shape: Shape) -> Shape:
        """Shape (batch, segments)."""
        return tuple(weights_shape[:2])


@keras.saving.register_keras_serializable("ser_tf")
class SumToOne(ExplicitMaskLayer):
    """Divides non-negative values (batch, classes) by their sum; the largest stays the largest."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Divides each row by its sum."""
        return values / tf.maximum(tf.reduce_sum(values, axis=-1, keepdims=True), keras.config.epsilon())

    def compute_output_shape(self, values_shape: Shape) -> Shape:
        """Shape (batch, classes)."""
        return values_shape
