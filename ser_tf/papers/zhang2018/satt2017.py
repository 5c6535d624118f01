"""CNN+LSTM of Satt, Rozenberg and Hoory, Interspeech 2017, a comparison system of zhang2018 (Table II).

Three convolutions, a BLSTM over their steps, a dense layer, softmax. The output does not depend on the padding.

Deviations: pieces shorter than 3 s are masked, not padded with silence; the BLSTM returns the last valid output of each
direction; batch normalisation has PyTorch's momentum and epsilon; there is no dropout.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.layers import satt2017_body
from ser_tf.layers.pooling import FrameMask

LSTM_UNITS = 128
DENSE_UNITS = 64


def build_cnn_lstm(
    bins: int,
    num_classes: int,
    mean: npt.NDArray[Any],
    std: npt.NDArray[Any],
    lstm_units: int = LSTM_UNITS,
    dense_units: int = DENSE_UNITS,
    **body: Any,
) -> keras.Model:
    """Builds Model1; Model2 is the same network, trained further.

    Args:
        bins: Frequency bins of the spectrogram.
        num_classes: Number of classes.
        mean: Per-bin mean, shape (bins,), subtracted from the spectrogram.
        std: Per-bin standard deviation, shape (bins,).
        lstm_units: Memory cells in each direction.
        dense_units: Units of the ReLU layer before the classifier.
        **body: Further arguments of `satt2017_body.convolution_body`.

    Returns:
        A model that maps `features` float32 (batch, frames, bins) and `lengths` int32 (batch,) to `probabilities`
        (batch, classes).
    """
    features = keras.Input((None, bins), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    frames = keras.layers.Normalization(mean=mean, variance=np.square(std), name="normaliser")(features)
    steps, num_steps = satt2017_body.convolution_body(frames, lengths, **body)
    mask = FrameMask(name="mask")(steps, num_steps)
    states = keras.layers.Bidirectional(keras.layers.LSTM(lstm_units, name="lstm"), name="blstm")(steps, mask=mask)
    hidden = keras.layers.Dense(dense_units, activation="relu", name="dense")(states)
    probabilities = keras.layers.Dense(num_classes, activation="softmax", name="probabilities")(hidden)
    return keras.Model({"features": features, "lengths": lengths}, {"probabilities": probabilities}, name="cnn_lstm")
