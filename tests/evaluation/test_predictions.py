import numpy as np
import pytest

from ser_tf.evaluation.predictions import FoldPredictions, Predictions, Recognition, RowResult
from tests.evaluation.simulated import predictions_of

GOOD = {
    "ids": ("a", "b"),
    "speakers": ("S", "T"),
    "truth": np.array([0, 1]),
    "posteriors": np.array([[0.2, 0.8], [0.5, 0.5]]),
}


def test_decided_is_the_largest_posterior_and_the_first_of_equals():
    assert Predictions(**GOOD).decided.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ("a", "a")}, "twice"),
        ({"ids": ("a",)}, "1 ids"),
        ({"speakers": ("S",)}, "1 speakers"),
        ({"truth": np.array([0, 2])}, "outside the 2 classes"),
        ({"truth": np.array([0, -1])}, "outside the 2 classes"),
        ({"truth": np.array([0.0, 1.0])}, "class indices"),
        ({"posteriors": np.array([[0.5, 0.5], [np.nan, 1.0]])}, "posteriors of b are not finite"),
        ({"posteriors": np.array([0.5, 0.5])}, r"\[utterances, classes\]"),
        ({"sessions": ("1",)}, "2 ids and 1 sessions"),
    ],
)
def test_inconsistent_predictions_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Predictions(**GOOD | change)


HEARD = Recognition(("a",), ("S",), np.array([0]), np.array([0.9]))
FOLD = FoldPredictions("Ses01", 0, predictions_of([0, 1], [0, 1], "SS"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"published": {"wa": 56.4}}, "divide percent by 100"),
        ({"published": {"acc": 0.5}}, "'acc'"),
        ({"key": "a/b"}, "file name"),
        ({"key": ".."}, "file name"),
        ({"status": "done"}, "'done'"),
        ({"folds": ()}, "no folds"),
        ({"folds": (FOLD, FOLD)}, "same seed twice"),
        ({"note": "two\nlines"}, "one line"),
        ({"origin": "elsewhere"}, "'elsewhere'"),
        ({"status": "reference"}, "disagree on whether it is a reference"),
        ({"recognition": HEARD}, "disagree on whether it is a reference"),
    ],
)
def test_inconsistent_rows_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        RowResult(**{"key": "row", "label": "Row", "folds": (FOLD,)} | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ("a", "a")}, "distinct ids"),
        ({"speakers": ("S",)}, "one speaker, class and share for each"),
        ({"sessions": ("1", "1", "2")}, "one speaker, class and share for each"),
        ({"ids": (), "speakers": (), "truth": np.array([], int), "recognised": np.array([])}, "one speaker"),
        ({"recognised": np.array([90.0, 85.0])}, "divide percent by 100"),
        ({"recognised": np.array([np.nan, 0.5])}, "fractions"),
    ],
)
def test_inconsistent_recognition_is_refused(change, message):
    good = {"ids": ("a", "b"), "speakers": ("S", "T"), "truth": np.array([0, 1]), "recognised": np.array([0.9, 0.5])}
    with pytest.raises(ValueError, match=message):
        Recognition(**good | change)


def test_rows_without_results_can_be_told():
    for status in ("cited", "left out", "failed"):
        assert RowResult("satt", "Satt 2017", {"ua": 0.594}, status=status).folds == ()
