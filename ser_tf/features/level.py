"""Sound level of each frame, from which silence is told."""

import tensorflow as tf

from ser_tf.features import framing
from ser_tf.features.spec import FeatureSpec

_SMALLEST_POWER = 1e-12
"""Floor of the logarithm, -120 dB: below the last of 16 bits."""
_DECIBELS = 4.342944819032518
"""Of a natural logarithm of a power."""


def level(waveform: tf.Tensor, params: framing.FrameParams, num_samples: tf.Tensor | None = None) -> tf.Tensor:
    """Level of each frame in decibels below full scale; a constant offset of the waveform makes no sound.

    Args:
        waveform: float32 `(..., samples)` in [-1, 1].
        params: The time axis.
        num_samples: Integers `(...)`, the valid samples of each right-padded utterance; None: all.

    Returns:
        float32 `(..., frames, 1)`; frames after the end of an utterance are zero.
    """
    frames = framing.frame(framing.silence_padding(waveform, num_samples), params)
    power = tf.math.reduce_variance(frames, axis=-1, keepdims=True)
    decibels = _DECIBELS * tf.math.log(tf.maximum(power, _SMALLEST_POWER))
    return framing.zero_padding_frames(decibels, params, num_samples)


def level_spec(params: framing.FrameParams) -> FeatureSpec:
    """Levels of the frames of another feature.

    Args:
        params: That feature's settings; only its time axis counts.
    """
    axis = framing.FrameParams(params.sample_rate_hz, params.window_seconds, params.hop_seconds)
    return FeatureSpec("level", axis, level, 1, ("level_decibels",))
