"""The features as librosa computes them, with the same settings, for `experiments.benchmark_features`."""

from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt

from ser_tf.data.audio import SAMPLE_RATE_HZ as RATE_HZ
from ser_tf.features import mel
from ser_tf.features.mfcc import LOG_MEL, MFCC, LogMelParams
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import LOG_POWER_SPECTROGRAM as LOG_POWER
from ser_tf.features.spectrogram import LOG_SPECTROGRAM as LOG_MAGNITUDE
from ser_tf.features.stft import StftParams
from ser_tf.papers.mirsamadi2017.lld import LLD
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL

PYIN_FRAME_SAMPLES = 1024


def librosa_magnitude(waveform: npt.NDArray[Any], params: StftParams) -> npt.NDArray[Any]:
    """Magnitudes `(bins, frames)` as librosa computes them."""
    lengths: dict[str, Any] = {
        "n_fft": params.fft_samples,
        "win_length": params.window_samples,
        "hop_length": params.hop_samples,
    }
    return np.abs(librosa.stft(waveform, **lengths, window=params.window_shape, center=False))


def librosa_log_mel(waveform: npt.NDArray[Any], params: LogMelParams) -> npt.NDArray[Any]:
    """Log mel band powers `(bands, frames)`."""
    bands = librosa.feature.melspectrogram(
        S=librosa_magnitude(waveform, params) ** 2,
        sr=params.sample_rate_hz,
        n_mels=params.bands,
        fmin=params.low_hz,
        fmax=params.high_hz,
        htk=params.mel_scale == mel.HTK,
        norm="slaney" if params.unit_area else None,
    )
    return np.log(np.maximum(bands, params.log_floor))


def librosa_log_spectrogram(waveform: npt.NDArray[Any], spec: FeatureSpec) -> npt.NDArray[Any]:
    """Log magnitude or power of the lowest bins."""
    params: Any = spec.params
    magnitude = librosa_magnitude(waveform, params)[: spec.dims]
    return np.log(np.maximum(magnitude**params.exponent, params.log_floor))


def librosa_lld(waveform: npt.NDArray[Any], f0: Callable[..., Any]) -> npt.NDArray[Any]:
    """The low-level descriptors and their deltas, with F0 by `librosa.yin` or `librosa.pyin`."""
    params: Any = LLD.params
    frames: dict[str, Any] = {"frame_length": params.window_samples, "hop_length": params.hop_samples, "center": False}
    pitch = {"fmin": params.pitch.low_hz, "fmax": params.pitch.high_hz, "sr": RATE_HZ}
    estimate = f0(waveform, **pitch, frame_length=PYIN_FRAME_SAMPLES, hop_length=params.hop_samples, center=True)
    f0_hz = np.nan_to_num(estimate[0] if isinstance(estimate, tuple) else estimate)[np.newaxis]
    emphasised = librosa.effects.preemphasis(waveform, coef=params.mfcc.pre_emphasis)
    cepstrum = librosa.feature.mfcc(
        S=librosa_log_mel(emphasised, params.mfcc), n_mfcc=13, lifter=params.mfcc.lifter, norm="ortho"
    )
    rate = librosa.feature.zero_crossing_rate(waveform, **frames)
    parts = [f0_hz, librosa.feature.rms(y=waveform, **frames), rate, cepstrum[1:]]
    count = min(part.shape[1] for part in parts)
    contours = np.concatenate([part[:, :count] for part in parts])
    return np.concatenate([contours, librosa.feature.delta(contours, width=5, mode="nearest")])


def _params(spec: FeatureSpec) -> Any:
    """A feature's settings, of whatever kind they are."""
    return spec.params


LIBROSA: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "stft": lambda waveform: librosa_magnitude(waveform, _params(SPECTRAL)),
    "mfcc, rms, zcr, yin, delta": lambda waveform: librosa_lld(waveform, librosa.yin),
    "mfcc, rms, zcr, pyin, delta": lambda waveform: librosa_lld(waveform, librosa.pyin),
    "melspectrogram": lambda waveform: librosa_log_mel(waveform, _params(LOG_MEL)),
    "mfcc": lambda waveform: librosa.feature.mfcc(S=librosa_log_mel(waveform, _params(MFCC)), n_mfcc=MFCC.dims),
    "stft, 800 points": lambda waveform: librosa_log_spectrogram(waveform, LOG_MAGNITUDE),
    "stft, 1600 points": lambda waveform: librosa_log_spectrogram(waveform, LOG_POWER),
}
