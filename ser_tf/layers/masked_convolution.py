"""Convolution, max-pooling and batch normalisation over time and frequency that ignore padding in time.

All take `inputs` float32 (batch, frames, bins, channels), padded on the right, and `lengths` int32 (batch,), the valid
frames of each row. Later frames are read as silence (zeros), just like the space beyond the edge of an unpadded
utterance; they enter no maximum and no statistic, and are zero in the outputs. A stride of s leaves ceil(n / s) of n
frames, see `StridedLengths`; an utterance of one frame keeps one. A convolution can also do without silence at the
edges (`padding="valid"`); `FilledFrames` then makes utterances long enough for its kernel.
"""

from typing import Any

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer

PADDINGS = ("same", "valid")


def _cells(inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Marks the valid cells: bool (batch, frames, 1, 1)."""
    mask = tf.sequence_mask(tf.reshape(lengths, (-1,)), tf.shape(inputs)[1])
    return mask[:, :, tf.newaxis, tf.newaxis]


def _zero_padding(inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Sets the padding to zero, even where it holds NaN or infinity."""
    return tf.where(_cells(inputs, lengths), inputs, 0.0)


def _strided(size: int | None, stride: int, kernel: int = 1) -> int | None:
    return None if size is None else (size - kernel) // stride + 1


@keras.saving.register_keras_serializable("ser_tf")
class StridedLengths(keras.layers.Layer):
    """Valid frames after a stride: int32 (batch,) -> int32 (batch,), ceil((lengths - kernel_size + 1) / stride)."""

    def __init__(self, stride: int, kernel_size: int = 1, **kwargs: Any) -> None:
        """Takes the stride in time and, for convolutions without silence at the edges, the kernel's size in frames."""
        super().__init__(**kwargs)
        self.stride, self.kernel_size = stride, kernel_size

    def call(self, lengths: tf.Tensor) -> tf.Tensor:
        """Divides, rounding up."""
        return (lengths - self.kernel_size) // self.stride + 1

    def compute_output_spec(self, lengths: keras.KerasTensor) -> keras.KerasTensor:
        """Same as the input."""
        return keras.KerasTensor(lengths.shape, lengths.dtype)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "stride": self.stride, "kernel_size": self.kernel_size}


