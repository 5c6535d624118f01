"""Targets of ando2019: which utterances each label type can use, class weights, and the losses of eq. 2 and 6."""

from types import SimpleNamespace

import numpy as np
import pytest

from ser_tf.corpora.base import Utterance
from ser_tf.papers.ando2019 import paper, targets
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.objective import existence_loss, objective
from ser_tf.protocol.paper import RowUnavailableError
from ser_tf.training.batches import balanced_class_weights

TASK = paper.task_of(Ledger())  # angry, happy, sad, neutral
VOTED = {  # id: the release's label and the votes
    "plain": ("sad", (("sad",), ("sad",), ("sad",))),
    "mixed": ("neutral", (("neutral", "angry"), ("neutral",), ("frustrated",))),
    "tie": ("happy", (("happy",), ("sad",), ("other",))),
    "minor": ("frustrated", (("frustrated",), ("frustrated",), ("angry",))),
    "none": (None, (("excited",), ("sad",), ("neutral",))),
    "others": ("excited", (("excited",), ("excited",), ("surprise",))),
    "acted": ("angry", (("fear",), ("disgust",))),  # nobody heard what was meant
}


def _utterance(name, label, votes):
    return Utterance(name, "a.wav", "iemocap", "Ses01F", "Ses01", "female", "improvised", label, votes)


def _voted(**given):
    made = {name: _utterance(name, *each) for name, each in (given or VOTED).items()}
    return SimpleNamespace(utterances=made, task=TASK, fold=SimpleNamespace(name="Ses01F"))


@pytest.mark.parametrize(
    ("labels", "data", "ids"),
    [
        ("hard", "dominant", ["plain", "mixed", "tie"]),
        ("hard", "all", ["plain", "mixed", "tie"]),
        ("soft", "dominant", ["plain", "mixed", "tie"]),
        ("soft", "all", ["plain", "mixed", "tie", "minor", "none"]),
        ("mlee", "dominant", ["plain", "mixed", "tie", "acted"]),
        ("mlee", "all", list(VOTED)),
    ],
)
def test_each_label_type_takes_what_it_can_use(labels, data, ids):
    assert list(targets.examples(_voted(), list(VOTED), labels, data).ids) == ids


def test_targets_of_hand_made_votes():
    context = _voted()
    hard = targets.examples(context, ["plain", "mixed", "tie"], "hard", "all").targets
    assert hard.argmax(1).tolist() == [2, 3, 1] and hard.sum() == 3  # the release decides the tie
    soft = targets.examples(context, ["plain", "minor", "none"], "soft", "all").targets
    np.testing.assert_allclose(soft.sum(1), 1)
    np.testing.assert_allclose(soft[0], [0.125, 0.125, 0.625, 0.125])
    np.testing.assert_allclose(soft[1], np.array([1.75, 0.75, 0.75, 0.75]) / 4)
    existence = targets.examples(context, ["mixed", "none", "others"], "mlee", "all").targets
    assert existence.tolist() == [[1, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0]]


def test_without_votes_hard_targets_alone_are_there():
    context = _voted(one=("sad", ()), two=("boredom", ()))
    made = targets.examples(context, ["one", "two"], "hard", "all")
    assert made.ids == ("one",) and made.targets.tolist() == [[0, 0, 1, 0]]
    for labels in ("soft", "mlee"):
        with pytest.raises(RowUnavailableError, match="votes"):
            targets.examples(context, ["one"], labels, "all")


def test_an_utterance_without_votes_among_others_that_have_some():
    context = _voted(one=("sad", ()), two=("happy", (("happy",),)))
    assert targets.examples(context, ["one", "two"], "hard", "all").targets.argmax(1).tolist() == [2, 1]
    assert targets.examples(context, ["one", "two"], "soft", "all").ids == ("two",)
    assert targets.examples(context, ["one", "two"], "mlee", "all").targets.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0]]


def test_copies_have_the_targets_of_their_originals():
    made = targets.examples(_voted(), ["plain", "mixed"], "hard", "all").at_speeds((0.9, 1.1))
    assert made.ids == ("plain", "mixed", "plain@0.9", "mixed@0.9", "plain@1.1", "mixed@1.1")
    np.testing.assert_array_equal(made.targets, np.tile(made.targets[:2], (3, 1)))


def test_class_weights_are_inverse_frequencies():
    drawn = np.random.default_rng(0).integers(0, 3, 50)  # the last class is never there
    weights = targets.class_weights(np.eye(4, dtype=np.float32)[drawn])
    np.testing.assert_allclose(weights, balanced_class_weights(drawn, 4), rtol=1e-6)
    soft = np.array([[0.5, 0.5, 0], [0.25, 0.5, 0.25]], np.float32)
    np.testing.assert_allclose(targets.class_weights(soft), 2 / (3 * np.array([0.75, 1.0, 0.25])), rtol=1e-6)


def test_how_often_a_class_is_the_largest_is_its_frequency_among_the_votes():
    soft = np.array([[0.6, 0.2, 0.2], [0.4, 0.4, 0.2], [0.5, 0.3, 0.2]], np.float32)
    weights = targets.class_weights(soft, "largest")
    np.testing.assert_allclose(weights, [3 / (2 * 2.5), 3 / (2 * 0.5), 0], rtol=1e-6)
    hard = np.eye(3, dtype=np.float32)[[0, 0, 1, 2, 2, 2]]
    np.testing.assert_allclose(targets.class_weights(hard, "largest"), targets.class_weights(hard), rtol=1e-6)
    train = targets.Examples(("one", "two", "three"), soft)
    assert not np.allclose(
        objective("soft", train, "largest").columns(train)["weight"], soft @ targets.class_weights(soft)
    )


def test_existence_weights_are_inverse_frequencies_of_both_answers():
    existence = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], np.float32)
    weights = targets.existence_weights(existence)
    np.testing.assert_allclose(weights, [[4 / (2 * 1), 1.0], [4 / (2 * 3), 0.0]], rtol=1e-6)


def test_weighted_cross_entropy_is_equation_2():
    soft = targets.examples(_voted(), list(VOTED), "soft", "all")
    goal = objective("soft", soft)
    weights = targets.class_weights(soft.targets)
    posteriors = np.random.default_rng(1).dirichlet(np.ones(4), len(soft.ids)).astype(np.float32)
    columns = goal.columns(soft)
    weight = columns["weight"]
    given = (weight * goal.loss(columns["target"], posteriors).numpy()).sum() / weight.sum()
    terms = weights * soft.targets
    wanted = -(terms * np.log(posteriors)).sum() / terms.sum()
    assert float(given) == pytest.approx(wanted, rel=1e-5)


def test_existence_loss_is_equation_6():
    rng = np.random.default_rng(2)
    wanted = rng.integers(0, 2, (6, 4)).astype(np.float32)
    chances = rng.uniform(0.05, 0.95, (6, 4)).astype(np.float32)
    weights = rng.uniform(0.5, 2, (2, 4)).astype(np.float32)
    plain = -(wanted * np.log(chances) + (1 - wanted) * np.log(1 - chances)).sum(1)
    np.testing.assert_allclose(existence_loss(np.ones((2, 4), np.float32))(wanted, chances), plain, rtol=1e-5)
    terms = weights[1] * wanted * np.log(chances) + weights[0] * (1 - wanted) * np.log(1 - chances)
    np.testing.assert_allclose(existence_loss(weights)(wanted, chances), -terms.sum(1), rtol=1e-5)
