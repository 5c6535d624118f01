"""Learned alignment of Xu et al. 2019 (arXiv:1909.05645), a comparison system of lee2020 (Table 2).

Deviations: widths and dropout are those of lee2020, which re-implements the model in its own set-up (§4.3.1) and states
no others.
"""

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.layers.pooling import masked_softmax
from ser_tf.layers.segments import MaskedMax
from ser_tf.papers.lee2020 import text_audio
from ser_tf.papers.lee2020.packed_segments import Shape
from ser_tf.papers.lee2020.text_audio import DROPOUT, LSTM_UNITS, AudioSettings, TextSettings


@keras.saving.register_keras_serializable("ser_tf")
class AlignmentAttention(ExplicitMaskLayer):
    """Attention of every step of one sequence over all steps of another: a learned alignment (Xu et al. 2019).

    The score of query step j and step i is tanh(u . s_i + v . h_j + b), additive as in that paper, with one vector
    for each sequence.
    """

    def build(
        self,
        queries_shape: Shape,
        sequence_shape: Shape,
        mask_shape: Shape | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> None:
        """Creates u, v and b."""
        self._sequence_vector = self.add_weight(name="u", shape=(sequence_shape[-1], 1), initializer="glorot_uniform")
        self._query_vector = self.add_weight(name="v", shape=(queries_shape[-1], 1), initializer="glorot_uniform")
        self._bias = self.add_weight(name="b", shape=(), initializer="zeros")
        self.built = True

    def call(self, queries: tf.Tensor, sequence: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Aligns two sequences.

        Args:
            queries: float32 (batch, words, dims).
            sequence: float32 (batch, frames, other dims).
            mask: Mask of the sequence, bool (batch, frames).

        Returns:
            Contexts (batch, words, other dims) and weights (batch, words, frames).
        """
        per_frame = tf.einsum("btd,dx->bxt", sequence, self._sequence_vector)
        per_word = tf.einsum("bwd,dx->bwx", queries, self._query_vector)
        weights = masked_softmax(tf.tanh(per_frame + per_word + self._bias), mask[:, tf.newaxis, :])
        return tf.einsum("bwt,btd->bwd", weights, sequence), weights

    def compute_output_shape(
        self,
        queries_shape: Shape,
        sequence_shape: Shape,
        mask_shape: Shape | None = None,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> tuple[Shape, Shape]:
        """Shapes of contexts and weights."""
        batch, words = queries_shape[:2]
        return (batch, words, sequence_shape[2]), (batch, words, sequence_shape[1])


def build_alignment_network(
    text: TextSettings,
    audio: AudioSettings,
    num_classes: int,
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
) -> keras.Model:
    """Builds a network in which each word attends over the frames, followed by a BLSTM and max pooling.

    Args:
        text: Vocabulary and initial embedding.
        audio: Normalisation of the frames.
        num_classes: Number of classes.
        lstm_units: Memory cells in each direction of all three BLSTMs.
        dropout: Dropout rate after each BLSTM.

    Returns:
        A model with the inputs `words`, `num_words`, `features` and `lengths` and the outputs `probabilities` and
        `alignment` (batch, words, frames).
    """
    text_inputs, words = text_audio.words_input(text)
    audio_inputs, frames = text_audio.frames_input(audio)
    words = text_audio.blstm(words, lstm_units, dropout, "text_blstm")
    frames = text_audio.blstm(frames, lstm_units, dropout, "audio_blstm")
    aligned, alignment = AlignmentAttention(name="alignment")(words.states, frames.states, frames.mask)
    joined = keras.layers.Concatenate(name="word_and_audio")([words.states, aligned])
    fused = text_audio.blstm(
        text_audio.Sequence(joined, words.mask, words.lengths), lstm_units, dropout, "fusion_blstm"
    )
    pooled = MaskedMax(name="max_pool")(fused.states, fused.mask)
    outputs = {"probabilities": text_audio.classifier(pooled, num_classes), "alignment": alignment}
    return keras.Model(text_inputs | audio_inputs, outputs, name="alignment_network")
