"""Cutting waveforms into frames. Seconds become samples here, and padding never reaches a frame.

All features share one time axis. Frame `i` covers the samples `[i * hop, i * hop + window)`; only whole windows count,
and an utterance shorter than one window is right-padded with zeros to give one frame. Nothing is centred or reflected,
so the frames of an utterance do not depend on the padding after it.
"""

import dataclasses
import math
from typing import TypeVar

import numpy as np
import tensorflow as tf

Count = TypeVar("Count", int, tf.Tensor)


@dataclasses.dataclass(frozen=True)
class FrameParams:
    """The time axis of a feature; the settings of every feature extend it.

    Attributes:
        sample_rate_hz: Rate of the waveform.
        window_seconds: Length of a frame.
        hop_seconds: Distance between the starts of two frames.
    """

    sample_rate_hz: int = 16000  # the rate of IEMOCAP, CASIA and EmoDB
    window_seconds: float = 0.025
    hop_seconds: float = 0.010

    @property
    def window_samples(self) -> int:
        """Length of a frame in samples."""
        return round(self.window_seconds * self.sample_rate_hz)

    @property
    def hop_samples(self) -> int:
        """Distance between frames in samples."""
        return round(self.hop_seconds * self.sample_rate_hz)


def num_frames(num_samples: Count, params: FrameParams) -> Count:
    """Number of frames of an utterance, at least one.

    Args:
        num_samples: A Python integer, or an integer tensor of any shape.
        params: The time axis.

    Returns:
        `1 + floor((num_samples - window) / hop)`, or 1 for less than one window; an integer, or a tensor like the
        argument.
    """
    if isinstance(num_samples, tf.Tensor):
        return tf.maximum((num_samples - params.window_samples) // params.hop_samples + 1, 1)
    return max((int(num_samples) - params.window_samples) // params.hop_samples + 1, 1)


def silence_padding(waveform: tf.Tensor, num_samples: tf.Tensor | None) -> tf.Tensor:
    """Sets everything after the end of each utterance to zero, NaN included.

    Args:
        waveform: float32 `(..., samples)`.
        num_samples: Integers `(...)`, or None when all samples are valid.
    """
    if num_samples is None:
        return waveform
    valid = tf.sequence_mask(num_samples, tf.shape(waveform)[-1])
    return tf.where(valid, waveform, tf.zeros_like(waveform))


def frame_mask(total: tf.Tensor, params: FrameParams, num_samples: tf.Tensor | None) -> tf.Tensor | None:
    """Marks the frames that belong to the utterance.

    Args:
        total: Number of frames of the whole padded waveform.
        params: The time axis.
        num_samples: Integers `(...)`, or None when all samples are valid.

    Returns:
        bool `(..., frames)`, or None when all frames are valid.
    """
    if num_samples is None:
        return None
    return tf.sequence_mask(num_frames(tf.convert_to_tensor(num_samples), params), total)


def zero_padding_frames(features: tf.Tensor, params: FrameParams, num_samples: tf.Tensor | None) -> tf.Tensor:
    """Sets the frames after the end of each utterance to zero, in features `(..., frames, dims)`."""
    mask = frame_mask(tf.shape(features)[-2], params, num_samples)
    return features if mask is None else tf.where(mask[..., tf.newaxis], features, tf.zeros_like(features))


def frame(waveform: tf.Tensor, params: FrameParams, length: int | None = None) -> tf.Tensor:
    """Cuts waveforms into overlapping frames.

    Equivalent to `tf.signal.frame` (the waveform is cut into short rows, and each frame gathers its rows) with half as
    many operations, which matters where graphs run unoptimised, as functions in `tf.data` do.

    Args:
        waveform: float32 `(..., samples)`, silent after the end of each utterance.
        params: The time axis; it fixes the number of frames and where they begin.
        length: Samples in each frame, if more than the window's.

    Returns:
        float32 `(..., frames, length)`.
    """
    length, hop = length or params.window_samples, params.hop_samples
    row = math.gcd(length, hop)
    samples, leading = tf.shape(waveform)[-1], tf.shape(waveform)[:-1]
    total = num_frames(samples, params)
    missing = tf.maximum((total - 1) * hop + length - samples, -samples % row)
    padded = tf.pad(waveform, [[0, 0]] * (waveform.shape.rank - 1) + [[0, missing]])
    rows = tf.reshape(padded, tf.concat([leading, [-1, row]], axis=0))
    index = (tf.range(total) * (hop // row))[:, tf.newaxis] + np.arange(length // row, dtype=np.int32)
    return tf.reshape(tf.gather(rows, index, axis=-2), tf.concat([leading, [total, length]], axis=0))
