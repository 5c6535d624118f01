"""Fundamental frequency and voicing probability from the normalised autocorrelation.

The autocorrelation of each analysis window is divided, lag by lag, by the energy of the samples that it multiplies
(McLeod & Wyvill 2005, eq. 9). A periodic signal of any level then reaches 1 at its period, however few periods fit into
the window.
"""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from ser_tf.features import framing, strided
from ser_tf.papers.mirsamadi2017 import contours

_SMALLEST_SHARE = 1e-5
"""Lags whose samples carry no more than this fraction of the window's energy are ignored: float32's resolution."""

_PASS_BAND = 0.9
"""Cut-off of the low-pass filter as a fraction of half the lower rate."""


@dataclasses.dataclass(frozen=True)
class PitchParams(framing.FrameParams):
    """Settings of the pitch analysis; F0 <= 500 Hz and the voicing cut-off are those of openSMILE's IS09 set.

    Attributes:
        analysis_seconds: Window of the autocorrelation, centred on each frame; equal to a frame or longer by an even
            number of hops. A frame of 25 ms holds only one and a half periods of a 60 Hz voice; a longer window detects
            lower voices.
        rate_divisor: Factor by which the low-passed waveform is decimated for the analysis.
        low_pass_samples: Length of the low-pass filter, a Hamming-windowed sinc.
        low_hz: Minimum F0.
        high_hz: Maximum F0.
        voicing_cutoff: Frames with a lower voicing probability are unvoiced.
        octave_cost: Advantage in correlation given to a candidate an octave higher, to suppress subharmonics.
        largest_step: Maximum relative difference in F0 between neighbouring frames of one run.
        min_run_frames: Minimum number of frames in a voiced run; odd, 1 disables the check.
        silence_rms: Frames well below this level are unvoiced; the least significant of 16 bits is three times as loud.
    """

    analysis_seconds: float = 0.025  # §3; see ledger (f0_window_seconds)
    rate_divisor: int = 2  # fixed here: half the rate covers every voice at half the cost
    low_pass_samples: int = 18  # fixed here: the shortest filter without audible aliasing
    low_hz: float = 50.0  # not stated; see ledger (f0_low_hz)
    high_hz: float = 500.0  # not stated; see ledger (f0_high_hz)
    voicing_cutoff: float = 0.55  # not stated; see ledger
    octave_cost: float = 0.1  # not stated; see ledger (f0_octave_cost)
    largest_step: float = 0.1  # fixed here: faster glides than 10% in 10 ms are errors
    min_run_frames: int = 3  # not stated; see ledger (f0_min_run_frames)
    silence_rms: float = 1e-5  # fixed here: below the least significant of 16 bits

    def __post_init__(self) -> None:
        """Checks that analysis windows lie on the grid of the frames.

        Raises:
            ValueError: the analysis window is shorter than a frame, does not exceed it by an even number of hops, or
                cannot be converted to the lower rate.
        """
        if self._excess_samples < 0 or self._excess_samples % (2 * self.hop_samples):
            raise ValueError(
                "analysis_seconds must exceed window_seconds by an even number of hop_seconds, or equal it"
            )

    @property
    def _excess_samples(self) -> int:
        return self.analysis.window_samples - self.window_samples

    @property
    def analysis(self) -> framing.FrameParams:
        """The time axis of the analysis windows."""
        return framing.FrameParams(self.sample_rate_hz, self.analysis_seconds, self.hop_seconds)

    @property
    def lowered(self) -> framing.FrameParams:
        """The same windows at the lower rate, without samples where the filter would reach outside the waveform."""
        rate_hz = self.sample_rate_hz // self.rate_divisor
        samples = (self.analysis.window_samples - self.low_pass_samples) // self.rate_divisor + 1
        return framing.FrameParams(rate_hz, samples / rate_hz, self.hop_seconds)

    @property
    def lead_frames(self) -> int:
        """Number of hops by which an analysis window precedes its frame."""
        return self._excess_samples // (2 * self.hop_samples)

    @property
    def low_lag(self) -> int:
        """Shortest period in samples at the lower rate."""
        return math.floor(self.lowered.sample_rate_hz / self.high_hz)

    @property
    def high_lag(self) -> int:
        """Longest period in samples at the lower rate."""
        return math.ceil(self.lowered.sample_rate_hz / self.low_hz)


