"""Inputs and encoders shared by the models of words and frames (lee2020 §3.2).

All models take batches of `aligned.dataset`: `words` int32 (batch, words), `num_words` int32 (batch,), `features`
float32 (batch, frames, dims), `lengths` int32 (batch,), `segments` int32 (batch, words, 2); each names those it reads.
Padding is on the right and changes no output.
"""

import dataclasses
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.features.mfcc import MfccParams
from ser_tf.layers.pooling import FrameMask
from ser_tf.papers.lee2020.packed_segments import PackedBLSTM, PackedMean, PackSegments
from ser_tf.papers.lee2020.segment_mfcc import SegmentMfcc
from ser_tf.papers.lee2020.vocabulary import WordEmbedding

LSTM_UNITS = 128  # lee2020 §4.2, in each direction (ledger: lstm_width)
DROPOUT = 0.3  # lee2020 §4.2
AVERAGES = ("valid", "padded")
"""Average over a segment's own frames, or over the length of the utterance's longest segment."""
SEGMENT_DROPOUTS = ("frames", "average", "none")
"""Dropout of the lower LSTM: on its frames, on their average, or none."""


@dataclasses.dataclass(frozen=True)
class TextSettings:
    """Settings of the text encoder.

    Attributes:
        vocabulary: Known words.
        embedding: float32 (words + 1, dims), row 0 the unknown word.
    """

    vocabulary: tuple[str, ...]
    embedding: npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class AudioSettings:
    """Settings of the audio encoder.

    Attributes:
        mean: Per-dimension mean, shape (dims,), subtracted from the frames.
        std: Per-dimension standard deviation, shape (dims,).
        segment_mfcc: How the network converts segments of a waveform to frames; None if it is given frames.
    """

    mean: npt.NDArray[np.floating[Any]]
    std: npt.NDArray[np.floating[Any]]
    segment_mfcc: MfccParams | None = None


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A sequence in the graph, (batch, steps, dims), with mask (batch, steps) and lengths (batch,)."""

    states: keras.KerasTensor
    mask: keras.KerasTensor
    lengths: keras.KerasTensor


def blstm(sequence: Sequence, units: int, dropout: float, name: str) -> Sequence:
    """Applies a bidirectional LSTM followed by dropout (§4.2): (batch, steps, 2 x units)."""
    lstm = keras.layers.LSTM(units, return_sequences=True, name=f"{name}_lstm")
    states = keras.layers.Bidirectional(lstm, name=name)(sequence.states, mask=sequence.mask)
    return dataclasses.replace(sequence, states=keras.layers.Dropout(dropout, name=f"{name}_dropout")(states))


def words_input(settings: TextSettings) -> tuple[dict[str, keras.KerasTensor], Sequence]:
    """Creates the inputs of the text encoder and the embedded words E^(T) (§3.1.1)."""
    words = keras.Input((None,), dtype="int32", name="words")
    num_words = keras.Input((), dtype="int32", name="num_words")
    embedding = WordEmbedding(settings.vocabulary, settings.embedding.shape[1], name="word_embedding")
    embedded = embedding(words)
    embedding.set_weights([settings.embedding])
    mask = FrameMask(name="word_mask")(embedded, num_words)
    return {"words": words, "num_words": num_words}, Sequence(embedded, mask, num_words)


def frames_input(settings: AudioSettings) -> tuple[dict[str, keras.KerasTensor], Sequence]:
    """Creates the inputs of the audio encoder and the normalised frames of whole utterances."""
    features = keras.Input((None, len(settings.mean)), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    normalised = _normalised(features, settings)
    mask = FrameMask(name="frame_mask")(normalised, lengths)
    return {"features": features, "lengths": lengths}, Sequence(normalised, mask, lengths)


def _normalised(frames: keras.KerasTensor, settings: AudioSettings) -> keras.KerasTensor:
    return keras.layers.Normalization(mean=settings.mean, variance=np.square(settings.std), name="normaliser")(frames)


def segments_input(
    settings: AudioSettings,
) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor, keras.KerasTensor]:
    """Creates the audio encoder's inputs, normalised frames (batch, frames, dims), and the words' segments in them.

    With `segment_mfcc` the feature is the waveform and `segments` counts samples.
    """
    dims = len(settings.mean) if settings.segment_mfcc is None else 1
    inputs = {
        "features": keras.Input((None, dims), name="features"),
        "lengths": keras.Input((), dtype="int32", name="lengths"),
        "segments": keras.Input((None, 2), dtype="int32", name="segments"),
    }
    frames, segments = inputs["features"], inputs["segments"]
    if settings.segment_mfcc is not None:
        frames, segments = SegmentMfcc(settings.segment_mfcc, name="segment_mfcc")(frames, segments)
    return inputs, _normalised(frames, settings), segments


def encoded_segments(
    frames: keras.KerasTensor,
    segments: keras.KerasTensor,
    words: Sequence,
    units: int,
    dropout: float,
    average: str = AVERAGES[0],
    segment_dropout: str = SEGMENT_DROPOUTS[0],
) -> Sequence:
    """Applies the audio encoder of §3.2.2: one vector per word, then a BLSTM over the words.

    All segments of a batch, packed into rows regardless of their utterance, pass through the lower BLSTM in one call.

    Args:
        frames: Normalised frames of utterances, float32 (batch, frames, dims).
        segments: First frame and number of frames of each word, int32 (batch, words, 2).
        words: The words, for their mask.
        units: Width of each BLSTM in each direction.
        dropout: Dropout rate after each BLSTM.
        average: One of `AVERAGES`; `padded` lets the lower BLSTM read zeros up to the utterance's longest segment.
        segment_dropout: One of `SEGMENT_DROPOUTS`.

    Returns:
        H^(A), (batch, words, 2 x units).
    """
    packed, owners = PackSegments(average == "padded", name="segment_frames")(frames, segments)
    lower = PackedBLSTM(units, name="segment_blstm")(packed, owners)
    drop = keras.layers.Dropout(dropout, name="segment_blstm_dropout")
    if segment_dropout == "frames":
        lower = drop(lower)
    vectors = PackedMean(name="segment_vectors")(lower, owners, segments)
    if segment_dropout == "average":
        vectors = drop(vectors)
    return blstm(dataclasses.replace(words, states=vectors), units, dropout, "audio_blstm")


def classifier(context: keras.KerasTensor, num_classes: int, name: str = "probabilities") -> keras.KerasTensor:
    """Applies a softmax layer."""
    return keras.layers.Dense(num_classes, activation="softmax", name=name)(context)
