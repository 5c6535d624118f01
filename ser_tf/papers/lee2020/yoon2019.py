"""Multi-hop attention of Yoon, Byun, Dey and Jung, ICASSP 2019, a comparison system of lee2020 (Table 2).

Deviations: widths and dropout are those of lee2020, which re-implements the model in its own set-up (§4.3.1) and states
no others. The original appends a vector of prosodic features to the last audio state; lee2020 names no such features
(§4.2 has only MFCC), and there are none here.
"""

import keras
import tensorflow as tf

from ser_tf.layers.explicit_mask import ExplicitMaskLayer
from ser_tf.layers.pooling import masked_softmax
from ser_tf.papers.lee2020 import text_audio
from ser_tf.papers.lee2020.packed_segments import Shape
from ser_tf.papers.lee2020.text_audio import DROPOUT, LSTM_UNITS, AudioSettings, TextSettings


@keras.saving.register_keras_serializable("ser_tf")
class LastStates(ExplicitMaskLayer):
    """The last output of each direction of a BLSTM: (states (batch, steps, dims), lengths (batch,)) -> (batch, dims).

    The first half is the forward output at the last valid step, the second the backward output at the first step.
    """

    def call(self, states: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
        """Picks the two states."""
        half = states.shape[-1] // 2
        last = tf.gather(states[..., :half], tf.reshape(lengths, (-1,)) - 1, axis=1, batch_dims=1)
        return tf.concat([last, states[:, 0, half:]], axis=-1)

    def compute_output_shape(
        self,
        states_shape: Shape,
        lengths_shape: Shape,  # noqa: ARG002 - Keras gives one shape for each argument
    ) -> Shape:
        """Shape (batch, dims)."""
        return (states_shape[0], states_shape[2])


@keras.saving.register_keras_serializable("ser_tf")
class QueryAttention(ExplicitMaskLayer):
    """Attention of one vector over a sequence by inner products (Yoon et al. 2019).

    (query (batch, dims), sequence (batch, steps, dims), mask (batch, steps)) -> context (batch, dims) and weights
    (batch, steps). The layer has no weights of its own.
    """

    def call(self, query: tf.Tensor, sequence: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Aggregates the valid steps."""
        weights = masked_softmax(tf.einsum("bd,btd->bt", query, sequence), mask)
        return tf.einsum("bt,btd->bd", weights, sequence), weights

    def compute_output_shape(
        self,
        query_shape: Shape,  # noqa: ARG002 - Keras gives one shape for each argument
        sequence_shape: Shape,
        mask_shape: Shape | None = None,  # noqa: ARG002
    ) -> tuple[Shape, Shape]:
        """Shapes (batch, dims) and (batch, steps)."""
        return (sequence_shape[0], sequence_shape[2]), tuple(sequence_shape[:2])


def build_multi_hop_network(
    text: TextSettings,
    audio: AudioSettings,
    num_classes: int,
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
) -> keras.Model:
    """Builds the network: the last audio state attends over words (H1), H1 over frames (H2), and [H1; H2] decides.

    Args:
        text: Vocabulary and initial embedding.
        audio: Normalisation of the frames.
        num_classes: Number of classes.
        lstm_units: Memory cells in each direction of both encoders.
        dropout: Dropout rate after each BLSTM.

    Returns:
        A model with the inputs `words`, `num_words`, `features` and `lengths` and the outputs `probabilities`,
        `text_attention` (batch, words) and `audio_attention` (batch, frames).
    """
    text_inputs, words = text_audio.words_input(text)
    audio_inputs, frames = text_audio.frames_input(audio)
    words = text_audio.blstm(words, lstm_units, dropout, "text_blstm")
    frames = text_audio.blstm(frames, lstm_units, dropout, "audio_blstm")
    last = LastStates(name="last_audio_state")(frames.states, frames.lengths)
    first_hop, text_attention = QueryAttention(name="first_hop")(last, words.states, words.mask)
    second_hop, audio_attention = QueryAttention(name="second_hop")(first_hop, frames.states, frames.mask)
    context = keras.layers.Concatenate(name="hops")([first_hop, second_hop])
    outputs = {
        "probabilities": text_audio.classifier(context, num_classes),
        "text_attention": text_attention,
        "audio_attention": audio_attention,
    }
    return keras.Model(text_inputs | audio_inputs, outputs, name="multi_hop_network")
