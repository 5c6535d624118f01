"""Turning a network of pieces into a network of utterances that averages the posteriors of an utterance's pieces."""

import keras

from ser_tf.papers.zhang2018.pieces import EQUAL, CutPieces, PieceMean


def on_pieces(model: keras.Model, longest: int, rule: str = EQUAL) -> keras.Model:
    """Puts cutting before a trained network and averaging after it (zhang2018 §III-C).

    Args:
        model: A network that maps `features` (pieces, frames, dims) and `lengths` (pieces,) to `probabilities`.
        longest: Maximum frames in a piece.
        rule: `equal` or `fixed`, see `CutPieces`.

    Returns:
        A model that maps `features` (batch, frames, dims) and `lengths` (batch,) of whole utterances to `probabilities`
        (batch, classes).
    """
    features = keras.Input((None, model.input["features"].shape[-1]), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    pieces, piece_lengths, counts = CutPieces(longest, rule, name="pieces")(features, lengths)
    of_pieces = model({"features": pieces, "lengths": piece_lengths})["probabilities"]
    probabilities = PieceMean(name="probabilities")(of_pieces, counts)
    return keras.Model({"features": features, "lengths": lengths}, {"probabilities": probabilities}, name="piecewise")
