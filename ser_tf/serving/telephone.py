"""Recordings that a telephone, or another narrow line, has passed although their sampling rate does not show it."""

import numpy as np
import numpy.typing as npt

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ

LIMIT_HZ = 4_000
"""Highest frequency that a telephone passes; half of its sampling rate."""
MAX_DECIBEL = -40.0
"""Level above the limit, relative to that of speech below it, that a narrow line does not reach. Of real recordings
none of EmoDB and RAVDESS is below -28; those that were resampled to 8 kHz and back are below -46, rounding included."""
_UPPER_HZ, _SPEECH_HZ = (4_400, 7_600), (300, 3_600)
"""Bands that are compared; the filters of resamplers leak a little above the limit."""
_FRAME_SAMPLES = 1024
_FRAMES_AT_ONCE = 512


def is_narrow(waveform: npt.NDArray[np.float32]) -> bool:
    """Whether a recording at 16 kHz has speech, and nothing above 4 kHz.

    What was upsampled by repeating or interpolating samples has mirror images there and is not noticed.

    Args:
        waveform: float32 (samples,).
    """
    power = _mean_power(waveform)
    hertz = np.fft.rfftfreq(_FRAME_SAMPLES, 1 / MODEL_SAMPLE_RATE_HZ)
    upper, speech = (float(power[(hertz >= low) & (hertz < high)].mean()) for low, high in (_UPPER_HZ, _SPEECH_HZ))
    return speech > 0 and upper < speech * 10 ** (MAX_DECIBEL / 10)


def _mean_power(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Mean power spectrum, float64 (bins,), of frames that overlap by half."""
    padded = np.pad(waveform, (0, max(_FRAME_SAMPLES - len(waveform), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME_SAMPLES)[:: _FRAME_SAMPLES // 2]
    window = np.hanning(_FRAME_SAMPLES)
    total = np.zeros(_FRAME_SAMPLES // 2 + 1)
    for first in range(0, len(frames), _FRAMES_AT_ONCE):  # a long recording needs no more memory than a short one
        total += (np.abs(np.fft.rfft(frames[first : first + _FRAMES_AT_ONCE] * window)) ** 2).sum(axis=0)
    return total / len(frames)
