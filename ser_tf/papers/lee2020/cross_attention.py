"""Global attention of two modalities, crossed (lee2020 §3.2.3), and the decision by three posteriors (eq. 15)."""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.layers.pooling import masked_softmax
from ser_tf.papers.lee2020.packed_segments import Shape

MODALITIES = ("text", "audio")
MIN_POSTERIOR = 1e-37
"""Minimum posterior, which keeps the logarithm finite."""


@keras.saving.register_keras_serializable("ser_tf")
class CrossAttention(ExplicitMaskLayer):
    """Cross attention of lee2020, eq. 4-9, with several heads.

    Each modality's states are projected to `num_heads` heads; a query per modality and head scores its own modality's
    states by an inner product, and the weights aggregate both modalities, head by head. `c_text_audio` is the audio
    aggregated with the text's weights, c^(TA) of eq. 7.

    Deviations: §4.2 says that four heads are used but not how; here the states are projected as in the cited multi-head
    attention, once per modality, or, without projection, split into as many parts.
    """

    def __init__(
        self,
        num_heads: int = 4,
        project: bool = True,
        stop_gradient: bool = True,
        crossed: bool = True,
        **kwargs: Any,
    ) -> None:
        """Takes the variants.

        Args:
            num_heads: Number of heads; must divide the dimensions of the states.
            project: Whether states are projected before being split into heads.
            stop_gradient: Whether crossed weights are constants in training, `sg` in eq. 7 and 9.
            crossed: Whether to compute eq. 7 and 9; the last row of Table 4 leaves them out.
            **kwargs: Arguments of a Keras layer.
        """
        super().__init__(**kwargs)
        self.num_heads, self.project = num_heads, project
        self.stop_gradient, self.crossed = stop_gradient, crossed

    def build(
        self,
        text_shape: Shape,
        audio_shape: Shape,
        mask_shape: Shape | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> None:
        """Creates the projections and queries of both modalities.

        Raises:
            ValueError: the heads do not divide the dimensions.
        """
        self._projections: dict[str, keras.Variable] = {}
        self._queries: dict[str, keras.Variable] = {}
        for modality, shape in zip(MODALITIES, (text_shape, audio_shape), strict=True):
            dims = shape[-1] or 0
            if dims % self.num_heads:
                raise ValueError(f"{self.num_heads} heads do not divide {dims} dimensions")
            per_head = (self.num_heads, dims // self.num_heads)
            if self.project:
                self._projections[modality] = self.add_weight(
                    name=f"{modality}_projection", shape=(dims, dims), initializer="glorot_uniform"
                )
            self._queries[modality] = self.add_weight(
                name=f"{modality}_query", shape=per_head, initializer="glorot_uniform"
            )
        self.built = True

    def _heads(self, modality: str, states: tf.Tensor) -> tf.Tensor:
        """Splits states into heads, (batch, words, heads, dims / heads)."""
        if self.project:
            states = tf.einsum("btd,de->bte", states, self._projections[modality])
        shape = tf.shape(states)
        return tf.reshape(states, (shape[0], shape[1], self.num_heads, states.shape[-1] // self.num_heads))

    def call(self, text: tf.Tensor, audio: tf.Tensor, mask: tf.Tensor) -> dict[str, tf.Tensor]:
        """Aggregates both modalities.

        Args:
            text: H^(T), float32 (batch, words, dims).
            audio: H^(A), float32 (batch, words, dims), the same words.
            mask: bool (batch, words), at least one true in each row.

        Returns:
            The contexts `c_text_text`, `c_audio_audio` and, when crossed, `c_text_audio`, `c_audio_text`, (batch,
            dims); and the weights `text_attention`, `audio_attention`, (batch, heads, words).
        """
        heads = {name: self._heads(name, states) for name, states in zip(MODALITIES, (text, audio), strict=True)}
        outputs = {}
        for name, other in zip(MODALITIES, reversed(MODALITIES), strict=True):
            scores = tf.einsum("bthd,hd->bht", heads[name], self._queries[name])
            weights = masked_softmax(scores, mask[:, tf.newaxis, :])
            outputs[f"{name}_attention"] = weights
            outputs[f"c_{name}_{name}"] = _aggregate(weights, heads[name])
            if self.crossed:
                crossing = tf.stop_gradient(weights) if self.stop_gradient else weights
                outputs[f"c_{name}_{other}"] = _aggregate(crossing, heads[other])
        return outputs

    def compute_output_shape(
        self,
        text_shape: Shape,
        audio_shape: Shape,
        mask_shape: Shape | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> dict[str, Shape]:
        """Shapes of all outputs."""
        batch, words, _ = text_shape
        shapes: dict[str, Shape] = {}
        for name, shape in zip(MODALITIES, (text_shape, audio_shape), strict=True):
            shapes[f"{name}_attention"] = (batch, self.num_heads, words)
            for query in MODALITIES if self.crossed else (name,):
                shapes[f"c_{query}_{name}"] = (batch, shape[-1])
        return shapes

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        own = {key: getattr(self, key) for key in ("num_heads", "project", "stop_gradient", "crossed")}
        return {**super().get_config(), **own}


def _aggregate(weights: tf.Tensor, heads: tf.Tensor) -> tf.Tensor:
    """Joins weighted sums of all heads: (batch, heads, words), (batch, words, heads, d) -> (batch, heads x d)."""
    context = tf.einsum("bht,bthd->bhd", weights, heads)
    return tf.reshape(context, (tf.shape(context)[0], heads.shape[2] * heads.shape[3]))


@keras.saving.register_keras_serializable("ser_tf")
class ProductDecision(keras.layers.Layer):
    """The decision of lee2020, eq. 15, as a posterior: the normalised product of three posteriors."""

    def __init__(self, weight: float, **kwargs: Any) -> None:
        """Takes alpha, the exponent of the single modalities' posteriors."""
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, joint: tf.Tensor, text: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        """Combines posteriors of shape (batch, classes)."""
        logs = [tf.math.log(tf.maximum(posterior, MIN_POSTERIOR)) for posterior in (joint, text, audio)]
        return tf.nn.softmax(logs[0] + self.weight * (logs[1] + logs[2]))

    def compute_output_shape(
        self,
        joint_shape: Shape,
        text_shape: Shape,  # noqa: ARG002 - Keras gives one shape for each argument
        audio_shape: Shape,  # noqa: ARG002
    ) -> Shape:
        """Shape (batch, classes)."""
        return tuple(joint_shape)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "weight": self.weight}
