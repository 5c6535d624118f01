"""Frame energy and zero-crossing rate, on frames without a window function."""

import tensorflow as tf

_ZERO = 1e-10
"""Samples up to this magnitude count as zero, and zero is not negative (librosa's threshold)."""


def rms(frames: tf.Tensor) -> tf.Tensor:
    """Computes the root mean square of each frame: float32 `(..., frames, window)` -> `(..., frames)`."""
    power = tf.reduce_mean(tf.square(frames), axis=-1)
    # The root has no gradient at zero; silence gets a zero gradient instead of NaN.
    audible = power > 0.0
    return tf.where(audible, tf.sqrt(tf.where(audible, power, 1.0)), 0.0)


def zero_crossing_rate(frames: tf.Tensor) -> tf.Tensor:
    """Counts sign changes within each frame, divided by the number of samples in the frame.

    A change between negative and non-negative samples counts. There is one pair fewer than samples, but the count is
    divided by the number of samples, as in `librosa.feature.zero_crossing_rate`.

    Args:
        frames: float32 `(..., frames, window)`.

    Returns:
        float32 `(..., frames)` in [0, 1).
    """
    negative = frames < -_ZERO
    changes = tf.not_equal(negative[..., 1:], negative[..., :-1])
    return tf.reduce_sum(tf.cast(changes, tf.float32), axis=-1) / float(frames.shape[-1])
