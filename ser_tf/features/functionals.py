"""High-level statistical functions (HSFs): frames of an utterance pooled to one vector (mirsamadi2017 §2, §3, Table 2).

All are differentiable pooling layers over time, so that a network can learn the descriptors that they pool (Fig. 1(a)), apart from the
extremum positions, which are piecewise constant. Their gradients are finite everywhere: where all frames of a dimension are equal,
standard deviation, skewness and kurtosis are 0 and their gradients too.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

MEAN = ("mean",)
"""Row "Mean" of Table 2."""

MEAN_MIN_MAX = ("mean", "min", "max")
"""Row "Mean, Min, Max" of Table 2."""

FULL = ("mean", "std", "min", "max", "range", "skewness", "kurtosis")
"""Row "Full" of Table 2, by its footnote."""

EXTENDED = FULL + ("max_position", "min_position", "slope", "offset", "regression_error")
"""The list of §3, which adds extremum positions and linear regression: the twelve functionals of openSMILE's IS09 set."""

_ROUNDING = 4.0 * 2.0**-23
"""Dimensions that vary by less than this share of their size vary by rounding alone, and count as constant."""


class _Contours:
    """What the functionals share: valid frames, their count, and moments about the mean of values scaled to at most 1.

    The first valid frame is taken as the origin and the largest distance from it as the unit, both without gradient (central moments do
    not depend on the origin, and the unit is multiplied in again). So constant contours give exact zeros, and third and fourth powers
    neither overflow nor vanish in float32.
    """

    def __init__(self, features: tf.Tensor, mask: tf.Tensor) -> None:
        self.features = features
        self.valid = mask[..., tf.newaxis]
        weights = tf.cast(mask, features.dtype)
        self.number = tf.reduce_sum(weights, axis=-1)[..., tf.newaxis]
        self.count = tf.maximum(self.number, 1.0)
        self.time = (tf.cumsum(weights, axis=-1) - 1.0)[..., tf.newaxis]
        first = tf.argmax(tf.cast(mask, tf.int32), axis=-1, output_type=tf.int32)
        origin = tf.stop_gradient(tf.gather(self._zeroed(features), first, axis=-2, batch_dims=1))[:, tf.newaxis]
        distance = self._zeroed(features - origin)
        extent = tf.stop_gradient(tf.reduce_max(tf.abs(distance), axis=-2))
        self.varies = extent > _ROUNDING * tf.abs(origin[:, 0]) + tf.float32.min
        self.unit = tf.where(self.varies, extent, 1.0)
        scaled = distance / self.unit[:, tf.newaxis]
        scaled_mean = self.average(scaled)
        self.mean = tf.where(self.number > 0.0, origin[:, 0] + self.unit * scaled_mean, 0.0)
        self.centred = self._zeroed(scaled - scaled_mean[:, tf.newaxis])
        self.variance = tf.where(self.varies, self.average(tf.square(self.centred)), 1.0)

    def _zeroed(self, values: tf.Tensor) -> tf.Tensor:
        return tf.where(self.valid, values, tf.zeros_like(values))

    def average(self, values: tf.Tensor) -> tf.Tensor:
        """Mean over the valid frames of values that are 0 elsewhere: `(batch, frames, dims)` -> `(batch, dims)`."""
        return tf.reduce_sum(values, axis=-2) / self.count

    def where_varying(self, values: tf.Tensor) -> tf.Tensor:
        """The values `(batch, dims)`, 0 for dimensions that are constant."""
        return tf.where(self.varies, values, tf.zeros_like(values))
