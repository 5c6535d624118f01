"""Levels of the 256 codes of A-law and mu-law, the companded 8-bit samples of telephony (ITU-T G.711).

Both are on the scale of 16-bit samples, as libsndfile decodes them.
"""

import numpy as np
import numpy.typing as npt


def _alaw_levels() -> npt.NDArray[np.float32]:
    """Sign, exponent of 3 bits and mantissa of 4, every second bit inverted."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = np.where(exponent == 0, mantissa * 16 + 8, mantissa * 16 + 264 << np.maximum(exponent - 1, 0))
    return np.where(code & 128, magnitude, -magnitude).astype(np.float32)


def _mulaw_levels() -> npt.NDArray[np.float32]:
    """Sign, exponent of 3 bits and mantissa of 4, all bits inverted."""
    code = ~np.arange(256) & 255
    exponent, mantissa = code >> 4 & 7, code & 15
    magnitude = (mantissa * 8 + 132 << exponent) - 132
    return np.where(code & 128, -magnitude, magnitude).astype(np.float32)


ALAW_LEVELS, MULAW_LEVELS = _alaw_levels(), _mulaw_levels()