def pitch(
    waveform: tf.Tensor, params: PitchParams, total: tf.Tensor, num_samples: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Computes F0 and voicing probability of each frame.

    An analysis window that would extend beyond the utterance is moved inside: the first and last frames are measured on
    whole windows too. An utterance shorter than one analysis window is right-padded with zeros.

    Args:
        waveform: float32 `(..., samples)`, silent after the end of each utterance.
        params: Settings.
        total: Number of frames of the whole padded waveform.
        num_samples: Integers `(...)`, the valid samples of each utterance, or None when all are valid.

    Returns:
        F0 in Hz, 0 when unvoiced, and the voicing probability in [0, 1], which is the height of the autocorrelation's
        peak; both float32 `(..., frames)`.
    """
    lag, height = _best_peak(_autocorrelation(_lower(waveform, params), params), params)
    lag, height = _on_frames(lag, height, params, total, num_samples)
    voicing = tf.clip_by_value(height, 0.0, 1.0)
    hz = tf.where(voicing >= params.voicing_cutoff, params.lowered.sample_rate_hz / lag, tf.zeros_like(lag))
    return _continuous(hz, framing.frame_mask(total, params, num_samples), params), voicing


def _lower(waveform: tf.Tensor, params: PitchParams) -> tf.Tensor:
    """Low-passes and decimates: `(..., samples)` -> `(..., fewer samples)`, at least one analysis window.

    Voices carry no pitch information above a few kHz, and all later steps then cost half as much. Only samples for
    which the filter lies within the waveform are kept, which avoids transients at its ends.
    """
    samples = np.arange(params.low_pass_samples) - (params.low_pass_samples - 1) / 2.0
    taps = np.sinc(_PASS_BAND * samples / params.rate_divisor) * np.hamming(params.low_pass_samples)
    missing = tf.maximum(params.analysis.window_samples - tf.shape(waveform)[-1], 0)
    padded = tf.pad(waveform, [[0, 0]] * (waveform.shape.rank - 1) + [[0, missing]])
    return strided.thin_out(padded, taps / taps.sum(), params.rate_divisor)


def _autocorrelation(waveform: tf.Tensor, params: PitchParams) -> tf.Tensor:
    """Computes the normalised autocorrelation `(..., windows, lags)` for lags from `low_lag - 1` to `high_lag + 1`."""
    length, first, last = params.lowered.window_samples, params.low_lag - 1, params.high_lag + 1
    frames = framing.frame(waveform, params.lowered)
    frames -= tf.reduce_mean(frames, axis=-1, keepdims=True)
    fft_samples = _fast_length(length + last)
    spectrum = tf.signal.rfft(frames, [fft_samples])
    products = tf.signal.irfft(spectrum * tf.math.conj(spectrum), [fft_samples])
    # Lag k pairs samples [0, length - k) with samples [k, length): all but k samples at each end count twice.
    ends = tf.square(frames[..., :last]) + tf.reverse(tf.square(frames[..., length - last :]), axis=[-1])
    total = 2.0 * products[..., :1]
    # Multiplying by ones below a diagonal sums in the same order as `tf.cumsum`, but faster.
    up_to = tf.constant(np.triu(np.ones([last, last], np.float32))[:, first - 1 :])
    energy = total - tf.matmul(ends, up_to)
    floor = _SMALLEST_SHARE * total + 2.0 * params.silence_rms**2 * length
    return 2.0 * products[..., first : last + 1] / (tf.maximum(energy, 0.0) + floor)


def _best_peak(correlation: tf.Tensor, params: PitchParams) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns lag and height of the best peak, both `(..., windows)`; height 0 where there is no peak."""
    before, middle, after = correlation[..., :-2], correlation[..., 1:-1], correlation[..., 2:]
    lags = np.arange(params.low_lag, params.high_lag + 1)
    cost = tf.constant(params.octave_cost * np.log2(lags * params.low_hz / params.lowered.sample_rate_hz), tf.float32)
    is_peak = tf.logical_and(middle >= before, middle > after)
    # A correlation is at most 1 and the cost a few tenths; a peak above zero always beats -2.
    best = tf.argmax(tf.where(is_peak, middle - cost, -2.0), axis=-1, output_type=tf.int32)
    around = [
        tf.gather(correlation, best + offset, axis=-1, batch_dims=correlation.shape.rank - 1) for offset in (0, 1, 2)
    ]
    found = tf.logical_and(around[1] >= around[0], around[1] > around[2])
    curvature = 2.0 * around[1] - around[0] - around[2]
    shift = tf.math.divide_no_nan(0.5 * (around[2] - around[0]), curvature)
    height = around[1] + 0.25 * (around[2] - around[0]) * shift
    lag = tf.cast(best + params.low_lag, tf.float32) + shift
    return tf.where(found, lag, float(params.low_lag)), tf.where(found, height, 0.0)


def _on_frames(
    lag: tf.Tensor, height: tf.Tensor, params: PitchParams, total: tf.Tensor, num_samples: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives each of `total` frames the analysis window centred on it, or the nearest one inside the utterance.

    Args:
        lag: `(..., windows)`.
        height: `(..., windows)`.
        params: Settings.
        total: Number of frames.
        num_samples: Integers `(...)` or None.

    Returns:
        Lag and height, each `(..., frames)`.
    """
    centred = tf.maximum(tf.range(total) - params.lead_frames, 0)
    final = tf.shape(lag)[-1] - 1
    batch_dims = 0
    if num_samples is not None:
        windows = framing.num_frames(tf.cast(num_samples, tf.int32), params.analysis)
        final = tf.minimum(windows - 1, final)[..., tf.newaxis]
        batch_dims = lag.shape.rank - 1
    index = tf.minimum(centred, final)
    return tf.gather(lag, index, axis=-1, batch_dims=batch_dims), tf.gather(
        height, index, axis=-1, batch_dims=batch_dims
    )


def _continuous(hz: tf.Tensor, mask: tf.Tensor | None, params: PitchParams) -> tf.Tensor:
    """Keeps F0 where it continues for some frames without a jump, and sets it to 0 elsewhere.

    A voice glides; a leap by more than `largest_step` within a hop is an octave error or noise that happens to
    correlate.
    """
    reach = params.min_run_frames // 2
    if not reach:
        return hz
    previous, current, _ = contours.shifted(hz[..., tf.newaxis], mask, 1)
    both = tf.logical_and(previous > 0.0, current > 0.0)
    joined = tf.logical_and(both, tf.abs(current - previous) <= params.largest_step * tf.minimum(current, previous))
    links = contours.shifted(tf.cast(joined, tf.float32), mask, reach)
    # Frames t - reach .. t + reach form a run when the links into t - reach + 1 .. t + reach all hold.
    together = tf.reduce_min(tf.stack(links[1:]), axis=0)
    kept = tf.reduce_max(tf.stack(contours.shifted(together, mask, reach)), axis=0)[..., 0]
    return hz * kept


def _fast_length(samples: int) -> int:
    """Returns the smallest even product of 2, 3 and 5 that is at least `samples`."""
    candidates = (2**two * 3**three * 5**five for two in range(1, 16) for three in range(8) for five in range(6))
    return min(length for length in candidates if length >= samples)
