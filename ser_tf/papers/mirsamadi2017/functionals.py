"""High-level statistical functions (HSFs) that pool an utterance's frames (mirsamadi2017 §2, §3, Table 2).

All except the extremum positions, which are piecewise constant, are differentiable: a network can learn the descriptors
that they pool (Fig. 1(a)). Their gradients are finite everywhere: where all frames of a dimension are equal, standard
deviation, skewness and kurtosis are 0, and so are their gradients.
"""

from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from ser_tf import errors

MEAN = ("mean",)
"""Row "Mean" of Table 2."""

MEAN_MIN_MAX = ("mean", "min", "max")
"""Row "Mean, Min, Max" of Table 2."""

FULL = ("mean", "std", "min", "max", "range", "skewness", "kurtosis")
"""Row "Full" of Table 2, by its footnote."""

EXTENDED = FULL + ("max_position", "min_position", "slope", "offset", "regression_error")
"""The list of §3, with extremum positions and linear regression: the twelve functionals of openSMILE's IS09 set."""

_ROUNDING = 4.0 * 2.0**-23
"""Dimensions whose relative variation is smaller than this vary only by rounding, and count as constant."""

_TINY = 1e-30
"""Minimum variation that float32 can divide by."""


def functionals(features: tf.Tensor, mask: tf.Tensor, names: Sequence[str] = FULL) -> tf.Tensor:
    """Pools frames over time.

    Args:
        features: float32 `(batch, frames, dims)`; values outside the mask have no influence, not even NaN.
        mask: bool `(batch, frames)`, True on valid frames. Time is counted in valid frames.
        names: Functionals by name, from `EXTENDED`. Moments are population moments (no Bessel correction), SciPy's
            default; `kurtosis` is the excess over a normal distribution's 3. `max_position` and `min_position` are 0 at
            the first frame and 1 at the last (first occurrence counts). `slope` (per frame), `offset` (value at the
            first frame) and `regression_error` (mean squared) belong to the least-squares line.

    Returns:
        float32 `(batch, len(names) * dims)`: all dimensions of the first functional, then of the second, and so on. All
        zero for an utterance without valid frames.

    Raises:
        SettingError: a name is unknown.
    """
    unknown = [name for name in names if name not in _FUNCTIONALS]
    if unknown:
        raise errors.SettingError(f"functional {unknown[0]!r} does not exist: choose from {', '.join(_FUNCTIONALS)}")
    contours = _Contours(features, mask)
    return tf.concat([_FUNCTIONALS[name](contours) for name in names], axis=-1)


