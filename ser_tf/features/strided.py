"""Strided convolution as a matrix product.

TensorFlow's own convolution compiles and keeps a kernel for every length of waveform it meets, which takes gigabytes
over a corpus. A matrix product does not, and is faster for the short strides needed here.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

OUTPUTS_PER_ROW = 16
"""Outputs per row of the product. More would multiply by more zeros; fewer would copy more samples."""


def convolve(waveform: tf.Tensor, kernel: tf.Tensor, step: int | tf.Tensor, rows: int | tf.Tensor) -> tf.Tensor:
    """Computes `out[..., row * outputs + i] = sum_k waveform[..., row * step + k] * kernel[k, i]`.

    Args:
        waveform: float32 `(..., samples)`; zero after its end.
        kernel: float32 `(width, outputs)`.
        step: Samples from one row to the next, an integer or int32 `()`.
        rows: Number of rows, an integer or int32 `()`.

    Returns:
        float32 `(..., rows * outputs)`.
    """
    width, outputs = tf.unstack(tf.shape(kernel))
    reach = (width + step - 1) // step
    samples, leading = tf.shape(waveform)[-1], tf.shape(waveform)[:-1]
    needed = (rows + reach - 1) * step
    cut = waveform[..., : tf.minimum(samples, needed)]
    padded = tf.pad(cut, [[0, 0]] * (waveform.shape.rank - 1) + [[0, tf.maximum(needed - samples, 0)]])
    pieces = tf.reshape(padded, tf.concat([leading, [-1, step]], axis=0))
    index = tf.range(rows)[:, tf.newaxis] + tf.range(reach)
    blocks = tf.reshape(tf.gather(pieces, index, axis=-2), [-1, reach * step])
    products = tf.matmul(blocks, tf.pad(kernel, [[0, reach * step - width], [0, 0]]))
    return tf.reshape(products, tf.concat([leading, [rows * outputs]], axis=0))


def thin_out(waveform: tf.Tensor, taps: npt.NDArray[np.float64], stride: int) -> tf.Tensor:
    """Filters, keeping every `stride`-th sample: `out[..., n] = sum_k waveform[..., n * stride + k] * taps[k]`.

    Args:
        waveform: float32 `(..., samples)`, at least as long as the filter.
        taps: The filter, `(taps,)`.
        stride: Distance between outputs in samples.

    Returns:
        float32 `(..., (samples - taps) // stride + 1)`: only the outputs whose filter lies within the waveform.
    """
    kernel = np.zeros((len(taps) + stride * (OUTPUTS_PER_ROW - 1), OUTPUTS_PER_ROW), np.float32)
    for output in range(OUTPUTS_PER_ROW):
        kernel[output * stride : output * stride + len(taps), output] = taps
    total = (tf.shape(waveform)[-1] - len(taps)) // stride + 1
    rows = (total + OUTPUTS_PER_ROW - 1) // OUTPUTS_PER_ROW
    return convolve(waveform, tf.constant(kernel), OUTPUTS_PER_ROW * stride, rows)[..., :total]
