"""Cutting an utterance's frames into overlapping segments (§4.1): the instances of a bag.

An utterance is cut at the bag's maximum duration. Segment `i` covers the frames `[i * hop_frames, i * hop_frames +
frames)`; it counts if enough of them belong to the utterance, or always if speech is padded to that duration. Frames
after the utterance's end are set to the logarithm's floor, the value of silence; the input's padding has no influence.

Deviations: speech is padded frame by frame. The windows, at most two, that would hold both the end of speech and
silence are left out.
"""

import dataclasses
import math

import tensorflow as tf

from ser_tf.features import framing
from ser_tf.features.framing import Count


@dataclasses.dataclass(frozen=True)
class SegmentParams:
    """Settings for cutting frames into segments.

    Attributes:
        frames: Length of a segment in frames.
        hop_frames: Distance between the starts of two segments in frames.
        min_frames: Minimum number of a segment's frames that must belong to the utterance; the first segment always
            counts.
        max_segments: Maximum number of segments; the rest of the utterance is cut off.
        fill: Value of the frames after the utterance's end.
        padded: Whether every utterance is padded with silence to `max_segments`.
    """

    frames: int = 32  # §4.1: 335 ms
    hop_frames: int = 6  # §4.1: 60 ms
    min_frames: int = 32  # not stated; see ledger
    max_segments: int = 71  # §4.1: 4.55 s
    fill: float = math.log(1e-10)  # silence: the logarithm's floor
    padded: bool = False

    def __post_init__(self) -> None:
        """Checks the fields.

        Raises:
            ValueError: a field is out of its range.
        """
        smallest = min(self.frames, self.hop_frames, self.min_frames, self.max_segments)
        if smallest < 1 or self.min_frames > self.frames:
            raise ValueError(f"segments need at least one frame of each utterance: {self}")


def segments_in(seconds: float, time_axis: framing.FrameParams, params: SegmentParams) -> int:
    """Returns the number of whole segments in a recording of this duration: 29 in 2.07 s, 71 in 4.55 s (§4.1)."""
    frames = framing.num_frames(round(seconds * time_axis.sample_rate_hz), time_axis)
    return max((frames - params.frames) // params.hop_frames + 1, 1)


def num_segments(num_frames: Count, params: SegmentParams) -> Count:
    """Returns the number of segments of an utterance, from 1 to `max_segments`; always the maximum if padded.

    Args:
        num_frames: A Python integer, or an integer tensor of any shape.
        params: How frames are cut into segments.
    """
    lowest = params.max_segments if params.padded else 1
    if isinstance(num_frames, tf.Tensor):
        fitting = (num_frames - params.min_frames) // params.hop_frames + 1
        return tf.clip_by_value(fitting, lowest, params.max_segments)
    fitting = (int(num_frames) - params.min_frames) // params.hop_frames + 1
    return min(max(fitting, lowest), params.max_segments)


def cut(features: tf.Tensor, lengths: tf.Tensor, params: SegmentParams) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts a batch of utterances into their segments.

    Args:
        features: float32 (batch, frames, dims), right-padded.
        lengths: Integers (batch,), the valid frames of each utterance.
        params: How frames are cut into segments.

    Returns:
        The segments of all utterances in order, float32 (segments, `params.frames`, dims), and the number of each
        utterance's segments, int32 (batch,).
    """
    lengths = tf.cast(tf.reshape(lengths, (-1,)), tf.int32)
    counts = num_segments(lengths, params)
    utterance = tf.repeat(tf.range(tf.shape(counts)[0]), counts)
    place = tf.ragged.range(counts).flat_values
    index = (place * params.hop_frames)[:, tf.newaxis] + tf.range(params.frames)
    inside = index < tf.gather(lengths, utterance)[:, tf.newaxis]
    rows = tf.broadcast_to(utterance[:, tf.newaxis], tf.shape(index))
    found = tf.gather_nd(features, tf.stack([rows, tf.where(inside, index, 0)], axis=-1))
    fill = tf.constant(params.fill, features.dtype)
    return tf.where(inside[..., tf.newaxis], found, fill), counts


def length_seconds(time_axis: framing.FrameParams, params: SegmentParams) -> float:
    """Returns the duration of a segment: 335 ms (§4.1)."""
    return (params.frames - 1) * time_axis.hop_seconds + time_axis.window_seconds


def segment_seconds(count: int, time_axis: framing.FrameParams, params: SegmentParams) -> list[float]:
    """Returns the centre times of an utterance's segments in seconds."""
    first = length_seconds(time_axis, params) / 2
    return [place * params.hop_frames * time_axis.hop_seconds + first for place in range(count)]
