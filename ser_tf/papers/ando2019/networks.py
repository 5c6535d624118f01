"""Networks of Ando et al. 2019 (Table 2, Fig. 1 and 2): spectrogram encoders and the classifiers on top of them.

An encoder maps a spectrogram of any length to one vector by convolutions, a BLSTM and self-attention over its states. A
classifier maps the vectors of one or two encoders to posteriors (softmax) or to the existence of each emotion (sigmoid)
by two dense layers. `build_network` combines both. Time is padded on the right; the output does not depend on the
padding.

Deviations: Table 2 does not say which side of a kernel lies along time, how edges are padded, how wide the
self-attention's hidden layer is, or what follows the first dense layer (for all of these see ledger). Batch
normalisation has PyTorch's momentum and epsilon (fixed here: §4.1 names PyTorch); a pooling block cut off by the end
counts as whole (fixed here: no frame is lost).
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling
from ser_tf.layers.satt2017_body import FREQUENCY_FIRST, convolution_body, first_frame, frames_in_a_step
from ser_tf.papers.ando2019.step_weights import SpreadOverFrames

FIRST_STRIDE = 2  # Table 2
LSTM_UNITS = 128  # Table 2; in each direction, see ledger (lstm_width)
DENSE_UNITS = 64  # Table 2
ATTENTION_UNITS = 128  # not stated; see ledger (attention_units)
DOMINANT_ENCODER, MLEE_ENCODER = ENCODERS = "dominant_encoder", "mlee_encoder"
"""Names of encoders by their training targets."""


def build_encoder(
    dims: int,
    mean: npt.NDArray[np.floating[Any]],
    std: npt.NDArray[np.floating[Any]],
    name: str,
    lstm_units: int = LSTM_UNITS,
    attention_units: int = ATTENTION_UNITS,
    kernel_axes: str = FREQUENCY_FIRST,
    padding: str = "same",
) -> keras.Model:
    """Builds the encoder of Table 2.

    Args:
        dims: Bins of the spectrogram.
        mean: Per-bin mean over the training utterances, shape (dims,), subtracted from the features.
        std: Per-bin standard deviation, shape (dims,).
        name: Name of the encoder as a layer of a network.
        lstm_units: Memory cells in each direction.
        attention_units: Hidden units of the self-attention, softmax(w2 tanh(W1 H)) in [22].
        kernel_axes: Order of a kernel's axes, as for `convolution_body`.
        padding: Padding of the convolutions, `same` or `valid`, as for `convolution_body`.

    Returns:
        A model from `features` float32 (batch, frames, dims) and `lengths` int32 (batch,) to `embedding` (batch, 2 x
        lstm_units) and `attention` (batch, frames), which sums to one over valid frames. A step of the BLSTM represents
        16 frames, each of which gets a sixteenth of its attention.
    """
    features = keras.Input((None, dims), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    normalised = keras.layers.Normalization(mean=mean, variance=np.square(std), name="normaliser")(features)
    steps, num_steps = convolution_body(normalised, lengths, FIRST_STRIDE, kernel_axes, padding)
    mask = FrameMask(name="mask")(steps, num_steps)
    lstm = keras.layers.LSTM(lstm_units, return_sequences=True, name="lstm")
    states = keras.layers.Bidirectional(lstm, name="blstm")(steps, mask=mask)
    attend = LocalAttentionPooling((attention_units,), hidden_bias=False, name="self_attention")
    embedding, weights = attend(states, mask)
    first = first_frame(FIRST_STRIDE, kernel_axes, padding)
    spread = SpreadOverFrames(frames_in_a_step(FIRST_STRIDE), first, name="attention")
    outputs = {"embedding": embedding, "attention": spread(weights, features, lengths)}
    return keras.Model({"features": features, "lengths": lengths}, outputs, name=name)


def build_classifier(
    dims: int,
    num_classes: int,
    activation: str = "softmax",
    dense_units: int = DENSE_UNITS,
    dense_activation: str = "relu",
) -> keras.Model:
    """Builds the classifier of Table 2.

    Args:
        dims: Total size of the encoders' vectors.
        num_classes: Number of classes.
        activation: `softmax` for the dominant emotion (§2.1), `sigmoid` for the existence of each (§3.1).
        dense_units: Units of the hidden layer.
        dense_activation: Activation of the hidden layer.

    Returns:
        A model from `embedding` (batch, dims) to `probabilities` (batch, num_classes).
    """
    embedding = keras.Input((dims,), name="embedding")
    hidden = keras.layers.Dense(dense_units, activation=dense_activation, name="dense")(embedding)
    probabilities = keras.layers.Dense(num_classes, activation=activation, name="scores")(hidden)
    return keras.Model({"embedding": embedding}, {"probabilities": probabilities}, name="classifier")


def build_network(encoders: Sequence[keras.Model], classifier: keras.Model) -> keras.Model:
    """Puts encoders in parallel, concatenates their vectors, and adds the classifier (Fig. 2).

    Args:
        encoders: One or two models from `build_encoder`, which become layers under their names; shared, not copied.
        classifier: A model from `build_classifier`, for the vectors of all encoders in order.

    Returns:
        A model from `features` and `lengths` to `probabilities` (batch, classes), `attention` (batch, frames) of the
        last encoder, and with two encoders `attention_of_<name>` of each.
    """
    dims = encoders[0].input["features"].shape[-1]
    features = keras.Input((None, dims), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    inputs = {"features": features, "lengths": lengths}
    encoded = {encoder.name: encoder(inputs) for encoder in encoders}
    vectors = [outputs["embedding"] for outputs in encoded.values()]
    joined = vectors[0] if len(vectors) == 1 else keras.layers.Concatenate(name="embeddings")(vectors)
    outputs = {
        "probabilities": classifier({"embedding": joined})["probabilities"],
        "attention": encoded[encoders[-1].name]["attention"],
    }
    if len(encoded) > 1:
        outputs |= {f"attention_of_{name}": each["attention"] for name, each in encoded.items()}
    return keras.Model(inputs, outputs, name="network")
