"""What the models of words and frames share: their inputs and their encoders (lee2020 §3.2).

All models take batches of `aligned.dataset`: `words` int32 (batch, words), `num_words` int32 (batch,),
`features` float32 (batch, frames, dims), `lengths` int32 (batch,), `segments` int32 (batch, words, 2); each names
those that it reads. Padding is on the right and changes no output.
"""

import dataclasses

import keras
import numpy as np

from ser_tf.layers.pooling import FrameMask
from ser_tf.layers.segments import WordEmbedding
from ser_tf.papers.lee2020.packed_segments import PackedBLSTM, PackedMean, PackSegments

LSTM_UNITS = 128  # lee2020 §4.2, in each direction
DROPOUT = 0.3  # lee2020 §4.2


@dataclasses.dataclass(frozen=True)
class TextSettings:
    """The text side before training.

    Attributes:
        vocabulary: Known words.
        embedding: float32 (words + 1, dims), row 0 the unknown word.
    """

    vocabulary: tuple[str, ...]
    embedding: np.ndarray


@dataclasses.dataclass(frozen=True)
class AudioSettings:
    """The audio side before training.

    Attributes:
        mean: Of each dimension of a frame, (dims,), subtracted.
        std: Of each dimension, (dims,), which is divided by.
    """

    mean: np.ndarray
    std: np.ndarray


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A sequence in the graph, (batch, steps, dims), with its mask (batch, steps) and lengths (batch,)."""

    states: keras.KerasTensor
    mask: keras.KerasTensor
    lengths: keras.KerasTensor


def blstm(sequence: Sequence, units: int, dropout: float, name: str) -> Sequence:
    """A bidirectional LSTM followed by dropout (§4.2): (batch, steps, 2 x units)."""
    lstm = keras.layers.LSTM(units, return_sequences=True, name=f"{name}_lstm")
    states = keras.layers.Bidirectional(lstm, name=name)(sequence.states, mask=sequence.mask)
    return dataclasses.replace(sequence, states=keras.layers.Dropout(dropout, name=f"{name}_dropout")(states))


def words_input(settings: TextSettings) -> tuple[dict[str, keras.KerasTensor], Sequence]:
    """The inputs of the text side and the embedded words E^(T) (§3.1.1)."""
    words = keras.Input((None,), dtype="int32", name="words")
    num_words = keras.Input((), dtype="int32", name="num_words")
    embedding = WordEmbedding(settings.vocabulary, settings.embedding.shape[1], name="word_embedding")
    embedded = embedding(words)
    embedding.set_weights([settings.embedding])
    mask = FrameMask(name="word_mask")(embedded, num_words)
    return {"words": words, "num_words": num_words}, Sequence(embedded, mask, num_words)


def frames_input(settings: AudioSettings) -> tuple[dict[str, keras.KerasTensor], Sequence]:
    """The inputs of the audio side and the normalised frames of whole utterances."""
    features = keras.Input((None, len(settings.mean)), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    normalised = keras.layers.Normalization(mean=settings.mean, variance=np.square(settings.std), name="normaliser")(
        features
    )
    mask = FrameMask(name="frame_mask")(normalised, lengths)
    return {"features": features, "lengths": lengths}, Sequence(normalised, mask, lengths)


def encoded_segments(
    frames: Sequence, words: Sequence, units: int, dropout: float
) -> tuple[dict[str, keras.KerasTensor], Sequence]:
    """The audio encoder of §3.2.2: one vector a word, then a BLSTM along the words.

    All segments of a batch, packed into rows whatever utterance they are of, go through the lower BLSTM in one call;
    its outputs are averaged over each segment's own frames.

    Args:
        frames: Normalised frames of whole utterances.
        words: The words, for their mask.
        units: Of each BLSTM and direction.
        dropout: After each BLSTM.

    Returns:
        The further input `segments`, and H^(A).
    """
    segments = keras.Input((None, 2), dtype="int32", name="segments")
    packed, owners = PackSegments(name="segment_frames")(frames.states, segments)
    lower = PackedBLSTM(units, name="segment_blstm")(packed, owners)
    lower = keras.layers.Dropout(dropout, name="segment_blstm_dropout")(lower)
    vectors = PackedMean(name="segment_vectors")(lower, owners, segments)
    return {"segments": segments}, blstm(dataclasses.replace(words, states=vectors), units, dropout, "audio_blstm")


def classifier(context: keras.KerasTensor, num_classes: int, name: str = "probabilities") -> keras.KerasTensor:
    """A softmax layer."""
    return keras.layers.Dense(num_classes, activation="softmax", name=name)(context)