@keras.saving.register_keras_serializable("ser_tf")
class FilledFrames(ExplicitMaskLayer):
    """Extends utterances shorter than `min_frames` frames with silence, which then counts as part of them.

    (inputs, lengths) -> inputs of at least `min_frames` frames, zero after the last original one, and the new lengths.
    """

    def __init__(self, min_frames: int, **kwargs: Any) -> None:
        """Takes the minimum number of frames."""
        super().__init__(**kwargs)
        self.min_frames = min_frames

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Pads with silence."""
        lacking = tf.maximum(self.min_frames - tf.shape(inputs)[1], 0)
        filled = tf.pad(_zero_padding(inputs, lengths), [(0, 0), (0, lacking), (0, 0), (0, 0)])
        return filled, tf.maximum(lengths, self.min_frames)

    def compute_output_spec(
        self, inputs: keras.KerasTensor, lengths: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """The number of frames becomes unknown."""
        shape = (inputs.shape[0], None, *inputs.shape[2:])
        return keras.KerasTensor(shape, inputs.dtype), keras.KerasTensor(lengths.shape, lengths.dtype)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "min_frames": self.min_frames}


@keras.saving.register_keras_serializable("ser_tf")
class MaskedConv2D(ExplicitMaskLayer):
    """A convolution without bias over (frames, bins).

    (inputs, lengths) -> (batch, ceil(frames / stride), ceil(bins / stride), filters) with `padding="same"`, which adds
    just enough silence at the edges to keep the size. (kernel - 1) // 2 cells are added before the first frame and bin,
    whatever the number of frames: TensorFlow's own `SAME` would shift the kernel with the length of the padded batch
    when the stride is not 1. With `padding="valid"` the kernel stays inside the input, and frames - kernel + 1 replaces
    frames. There is no bias because the normalisation that follows would remove it. The outputs after the last valid
    frame are undefined.
    """

    def __init__(
        self,
        filters: int,
        kernel: tuple[int, int],
        strides: tuple[int, int] = (1, 1),
        padding: str = "same",
        **kwargs: Any,
    ) -> None:
        """Takes the output channels, the kernel's size and strides as (frames, bins), and the padding.

        Raises:
            ValueError: `padding` is not one of `PADDINGS`.
        """
        super().__init__(**kwargs)
        if padding not in PADDINGS:
            raise ValueError(f"padding {padding!r} is none of {', '.join(PADDINGS)}")
        self.filters, self.kernel_size, self.strides, self.padding = filters, tuple(kernel), tuple(strides), padding

    def build(self, inputs_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...] | None = None) -> None:
        """Creates the weights."""
        self.kernel = self.add_weight(
            (*self.kernel_size, inputs_shape[-1], self.filters), initializer="glorot_uniform", name="kernel"
        )
        self.built = True

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Convolves."""
        valid = _zero_padding(inputs, lengths)
        if self.padding == "valid":
            return tf.nn.conv2d(valid, self.kernel, (1, *self.strides, 1), "VALID")
        if self.strides == (1, 1):
            return tf.nn.conv2d(valid, self.kernel, 1, "SAME")  # same edges, faster gradients
        edges = [((size - 1) // 2, size // 2) for size in self.kernel_size]
        return tf.nn.conv2d(tf.pad(valid, [(0, 0), *edges, (0, 0)]), self.kernel, (1, *self.strides, 1), "VALID")

    def compute_output_shape(
        self, inputs_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Shape (batch, frames, bins, filters) after the stride."""
        inside = self.kernel_size if self.padding == "valid" else (1, 1)
        cells = map(_strided, inputs_shape[1:3], self.strides, inside)
        return (inputs_shape[0], *cells, self.filters)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
        }


@keras.saving.register_keras_serializable("ser_tf")
class MaskedMaxPool2D(ExplicitMaskLayer):
    """Maximum over the valid cells of each block of size x size, including blocks cut off by the end.

    (inputs, lengths) -> (batch, ceil(frames / size), ceil(bins / size), channels), zero after the last valid frame.
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        """Takes the size of a block, which is also the stride."""
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Takes the maxima."""
        ends = [(0, -tf.shape(inputs)[axis] % self.size) for axis in (1, 2)]
        lowest = inputs.dtype.min
        valid = tf.pad(
            tf.where(_cells(inputs, lengths), inputs, lowest), [(0, 0), *ends, (0, 0)], constant_values=lowest
        )
        pooled = tf.nn.max_pool2d(valid, self.size, self.size, "VALID")
        return _zero_padding(pooled, (lengths + (self.size - 1)) // self.size)

    def compute_output_shape(
        self, inputs_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Shape (batch, frames, bins, channels) after the pooling."""
        cells = (_strided(size, self.size) for size in inputs_shape[1:3])
        return (inputs_shape[0], *cells, inputs_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "size": self.size}


def normalise_by_batch(
    inputs: tf.Tensor, lengths: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: float
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Batch normalisation of each channel by mean and variance over valid cells.

    The gradient is written out because TensorFlow's derived one passes over the cells twice as often. No gradient flows
    through the returned statistics.

    Args:
        inputs: float32 (batch, frames, bins, channels).
        lengths: int32 (batch,).
        gamma: float32 (channels,), the scale.
        beta: float32 (channels,), the shift.
        epsilon: Added to the variance.

    Returns:
        Outputs, shaped like the inputs; mean and variance, float32 (channels,) each.
    """
    cells, over = _cells(inputs, lengths), (0, 1, 2)
    count = tf.cast(tf.reduce_sum(lengths) * tf.shape(inputs)[2], inputs.dtype)

    @tf.custom_gradient
    def normalise(inputs: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tuple[Any, ...]:
        mean = tf.reduce_sum(tf.where(cells, inputs, 0.0), over) / count
        variance = tf.reduce_sum(tf.square(tf.where(cells, inputs - mean, 0.0)), over) / count
        inverse = tf.math.rsqrt(variance + epsilon)
        scale = gamma * inverse

        def gradient(upstream: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            of_beta = tf.reduce_sum(upstream, over)
            of_gamma = (tf.reduce_sum(upstream * inputs, over) - mean * of_beta) * inverse
            slope = scale * inverse * of_gamma / count
            through_statistics = tf.where(cells, slope * inputs + (scale * of_beta / count - slope * mean), 0.0)
            return scale * upstream - through_statistics, of_gamma, of_beta

        return (inputs * scale + (beta - mean * scale), mean, variance), gradient

    return normalise(inputs, gamma, beta)


@keras.saving.register_keras_serializable("ser_tf")
class MaskedBatchNormalization(ExplicitMaskLayer):
    """Batch normalisation of each channel with statistics over valid cells only.

    (inputs, lengths) -> shaped like the inputs; undefined after the last valid frame. Training normalises by the mean
    and variance over all valid cells of the batch and updates the moving statistics, which inference uses. With
    `trainable=False` the moving statistics never change, not even in training. Momentum and epsilon default to
    PyTorch's (0.1 and 1e-5 there).
    """

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any) -> None:
        """Takes the fraction of the moving statistics kept after each batch, and the constant added to the variance."""
        super().__init__(**kwargs)
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, inputs_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...] | None = None) -> None:
        """Creates scale, shift and moving statistics."""
        shape = (inputs_shape[-1],)
        self.gamma = self.add_weight(shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape, initializer="zeros", name="beta")
        self.moving_mean = self.add_weight(shape, initializer="zeros", trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(shape, initializer="ones", trainable=False, name="moving_variance")
        self.built = True

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Normalises."""
        if not (training and self.trainable):
            scale = self.gamma * tf.math.rsqrt(self.moving_variance + self.epsilon)
            return inputs * scale + (self.beta - self.moving_mean * scale)
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        outputs, mean, variance = normalise_by_batch(inputs, lengths, gamma, beta, self.epsilon)
        for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(self.momentum * moving + (1.0 - self.momentum) * now)
        return outputs

    def compute_output_shape(
        self, inputs_shape: tuple[Any, ...], lengths_shape: tuple[Any, ...] | None = None
    ) -> tuple[Any, ...]:
        """Shape of the inputs."""
        return tuple(inputs_shape)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "momentum": self.momentum, "epsilon": self.epsilon}
