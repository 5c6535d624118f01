"""Networks of pieces as networks of utterances: cut and averaged as in training."""

import keras
import numpy as np
import pytest

from ser_tf.layers.pooling import FrameMask, MaskedMean
from ser_tf.papers.zhang2018.pieces import CutPieces
from ser_tf.papers.zhang2018.piecewise import on_pieces
from ser_tf.papers.zhang2018.subutterances import SubUtterances
from tests import checks

DIMS, LONGEST = 3, 4


def network_of_pieces():
    """A small network whose answer depends on where an utterance is cut."""
    features, lengths = keras.Input((None, DIMS), name="features"), keras.Input((), dtype="int32", name="lengths")
    mask = FrameMask(name="mask")(features, lengths)
    states = keras.layers.LSTM(5, return_sequences=True, name="lstm")(features, mask=mask)
    pooled = MaskedMean(name="mean")(states, mask)
    probabilities = keras.layers.Dense(4, activation="softmax", name="softmax")(pooled)
    return keras.Model({"features": features, "lengths": lengths}, {"probabilities": probabilities})


class Memory(dict):
    """Features by id, as a feature store gives them."""

    dims = DIMS

    def num_frames(self, utterance):
        return len(self[utterance])


@pytest.mark.parametrize("rule", ["equal", "fixed"])
def test_an_utterance_gets_the_mean_of_its_pieces(rule):
    rng = np.random.default_rng(0)
    features = Memory({f"u{n}": rng.normal(size=(n, DIMS)).astype(np.float32) for n in (1, 3, 4, 5, 8, 9, 15)})
    network = network_of_pieces()
    pieces = SubUtterances(features, tuple(features), LONGEST, rule)
    expected = pieces.average(checks.posteriors_of(network, pieces, pieces.ids))
    found = checks.posteriors_of(on_pieces(network, LONGEST, rule), features, list(features))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, checks.posteriors_of(network, features, list(features)), atol=1e-4)


@pytest.mark.parametrize("rule", ["equal", "fixed"])
def test_it_is_a_model_like_the_others(rule, tmp_path):
    checks.check_model(on_pieces(network_of_pieces(), LONGEST, rule), DIMS, {"probabilities": (4,)}, tmp_path)


def test_an_unknown_rule_is_an_error():
    with pytest.raises(ValueError, match="none of equal, fixed"):
        CutPieces(LONGEST, "thirds")
