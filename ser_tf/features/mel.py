"""Mel filterbanks and the cosine transform, as constants computed once when a graph is traced."""

from typing import Any

import numpy as np
import numpy.typing as npt

HTK = "htk"
SLANEY = "slaney"

_SLANEY_STEP_HZ = 200.0 / 3.0
_SLANEY_KNEE_HZ = 1000.0
_SLANEY_KNEE_MEL = _SLANEY_KNEE_HZ / _SLANEY_STEP_HZ
_SLANEY_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: npt.NDArray[Any], scale: str) -> npt.NDArray[Any]:
    """Converts frequencies to mel, on HTK's scale (logarithmic) or Slaney's (linear below 1 kHz)."""
    hz = np.asarray(hz, np.float64)
    if scale == HTK:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    above = _SLANEY_KNEE_MEL + np.log(np.maximum(hz, _SLANEY_KNEE_HZ) / _SLANEY_KNEE_HZ) / _SLANEY_LOG_STEP
    return np.where(hz < _SLANEY_KNEE_HZ, hz / _SLANEY_STEP_HZ, above)


def mel_to_hz(mel: npt.NDArray[Any], scale: str) -> npt.NDArray[Any]:
    """Converts mel to frequencies; the inverse of `hz_to_mel`."""
    mel = np.asarray(mel, np.float64)
    if scale == HTK:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    above = _SLANEY_KNEE_HZ * np.exp(_SLANEY_LOG_STEP * (np.maximum(mel, _SLANEY_KNEE_MEL) - _SLANEY_KNEE_MEL))
    return np.where(mel < _SLANEY_KNEE_MEL, mel * _SLANEY_STEP_HZ, above)


def filterbank(
    *, sample_rate_hz: int, fft_samples: int, bands: int, low_hz: float, high_hz: float, scale: str, unit_area: bool
) -> npt.NDArray[Any]:
    """Returns triangular filters equal to those of `librosa.filters.mel`.

    Args:
        sample_rate_hz: Rate of the waveform.
        fft_samples: Length of the Fourier transform whose bins the filters weight.
        bands: Number of filters.
        low_hz: Lower edge of the first filter.
        high_hz: Upper edge of the last filter.
        scale: `HTK` or `SLANEY`, the scale on which the edges are equidistant. The triangles are linear in Hz.
        unit_area: True divides each filter by half its width in Hz (Slaney); False leaves its peak at one.

    Returns:
        float64 `(fft_samples // 2 + 1, bands)`.

    Raises:
        ValueError: the scale is unknown.
    """
    if scale not in (HTK, SLANEY):
        raise ValueError(f"mel scale {scale!r} is unknown: use {HTK!r} or {SLANEY!r}")
    ends = hz_to_mel(np.array([low_hz, high_hz]), scale)
    edges = mel_to_hz(np.linspace(ends[0], ends[1], bands + 2), scale)
    bins = np.arange(fft_samples // 2 + 1)[:, np.newaxis] * sample_rate_hz / fft_samples
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return weights * (2.0 / (edges[2:] - edges[:-2])) if unit_area else weights


def dct_matrix(bands: int, coefficients: int) -> npt.NDArray[Any]:
    """The orthonormal DCT-II as a matrix, float64 `(bands, coefficients)`, coefficient 0 first."""
    orders = np.arange(coefficients)
    basis = np.cos(np.pi * (np.arange(bands)[:, np.newaxis] + 0.5) * orders / bands)
    return basis * np.where(orders == 0, np.sqrt(1.0 / bands), np.sqrt(2.0 / bands))
