"""Frame energy and zero-crossing rate, on frames without a window function."""

import tensorflow as tf

_ZERO = 1e-10
"""Samples up to this size count as zero, which has no negative sign (librosa's threshold)."""


def rms(frames: tf.Tensor) -> tf.Tensor:
    """Root mean square of each frame: float32 `(..., frames, window)` -> `(..., frames)`."""
    power = tf.reduce_mean(tf.square(frames), axis=-1)
    # The root has no gradient at zero; silence gets the gradient zero in place of NaN.
    audible = power > 0.0
    return tf.where(audible, tf.sqrt(tf.where(audible, power, 1.0)), 0.0)


def zero_crossing_rate(frames: tf.Tensor) -> tf.Tensor:
    """Sign changes within each frame, divided by the samples of the frame.

    A sample is negative or not; a change from one to the other counts. There is one pair less than samples, and the
    division is by the samples, as in `librosa.feature.zero_crossing_rate`.

    Args:
        frames: float32 `(..., frames, window)`.

    Returns:
        float32 `(..., frames)` in [0, 1).
    """
    negative = frames < -_ZERO
    changes = tf.not_equal(negative[..., 1:], negative[..., :-1])
    return tf.reduce_sum(tf.cast(changes, tf.float32), axis=-1) / float(frames.shape[-1])
