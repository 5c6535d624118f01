"""Resampling to 16 kHz with core TensorFlow operations, the same in training and in the served graph.

The filter is a sinc under a Kaiser window, 64 samples long at the lower of the two rates (Speex at quality 4) and
centred on each output sample, which avoids any delay. The same convolution takes one of two forms:

- Where the positions of outputs between input samples soon repeat (48, 32, 24 and 8 kHz have one or two such phases,
  44.1 kHz has 160), each phase has its own filter.
- Elsewhere (16,001 Hz has 16,000 phases) the filter is a polynomial in the position between two points of a grid. A
  few fixed filters give its coefficients; the work is bounded by the number of samples, whatever rate a file claims.

Both are strided convolutions whose filters are computed in the graph.
"""

import math

import numpy as np
import tensorflow as tf

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.features import strided

FILTER_SAMPLES = 64
"""Length of the filter at the lower of the two rates."""
PASS_BAND_DOWN, PASS_BAND_UP = 0.921, 0.940
"""Cut-off as a fraction of half the lower rate, when resampling to a lower and to a higher rate."""
KAISER_BETA = 8.0
MIN_OUTPUTS_PER_ROW = 32
"""Minimum number of outputs per row of the convolution; rates with fewer phases repeat them."""
MAX_KERNEL_SIZE = 2**19
"""Filters are interpolated for rates whose phases would need more coefficients than this."""
POLYNOMIAL_TERMS = 8
"""With this many, the interpolation error on noise is below 1e-4 of its level (-80 dB) at every rate."""
GRID_POINTS_PER_ROW = 16


