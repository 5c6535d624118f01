"""Linear and logarithmic spectrograms of the lowest bins (zhang2018, ando2019)."""

import dataclasses

import tensorflow as tf

from ser_tf.features import framing, stft
from ser_tf.features.spec import FeatureSpec

MAGNITUDE = 1.0
POWER = 2.0


@dataclasses.dataclass(frozen=True)
class SpectrogramParams(stft.StftParams):
    """The lowest bins of a short-time spectrum; defaults are those of zhang2018.

    Attributes:
        lowest_bins: Number of bins to keep, from 0 Hz.
    """

    window_seconds: float = 0.040  # zhang2018 §III-A, ando2019 §4.1
    hop_seconds: float = 0.010  # zhang2018 §III-A, ando2019 §4.1
    window_shape: str = stft.HAMMING  # zhang2018 §III-A, ando2019 §4.1
    fft_samples: int = 800  # zhang2018 §III-A: 20 Hz a bin
    lowest_bins: int = 200  # zhang2018 §III-A: 0-4 kHz

    def __post_init__(self) -> None:
        """Checks the bins.

        Raises:
            ValueError: there are more bins than the transform has.
        """
        super().__post_init__()
        if not 1 <= self.lowest_bins <= self.bins:
            raise ValueError(f"lowest_bins must lie in 1..{self.bins}, not {self.lowest_bins}")


@dataclasses.dataclass(frozen=True)
class LogSpectrogramParams(SpectrogramParams):
    """Natural logarithm of the lowest bins of a short-time spectrum; defaults are those of zhang2018.

    Attributes:
        exponent: Whether the logarithm is of the `MAGNITUDE` or the `POWER` of the spectrum.
        log_floor: Minimum under the logarithm; smaller values are replaced by it.
    """

    exponent: float = MAGNITUDE  # not stated; see ledger
    log_floor: float = 1e-5  # not stated; see ledger

    def __post_init__(self) -> None:
        """Checks the bins and the exponent.

        Raises:
            ValueError: there are more bins than the transform has, or the exponent is neither 1 nor 2.
        """
        super().__post_init__()
        if self.exponent not in (MAGNITUDE, POWER):
            raise ValueError(f"exponent must be {MAGNITUDE:g} or {POWER:g}, not {self.exponent:g}")


ANDO2019 = LogSpectrogramParams(fft_samples=1600, lowest_bins=400, exponent=POWER, log_floor=1e-10)
"""Log power of 400 bins of 10 Hz, 0-4 kHz (ando2019 §4.1; the floor is not stated, see ledger)."""


def magnitude_spectrogram(
    waveform: tf.Tensor, params: SpectrogramParams, num_samples: tf.Tensor | None = None
) -> tf.Tensor:
    """Computes the linear magnitude of the lowest bins; arguments and shape as for `log_spectrogram`."""
    magnitude = stft.magnitude(framing.silence_padding(waveform, num_samples), params)[..., : params.lowest_bins]
    return framing.zero_padding_frames(magnitude, params, num_samples)


def log_spectrogram(
    waveform: tf.Tensor, params: LogSpectrogramParams, num_samples: tf.Tensor | None = None
) -> tf.Tensor:
    """Computes the log magnitude or log power of the lowest bins.

    Args:
        waveform: float32 `(..., samples)` in [-1, 1].
        params: Settings.
        num_samples: Integers `(...)`, the valid samples of each right-padded utterance, or None when all are valid.

    Returns:
        float32 `(..., frames, lowest_bins)`; frames after the end of an utterance are zero.
    """
    power = stft.power(framing.silence_padding(waveform, num_samples), params)[..., : params.lowest_bins]
    floor = params.log_floor ** (POWER / params.exponent)
    logarithm = tf.math.log(tf.maximum(power, floor)) * (params.exponent / POWER)
    return framing.zero_padding_frames(logarithm, params, num_samples)


def magnitude_spectrogram_spec(params: SpectrogramParams | None = None) -> FeatureSpec:
    """Linear spectrograms of the lowest bins; the defaults are those of zhang2018."""
    params = params or SpectrogramParams()
    names = _lowest_names("magnitude", params)
    return FeatureSpec("magnitude_spectrogram", params, magnitude_spectrogram, params.lowest_bins, names)


def log_spectrogram_spec(params: LogSpectrogramParams | None = None) -> FeatureSpec:
    """Log spectrograms of the lowest bins; the defaults are those of zhang2018."""
    params = params or LogSpectrogramParams()
    names = _lowest_names("log", params)
    return FeatureSpec("log_spectrogram", params, log_spectrogram, params.lowest_bins, names)


def _lowest_names(kind: str, params: SpectrogramParams) -> tuple[str, ...]:
    """Names of the dimensions: the frequency of each bin."""
    return tuple(
        f"{kind}_{index * params.sample_rate_hz / params.fft_samples:g}hz" for index in range(params.lowest_bins)
    )


LOG_SPECTROGRAM = log_spectrogram_spec()
"""Log magnitude of 200 bins, 0-4 kHz (zhang2018)."""


LOG_POWER_SPECTROGRAM = log_spectrogram_spec(ANDO2019)
"""Log power of 400 bins, 0-4 kHz (ando2019)."""
