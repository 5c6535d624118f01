"""Learned alignment of Xu et al. 2019 (arXiv:1909.05645), as lee2020 compares with it (Table 2).

Deviations: widths and dropout are those of lee2020, which re-implements the model in its own set-up and states no
others.
"""

import keras

from ser_tf.layers.segments import MaskedMax
from ser_tf.papers.lee2020 import text_audio
from ser_tf.papers.lee2020.cross_attention import AlignmentAttention
from ser_tf.papers.lee2020.text_audio import DROPOUT, LSTM_UNITS, AudioSettings, TextSettings


def build_alignment_network(
    text: TextSettings,
    audio: AudioSettings,
    num_classes: int,
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
) -> keras.Model:
    """Each word attends over the audio frames; word and attended audio go through a BLSTM and max-pooling.

    Args:
        text: Vocabulary and first embedding.
        audio: Normalisation of the frames.
        num_classes: K.
        lstm_units: In each direction, of all three BLSTMs.
        dropout: After each BLSTM.

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
