import numpy as np
import pytest

from ser_tf.corpora.iemocap_format import parse_evaluation
from ser_tf.papers.ando2019 import vote_targets

CLASSES = ("angry", "happy", "sad", "neutral")
ALPHA = 0.75


def _counts(*votes):
    return vote_targets.count(votes, CLASSES)


@pytest.mark.parametrize(
    ("votes", "counts"),
    [
        ([("sad",), ("sad",), ("neutral",)], [0, 0, 2, 1]),
        ([("neutral", "angry"), ("neutral",)], [1, 0, 0, 2]),  # several labels in one line each count
        ([("frustrated",), ("other", "excited")], [0, 0, 0, 0]),  # no target label
        ([("happy",)], [0, 1, 0, 0]),  # one annotator
        ([("happy", "happy")], [0, 1, 0, 0]),  # h is binary
        ([], [0, 0, 0, 0]),
    ],
)
def test_each_evaluator_counts_once_for_each_label(votes, counts):
    assert _counts(*votes).tolist() == counts


def test_hard_is_equation_3():
    assert vote_targets.hard(_counts(("sad",), ("sad",), ("neutral",))) == 2
    assert vote_targets.hard(_counts(("frustrated",), ("frustrated",), ("angry",))) == 0
    assert vote_targets.hard(_counts(("fear",)), release=2) is None


def test_ties_are_decided_by_the_release_or_not_at_all():
    tie = _counts(("sad",), ("neutral",), ("other",))
    assert vote_targets.hard(tie) is None
    assert vote_targets.hard(tie, release=3) == 3
    assert vote_targets.hard(tie, release=0) is None
    assert vote_targets.hard(_counts(("sad",), ("sad",), ("angry",)), release=0) == 2  # no tie: the votes decide


def test_soft_is_equation_4():
    np.testing.assert_allclose(
        vote_targets.soft(_counts(("sad",), ("sad",), ("sad",)), ALPHA), [0.125, 0.125, 0.625, 0.125]
    )
    np.testing.assert_allclose(
        vote_targets.soft(_counts(("neutral", "angry"), ("neutral",), ("other",)), ALPHA),
        np.array([1.75, 0.75, 0.75, 2.75]) / 6,
        rtol=1e-6,
    )
    np.testing.assert_allclose(vote_targets.soft(_counts(("happy",)), ALPHA), np.array([0.75, 1.75, 0.75, 0.75]) / 4)


def test_soft_targets_sum_to_one():
    rng = np.random.default_rng(0)
    for _ in range(50):
        soft = vote_targets.soft(rng.integers(0, 5, 4), ALPHA)
        assert soft.dtype == np.float32 and soft.min() > 0
        assert soft.sum() == pytest.approx(1, abs=1e-6)


def test_existence_is_equation_5():
    assert vote_targets.existence(_counts(("neutral", "angry"), ("neutral",), ("other",))).tolist() == [1, 0, 0, 1]
    assert vote_targets.existence(_counts(("other",))).tolist() == [0, 0, 0, 0]


def test_shares_count_utterances_not_votes():
    votes = [[("sad",), ("sad",)], [("sad", "happy")], [("other",)], []]
    assert vote_targets.existence_shares(votes, CLASSES) == {"angry": 0, "happy": 0.25, "sad": 0.5, "neutral": 0}


def test_self_evaluations_never_count():
    text = (
        "[1.0000 - 2.0000]\tSes01F_impro04_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
        "C-E2:\tNeutral;\t()\n"
        "C-E3:\tNeutral; Sadness;\t()\n"
        "C-F1:\tAnger;\t()\n"
        "C-M1:\tHappiness;\t()\n"
        "\n"
    )
    (turn,) = parse_evaluation(text, "Ses01F_impro04.txt")
    assert vote_targets.count(turn.votes, CLASSES).tolist() == [0, 0, 1, 2]
