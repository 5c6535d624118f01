"""Facts about a paper needed for serving and drawing: the times of its attention, and how words map to frames.

A position after a recording's end has weight 0 and time `NOWHERE`, whatever else is in the batch.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import keras
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.features.framing import FrameParams
from ser_tf.features.spec import FeatureSpec

if TYPE_CHECKING:
    from ser_tf.protocol.models import TrainedModel

L = TypeVar("L")
L_contra = TypeVar("L_contra", contravariant=True)
NOWHERE = -1.0


@dataclasses.dataclass(frozen=True)
class Words:
    """The words of a batch of recordings, padded on the right.

    Attributes:
        text: string (batch, words).
        seconds: Start and end of each word, float64 (batch, words, 2).
        number: Number of words of each recording, int32 (batch,).
    """

    text: tf.Tensor
    seconds: tf.Tensor
    number: tf.Tensor

    @property
    def mask(self) -> tf.Tensor:
        """Marks the words, bool (batch, words)."""
        return tf.sequence_mask(self.number, tf.shape(self.text)[1])

    @property
    def middles(self) -> tf.Tensor:
        """Returns the middle of each word in seconds, float32 (batch, words)."""
        return tf.cast(tf.reduce_mean(self.seconds, axis=-1), tf.float32)


@dataclasses.dataclass(frozen=True)
class Analysed(Generic[L]):
    """A batch with the model's outputs.

    Attributes:
        model: The Keras model.
        spec: The model's feature.
        ledger: The assumptions it was trained under.
        lengths: Frames of each recording, int32 (batch,).
        words: The words, for models that read them.
        outputs: The model's own outputs.
    """

    model: keras.Model
    spec: FeatureSpec
    ledger: L
    lengths: tf.Tensor
    words: Words | None
    outputs: Mapping[str, tf.Tensor]


class ReadsWords(Protocol[L_contra]):
    """Turns words into inputs of a paper's models, inside the served graph and before it."""

    def said(self, tokens: Sequence[Word], duration_seconds: float | None, ledger: L_contra) -> tuple[Word, ...]:
        """Extracts the words to send in a request from an alignment as written."""

    def with_vectors(self, trained: "TrainedModel", path: Path) -> "TrainedModel":
        """Extends a model by words of a file of word vectors that were unknown in training.

        Raises:
            UserError: the file cannot be used, or the model was not initialised from such vectors.
        """

    def refusals(self, words: tf.Tensor, seconds: tf.Tensor, number: tf.Tensor, duration: tf.Tensor) -> tf.Tensor:
        """Explains why the words of recordings are refused, string (batch,); empty if they are accepted."""

    def spoken(self, words: tf.Tensor, seconds: tf.Tensor, number: tf.Tensor, duration: tf.Tensor) -> Words:
        """Returns the words in the form the network was trained on."""

    def inputs(
        self, words: Words, lengths: tf.Tensor, model: keras.Model, row: str, spec: FeatureSpec, ledger: L_contra
    ) -> dict[str, tf.Tensor]:
        """Returns the model's inputs that come from words."""


@dataclasses.dataclass(frozen=True)
class Served(Generic[L]):
    """Settings for serving a paper's rows.

    Attributes:
        attention: Returns `attention` and `attention_seconds`, and possibly more; nothing for a model without
            attention.
        words: Turns words into inputs of its models; None for a paper without words.
    """

    attention: Callable[[Analysed[L]], dict[str, tf.Tensor]]
    words: ReadsWords[L] | None = None


def placed(centres: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Returns the times of each row's valid positions, and `NOWHERE` for the others.

    Args:
        centres: (positions,) or (batch, positions).
        number: Number of valid positions, int32 (batch,).

    Returns:
        float32 (batch, positions).
    """
    mask = tf.sequence_mask(number, tf.shape(centres)[-1])
    return tf.where(mask, tf.cast(centres, tf.float32), NOWHERE)


def grid(positions: tf.Tensor, first_seconds: float, hop_seconds: float) -> tf.Tensor:
    """Returns evenly spaced times, float32 (positions,)."""
    return tf.cast(tf.range(positions), tf.float32) * hop_seconds + first_seconds


def frame_centres(frames: tf.Tensor, params: FrameParams) -> tf.Tensor:
    """Returns the centres of frames in seconds, float32 (frames,)."""
    return grid(frames, params.window_seconds / 2, params.hop_seconds)


def over_frames(batch: Analysed[L]) -> dict[str, tf.Tensor]:
    """Returns one weight per frame."""
    if "attention" not in batch.outputs:
        return {}
    weights = batch.outputs["attention"]
    centres = frame_centres(tf.shape(weights)[1], batch.spec.params)
    return {"attention": weights, "attention_seconds": placed(centres, batch.lengths)}
