"""MFCC of individual segments: the audio is cut first and converted afterwards (lee2020 §3.1.2).

The feature of an utterance is then its waveform, with one sample per frame: words are placed on samples as they would
be on frames, and the network converts the segments it cuts.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.features import framing
from ser_tf.features.mfcc import MfccParams, mfcc_frames
from ser_tf.features.spec import FeatureSpec
from ser_tf.layers.explicit_mask import ExplicitMaskLayer

_SAMPLE_SECONDS = 1 / framing.FrameParams.sample_rate_hz


def samples(
    waveform: tf.Tensor,
    params: framing.FrameParams,  # noqa: ARG001 - a sample is a sample
    num_samples: tf.Tensor | None = None,
) -> tf.Tensor:
    """Returns the waveform as a feature: float32 `(..., samples)` -> `(..., samples, 1)`, zero after the end."""
    missing = tf.maximum(1 - tf.shape(waveform)[-1], 0)  # at least one, like every feature's frames
    edges = [[0, 0]] * (waveform.shape.rank - 1) + [[0, missing]]
    return tf.pad(framing.silence_padding(waveform, num_samples), edges)[..., tf.newaxis]


WAVEFORM = FeatureSpec(
    "waveform",
    framing.FrameParams(window_seconds=_SAMPLE_SECONDS, hop_seconds=_SAMPLE_SECONDS),
    samples,
    1,
    ("sample",),
)
"""A frame is a sample."""


@keras.saving.register_keras_serializable("ser_tf")
class SegmentMfcc(ExplicitMaskLayer):
    """Converts each segment of a waveform separately.

    (waveform (batch, samples, 1), segments (batch, words, 2): first sample and number) -> the MFCC of all segments of
    an utterance in order, float32 (batch, frames, coefficients), and their positions, int32 (batch, words, 2): first
    frame and number. No frame sees a sample of another segment; a segment shorter than a window is padded with zeros.
    Padding words, whose segments have no samples, have no frames.
    """

    def __init__(self, params: MfccParams, **kwargs: Any) -> None:
        """Takes the settings of the MFCC."""
        super().__init__(**kwargs)
        self.params = params

    def call(self, waveform: tf.Tensor, segments: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Converts all segments of a batch."""
        begin, length = segments[..., 0], segments[..., 1]
        number = tf.where(length > 0, framing.num_frames(length, self.params), 0)
        first = tf.cumsum(number, axis=1, exclusive=True)
        words = tf.where(number > 0)  # rows of (utterance, word)
        counts = tf.gather_nd(number, words)
        owner = tf.repeat(words, counts, axis=0)  # one row per frame from here on
        inside = tf.range(tf.shape(owner)[0]) - tf.repeat(tf.cumsum(counts, exclusive=True), counts)
        utterance = tf.cast(owner[:, 0], tf.int32)
        cut = self._cut(waveform, utterance, tf.gather_nd(begin, owner), tf.gather_nd(length, owner), inside)
        # Each row is as long as a window, which makes one frame.
        plain = dataclasses.replace(self.params, pre_emphasis=0.0)
        coefficients = mfcc_frames(cut, plain)[:, 0]
        places = tf.stack([utterance, tf.gather_nd(first, owner) + inside], axis=1)
        shape = tf.stack([tf.shape(segments)[0], tf.reduce_max(tf.reduce_sum(number, axis=1)), coefficients.shape[-1]])
        frames = tf.scatter_nd(places, coefficients, shape)
        return tf.ensure_shape(frames, (None, None, coefficients.shape[-1])), tf.stack([first, number], axis=-1)

    def _cut(
        self, waveform: tf.Tensor, utterance: tf.Tensor, begin: tf.Tensor, length: tf.Tensor, inside: tf.Tensor
    ) -> tf.Tensor:
        """Cuts each frame's samples, pre-emphasised, zero outside its segment: float32 (frames, window samples)."""
        params, total = self.params, tf.shape(waveform)[1]
        offset = (inside * params.hop_samples)[:, tf.newaxis] + tf.range(-1, params.window_samples)  # one earlier
        place = tf.clip_by_value(begin[:, tf.newaxis] + offset, 0, total - 1) + (utterance * total)[:, tf.newaxis]
        within = tf.logical_and(offset >= 0, offset < length[:, tf.newaxis])
        cut = tf.where(within, tf.gather(tf.reshape(waveform, (-1,)), place), 0.0)
        return tf.where(within[:, 1:], cut[:, 1:] - params.pre_emphasis * cut[:, :-1], 0.0)

    def compute_output_spec(
        self, waveform: keras.KerasTensor, segments: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Specifies a float32 and an int32 tensor."""
        frames = (waveform.shape[0], None, self.params.coefficients)
        return keras.KerasTensor(frames, waveform.dtype), keras.KerasTensor(segments.shape, "int32")

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor."""
        return {**super().get_config(), "params": dataclasses.asdict(self.params)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SegmentMfcc":
        """Makes the layer from its arguments."""
        return cls(**{**config, "params": MfccParams(**config["params"])})


class Waveforms(Protocol):
    """Waveforms of utterances by id, float32 (samples, 1)."""

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of samples of an utterance."""

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Returns the waveform of an utterance."""


class SegmentFrames:
    """MFCC of the utterances' segments in the form of a feature store, for statistics over them."""

    def __init__(
        self, waveforms: Waveforms, segments_of: Callable[[str, int], npt.NDArray[np.int32]], params: MfccParams
    ) -> None:
        """Takes waveforms, a function from an utterance's id and number of samples to its segments, and settings."""
        self.dims = params.coefficients
        self._waveforms, self._segments_of = waveforms, segments_of
        specs = (tf.TensorSpec((1, None, 1), tf.float32), tf.TensorSpec((1, None, 2), tf.int32))
        self._converted = tf.function(SegmentMfcc(params), input_signature=specs)

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of all segments of one utterance."""
        return len(self[utterance_id])

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Returns the frames of all segments of one utterance, float32 (frames, coefficients)."""
        segments = self._segments_of(utterance_id, self._waveforms.num_frames(utterance_id))
        frames, _ = self._converted(self._waveforms[utterance_id][np.newaxis], segments[np.newaxis])
        converted: npt.NDArray[np.float32] = frames[0].numpy()
        return converted
