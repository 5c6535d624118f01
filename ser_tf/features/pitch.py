"""Fundamental frequency and voicing probability from the autocorrelation (Boersma 1993)."""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from ser_tf.features import contours, framing, stft


@dataclasses.dataclass(frozen=True)
class PitchParams(framing.FrameParams):
    """Settings of the pitch analysis; F0 <= 500 Hz and the voicing cut-off are those of openSMILE's IS09 set.

    Attributes:
        analysis_seconds: Window of the autocorrelation, centred on each frame. A frame of 25 ms holds only one and a
            half periods of a 60 Hz voice, too few to be compared with each other; the frame rate is not touched.
        low_hz: Lowest F0.
        high_hz: Highest F0.
        band_hz: The autocorrelation is taken over the spectrum up to here.
        voicing_cutoff: Frames of a lower voicing probability are unvoiced.
        octave_cost: By how much correlation a candidate an octave higher is preferred, against subharmonics.
        silence_rms: Frames are unvoiced when their level is well below this one: less than the last bit of 16.
        median_frames: Voiced F0 is replaced by the median of the voiced F0 in this many frames around it; 1 switches
            this off.
    """

    analysis_seconds: float = 0.050  # not stated; see ledger
    low_hz: float = 50.0  # not stated; see ledger
    high_hz: float = 500.0  # not stated; see ledger
    band_hz: float = 4000.0  # not stated; see ledger
    voicing_cutoff: float = 0.55  # not stated; see ledger
    octave_cost: float = 0.02  # not stated; see ledger
    silence_rms: float = 1e-5  # not stated; see ledger
    median_frames: int = 5  # not stated; see ledger

    @property
    def analysis_samples(self) -> int:
        """Length of the analysis window in samples."""
        return round(self.analysis_seconds * self.sample_rate_hz)

    @property
    def low_lag(self) -> int:
        """Shortest period in samples."""
        return math.floor(self.sample_rate_hz / self.high_hz)

    @property
    def high_lag(self) -> int:
        """Longest period in samples."""
        return math.ceil(self.sample_rate_hz / self.low_hz)


def pitch_frames(waveform: tf.Tensor, params: PitchParams, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """F0 and voicing probability of each frame.

    Args:
        waveform: float32 `(..., samples)`, silent behind the end of each utterance.
        params: Settings.
        mask: bool `(..., frames)`, True on the valid frames.

    Returns:
        F0 in Hz, 0 when unvoiced, and the voicing probability in [0, 1], which is the height of the autocorrelation's
        peak; both float32 `(..., frames)`.
    """
    correlation = _autocorrelation(waveform, params)
    lag, height = _best_peak(correlation, params)
    voicing = tf.clip_by_value(height, 0.0, 1.0)
    hz = tf.where(voicing >= params.voicing_cutoff, params.sample_rate_hz / lag, tf.zeros_like(lag))
    return _voiced_median(hz, mask, params.median_frames), voicing


def _autocorrelation(waveform: tf.Tensor, params: PitchParams) -> tf.Tensor:
    """Autocorrelation over that of the window, 1 at lag 0: `(..., frames, lags)`, `low_lag - 1` to `high_lag + 1`."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * (np.arange(params.analysis_samples) + 0.5) / params.analysis_samples)
    fft_samples = _fast_length(params.analysis_samples + params.high_lag + 2)
    bins = min(int(params.band_hz * fft_samples / params.sample_rate_hz) + 1, fft_samples // 2 + 1)
    weights, energy = _inverse_transform(window, params, fft_samples, bins)
    frames = framing.frame(waveform, params, window_samples=params.analysis_samples)
    taper = tf.constant(window, tf.float32)
    mean = tf.reduce_sum(frames * taper, axis=-1, keepdims=True) / float(window.sum())
    spectrum = tf.signal.rfft((frames - mean) * taper, [fft_samples])[..., :bins]
    power = stft.squared(spectrum)
    zero_lag = tf.reduce_sum(power * tf.constant(energy, tf.float32), axis=-1, keepdims=True)
    floor = params.silence_rms**2 * float(np.sum(window**2))
    return tf.matmul(power, tf.constant(weights, tf.float32)) / (zero_lag + floor)


def _inverse_transform(
    window: np.ndarray, params: PitchParams, fft_samples: int, bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine transforms that turn a power spectrum up to `band_hz` into an autocorrelation.

    A matrix over the few lags wanted costs less than a whole inverse FFT, and the division by the window's own
    autocorrelation (Boersma 1993, eq. 9) is a factor a column.

    Returns:
        float64 `(bins, lags)` for the lags wanted, normalised by the window's; float64 `(bins,)` for lag 0.
    """
    lags = np.arange(params.low_lag - 1, params.high_lag + 2)
    sides = np.where(np.arange(bins) % (fft_samples / 2) == 0, 1.0, 2.0) / fft_samples
    cosines = np.cos(2.0 * np.pi * np.outer(np.arange(bins), lags) / fft_samples) * sides[:, np.newaxis]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, fft_samples)) ** 2, fft_samples)
    return cosines * (own[0] / own[lags]), sides


def _best_peak(correlation: tf.Tensor, params: PitchParams) -> tuple[tf.Tensor, tf.Tensor]:
    """Lag and height of the peak that wins, both `(..., frames)`; height 0 where there is no peak."""
    before, middle, after = correlation[..., :-2], correlation[..., 1:-1], correlation[..., 2:]
    lags = np.arange(params.low_lag, params.high_lag + 1)
    cost = tf.constant(params.octave_cost * np.log2(lags * params.low_hz / params.sample_rate_hz), tf.float32)
    is_peak = tf.logical_and(middle >= before, middle > after)
    # A correlation is at most 1 and the cost a few hundredths, so a peak above zero always wins over -2.
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


def _voiced_median(hz: tf.Tensor, mask: tf.Tensor, frames: int) -> tf.Tensor:
    """Median over the voiced frames around each voiced frame (the lower of two middle ones); unvoiced frames stay 0."""
    if frames <= 1:
        return hz
    around = tf.concat(contours.shifted(hz[..., tf.newaxis], mask, frames // 2), axis=-1)
    ordered = tf.sort(around, axis=-1)
    unvoiced = tf.reduce_sum(tf.cast(around <= 0.0, tf.int32), axis=-1)
    middle = tf.minimum(unvoiced + (frames - unvoiced - 1) // 2, frames - 1)
    median = tf.gather(ordered, middle, axis=-1, batch_dims=hz.shape.rank)
    return tf.where(hz > 0.0, median, tf.zeros_like(hz))


def _fast_length(samples: int) -> int:
    """The smallest even product of 2, 3 and 5 that is not below `samples`."""
    candidates = (2**two * 3**three * 5**five for two in range(1, 16) for three in range(8) for five in range(6))
    return min(length for length in candidates if length >= samples)
