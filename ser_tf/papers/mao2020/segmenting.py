"""Cutting an utterance's frames into overlapping segments (mao2020, §4.1): the instances of a bag.

An utterance is cut at the bag's longest duration. Segment `i` covers the frames `[i * hop_frames, i * hop_frames +
frames)`; it counts when enough of them are the utterance's. Frames behind the utterance's end are filled with a
constant, so that nothing depends on what lies there.
"""

import dataclasses
import math
from collections.abc import Sequence

import tensorflow as tf

from ser_tf.features import framing
from ser_tf.features.framing import Count


@dataclasses.dataclass(frozen=True)
class SegmentParams:
    """How frames become segments.

    Attributes:
        frames: Length of a segment in frames.
        hop_frames: Distance between the starts of two segments in frames.
        least_frames: A segment counts when at least so many of its frames are the utterance's; the first always does.
        most: Segments of an utterance at most; what lies behind the last is cut off.
        fill: Value of the frames behind the utterance's end.
    """

    frames: int = 32  # mao2020 §4.1: 335 ms
    hop_frames: int = 6  # mao2020 §4.1: 60 ms
    least_frames: int = 32  # not stated; see ledger
    most: int = 71  # mao2020 §4.1: 4.55 s
    fill: float = math.log(1e-10)  # silence: the logarithm's floor

    def __post_init__(self) -> None:
        """Checks the fields.

        Raises:
            ValueError: a field is out of its range.
        """
        if min(self.frames, self.hop_frames, self.least_frames, self.most) < 1 or self.least_frames > self.frames:
            raise ValueError(f"segments need at least one frame of each utterance: {self}")


def segments_in(seconds: float, time_axis: framing.FrameParams, params: SegmentParams) -> int:
    """Number of whole segments in a recording of so many seconds: 29 in 2.07 s, 71 in 4.55 s (§4.1)."""
    frames = framing.num_frames(round(seconds * time_axis.sample_rate_hz), time_axis)
    return max((frames - params.frames) // params.hop_frames + 1, 1)


def num_segments(num_frames: Count, params: SegmentParams) -> Count:
    """Number of segments of an utterance, from 1 to `most`.

    Args:
        num_frames: A Python integer, or an integer tensor of any shape.
        params: How frames become segments.
    """
    if isinstance(num_frames, tf.Tensor):
        fitting = (num_frames - params.least_frames) // params.hop_frames + 1
        return tf.clip_by_value(fitting, 1, params.most)
    fitting = (int(num_frames) - params.least_frames) // params.hop_frames + 1
    return min(max(fitting, 1), params.most)


def cut(features: tf.Tensor, lengths: tf.Tensor, params: SegmentParams) -> tuple[tf.Tensor, tf.Tensor]:
    """Cuts a batch of utterances into their segments.

    Args:
        features: float32 (batch, frames, dims), right-padded.
        lengths: Integers (batch,), the valid frames of each utterance.
        params: How frames become segments.

    Returns:
        The segments of all utterances one after the other, float32 (segments, `params.frames`, dims), and how many
        each utterance has, int32 (batch,).
    """
    lengths = tf.cast(tf.reshape(lengths, (-1,)), tf.int32)
    counts = num_segments(lengths, params)
    utterance = tf.repeat(tf.range(tf.shape(counts)[0]), counts)
    place = tf.ragged.range(counts).flat_values
    index = (place * params.hop_frames)[:, tf.newaxis] + tf.range(params.frames)
    inside = index < tf.gather(lengths, utterance)[:, tf.newaxis]
    found = tf.gather_nd(features, tf.stack(_both(utterance, tf.where(inside, index, 0)), axis=-1))
    fill = tf.constant(params.fill, features.dtype)
    return tf.where(inside[..., tf.newaxis], found, fill), counts


def _both(utterance: tf.Tensor, index: tf.Tensor) -> Sequence[tf.Tensor]:
    """The two coordinates of each frame, (segments, frames) both."""
    return tf.broadcast_to(utterance[:, tf.newaxis], tf.shape(index)), index


def segment_seconds(count: int, time_axis: framing.FrameParams, params: SegmentParams) -> list[float]:
    """Times of the centres of an utterance's segments in seconds."""
    length = (params.frames - 1) * time_axis.hop_seconds + time_axis.window_seconds
    return [place * params.hop_frames * time_axis.hop_seconds + length / 2 for place in range(count)]
