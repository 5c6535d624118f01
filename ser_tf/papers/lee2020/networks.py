"""Networks of Lee, Yoon and Jung 2020: the cross attention network, its ablations, and the single-modality baselines.

For inputs and padding see `ser_tf.papers.lee2020.text_audio`. All return a dictionary with `probabilities` (batch,
classes).
"""

import keras

from ser_tf.layers.pooling import LocalAttentionPooling
from ser_tf.papers.lee2020 import text_audio
from ser_tf.papers.lee2020.cross_attention import CrossAttention, ProductDecision
from ser_tf.papers.lee2020.text_audio import (
    AVERAGES,
    DROPOUT,
    LSTM_UNITS,
    SEGMENT_DROPOUTS,
    AudioSettings,
    TextSettings,
)

NUM_HEADS = 4  # §4.2
ALIGN_WEIGHT = 0.1  # §4.2, alpha of eq. 14 and 15


def build_cross_attention_network(  # noqa: PLR0913 - the paper's symbols, and its variants
    text: TextSettings,
    audio: AudioSettings,
    num_classes: int,
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
    num_heads: int = NUM_HEADS,
    align_weight: float = ALIGN_WEIGHT,
    stop_gradient: bool = True,
    cross_attention: bool = True,
    project_heads: bool = True,
    segment_average: str = AVERAGES[0],
    segment_dropout: str = SEGMENT_DROPOUTS[0],
) -> keras.Model:
    """Builds the cross attention network, eq. 1-12 and 15, and the variants of Table 4.

    The loss of eq. 13-14 is the cross entropy of three outputs, `joint_probabilities` with weight 1 and
    `text_probabilities` and `audio_probabilities` with weight alpha each.

    Args:
        text: Vocabulary and initial embedding.
        audio: How frames are computed and normalised.
        num_classes: Number of classes.
        lstm_units: Memory cells in each direction, D_h.
        dropout: Dropout rate after each BLSTM.
        num_heads: Number of heads of the global attention.
        align_weight: alpha; with 0, eq. 11-13 are left out and eq. 10 decides ("- L_align").
        stop_gradient: Whether to block gradients through the crossed weights; False is "- stop-gradient".
        cross_attention: Whether to use crossed contexts; False decides only by c^(TT) and c^(AA) ("- cross attention").
        project_heads: See `CrossAttention`.
        segment_average: See `text_audio.encoded_segments`.
        segment_dropout: See `text_audio.encoded_segments`.

    Returns:
        A model with the outputs `probabilities`, `text_attention` and `audio_attention` (batch, heads, words), and, for
        alpha > 0, the three outputs of the loss.
    """
    text_inputs, words = text_audio.words_input(text)
    audio_inputs, frames, segments = text_audio.segments_input(audio)
    text_states = text_audio.blstm(words, lstm_units, dropout, "text_blstm")
    audio_states = text_audio.encoded_segments(
        frames, segments, words, lstm_units, dropout, segment_average, segment_dropout
    )
    attention = CrossAttention(num_heads, project_heads, stop_gradient, cross_attention, name="cross_attention")
    attended = attention(text_states.states, audio_states.states, words.mask)
    names = ("c_text_text", "c_text_audio", "c_audio_audio", "c_audio_text")  # the order of eq. 10
    contexts = keras.layers.Concatenate(name="contexts")([attended[name] for name in names if name in attended])
    outputs = {name: attended[name] for name in ("text_attention", "audio_attention")}
    if align_weight > 0:
        joint = text_audio.classifier(contexts, num_classes, "joint_probabilities")
        of_text = text_audio.classifier(attended["c_text_text"], num_classes, "text_probabilities")
        of_audio = text_audio.classifier(attended["c_audio_audio"], num_classes, "audio_probabilities")
        outputs |= {"joint_probabilities": joint, "text_probabilities": of_text, "audio_probabilities": of_audio}
        outputs["probabilities"] = ProductDecision(align_weight, name="probabilities")(joint, of_text, of_audio)
    else:
        outputs["probabilities"] = text_audio.classifier(contexts, num_classes)
    return keras.Model(text_inputs | audio_inputs, outputs, name="cross_attention_network")


def build_text_network(
    text: TextSettings, num_classes: int, lstm_units: int = LSTM_UNITS, dropout: float = DROPOUT
) -> keras.Model:
    """Builds TextModel of Table 2: one BLSTM over the words and global attention.

    Returns:
        A model with the inputs `words` and `num_words` and the outputs `probabilities` and `attention` (batch, words).
    """
    inputs, words = text_audio.words_input(text)
    return _single_modality(inputs, words, num_classes, lstm_units, dropout, "text")


def build_audio_network(
    audio: AudioSettings, num_classes: int, lstm_units: int = LSTM_UNITS, dropout: float = DROPOUT
) -> keras.Model:
    """Builds AudioModel of Table 2: one BLSTM over the frames of the utterance and global attention.

    Returns:
        A model with the inputs `features` and `lengths` and the outputs `probabilities` and `attention` (batch,
        frames).
    """
    inputs, frames = text_audio.frames_input(audio)
    return _single_modality(inputs, frames, num_classes, lstm_units, dropout, "audio")


def _single_modality(
    inputs: dict[str, keras.KerasTensor],
    sequence: text_audio.Sequence,
    num_classes: int,
    lstm_units: int,
    dropout: float,
    name: str,
) -> keras.Model:
    encoded = text_audio.blstm(sequence, lstm_units, dropout, f"{name}_blstm")
    context, attention = LocalAttentionPooling(name="attention")(encoded.states, encoded.mask)
    outputs = {"probabilities": text_audio.classifier(context, num_classes), "attention": attention}
    return keras.Model(inputs, outputs, name=f"{name}_network")
