"""Where attention lies in time: the centres, in seconds, of what each weight is for.

A position behind a recording's end has the weight 0 and `NOWHERE` for its time; so has each row of a batch only what it
has alone.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from ser_tf.features.framing import FrameParams
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.lee2020.served_words import Words
from ser_tf.papers.mao2020 import segmenting
from ser_tf.papers.zhang2018 import alexnet
from ser_tf.papers.zhang2018 import networks as fcn
from ser_tf.papers.zhang2018.receptive_field import receptive_field, shortest_input

NOWHERE = -1.0


@dataclasses.dataclass(frozen=True)
class Analysed:
    """What the model has made of a batch.

    Attributes:
        model: The Keras model.
        spec: Its feature.
        ledger: The assumptions that it was trained under.
        lengths: Frames of each recording, int32 (batch,).
        words: The words, for models that read them.
        outputs: The model's own outputs.
    """

    model: keras.Model
    spec: FeatureSpec
    ledger: object
    lengths: tf.Tensor
    words: Words | None
    outputs: Mapping[str, tf.Tensor]


Attention = Callable[[Analysed], dict[str, tf.Tensor]]
"""Gives `attention` and `attention_seconds`, and what else there is to say; nothing for a model without attention."""


def _placed(centres: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Times (positions,) or (batch, positions) for the valid positions of each row: float32 (batch, positions)."""
    mask = tf.sequence_mask(number, tf.shape(centres)[-1])
    return tf.where(mask, tf.cast(centres, tf.float32), NOWHERE)


def _grid(positions: tf.Tensor, first_seconds: float, hop_seconds: float) -> tf.Tensor:
    """Evenly spaced times, float32 (positions,)."""
    return tf.cast(tf.range(positions), tf.float32) * hop_seconds + first_seconds


def _frame_centres(frames: tf.Tensor, params: FrameParams) -> tf.Tensor:
    return _grid(frames, params.window_seconds / 2, params.hop_seconds)


def over_frames(batch: Analysed) -> dict[str, tf.Tensor]:
    """One weight a frame."""
    if "attention" not in batch.outputs:
        return {}
    weights = batch.outputs["attention"]
    centres = _frame_centres(tf.shape(weights)[1], batch.spec.params)
    return {"attention": weights, "attention_seconds": _placed(centres, batch.lengths)}


def over_segments(batch: Analysed) -> dict[str, tf.Tensor]:
    """One weight a segment (mao2020)."""
    if "attention" not in batch.outputs:
        return {}
    weights, time_axis = batch.outputs["attention"], batch.spec.params
    params = batch.model.get_layer("segments").params
    length_seconds = (params.frames - 1) * time_axis.hop_seconds + time_axis.window_seconds
    centres = _grid(tf.shape(weights)[1], length_seconds / 2, params.hop_frames * time_axis.hop_seconds)
    number = segmenting.num_segments(batch.lengths, params)
    return {"attention": weights, "attention_seconds": _placed(centres, number)}


def over_cells(batch: Analysed) -> dict[str, tf.Tensor]:
    """One weight a cell of time and frequency (zhang2018): `attention` is (batch, time cells, frequency cells)."""
    if "attention" not in batch.outputs:
        return {}
    weights, time_axis = batch.outputs["attention"], batch.spec.params
    ledger: Any = batch.ledger
    steps = alexnet.steps_of(fcn.convolutions(ledger.pool5, ledger.alexnet), ledger.pooling)
    field = receptive_field(steps)
    number = tf.maximum(batch.lengths, shortest_input(steps))
    for step in steps:
        number = step.cells(number)
    first_frames = field.first + (field.size - 1) / 2
    first_seconds = first_frames * time_axis.hop_seconds + time_axis.window_seconds / 2
    seconds = _grid(tf.shape(weights)[1], first_seconds, field.distance * time_axis.hop_seconds)
    bin_hertz = time_axis.sample_rate_hz / time_axis.fft_samples  # type: ignore[attr-defined]
    hertz = tf.cast(tf.range(tf.shape(weights)[2]) * field.distance, tf.float32) + first_frames
    rows = tf.shape(weights)[:1]
    return {
        "attention": weights,
        "attention_seconds": _placed(seconds, number),
        "attention_hertz": tf.tile((hertz * bin_hertz)[tf.newaxis], tf.concat([rows, [1]], axis=0)),
    }


def of_words_and_frames(batch: Analysed) -> dict[str, tf.Tensor]:
    """Weights of words, of frames, or of both (lee2020); `attention` is one of them or their mean.

    A cross attention network has weights of words for each head from text and from audio: `attention` is the mean of
    all. A multi-hop network has weights of words and of frames: `attention` is those of frames, its last hop. An
    alignment network has weights of frames for each word: `attention` is their mean over words.
    """
    outputs = dict(batch.outputs)
    both: dict[str, tf.Tensor] = {
        name: outputs[name] for name in ("text_attention", "audio_attention", "alignment") if name in outputs
    }
    if "attention" in outputs:
        weights, of_words = outputs["attention"], "features" not in batch.model.input
    elif "alignment" in both:
        number = tf.cast(batch.words.number, tf.float32)  # type: ignore[union-attr]
        valid = tf.cast(batch.words.mask, tf.float32)[..., tf.newaxis]  # type: ignore[union-attr]
        weights, of_words = tf.reduce_sum(both["alignment"] * valid, axis=1) / number[:, tf.newaxis], False
    elif both["text_attention"].shape.rank == 3:
        weights = tf.reduce_mean(tf.concat([both["text_attention"], both["audio_attention"]], axis=1), axis=1)
        of_words = True
    else:
        weights, of_words = both["audio_attention"], False
    if of_words:
        placed = _placed(batch.words.middles, batch.words.number)  # type: ignore[union-attr]
    else:
        placed = _placed(_frame_centres(tf.shape(weights)[1], batch.spec.params), batch.lengths)
    return {"attention": weights, "attention_seconds": placed, **both}
