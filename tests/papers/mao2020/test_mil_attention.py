import keras
import numpy as np
import pytest

from ser_tf.layers.pooling import FrameMask
from ser_tf.papers.mao2020.mil_attention import BagAttention, CutSegments, GatherBags, MeanWeight, PadBags, SumToOne
from ser_tf.papers.mao2020.segmenting import SegmentParams
from tests.checks import LENGTHS, check_model, example

DIMS = 5
PARAMS = SegmentParams(frames=3, hop_frames=2, min_frames=1, max_segments=6, fill=-2.0)


def _inputs():
    return keras.Input((None, DIMS), name="features"), keras.Input((), dtype="int32", name="lengths")


def _attention_model(score):
    features, lengths = _inputs()
    # Half of the sequence are values, the other half logits.
    attention = BagAttention(score, name="attention")
    bag, weights = attention(features, -features, FrameMask()(features, lengths))
    mean = MeanWeight(name="mean")(weights)
    return keras.Model({"features": features, "lengths": lengths}, {"bag": bag, "weights": weights, "mean": mean})


@pytest.mark.parametrize("score", BagAttention.SCORES)
def test_attention_contract(score, tmp_path):
    check_model(_attention_model(score), DIMS, {"bag": (DIMS,), "weights": (None, DIMS), "mean": (None,)}, tmp_path)


@pytest.mark.parametrize("score", BagAttention.SCORES)
def test_attention_in_numpy(score):
    """w_k(h) = s_k(h) / sum of s_k; F_k = sum of w_k f_k (eq. 2-5)."""
    batch = example(DIMS, frames=12)
    given = {name: value.numpy() for name, value in _attention_model(score)(batch).items()}
    for row, length in enumerate(LENGTHS):
        values = batch["features"][row, :length].astype(np.float64)
        scores = {
            "softmax_over_classes": np.exp(-values) / np.exp(-values).sum(-1, keepdims=True),
            "softmax_over_segments": np.exp(-values) / np.exp(-values).sum(0),
            "sigmoid": 1 / (1 + np.exp(values)),
        }[score]
        weights = scores / scores.sum(0)
        np.testing.assert_allclose(given["weights"][row, :length], weights, atol=1e-6)
        np.testing.assert_allclose(given["bag"][row], (weights * values).sum(0), atol=1e-5)
        np.testing.assert_allclose(given["mean"][row, :length], weights.mean(-1), atol=1e-6)
        assert (given["weights"][row, length:] == 0).all() and (given["mean"][row, length:] == 0).all()
    assert (given["weights"] >= 0).all()
    np.testing.assert_allclose(given["weights"].sum(1), 1, atol=1e-6)


def test_scores_that_underflow_give_weights_that_sum_to_one():
    """A class that every segment's softmax makes smaller than float32 can hold."""
    batch = example(DIMS)
    batch["features"][..., 0] = 500
    given = _attention_model("softmax_over_classes")(batch)
    np.testing.assert_allclose(given["weights"].numpy().sum(1), 1, atol=1e-5)


def test_an_unknown_score_is_refused():
    with pytest.raises(ValueError, match="softmax_over_segments, sigmoid"):
        BagAttention("tanh")


def test_bags_hold_each_utterances_segments(tmp_path):
    features, lengths = _inputs()
    segments, counts = CutSegments(PARAMS, name="cut")(features, lengths)
    bags = GatherBags(name="bags")(keras.layers.Flatten()(segments), counts)
    model = keras.Model({"features": features, "lengths": lengths}, {"bags": bags})
    batch = example(DIMS)
    given = model(batch)["bags"].numpy()
    assert given.shape == (len(LENGTHS), 4, 3 * DIMS)
    for row, length in enumerate(LENGTHS):
        frames = np.vstack([batch["features"][row, :length], np.full((9, DIMS), PARAMS.fill)])
        count = -(-length // 2)
        expected = [frames[2 * place : 2 * place + 3].reshape(-1) for place in range(count)]
        np.testing.assert_array_equal(given[row, :count], expected)
        assert (given[row, count:] == 0).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(batch)["bags"], given)


@pytest.mark.parametrize("size", [4, 20])
def test_padded_bags_are_zero_after_their_end_and_all_of_one_size(size, tmp_path):
    features, lengths = _inputs()
    bags, counts = PadBags(size, name="padded")(features, lengths)
    model = keras.Model({"features": features, "lengths": lengths}, {"bags": bags})
    check_model(model, DIMS, {"bags": (size, DIMS)}, tmp_path)
    batch = example(DIMS)
    given = model(batch)["bags"].numpy()
    for row, length in enumerate(LENGTHS):
        kept = min(length, size)
        np.testing.assert_array_equal(given[row, :kept], batch["features"][row, :kept])
        assert (given[row, kept:] == 0).all()
    both = keras.Model({"features": features, "lengths": lengths}, counts)
    assert both(batch).numpy().tolist() == [size] * len(LENGTHS)


def test_sum_to_one():
    values = np.asarray([[0.2, 0.6], [0.0, 0.3]], np.float32)
    np.testing.assert_allclose(SumToOne()(values), [[0.25, 0.75], [0, 1]], atol=1e-6)
