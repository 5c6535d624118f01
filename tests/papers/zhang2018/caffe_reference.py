"""What Caffe computes, in NumPy with loops: images (height, width, channels), kernels (height, width, in, out)."""

import numpy as np


def convolution(image, kernel, bias, stride=1, padding=0, groups=1):
    """A grouped convolution without ReLU; kernels hold channels / groups inputs each."""
    image = np.pad(image.astype(np.float64), ((padding, padding), (padding, padding), (0, 0)))
    size, _, inputs, filters = kernel.shape
    height, width = ((length - size) // stride + 1 for length in image.shape[:2])
    result = np.zeros((height, width, filters))
    for out in range(filters):
        group = out // (filters // groups)
        mine = image[..., group * inputs : (group + 1) * inputs]
        for row in range(height):
            for column in range(width):
                window = mine[row * stride : row * stride + size, column * stride : column * stride + size]
                result[row, column, out] = np.sum(window * kernel[..., out]) + bias[out]
    return result


def local_response_normalisation(image, size=5, alpha=1e-4, beta=0.75, bias=1.0):
    """Caffe's, across channels: alpha is divided by the size."""
    result = np.zeros(image.shape)
    for channel in range(image.shape[-1]):
        near = image[..., max(channel - size // 2, 0) : channel + size // 2 + 1].astype(np.float64)
        result[..., channel] = image[..., channel] / (bias + alpha / size * (near**2).sum(-1)) ** beta
    return result


def pooling(image, kernel=3, stride=2):
    """Max pooling with Caffe's rounding up, the last window cut off where it leaves the image."""
    height, width = (-(-(length - kernel) // stride) + 1 for length in image.shape[:2])
    result = np.zeros((height, width, image.shape[2]))
    for row in range(height):
        for column in range(width):
            window = image[row * stride : row * stride + kernel, column * stride : column * stride + kernel]
            result[row, column] = window.max((0, 1))
    return result
