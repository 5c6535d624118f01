"""Log mel spectra and mel-frequency cepstral coefficients."""

import dataclasses

import numpy as np
import tensorflow as tf

from ser_tf.features import framing, mel, stft
from ser_tf.features.spec import FeatureSpec


@dataclasses.dataclass(frozen=True)
class LogMelParams(stft.StftParams):
    """Natural logarithm of a mel filterbank on power spectra; defaults are mao2020's, or librosa's where it is silent.

    Attributes:
        bands: Number of mel bands.
        low_hz: Lower edge of the first band.
        high_hz: Upper edge of the last band.
        mel_scale: `mel.HTK` or `mel.SLANEY`.
        unit_area: Whether filters have unit area (Slaney) rather than a peak of one.
        log_floor: Minimum band power; smaller values are replaced by it.
        pre_emphasis: `y[n] = x[n] - pre_emphasis * x[n - 1]` before framing, with x[-1] = 0.
    """

    window_seconds: float = 0.025  # mao2020 §2.1.1
    hop_seconds: float = 0.010  # mao2020 §2.1.1
    window_shape: str = stft.HANN  # not stated; see ledger
    fft_samples: int = 512  # mao2020 §2.1.1
    bands: int = 64  # mao2020 §2.1.1
    low_hz: float = 0.0  # not stated; see ledger
    high_hz: float = 8000.0  # not stated; see ledger
    mel_scale: str = mel.SLANEY  # not stated; see ledger
    unit_area: bool = True  # not stated; see ledger
    log_floor: float = 1e-10  # not stated; see ledger
    pre_emphasis: float = 0.0


@dataclasses.dataclass(frozen=True)
class MfccParams(LogMelParams):
    """Cepstral coefficients of a log mel spectrum; defaults are lee2020's, with the same frames as mao2020.

    Attributes:
        coefficients: Number of coefficients to keep.
        first_coefficient: 0 starts at the mean log energy (c0), 1 after it.
        lifter: Length of the sine lifter, 0 for none. As in librosa, coefficient n is weighted by `1 + lifter / 2 *
            sin(pi * (n + 1) / lifter)`. HTK has n in place of n + 1; the difference is a constant factor for each
            coefficient, which normalisation removes.
    """

    window_shape: str = stft.HAMMING  # lee2020 §4.2
    bands: int = 40  # not stated; see ledger
    mel_scale: str = mel.HTK  # not stated; see ledger
    unit_area: bool = False  # not stated; see ledger
    coefficients: int = 40  # lee2020 §4.2
    first_coefficient: int = 0  # not stated; see ledger
    lifter: int = 0  # not stated; see ledger


def pre_emphasise(waveform: tf.Tensor, coefficient: float) -> tf.Tensor:
    """Applies the high-pass filter `y[n] = x[n] - coefficient * x[n - 1]`, x[-1] = 0, to float32 `(..., samples)`."""
    if not coefficient:
        return waveform
    first, rest = waveform[..., :1], waveform[..., 1:] - coefficient * waveform[..., :-1]
    return tf.concat([first, rest], axis=-1)


def log_mel(waveform: tf.Tensor, params: LogMelParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Computes the natural logarithm of mel band powers.

    Args:
        waveform: float32 `(..., samples)` in [-1, 1].
        params: Settings.
        num_samples: Integers `(...)`, the valid samples of each right-padded utterance, or None when all are valid.

    Returns:
        float32 `(..., frames, bands)`; frames after the end of an utterance are zero.
    """
    return framing.zero_padding_frames(_log_mel(waveform, params, num_samples), params, num_samples)


def mfcc(waveform: tf.Tensor, params: MfccParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Computes mel-frequency cepstral coefficients: the orthonormal DCT-II of the log mel spectrum, liftered.

    Arguments and result as for `log_mel`, with `coefficients` dimensions.
    """
    return framing.zero_padding_frames(mfcc_frames(waveform, params, num_samples), params, num_samples)


def mfcc_frames(waveform: tf.Tensor, params: MfccParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Like `mfcc`, but does not zero the frames after the end of an utterance."""
    last = params.first_coefficient + params.coefficients
    orders = np.arange(last)
    transform = mel.dct_matrix(params.bands, last)
    if params.lifter:
        transform = transform * (1.0 + params.lifter / 2.0 * np.sin(np.pi * (orders + 1) / params.lifter))
    return tf.matmul(
        _log_mel(waveform, params, num_samples), tf.constant(transform[:, params.first_coefficient :], tf.float32)
    )


def _log_mel(waveform: tf.Tensor, params: LogMelParams, num_samples: tf.Tensor | None) -> tf.Tensor:
    weights = mel.filterbank(
        sample_rate_hz=params.sample_rate_hz,
        fft_samples=params.fft_samples,
        bands=params.bands,
        low_hz=params.low_hz,
        high_hz=params.high_hz,
        scale=params.mel_scale,
        unit_area=params.unit_area,
    )
    # Padding is silenced after the filter too, whose first output past the end still depends on the last sample.
    emphasised = framing.silence_padding(pre_emphasise(waveform, params.pre_emphasis), num_samples)
    power = stft.power(emphasised, params)
    return tf.math.log(tf.maximum(tf.matmul(power, tf.constant(weights, tf.float32)), params.log_floor))


def log_mel_spec(params: LogMelParams | None = None) -> FeatureSpec:
    """Log mel spectra; the defaults are those of mao2020."""
    params = params or LogMelParams()
    return FeatureSpec(
        "log_mel", params, log_mel, params.bands, tuple(f"log_mel_{band}" for band in range(params.bands))
    )


def mfcc_spec(params: MfccParams | None = None) -> FeatureSpec:
    """Mel-frequency cepstral coefficients; the defaults are those of lee2020."""
    params = params or MfccParams()
    orders = range(params.first_coefficient, params.first_coefficient + params.coefficients)
    return FeatureSpec("mfcc", params, mfcc, params.coefficients, tuple(f"mfcc_{order}" for order in orders))


LOG_MEL = log_mel_spec()
"""64-bin log mel spectra (mao2020)."""


MFCC = mfcc_spec()
"""40 MFCC (lee2020)."""
