import numpy as np
import pytest
from sklearn import metrics as reference

from ser_tf.evaluation import metrics
from ser_tf.evaluation.predictions import FoldPredictions
from tests.evaluation.simulated import predictions_of, simulated_folds


@pytest.mark.parametrize("seed", range(5))
def test_accuracies_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    truth = random.choice(5, size=200, p=[0.6, 0.2, 0.1, 0.1, 0.0])
    decided = np.where(random.random(200) < 0.5, truth, random.integers(5, size=200))
    matrix = metrics.confusion_matrix(truth, decided, 5)
    assert metrics.weighted_accuracy(matrix) == pytest.approx(reference.accuracy_score(truth, decided), abs=1e-12)
    expected = np.mean([np.mean(decided[truth == label] == label) for label in np.unique(truth)])
    assert metrics.unweighted_accuracy(matrix) == pytest.approx(expected, abs=1e-12)
    seen = truth[np.isin(decided, truth)], decided[np.isin(decided, truth)]
    assert metrics.unweighted_accuracy(metrics.confusion_matrix(*seen, 5)) == pytest.approx(
        reference.balanced_accuracy_score(*seen), abs=1e-12
    )
    recall = reference.recall_score(truth, decided, labels=np.arange(5), average=None, zero_division=np.nan)
    np.testing.assert_allclose(metrics.per_class_recall(matrix), recall)


def test_a_class_that_does_not_occur_has_no_recall_and_no_weight():
    matrix = np.array([[3, 1, 0], [0, 4, 4], [0, 0, 0]])
    assert metrics.unweighted_accuracy(matrix) == pytest.approx((3 / 4 + 4 / 8) / 2)
    assert np.isnan(metrics.per_class_recall(matrix)[2])


def test_counts_are_pooled_before_dividing():
    large = FoldPredictions("1", 0, predictions_of([0] * 90 + [1] * 10, [0] * 100, ["S"] * 100, 2))
    small = FoldPredictions("2", 0, predictions_of([0, 1, 1], [1, 1, 1], "TTT", 2))
    matrix = metrics.pooled_confusion([large, small], 2)
    assert matrix.tolist() == [[90, 1], [10, 2]]
    assert metrics.weighted_accuracy(matrix) == 92 / 103
    assert metrics.unweighted_accuracy(matrix) == pytest.approx((90 / 91 + 2 / 12) / 2)


def test_pooled_accuracy_is_that_of_all_decisions_together():
    folds = simulated_folds(0.6, 3, seeds=(0, 1), weights=[0.5, 0.3, 0.15, 0.05])
    truth = np.concatenate([fold.predictions.truth for fold in folds])
    decided = np.concatenate([fold.predictions.decided for fold in folds])
    matrix = metrics.pooled_confusion(folds, 4)
    assert metrics.accuracy("wa", matrix) == pytest.approx(reference.accuracy_score(truth, decided))
    assert metrics.accuracy("ua", matrix) == pytest.approx(reference.balanced_accuracy_score(truth, decided))


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ValueError, match="no utterances"):
        metrics.weighted_accuracy(np.zeros((2, 2), dtype=int))
    with pytest.raises(ValueError, match="'f1'"):
        metrics.accuracy("f1", np.eye(2))
    with pytest.raises(ValueError, match="outside the 2"):
        metrics.confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="2 true classes but 1"):
        metrics.confusion_matrix(np.array([0, 1]), np.array([0]), 2)
    with pytest.raises(ValueError, match="fold Ses01, seed 0: posteriors of 4 classes where the task has 5"):
        metrics.pooled_confusion(simulated_folds(0.5, 0), 5)
