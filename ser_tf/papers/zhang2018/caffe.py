"""Layers that compute what Caffe's do, as needed by weights trained with Caffe."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("ser_tf")
class GroupedConvolution(keras.layers.Layer):
    """Convolution with ReLU whose channels fall into independent groups, with zeros around the image.

    Output channels of group g read only the input channels of group g. TensorFlow has no gradient of grouped
    convolution on a CPU; the groups are therefore split, convolved separately, and concatenated.

    Takes no mask: a convolution that pads reads zeros at the borders, so padding must be zeroed before it.
    """

    def __init__(
        self,
        filters: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        groups: int = 1,
        kernel_initializer: str = "he_normal",
        **kwargs: Any,
    ) -> None:
        """Takes the geometry.

        Args:
            filters: Total number of output channels.
            kernel: Height and width of the kernel.
            stride: Stride in both directions.
            padding: Zeros on each of the four sides.
            groups: Number of groups; must divide input and output channels.
            kernel_initializer: A Keras initialiser, whose fan-in is that of one group. Biases start at zero.
            **kwargs: Arguments of a Keras layer.
        """
        super().__init__(**kwargs)
        self.filters, self.kernel, self.stride = filters, kernel, stride
        self.padding, self.groups = padding, groups
        self.kernel_initializer = kernel_initializer

    def build(self, images_shape: tuple[Any, ...]) -> None:
        """Creates kernel (height, width, channels / groups, filters) and bias (filters,).

        Raises:
            ValueError: the groups do not divide the channels or the filters.
        """
        channels = images_shape[-1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(f"{self.groups} groups do not divide {channels} channels and {self.filters} filters")
        shape = (self.kernel, self.kernel, channels // self.groups, self.filters)
        self.kernels = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.built = True

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Convolves: float32 (batch, height, width, channels) -> (batch, height', width', filters)."""
        kernels = tf.convert_to_tensor(self.kernels)
        parts = [
            tf.nn.conv2d(image, kernel, self.stride, self._border())
            for image, kernel in zip(tf.split(images, self.groups, -1), tf.split(kernels, self.groups, -1), strict=True)
        ]
        joined = parts[0] if self.groups == 1 else tf.concat(parts, -1)
        return tf.nn.relu(tf.nn.bias_add(joined, self.bias))

    def _border(self) -> str | list[list[int]]:
        """Returns the padding in TensorFlow's form; its named paddings have the faster gradients."""
        if self.padding == 0:
            return "VALID"
        if self.stride == 1 and 2 * self.padding == self.kernel - 1:
            return "SAME"
        return [[0, 0], [self.padding, self.padding], [self.padding, self.padding], [0, 0]]

    def compute_output_shape(self, images_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Shape (batch, height', width', filters)."""
        after = [
            None if size is None else (size + 2 * self.padding - self.kernel) // self.stride + 1
            for size in images_shape[1:3]
        ]
        return (images_shape[0], *after, self.filters)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        names = ("filters", "kernel", "stride", "padding", "groups", "kernel_initializer")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("ser_tf")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each value by (bias + alpha / size x the sum of squares over `size` neighbouring channels)^beta.

    The defaults are AlexNet's in Caffe, which divides alpha by the size, unlike TensorFlow. Cells are independent of
    each other; the layer needs no mask.
    """

    def __init__(
        self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0, **kwargs: Any
    ) -> None:
        """Takes Caffe's `local_size` (odd), `alpha`, `beta` and `k`."""
        super().__init__(**kwargs)
        self.size, self.alpha, self.beta, self.bias = size, alpha, beta, bias

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Normalises float32 (batch, height, width, channels)."""
        return tf.nn.local_response_normalization(images, self.size // 2, self.bias, self.alpha / self.size, self.beta)

    def compute_output_shape(self, images_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape of the input."""
        return tuple(images_shape)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), **{name: getattr(self, name) for name in ("size", "alpha", "beta", "bias")}}
