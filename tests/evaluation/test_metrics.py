import numpy as np
import pytest
from sklearn import metrics as reference

from ser_tf.evaluation import metrics
from ser_tf.evaluation.predictions import FoldPredictions
from tests.evaluation.simulated import predictions_of, simulated_folds


def decisions(seed, present=4):
    """Truth of the first `present` classes of five, decisions of all five."""
    random = np.random.default_rng(seed)
    truth = random.integers(present, size=200)
    return truth, np.where(random.random(200) < 0.5, truth, random.integers(5, size=200))


@pytest.mark.parametrize("present", [3, 4, 5])
@pytest.mark.parametrize("seed", range(3))
def test_every_metric_agrees_with_scikit_learn(seed, present):
    truth, decided = decisions(seed, present)
    matrix = metrics.confusion_matrix(truth, decided, 5)
    assert np.array_equal(matrix, reference.confusion_matrix(truth, decided, labels=range(5)))
    occurring = np.unique(truth)
    expected = {
        "wa": reference.accuracy_score(truth, decided),
        "ua": reference.recall_score(truth, decided, labels=occurring, average="macro"),
        "macro_f1": reference.f1_score(truth, decided, labels=occurring, average="macro"),
    }
    assert {key: metrics.value(key, matrix) for key in metrics.METRICS} == pytest.approx(expected, abs=1e-12)
    recall = reference.recall_score(truth, decided, labels=range(5), average=None, zero_division=np.nan)
    np.testing.assert_allclose(metrics.recalls(matrix), recall)


def test_the_recall_of_each_class_is_a_metric_of_the_same_kind():
    truth, decided = decisions(0)
    matrix = metrics.confusion_matrix(truth, decided, 5)
    by_class = metrics.recall_metrics(("a", "b", "c", "d", "e"))
    assert list(by_class) == ["a", "b", "c", "d", "e"]
    assert [float(metric.compute(matrix)) for metric in by_class.values()] == pytest.approx(
        metrics.recalls(matrix).tolist(), nan_ok=True
    )


@pytest.mark.parametrize("metric", [*metrics.METRICS.values(), *metrics.recall_metrics("abcde").values()])
def test_many_matrices_at_once_are_those_one_by_one(metric):
    random = np.random.default_rng(3)
    stack = random.integers(0, 9, size=(2, 3, 5, 5))
    stack[0, 1, 2] = 0
    single = [[float(metric.compute(matrix)) for matrix in row] for row in stack]
    np.testing.assert_array_equal(metric.compute(stack), single)


@pytest.mark.parametrize("metric", metrics.METRICS.values())
def test_no_utterances_give_nan(metric):
    assert np.isnan(metric.compute(np.zeros((3, 3))))


def test_a_class_that_does_not_occur_has_no_recall_and_no_weight():
    matrix = np.array([[3, 1, 0], [0, 4, 4], [0, 0, 0]])
    assert metrics.unweighted_accuracy(matrix) == pytest.approx((3 / 4 + 4 / 8) / 2)
    assert metrics.value("macro_f1", matrix) == pytest.approx((6 / 7 + 8 / 13) / 2)
    assert np.isnan(metrics.recalls(matrix)[2])


def test_counts_are_pooled_before_dividing():
    large = FoldPredictions("1", 0, predictions_of([0] * 90 + [1] * 10, [0] * 100, ["S"] * 100, 2))
    small = FoldPredictions("2", 0, predictions_of([0, 1, 1], [1, 1, 1], "TTT", 2))
    matrix = large.confusion(2) + small.confusion(2)
    assert matrix.tolist() == [[90, 1], [10, 2]]
    assert metrics.weighted_accuracy(matrix) == 92 / 103
    assert metrics.unweighted_accuracy(matrix) == pytest.approx((90 / 91 + 2 / 12) / 2)


def test_undefined_input_is_refused():
    with pytest.raises(ValueError, match="WA of no utterances"):
        metrics.weighted_accuracy(np.zeros((2, 2), dtype=int))
    with pytest.raises(ValueError, match="metric 'f2' is none of wa, ua, macro_f1"):
        metrics.value("f2", np.eye(2))
    with pytest.raises(ValueError, match="outside the 2"):
        metrics.confusion_matrix(np.array([0, 2]), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="2 true classes but 1"):
        metrics.confusion_matrix(np.array([0, 1]), np.array([0]), 2)
    with pytest.raises(ValueError, match="fold Ses01, seed 0: posteriors of 4 classes where the task has 5"):
        simulated_folds(0.5, 0)[0].confusion(5)
