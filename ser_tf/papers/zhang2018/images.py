"""Spectrograms as images with frequency as height and time as width, in batches of different widths."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.layers.pooling import masked_softmax
from ser_tf.papers.zhang2018.receptive_field import Step


def _column_mask(images: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Marks the valid columns: bool (batch, width)."""
    return tf.sequence_mask(tf.reshape(columns, (-1,)), tf.shape(images)[2])


@keras.saving.register_keras_serializable("ser_tf")
class SpectrogramImage(ExplicitMaskLayer):
    """Turns spectrograms into images: (features (batch, frames, bins), lengths (batch,)) -> (images, columns).

    The lowest bin becomes the first row, or the last one. Frames after an utterance's end become zero, and an image
    narrower than `shortest` is padded on the right with columns of zeros, or of `fill`, that count as valid.
    """

    def __init__(
        self,
        shortest: int = 1,
        longest: int | None = None,
        flipped: bool = False,
        fill: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Takes the minimum and maximum width, the orientation of the image and the values that pad it.

        Args:
            shortest: The minimum width.
            longest: The maximum width, beyond which images are cut off; None cuts nothing.
            flipped: Whether the lowest bin becomes the last row.
            fill: Values, one per bin, of the columns that pad short utterances; None for zeros.
            **kwargs: Arguments of a Keras layer.
        """
        super().__init__(**kwargs)
        self.shortest, self.longest, self.flipped, self.fill = shortest, longest, flipped, fill

    def call(self, features: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Transposes and masks: float32 (batch, bins, width, 1) and int32 (batch,)."""
        lengths = tf.reshape(lengths, (-1,))
        if self.longest is not None:
            features, lengths = features[:, : self.longest], tf.minimum(lengths, self.longest)
        frames = tf.shape(features)[1]
        valid = tf.sequence_mask(lengths, frames)[..., tf.newaxis]
        # Not a product: padding may hold anything, even infinity.
        masked = tf.where(valid, features, tf.zeros_like(features))
        wide = tf.pad(masked, [[0, 0], [0, tf.maximum(self.shortest - frames, 0)], [0, 0]])
        if self.fill is not None:
            place = tf.range(tf.shape(wide)[1])[tf.newaxis]
            lacking = tf.logical_and(place >= lengths[:, tf.newaxis], place < self.shortest)
            wide = tf.where(lacking[..., tf.newaxis], tf.constant(self.fill, wide.dtype), wide)
        images = tf.transpose(wide, (0, 2, 1))[..., tf.newaxis]
        if self.flipped:
            images = tf.reverse(images, axis=[1])
        return tf.ensure_shape(images, self._images_shape(features.shape)), tf.maximum(lengths, self.shortest)

    def _images_shape(self, features_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        width = self.shortest if self.shortest == self.longest else None
        return (features_shape[0], features_shape[2], width, 1)

    def compute_output_shape(
        self, features_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Shapes (batch, bins, width, 1) and (batch,); the width is known only when all images share it."""
        return self._images_shape(features_shape), (features_shape[0],)

    def compute_output_spec(self, features: keras.KerasTensor, lengths: keras.KerasTensor) -> tuple[Any, ...]:
        """Specifies images of floats and integer widths."""
        images, columns = self.compute_output_shape(features.shape, lengths.shape)
        return keras.KerasTensor(images, features.dtype), keras.KerasTensor(columns, "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "shortest": self.shortest, "longest": self.longest} | {
            "flipped": self.flipped, "fill": self.fill
        }  # fmt: skip


@keras.saving.register_keras_serializable("ser_tf")
class ColumnsAfter(ExplicitMaskLayer):
    """Counts the valid columns after a convolution or pooling: int32 (batch,) -> int32 (batch,)."""

    def __init__(self, kernel: int, stride: int = 1, padding: int = 0, end: int = 0, **kwargs: Any) -> None:
        """Takes the fields of a `Step`."""
        super().__init__(**kwargs)
        self.step = Step(kernel, stride, padding, end)

    def call(self, columns: tf.Tensor) -> tf.Tensor:
        """Counts the cells that see only the utterance and its border."""
        return self.step.cells(columns)

    def compute_output_spec(self, columns: keras.KerasTensor) -> keras.KerasTensor:
        """Integers of the same shape."""
        return keras.KerasTensor(columns.shape, "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), **dataclasses.asdict(self.step)}


@keras.saving.register_keras_serializable("ser_tf")
class MaskColumns(ExplicitMaskLayer):
    """Zeroes the columns after each image's valid ones: (images, columns (batch,)) -> images.

    Needed before a convolution that pads: an image by itself has zeros beyond its border, and must have them in a
    batch.
    """

    def call(self, images: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
        """Masks float32 (batch, height, width, channels)."""
        valid = _column_mask(images, columns)[:, tf.newaxis, :, tf.newaxis]
        return images * tf.cast(valid, images.dtype)

    def compute_output_shape(
        self, images_shape: tuple[Any, ...], columns_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """The shape of the images."""
        return tuple(images_shape)


@keras.saving.register_keras_serializable("ser_tf")
class TimeFrequencyAttention(ExplicitMaskLayer):
    """Attention over all time-frequency cells (zhang2018, eq. 2-4).

    The score of a cell is u^T tanh(W a + b). Scores times `scale`, the paper's lambda, pass through a softmax over the
    valid cells to give the weights of their sum. With `scale` 0 all valid cells have equal weights: average pooling.
    """

    def __init__(self, units: int = 256, scale: float = 0.3, **kwargs: Any) -> None:
        """Takes the number of rows of W and lambda."""
        super().__init__(**kwargs)
        self.units, self.scale = units, scale
        self._hidden = keras.layers.Dense(units, activation="tanh", name="hidden")
        # A bias would shift every cell's score equally and change nothing.
        self._score = keras.layers.Dense(1, use_bias=False, name="u")

    def build(self, images_shape: tuple[Any, ...], columns_shape: tuple[Any, ...] | None = None) -> None:
        """Creates W, b and u."""
        self._hidden.build((None, images_shape[-1]))
        self._score.build((None, self.units))
        self.built = True

    def call(self, images: tf.Tensor, columns: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pools the cells.

        Args:
            images: a, float32 (batch, height, width, channels).
            columns: Number of valid columns of each image, int32 (batch,), at least one.

        Returns:
            c, float32 (batch, channels), and alpha, float32 (batch, width, height), time before frequency as
            everywhere; alpha sums to one over the valid cells and is zero elsewhere.
        """
        cells = tf.transpose(images, (0, 2, 1, 3))
        shape = tf.shape(cells)
        valid = tf.broadcast_to(_column_mask(images, columns)[..., tf.newaxis], shape[:3])
        scores = self.scale * self._score(self._hidden(cells))[..., 0]
        flat = (shape[0], shape[1] * shape[2])
        weights = masked_softmax(tf.reshape(scores, flat), tf.reshape(valid, flat))
        weights = tf.reshape(weights, shape[:3])
        return tf.einsum("btf,btfc->bc", weights, cells), weights

    def compute_output_shape(
        self, images_shape: tuple[Any, ...], columns_shape: tuple[Any, ...] | None = None
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Shapes (batch, channels) and (batch, width, height)."""
        batch, height, width, channels = images_shape
        return (batch, channels), (batch, width, height)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "units": self.units, "scale": self.scale}
