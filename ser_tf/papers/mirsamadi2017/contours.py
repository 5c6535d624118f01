"""Smoothing and derivatives of feature contours over time, correct up to the true end of a padded utterance."""

import tensorflow as tf


def shifted(contours: tf.Tensor, mask: tf.Tensor | None, reach: int) -> list[tf.Tensor]:
    """Returns the contours shifted by `-reach .. reach` frames, with the first and last valid frames repeated.

    Args:
        contours: `(..., frames, dims)`.
        mask: bool `(..., frames)`, True on a non-empty prefix, or None when all frames are valid.
        reach: Maximum shift in frames.

    Returns:
        `2 * reach + 1` tensors shaped like `contours`; the one at index `reach` is unshifted. They are undefined after
        the last valid frame.
    """
    if mask is None:
        last = contours[..., -1:, :]
    else:
        final = tf.reduce_sum(tf.cast(mask, tf.int32), axis=-1, keepdims=True) - 1
        last = tf.gather(contours, final, axis=-2, batch_dims=contours.shape.rank - 2)
        contours = tf.where(mask[..., tf.newaxis], contours, last)
    padded = tf.concat([contours[..., :1, :]] * reach + [contours] + [last] * reach, axis=-2)
    return [padded[..., offset : offset - 2 * reach or None, :] for offset in range(2 * reach + 1)]


def moving_average(contours: tf.Tensor, mask: tf.Tensor | None, frames: int) -> tf.Tensor:
    """Averages an odd number of frames around each frame, repeating the outermost valid frames beyond the ends.

    Shapes as for `shifted`.
    """
    return tf.add_n(shifted(contours, mask, frames // 2)) / float(frames)


def deltas(contours: tf.Tensor, mask: tf.Tensor | None, reach: int) -> tf.Tensor:
    """Computes first-order deltas: the slope of the least-squares line over `2 * reach + 1` frames (HTK), per frame.

    Shapes as for `shifted`; the outermost valid frames are repeated beyond the ends.
    """
    around = shifted(contours, mask, reach)
    weighted = [float(step) * (around[reach + step] - around[reach - step]) for step in range(1, reach + 1)]
    return tf.add_n(weighted) / float(2 * sum(step * step for step in range(1, reach + 1)))
