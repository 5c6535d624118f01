"""Raw spectral features of mirsamadi2017 §3: 257-dimensional magnitude spectra, 100 frames per second."""

import dataclasses

import tensorflow as tf

from ser_tf.features import framing, stft
from ser_tf.features.spec import FeatureSpec


@dataclasses.dataclass(frozen=True)
class SpectralParams(stft.StftParams):
    """Settings of the spectral features."""

    window_seconds: float = 0.025  # §3
    hop_seconds: float = 0.010  # §3: 100 frames/s
    window_shape: str = stft.HAMMING  # not stated; see ledger (window)
    fft_samples: int = 512  # §3: 257-dimensional magnitude FFT vectors


def spectral(waveform: tf.Tensor, params: SpectralParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Computes linear magnitude spectra (mirsamadi2017 §3).

    Args:
        waveform: float32 `(..., samples)` in [-1, 1].
        params: Settings.
        num_samples: Integers `(...)`, the valid samples of each right-padded utterance, or None when all are valid.

    Returns:
        float32 `(..., frames, 257)`; frames after the end of an utterance are zero.

    Deviations:
        The paper does not say whether the magnitude is logarithmic (here: linear) or which window it uses (here:
        Hamming).
    """
    magnitude = stft.magnitude(framing.silence_padding(waveform, num_samples), params)
    return framing.zero_padding_frames(magnitude, params, num_samples)


def spectral_names(params: SpectralParams) -> tuple[str, ...]:
    """Names of the dimensions: the frequency of each bin."""
    return tuple(f"magnitude_{index * params.sample_rate_hz / params.fft_samples:g}hz" for index in range(params.bins))


def spectral_spec(params: SpectralParams | None = None) -> FeatureSpec:
    """Returns the spectral features of mirsamadi2017, by default with the paper's settings."""
    params = params or SpectralParams()
    return FeatureSpec("spectral", params, spectral, params.bins, spectral_names(params))


SPECTRAL = spectral_spec()
"""257-dimensional magnitude spectra (mirsamadi2017 §3)."""
