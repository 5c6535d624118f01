"""Limits shared by all readers of recordings: training, prediction and the served graph accept the same files.

Only NumPy is imported here, which lets readers without TensorFlow use them too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

MODEL_SAMPLE_RATE_HZ = 16_000
"""All models hear this rate; recordings of other rates are resampled to it."""
MIN_SAMPLE_RATE_HZ = 4_000
"""Speech below half of this carries no emotion that the features could see; lower rates are header errors."""
MAX_SAMPLE_RATE_HZ = 192_000
"""Highest rate of common sound cards. A resampling filter grows with the rate: an absurd one would cost gigabytes."""
MAX_ABS_SAMPLE = 16.0
"""Largest magnitude of a float sample, before channels are mixed. Full scale is 1 and mixing may overshoot it a little;
larger samples are on another scale (integers stored as floats)."""
MAX_CHANNELS = 1_024
"""Largest number of channels, as in libsndfile."""
MAX_SAMPLES = 2**29
"""Largest number of samples of all channels to decode at once: 2 GiB as float32, three hours at 48 kHz. A header can
claim any number, in a file of a few bytes."""
MAX_WAV_CHUNKS = 256
"""Number of RIFF chunks to look at for the samples; real files have fewer than ten before their data."""


def sample_rate_problem(sample_rate_hz: int) -> str:
    """Explains why a sampling rate is refused.

    Args:
        sample_rate_hz: Rate as the file states it.

    Returns:
        A sentence that begins with "its rate", or "" if the rate is accepted.
    """
    if MIN_SAMPLE_RATE_HZ <= sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
        return ""
    return f"its rate of {sample_rate_hz} Hz is not between {MIN_SAMPLE_RATE_HZ} and {MAX_SAMPLE_RATE_HZ}"


def channels_problem(channels: int) -> str:
    """Explains why a number of channels is refused; "" if it is accepted."""
    if channels == 0:
        return "it has no channels"
    return "" if channels <= MAX_CHANNELS else f"it has {channels} channels, more than {MAX_CHANNELS}"


def samples_problem(samples: npt.NDArray[np.floating[Any]]) -> str:
    """Explains why decoded samples are refused.

    Args:
        samples: Floats of any shape, full scale 1, channels not yet mixed.

    Returns:
        A sentence that begins with "it" or "its", or "" if the samples are accepted.
    """
    if not np.isfinite(samples).all():
        return "it has samples that are not finite (NaN or infinite)"
    peak = float(np.abs(samples).max(initial=0.0))
    return "" if peak <= MAX_ABS_SAMPLE else f"its samples reach {peak:.1f}; full scale is 1"
