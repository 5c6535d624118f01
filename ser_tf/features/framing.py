"""Cutting waveforms into frames: seconds become samples here, and padding is kept from reaching any frame.

All features share one time axis. Frame `i` covers the samples `[i * hop, i * hop + window)`; only whole windows
count, and an utterance shorter than one window is right-padded with zeros to give one frame. Nothing is centred or
reflected, so the frames of an utterance do not depend on the padding behind it.
"""

import dataclasses
from typing import TypeVar

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
    """Sets everything behind the end of each utterance to zero, NaN included.

    Args:
        waveform: float32 `(..., samples)`.
        num_samples: Integers `(...)`, or None when all samples are valid.
    """
    if num_samples is None:
        return waveform
    valid = tf.sequence_mask(num_samples, tf.shape(waveform)[-1])
    return tf.where(valid, waveform, tf.zeros_like(waveform))


def frame_mask(waveform: tf.Tensor, params: FrameParams, num_samples: tf.Tensor | None) -> tf.Tensor:
    """True on the frames that belong to the utterance.

    Returns:
        bool `(..., frames)` with the frames of the whole padded waveform.
    """
    total = num_frames(tf.shape(waveform)[-1], params)
    if num_samples is None:
        return tf.ones(tf.concat([tf.shape(waveform)[:-1], [total]], axis=0), tf.bool)
    return tf.sequence_mask(num_frames(tf.convert_to_tensor(num_samples), params), total)


def zero_padding_frames(features: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Sets the frames `(..., frames, dims)` outside the mask `(..., frames)` to zero."""
    return tf.where(mask[..., tf.newaxis], features, tf.zeros_like(features))


def frame(
    waveform: tf.Tensor, params: FrameParams, *, window_samples: int | None = None, total: tf.Tensor | None = None
) -> tf.Tensor:
    """Cuts waveforms into overlapping frames.

    Args:
        waveform: float32 `(..., samples)`, silent behind the end of each utterance.
        params: The time axis; it fixes the number of frames.
        window_samples: A longer frame than `params` has, centred on the same instants (zeros outside of the
            waveform); its excess over the frame of `params` must be even.
        total: The number of frames where it is known already.

    Returns:
        float32 `(..., frames, window_samples)`.
    """
    window = params.window_samples if window_samples is None else window_samples
    before = (window - params.window_samples) // 2
    samples = tf.shape(waveform)[-1]
    if total is None:
        total = num_frames(samples, params)
    needed = (total - 1) * params.hop_samples + window
    after = tf.maximum(needed - before - samples, 0)
    none = tf.zeros([tf.rank(waveform) - 1, 2], tf.int32)
    padded = tf.pad(waveform, tf.concat([none, tf.stack([[before, after]])], axis=0))[..., :needed]
    return tf.signal.frame(padded, window, params.hop_samples)
