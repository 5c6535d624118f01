"""Multi-hop attention of Yoon, Byun, Dey and Jung, ICASSP 2019, as lee2020 compares with it (Table 2).

Deviations: widths and dropout are those of lee2020, which re-implements the model in its own set-up and states no
others.
"""

import keras

from ser_tf.layers.segments import LastStates
from ser_tf.papers.lee2020 import text_audio
from ser_tf.papers.lee2020.cross_attention import QueryAttention
from ser_tf.papers.lee2020.text_audio import DROPOUT, LSTM_UNITS, AudioSettings, TextSettings


def build_multi_hop_network(
    text: TextSettings,
    audio: AudioSettings,
    num_classes: int,
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
) -> keras.Model:
    """The last audio state attends over the words (H1), H1 attends over the frames (H2), [H1; H2] decides.

    Args:
        text: Vocabulary and first embedding.
        audio: Normalisation of the frames.
        num_classes: K.
        lstm_units: In each direction, of both encoders.
        dropout: After each BLSTM.

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
