"""Networks of Mirsamadi et al. 2017: learned LLDs with functionals (Fig. 1(a)) and BLSTM with pooling (Fig. 1(b)-(f)).

All take `features` float32 (batch, frames, dims) and `lengths` int32 (batch,), padded on the right, and return a
dictionary with `probabilities` (batch, classes). The output does not depend on the padding.

Deviations: the paper does not say where the dropout of "all layers" is applied; by default it is applied to the output
of each dense and recurrent layer, and not to recurrent connections. `dropout_place` selects other readings.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.layers.pooling import FrameMask, LocalAttentionPooling, MaskedMean
from ser_tf.papers.mirsamadi2017.functionals_pooling import FunctionalsPooling

DENSE_UNITS = (512, 512)  # §3 and footnote 2 of Table 2
LSTM_UNITS = 128  # §3, in each direction
DROPOUT = 0.5  # §3
DROPOUT_PLACES = ("outputs", "inputs", "recurrent")
"""Dropout of each layer's outputs, of its inputs, or of outputs and recurrent connections."""
FRAME_DECISIONS = ("mean_posterior", "mean_log_posterior")
AGGREGATIONS = ("frame_wise", "final_frame", "mean_pool", "weighted_pool")  # Fig. 1(b)-(e)


def _inputs(
    dims: int, mean: npt.NDArray[np.floating[Any]], std: npt.NDArray[np.floating[Any]]
) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor, keras.KerasTensor]:
    """Creates the named inputs, the features normalised by fixed statistics, and the mask of valid frames."""
    features = keras.Input((None, dims), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    normalised = keras.layers.Normalization(mean=mean, variance=np.square(std), name="normaliser")(features)
    mask = FrameMask(name="mask")(features, lengths)
    return {"features": features, "lengths": lengths}, normalised, mask


def _learned_llds(frames: keras.KerasTensor, units: tuple[int, ...], dropout: float, place: str) -> keras.KerasTensor:
    """Applies ReLU layers to every frame, with dropout after or before each: Fig. 1(a)."""
    for number, width in enumerate(units, start=1):
        dense = keras.layers.Dense(width, activation="relu", name=f"lld_{number}")
        drop = keras.layers.Dropout(dropout, name=f"lld_{number}_dropout")
        frames = dense(drop(frames)) if place == "inputs" else drop(dense(frames))
    return frames


def _decide(frame_probabilities: keras.KerasTensor, mask: keras.KerasTensor, how: str) -> keras.KerasTensor:
    """Combines the posteriors of frames into the utterance's posterior."""
    if how == "mean_posterior":
        return MaskedMean(name="probabilities")(frame_probabilities, mask)
    logarithms = keras.ops.log(keras.ops.maximum(frame_probabilities, keras.config.epsilon()))
    return keras.layers.Softmax(name="probabilities")(MaskedMean(name="mean_log_posterior")(logarithms, mask))


def build_functionals_network(  # noqa: PLR0913 - the paper's symbols
    dims: int,
    num_classes: int,
    functionals: tuple[str, ...],
    mean: npt.NDArray[np.floating[Any]],
    std: npt.NDArray[np.floating[Any]],
    dense_units: tuple[int, ...] = DENSE_UNITS,
    dropout: float = DROPOUT,
    dropout_place: str = DROPOUT_PLACES[0],
) -> keras.Model:
    """Builds learned LLDs, fixed functionals over time, softmax (Fig. 1(a); the DNN rows of Table 2).

    Args:
        dims: Dimensions of a frame.
        num_classes: Number of classes.
        functionals: Names of the functionals that pool over time.
        mean: Per-dimension mean, shape (dims,), subtracted from the features.
        std: Per-dimension standard deviation, shape (dims,).
        dense_units: Widths of the ReLU layers.
        dropout: Dropout rate of these layers.
        dropout_place: One of `DROPOUT_PLACES`.

    Returns:
        A model with the output `probabilities`.
    """
    inputs, frames, mask = _inputs(dims, mean, std)
    frames = _learned_llds(frames, dense_units, dropout, dropout_place)
    pooled = FunctionalsPooling(functionals, name="functionals")(frames, mask)
    probabilities = keras.layers.Dense(num_classes, activation="softmax", name="probabilities")(pooled)
    return keras.Model(inputs, {"probabilities": probabilities}, name="functionals_network")


def build_recurrent_network(  # noqa: PLR0913 - the paper's symbols
    dims: int,
    num_classes: int,
    aggregation: str,
    mean: npt.NDArray[np.floating[Any]],
    std: npt.NDArray[np.floating[Any]],
    dense_units: tuple[int, ...] = (),
    lstm_units: int = LSTM_UNITS,
    dropout: float = DROPOUT,
    attention_units: tuple[int, ...] = (),
    frame_decision: str = FRAME_DECISIONS[0],
    dropout_place: str = DROPOUT_PLACES[0],
) -> keras.Model:
    """Builds a BLSTM over frames with one kind of temporal aggregation (Fig. 1(b)-(f); Table 3).

    Args:
        dims: Dimensions of a frame.
        num_classes: Number of classes.
        aggregation: `frame_wise` (averages a posterior per frame), `final_frame` (the last output of each direction),
            `mean_pool`, or `weighted_pool` (eq. 1-2).
        mean: Per-dimension mean, shape (dims,), subtracted from the features.
        std: Per-dimension standard deviation, shape (dims,).
        dense_units: Widths of ReLU layers below the BLSTM, for spectral features; none for LLDs.
        lstm_units: Memory cells in each direction.
        dropout: Dropout rate of each layer.
        attention_units: Widths of the hidden layers of the attention model (Fig. 1(f)); Fig. 1(e) has none.
        frame_decision: Whether `frame_wise` averages the frames' posteriors or their logarithms.
        dropout_place: One of `DROPOUT_PLACES`.

    Returns:
        A model with the outputs `probabilities`, for `weighted_pool` also `attention` (batch, frames), and for
        `frame_wise` also `frame_probabilities` (batch, frames, classes).

    Raises:
        ValueError: `aggregation` is unknown.
    """
    if aggregation not in AGGREGATIONS:
        raise ValueError(f"aggregation {aggregation!r} is none of {', '.join(AGGREGATIONS)}")
    inputs, frames, mask = _inputs(dims, mean, std)
    frames = _learned_llds(frames, dense_units, dropout, dropout_place)
    if dropout_place == "inputs":
        frames = keras.layers.Dropout(dropout, name="blstm_dropout")(frames)
    lstm = keras.layers.LSTM(
        lstm_units,
        return_sequences=aggregation != "final_frame",
        recurrent_dropout=dropout if dropout_place == "recurrent" else 0.0,
        name="lstm",
    )
    # With a mask, each direction's last output is the one at its last valid frame (§2.2).
    states = keras.layers.Bidirectional(lstm, name="blstm")(frames, mask=mask)
    if dropout_place != "inputs":
        states = keras.layers.Dropout(dropout, name="blstm_dropout")(states)
    classify = keras.layers.Dense(
        num_classes,
        activation="softmax",
        name="frame_probabilities" if aggregation == "frame_wise" else "probabilities",
    )
    outputs = {}
    if aggregation == "frame_wise":
        outputs["frame_probabilities"] = classify(states)
        outputs["probabilities"] = _decide(outputs["frame_probabilities"], mask, frame_decision)
    elif aggregation == "final_frame":
        outputs["probabilities"] = classify(states)
    elif aggregation == "mean_pool":
        outputs["probabilities"] = classify(MaskedMean(name="mean_pool")(states, mask))
    else:
        pooled, outputs["attention"] = LocalAttentionPooling(attention_units, name="attention")(states, mask)
        outputs["probabilities"] = classify(pooled)
    return keras.Model(inputs, outputs, name=f"{aggregation}_network")
