"""Resampling to 16 kHz inside a graph: a windowed sinc, evaluated for blocks of output samples.

The filter is the one of the training path (Speex at quality 4: 64 samples at the lower of the two rates under a Kaiser
window), here with its middle on the output sample, so that nothing is delayed, and without interpolation of its table.
"""

import math

import tensorflow as tf

SAMPLE_RATE_HZ = 16_000
LOWEST_HZ, HIGHEST_HZ = 4_000, 192_000
FILTER_SAMPLES = 64
"""Length of the filter at the lower of the two rates."""
PASS_BAND_DOWN, PASS_BAND_UP = 0.921, 0.940
"""Cut-off as a share of half the lower rate, towards a lower and towards a higher rate."""
KAISER_BETA = 8.0
BLOCK_CELLS = 2**16
"""Products that are held in memory at once; few enough for a processor's cache."""


def filter_table(rate_hz: tf.Tensor) -> tf.Tensor:
    """The filter at all places that output samples have between input samples.

    Args:
        rate_hz: int64 ().

    Returns:
        float32 (phases, taps): row r is for output samples that lie r / phases of an input sample behind a tap.
    """
    phases = SAMPLE_RATE_HZ // _common_divisor(rate_hz)
    higher = tf.maximum(rate_hz, SAMPLE_RATE_HZ)
    taps = (FILTER_SAMPLES * higher // SAMPLE_RATE_HZ + 7) // 8 * 8
    lower_rate = tf.cast(higher, tf.float32) / SAMPLE_RATE_HZ  # input samples in a sample at the lower rate
    pass_band = tf.where(rate_hz > SAMPLE_RATE_HZ, PASS_BAND_DOWN, PASS_BAND_UP) / lower_rate
    between = tf.cast(tf.range(phases), tf.float32) / tf.cast(phases, tf.float32)
    place = tf.cast(tf.range(taps) - (taps // 2 - 1), tf.float32) - between[:, tf.newaxis]
    inside = tf.maximum(1.0 - tf.square(2.0 * place / tf.cast(taps, tf.float32)), 0.0)
    # I0(x) is i0e(x) e^x; the difference of exponents keeps it in float32's range.
    argument = KAISER_BETA * tf.sqrt(inside)
    window = tf.math.bessel_i0e(argument) * tf.exp(argument - KAISER_BETA) / tf.math.bessel_i0e(KAISER_BETA)
    angle = math.pi * pass_band * place
    sinc = tf.where(tf.abs(angle) < 1e-6, 1.0, tf.math.divide_no_nan(tf.sin(angle), angle))
    return pass_band * sinc * window


def _common_divisor(rate_hz: tf.Tensor) -> tf.Tensor:
    """The greatest common divisor of a rate and 16 kHz, int64 ()."""
    target = tf.constant(SAMPLE_RATE_HZ, tf.int64)
    return tf.while_loop(lambda one, other: other > 0, lambda one, other: (other, one % other), (rate_hz, target))[0]


def resample(waveform: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
    """Resamples to 16 kHz.

    Args:
        waveform: float32 (samples,), silent before its begin and behind its end.
        rate_hz: int64 (), from 4 kHz to 192 kHz.

    Returns:
        float32 (ceil(samples x 16000 / rate),); the first sample lies where the first input sample lies.
    """
    table = filter_table(rate_hz)
    phases, taps = tf.shape(table, tf.int64)[0], tf.shape(table, tf.int64)[1]
    step = rate_hz * phases // SAMPLE_RATE_HZ  # between output samples, in 1 / phases of an input sample
    total = (tf.size(waveform, tf.int64) * SAMPLE_RATE_HZ + rate_hz - 1) // rate_hz
    padded = tf.pad(waveform, [[taps // 2 - 1, taps // 2 + 1]])
    block = tf.maximum(BLOCK_CELLS // taps, 1)

    def compute(start: tf.Tensor) -> tf.Tensor:
        place = tf.minimum(start + tf.range(block), total - 1) * step
        first, phase = tf.cast(place // phases, tf.int32), tf.cast(place % phases, tf.int32)
        around = tf.gather(padded, first[:, tf.newaxis] + tf.range(tf.cast(taps, tf.int32)))
        return tf.reduce_sum(around * tf.gather(table, phase), axis=1)

    starts = tf.range(0, total, block)
    blocks = tf.map_fn(compute, starts, fn_output_signature=tf.TensorSpec([None], tf.float32), parallel_iterations=1)
    return tf.reshape(blocks, (-1,))[:total]