def resample(waveform: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
    """Resamples to 16 kHz.

    Args:
        waveform: float32 `(samples,)`, silent before its start and after its end.
        rate_hz: int64 `()`, from `MIN_SAMPLE_RATE_HZ` to `MAX_SAMPLE_RATE_HZ`.

    Returns:
        float32 `(ceil(samples * 16000 / rate),)`; the first samples of input and output coincide. A waveform at 16 kHz
        is returned unchanged.
    """
    rate_hz = tf.convert_to_tensor(rate_hz, tf.int64)
    phases = MODEL_SAMPLE_RATE_HZ // _common_divisor(rate_hz)
    period = phases * rate_hz // MODEL_SAMPLE_RATE_HZ  # input samples after which the phases repeat
    total = (tf.size(waveform, tf.int64) * MODEL_SAMPLE_RATE_HZ + rate_hz - 1) // rate_hz
    taps = _taps(rate_hz)
    padded = tf.pad(waveform, [[taps // 2 - 1, 0]])
    is_large = tf.cast(phases * (taps + period) > MAX_KERNEL_SIZE, tf.int32)
    resampled = tf.switch_case(
        tf.where(rate_hz == MODEL_SAMPLE_RATE_HZ, 0, 1 + is_large),
        [
            lambda: waveform,
            lambda: _with_phases(padded, rate_hz, phases, total),
            lambda: _interpolated(padded, rate_hz, total),
        ],
    )
    return tf.ensure_shape(resampled, (None,))


def _common_divisor(rate_hz: tf.Tensor) -> tf.Tensor:
    """Returns the greatest common divisor of a rate and 16 kHz, int64 ()."""
    target = tf.constant(MODEL_SAMPLE_RATE_HZ, tf.int64)
    return tf.while_loop(lambda *pair: pair[1] > 0, lambda a, b: (b, a % b), (rate_hz, target))[0]


def _taps(rate_hz: tf.Tensor) -> tf.Tensor:
    """Returns the length of the filter in input samples, int64 ()."""
    return (FILTER_SAMPLES * tf.maximum(rate_hz, MODEL_SAMPLE_RATE_HZ) // MODEL_SAMPLE_RATE_HZ + 7) // 8 * 8


def _with_phases(padded: tf.Tensor, rate_hz: tf.Tensor, phases: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
    """Resamples with one filter for each phase; float32 (total,).

    Args:
        padded: The waveform preceded by half a filter of silence, float32 (samples,).
        rate_hz: int64 ().
        phases: Number of positions that outputs can have between two input samples, int64 ().
        total: Number of outputs, int64 ().
    """
    outputs = phases * ((MIN_OUTPUTS_PER_ROW + phases - 1) // phases)  # whole rounds of phases
    place = tf.range(outputs) * rate_hz  # in 1 / 16000 of an input sample
    phase = tf.cast(place % MODEL_SAMPLE_RATE_HZ, tf.float32) / MODEL_SAMPLE_RATE_HZ
    kernel = _spread(_filters(_taps(rate_hz), phase, rate_hz), place // MODEL_SAMPLE_RATE_HZ)
    step, rows = outputs * rate_hz // MODEL_SAMPLE_RATE_HZ, (total + outputs - 1) // outputs
    return strided.convolve(padded, kernel, tf.cast(step, tf.int32), tf.cast(rows, tf.int32))[:total]


def _interpolated(padded: tf.Tensor, rate_hz: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
    """Resamples with a polynomial between grid points; arguments and result as for `_with_phases`."""
    spacing = tf.maximum(rate_hz // MODEL_SAMPLE_RATE_HZ, 1)  # input samples from one grid point to the next
    unit = MODEL_SAMPLE_RATE_HZ * spacing
    place = tf.range(total) * rate_hz  # in 1 / 16000 of an input sample
    rows = tf.maximum(total - 1, 0) * rate_hz // (unit * GRID_POINTS_PER_ROW) + 1
    step = tf.cast(GRID_POINTS_PER_ROW * spacing, tf.int32)
    outputs = strided.convolve(padded, _polynomial_kernel(rate_hz, spacing), step, tf.cast(rows, tf.int32))
    coefficients = tf.gather(tf.reshape(outputs, (-1, POLYNOMIAL_TERMS)), place // unit)
    between = 2.0 * tf.cast(place % unit, tf.float32) / tf.cast(unit, tf.float32) - 1.0
    terms = [tf.ones_like(between), between]
    while len(terms) < POLYNOMIAL_TERMS:
        terms.append(2.0 * between * terms[-1] - terms[-2])
    return tf.reduce_sum(coefficients * tf.stack(terms, axis=1), axis=1)


def _polynomial_kernel(rate_hz: tf.Tensor, spacing: tf.Tensor) -> tf.Tensor:
    """Returns filters that yield the Chebyshev coefficients at each grid point, float32 (width, points x terms).

    Args:
        rate_hz: int64 ().
        spacing: Input samples from one grid point to the next, int64 ().
    """
    angle = math.pi * (np.arange(POLYNOMIAL_TERMS) + 0.5) / POLYNOMIAL_TERMS
    nodes = tf.constant((np.cos(angle) + 1.0) / 2.0, tf.float32) * tf.cast(spacing, tf.float32)
    transform = 2.0 / POLYNOMIAL_TERMS * np.cos(np.outer(np.arange(POLYNOMIAL_TERMS), angle))
    transform[0] /= 2.0
    at_nodes = _filters(_taps(rate_hz) + spacing, nodes, rate_hz)
    coefficients = tf.matmul(tf.constant(transform, tf.float32), at_nodes)
    offsets = tf.repeat(tf.range(GRID_POINTS_PER_ROW, dtype=tf.int64) * spacing, POLYNOMIAL_TERMS)
    return _spread(tf.tile(coefficients, [GRID_POINTS_PER_ROW, 1]), offsets)


def _filters(width: tf.Tensor, middle: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
    """Evaluates the filter around several positions, float32 (positions, width).

    Args:
        width: Number of samples covered, int64 ().
        middle: Distance of the filter's centre from the sample with half a filter before it, float32 (positions,).
        rate_hz: int64 ().
    """
    taps = _taps(rate_hz)
    sample = tf.cast(tf.range(width) - (taps // 2 - 1), tf.float32)
    place = sample - middle[:, tf.newaxis]
    lower_rate = tf.cast(tf.maximum(rate_hz, MODEL_SAMPLE_RATE_HZ), tf.float32) / MODEL_SAMPLE_RATE_HZ
    pass_band = tf.where(rate_hz > MODEL_SAMPLE_RATE_HZ, PASS_BAND_DOWN, PASS_BAND_UP) / lower_rate
    inside = 1.0 - tf.square(2.0 * place / tf.cast(taps, tf.float32))
    # I0(x) = i0e(x) e^x; subtracting exponents keeps the result within float32's range.
    argument = KAISER_BETA * tf.sqrt(tf.maximum(inside, 0.0))
    window = tf.math.bessel_i0e(argument) * tf.exp(argument - KAISER_BETA) / tf.math.bessel_i0e(KAISER_BETA)
    angle = math.pi * pass_band * place
    sinc = tf.where(tf.abs(angle) < 1e-6, 1.0, tf.math.divide_no_nan(tf.sin(angle), angle))
    return tf.where(inside >= 0.0, pass_band * sinc * window, 0.0)


def _spread(filters: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    """Places filters `(positions, width)` at increasing `offsets` in a kernel `(offsets[-1] + width, positions)`."""
    places, width = tf.unstack(tf.shape(filters, tf.int64))
    rows = offsets[-1] + width
    index = (offsets[:, tf.newaxis] + tf.range(width)) * places + tf.range(places)[:, tf.newaxis]
    flat = tf.scatter_nd(tf.reshape(index, (-1, 1)), tf.reshape(filters, (-1,)), [rows * places])
    return tf.reshape(flat, tf.stack([rows, places]))
