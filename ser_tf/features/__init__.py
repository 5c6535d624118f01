"""Features as pure TensorFlow functions of a waveform, and what others need to know about each.

A feature function has the signature `f(waveform, params, num_samples=None) -> features`: float32 `(..., samples)` at
16 kHz in [-1, 1] to float32 `(..., frames, dims)`. It uses core TensorFlow operations only, keeps no state, and takes
right-padded batches: the first `num_frames(num_samples)` frames are those of the utterance alone and the others are
zero.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ser_tf.features import framing, lld, mfcc, spectral, spectrogram
from ser_tf.features.lld import LLD_NAMES, LldParams
from ser_tf.features.mfcc import LogMelParams, MfccParams
from ser_tf.features.spectral import SpectralParams
from ser_tf.features.spectrogram import LogSpectrogramParams, SpectrogramParams


@dataclasses.dataclass(frozen=True)
class FeatureSpec:
    """A feature with its settings: all that is needed to compute, name and store it. Picklable.

    Attributes:
        name: Of the feature, as the papers' tables call it.
        params: Its frozen settings.
        function: The feature function, defined at the top of a module.
        dims: Size of the last axis.
        names: Name of each dimension.
        revision: Of the function: raised when a change of the code changes the values, so that stored features are
            made anew.
    """

    name: str
    params: framing.FrameParams
    function: Callable[..., tf.Tensor]
    dims: int
    names: tuple[str, ...]
    revision: int = 1

    def __post_init__(self) -> None:
        """Checks that every dimension has a name.

        Raises:
            ValueError: the number of names is not `dims`.
        """
        if len(self.names) != self.dims:
            raise ValueError(f"feature {self.name} has {self.dims} dimensions and {len(self.names)} names")

    def __call__(self, waveform: tf.Tensor, num_samples: tf.Tensor | None = None) -> tf.Tensor:
        """Computes the feature: float32 `(..., samples)`, integers `(...)` -> float32 `(..., frames, dims)`."""
        return self.function(waveform, self.params, num_samples)

    def num_frames(self, num_samples: framing.Count) -> framing.Count:
        """Number of frames of an utterance, for a Python integer or an integer tensor."""
        return framing.num_frames(num_samples, self.params)

    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of name, revision and settings; the same in every process and on every machine."""
        settings: dict[str, Any] = {
            "name": self.name,
            "revision": self.revision,
            "params": dataclasses.asdict(self.params),
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode("utf-8")).hexdigest()


def spectral_spec(params: SpectralParams | None = None) -> FeatureSpec:
    """The spectral features of mirsamadi2017 with other settings."""
    params = params or SpectralParams()
    return FeatureSpec("spectral", params, spectral.spectral, params.bins, spectral.spectral_names(params))


def lld_spec(params: LldParams | None = None) -> FeatureSpec:
    """The low-level descriptors of mirsamadi2017 with other settings."""
    return FeatureSpec("lld", params or LldParams(), lld.lld, len(LLD_NAMES), LLD_NAMES)


def log_mel_spec(params: LogMelParams | None = None) -> FeatureSpec:
    """Log mel spectra; the defaults are those of mao2020."""
    params = params or LogMelParams()
    return FeatureSpec(
        "log_mel", params, mfcc.log_mel, params.bands, tuple(f"log_mel_{band}" for band in range(params.bands))
    )


def mfcc_spec(params: MfccParams | None = None) -> FeatureSpec:
    """Mel-frequency cepstral coefficients; the defaults are those of lee2020."""
    params = params or MfccParams()
    orders = range(params.first_coefficient, params.first_coefficient + params.coefficients)
    return FeatureSpec("mfcc", params, mfcc.mfcc, params.coefficients, tuple(f"mfcc_{order}" for order in orders))


def magnitude_spectrogram_spec(params: SpectrogramParams | None = None) -> FeatureSpec:
    """Linear spectrograms of the lowest bins; the defaults are those of zhang2018."""
    params = params or SpectrogramParams()
    names = _lowest_names("magnitude", params)
    return FeatureSpec("magnitude_spectrogram", params, spectrogram.magnitude_spectrogram, params.lowest_bins, names)


def log_spectrogram_spec(params: LogSpectrogramParams | None = None) -> FeatureSpec:
    """Log spectrograms of the lowest bins; the defaults are those of zhang2018."""
    params = params or LogSpectrogramParams()
    names = _lowest_names("log", params)
    return FeatureSpec("log_spectrogram", params, spectrogram.log_spectrogram, params.lowest_bins, names)


def _lowest_names(kind: str, params: SpectrogramParams) -> tuple[str, ...]:
    """Names of the dimensions: the frequency of each bin."""
    return tuple(
        f"{kind}_{index * params.sample_rate_hz / params.fft_samples:g}hz" for index in range(params.lowest_bins)
    )


SPECTRAL = spectral_spec()
"""257-dimensional magnitude spectra (mirsamadi2017 §3)."""

LLD = lld_spec()
"""32 low-level descriptors (mirsamadi2017 §3)."""

LOG_MEL = log_mel_spec()
"""64-bin log mel spectra (mao2020)."""

MFCC = mfcc_spec()
"""40 MFCC (lee2020)."""

LOG_SPECTROGRAM = log_spectrogram_spec()
"""Log magnitude of 200 bins, 0-4 kHz (zhang2018)."""

LOG_POWER_SPECTROGRAM = log_spectrogram_spec(spectrogram.ANDO2019)
"""Log power of 400 bins, 0-4 kHz (ando2019)."""
