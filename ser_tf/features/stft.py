"""Windows and short-time spectra, built on the frames of `framing`."""

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.features import framing

HAMMING = "hamming"
HANN = "hann"

_TINY = 1e-30
_RAISED_COSINES = {HAMMING: 0.54, HANN: 0.5}


@dataclasses.dataclass(frozen=True)
class StftParams(framing.FrameParams):
    """A short-time Fourier transform.

    Attributes:
        window_shape: `HAMMING` or `HANN`.
        fft_samples: Length of the transform; frames are zero-padded to it on the right.
    """

    window_shape: str = HAMMING
    fft_samples: int = 512

    def __post_init__(self) -> None:
        """Checks that a frame fits into the transform.

        Raises:
            ValueError: the frame is longer than the transform.
        """
        if self.fft_samples < self.window_samples:
            raise ValueError(
                f"a window of {self.window_samples} samples needs a longer fft_samples than {self.fft_samples}"
            )

    @property
    def bins(self) -> int:
        """Number of frequency bins from 0 Hz to half the sample rate."""
        return self.fft_samples // 2 + 1


def window(shape: str, samples: int) -> npt.NDArray[Any]:
    """Returns a periodic window, float64 `(samples,)`.

    The window is periodic (one period of the cosine without its last point, as in librosa and
    `scipy.signal.get_window`) rather than symmetric (as in HTK). The two differ by less than 1% of the window's height
    at 400 samples, and the periodic one can be checked against librosa.

    Raises:
        ValueError: the shape is unknown.
    """
    if shape not in _RAISED_COSINES:
        raise ValueError(f"window shape {shape!r} is unknown: use {HAMMING!r} or {HANN!r}")
    level = _RAISED_COSINES[shape]
    return level - (1.0 - level) * np.cos(2.0 * np.pi * np.arange(samples) / samples)


def magnitude(waveform: tf.Tensor, params: StftParams) -> tf.Tensor:
    """Computes magnitudes of the windowed short-time spectrum.

    Args:
        waveform: float32 `(..., samples)`, silent after the end of each utterance.
        params: Frames and transform.

    Returns:
        float32 `(..., frames, bins)`.
    """
    squares = power(waveform, params)
    # x / sqrt(x) is exactly 0 for silence, with a finite gradient; `tf.abs` would take twice as long.
    return squares * tf.math.rsqrt(squares + _TINY)


def power(waveform: tf.Tensor, params: StftParams) -> tf.Tensor:
    """Computes squared magnitudes of the windowed short-time spectrum; arguments and result as for `magnitude`."""
    return squared(_spectrum(waveform, params))


def squared(spectrum: tf.Tensor) -> tf.Tensor:
    """Computes the squared magnitude of a complex tensor without the square root that `tf.abs` would take."""
    return tf.square(tf.math.real(spectrum)) + tf.square(tf.math.imag(spectrum))


def _spectrum(waveform: tf.Tensor, params: StftParams) -> tf.Tensor:
    # Cutting frames as long as the transform, under a window that ends in zeros, saves the pass over memory that
    # padding them would take.
    taper = np.zeros(params.fft_samples)
    taper[: params.window_samples] = window(params.window_shape, params.window_samples)
    frames = framing.frame(waveform, params, params.fft_samples)
    return tf.signal.rfft(frames * tf.constant(taper, tf.float32), [params.fft_samples])