class _Contours:
    """Shared inputs of the functionals: valid frames, their count, and moments of values scaled to at most 1.

    The first valid frame serves as the origin and the largest distance from it as the unit, both without gradient
    (central moments do not depend on the origin, and the unit is multiplied in again). Thus constant contours give
    exact zeros, and third and fourth powers neither overflow nor vanish in float32.
    """

    def __init__(self, features: tf.Tensor, mask: tf.Tensor) -> None:
        self.features = features
        self.valid = mask[..., tf.newaxis]
        weights = tf.cast(mask, features.dtype)[..., tf.newaxis]
        self.number = tf.reduce_sum(weights, axis=1)
        self.count = tf.maximum(self.number, 1.0)
        self.time = (tf.cumsum(weights, axis=1) - 1.0) * weights
        first = tf.argmax(tf.cast(mask, tf.int32), axis=-1, output_type=tf.int32)
        origin = tf.stop_gradient(tf.gather(self.zeroed(features), first, axis=1, batch_dims=1))
        distance = self.zeroed(features - origin[:, tf.newaxis])
        extent = tf.stop_gradient(tf.reduce_max(tf.abs(distance), axis=1))
        self.varies = extent > _ROUNDING * tf.abs(origin) + _TINY
        self.unit = tf.where(self.varies, extent, 1.0)
        scaled = distance / self.unit[:, tf.newaxis]
        scaled_mean = self.average(scaled)
        self.mean = origin + self.unit * scaled_mean
        self.centred = self.zeroed(scaled - scaled_mean[:, tf.newaxis])
        self.variance = tf.where(self.varies, self.average(tf.square(self.centred)), 1.0)

    def zeroed(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the values `(batch, frames, dims)`, 0 outside the mask."""
        return tf.where(self.valid, values, tf.zeros_like(values))

    def average(self, values: tf.Tensor) -> tf.Tensor:
        """Averages, over the valid frames, values that are 0 elsewhere: `(batch, frames, dims)` -> `(batch, dims)`."""
        return tf.reduce_sum(values, axis=1) / self.count

    def where_varying(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the values `(batch, dims)`, 0 in constant dimensions."""
        return tf.where(self.varies, values, tf.zeros_like(values))

    def where_any(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the values `(batch, dims)`, 0 in utterances without valid frames."""
        return tf.where(self.number > 0.0, values, tf.zeros_like(values))

    def line(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Fits a least-squares line over time: slope in units `(batch, dims)`, mean time `(batch, 1)`, centred time."""
        mean_time = self.average(self.time)
        time = self.zeroed(self.time - mean_time[:, tf.newaxis])
        spread = tf.maximum(tf.reduce_sum(tf.square(time), axis=1), _TINY)
        return tf.reduce_sum(time * self.centred, axis=1) / spread, mean_time, time


def _mean(contours: _Contours) -> tf.Tensor:
    return contours.mean


def _std(contours: _Contours) -> tf.Tensor:
    return contours.where_varying(contours.unit * tf.sqrt(contours.variance))


def _min(contours: _Contours) -> tf.Tensor:
    filled = tf.where(contours.valid, contours.features, contours.features.dtype.max)
    return contours.where_any(tf.reduce_min(filled, axis=1))


def _max(contours: _Contours) -> tf.Tensor:
    filled = tf.where(contours.valid, contours.features, contours.features.dtype.min)
    return contours.where_any(tf.reduce_max(filled, axis=1))


def _range(contours: _Contours) -> tf.Tensor:
    return _max(contours) - _min(contours)


def _skewness(contours: _Contours) -> tf.Tensor:
    third = contours.average(contours.centred**3)
    return contours.where_varying(third / (contours.variance * tf.sqrt(contours.variance)))


def _kurtosis(contours: _Contours) -> tf.Tensor:
    fourth = contours.average(contours.centred**4)
    return contours.where_varying(fourth / tf.square(contours.variance) - 3.0)


def _position(contours: _Contours, values: tf.Tensor) -> tf.Tensor:
    filled = tf.where(contours.valid, values, contours.features.dtype.min)
    frame = tf.argmax(filled, axis=1, output_type=tf.int32)
    rank = tf.gather(contours.time[..., 0], frame, axis=1, batch_dims=1)
    return tf.stop_gradient(rank / tf.maximum(contours.count - 1.0, 1.0))


def _max_position(contours: _Contours) -> tf.Tensor:
    return _position(contours, contours.features)


def _min_position(contours: _Contours) -> tf.Tensor:
    return _position(contours, -contours.features)


def _slope(contours: _Contours) -> tf.Tensor:
    return contours.unit * contours.line()[0]


def _offset(contours: _Contours) -> tf.Tensor:
    slope, mean_time, _ = contours.line()
    return contours.mean - contours.unit * slope * mean_time


def _regression_error(contours: _Contours) -> tf.Tensor:
    slope, _, time = contours.line()
    residuals = contours.centred - slope[:, tf.newaxis] * time
    return tf.square(contours.unit) * contours.average(tf.square(residuals))


_FUNCTIONALS: Mapping[str, Callable[[_Contours], tf.Tensor]] = {
    "mean": _mean,
    "std": _std,
    "min": _min,
    "max": _max,
    "range": _range,
    "skewness": _skewness,
    "kurtosis": _kurtosis,
    "max_position": _max_position,
    "min_position": _min_position,
    "slope": _slope,
    "offset": _offset,
    "regression_error": _regression_error,
}
