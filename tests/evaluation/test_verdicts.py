import pytest

from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.statistics import PairedComparison
from ser_tf.evaluation.verdicts import verdict_of_claim, verdict_of_data, verdict_of_row
from tests.evaluation.simulated import simulated_folds

FOLDS = simulated_folds(0.6, 0)
INTERVALS = {"wa": (0.55, 0.65), "ua": (0.50, 0.60)}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ({"wa": 0.60, "ua": 0.55}, "matches"),
        ({"wa": 0.65, "ua": 0.50}, "matches"),
        ({"wa": 0.60, "ua": 0.49}, "above"),
        ({"wa": 0.60, "ua": 0.61}, "below"),
        ({"wa": 0.54, "ua": 0.55}, "above"),
        ({"wa": 0.66, "ua": 0.55}, "below"),
        ({"wa": 0.54, "ua": 0.61}, "below"),
        ({"wa": 0.66, "ua": 0.49}, "above"),
        ({"ua": 0.55}, "matches"),
        ({"wa": None, "ua": 0.61}, "below"),
        ({"wa": 0.54, "ua": None}, "above"),
        ({"wa": None, "ua": None}, "not published"),
        (None, "not published"),
    ],
)
def test_a_row_is_judged_by_its_intervals(published, expected):
    row = RowResult("row", "Row", published, FOLDS)
    assert verdict_of_row(row, INTERVALS, smoke=False, corpus_is_papers=True) == expected
    assert verdict_of_row(row, INTERVALS, smoke=False, corpus_is_papers=False) == "other corpus"
    assert verdict_of_row(row, INTERVALS, smoke=True, corpus_is_papers=True) == "smoke"
    assert verdict_of_row(row, INTERVALS, smoke=True, corpus_is_papers=False) == "smoke"


@pytest.mark.parametrize(
    ("status", "needs", "expected"),
    [
        ("cited", "", "cited"),
        ("failed", "", "failed"),
        ("left out", "weights", "needs weights"),
        ("left out", "word times", "needs word times"),
        ("left out", "", "left out"),
    ],
)
@pytest.mark.parametrize("smoke", [False, True])
def test_a_row_without_results_says_why(status, needs, expected, smoke):
    row = RowResult("row", "Row", {"ua": 0.5}, status=status, needs=needs)
    assert verdict_of_row(row, {}, smoke=smoke, corpus_is_papers=True) == expected


def test_a_single_speaker_is_no_match():
    row = RowResult("row", "Row", {"ua": 0.5}, FOLDS)
    assert verdict_of_row(row, {"wa": None, "ua": None}, smoke=False, corpus_is_papers=True) == "no interval"


@pytest.mark.parametrize(
    ("difference", "p_value", "p_reversed", "expected"),
    [
        (0.02, 0.01, 0.99, "supported"),
        (0.02, 0.05, 0.96, "not significant"),
        (0.02, 0.2, 0.8, "not significant"),
        (0.0, 0.01, 0.01, "not significant"),
        (-0.02, 0.7, 0.3, "not significant"),
        (-0.02, 0.99, 0.01, "contradicted"),
    ],
)
def test_a_claim_is_judged_by_its_test(difference, p_value, p_reversed, expected):
    comparison = PairedComparison("ua", difference, (-1.0, 1.0), p_value, p_reversed, 10, True, (("a", 0),))
    assert verdict_of_claim(comparison, smoke=False) == expected
    assert verdict_of_claim(comparison, smoke=True) == "smoke"
    assert verdict_of_claim(None, smoke=False) == verdict_of_claim(None, smoke=True) == "not run"


@pytest.mark.parametrize(
    ("same", "smoke", "corpus_is_papers", "verdict"),
    [
        (True, False, True, "matches"),
        (False, False, True, "differs"),
        (None, False, True, "not published"),
        (True, False, False, "other corpus"),
        (None, False, False, "other corpus"),
        (True, True, True, "smoke"),
        (None, True, False, "smoke"),
    ],
)
def test_verdict_of_data(same, smoke, corpus_is_papers, verdict):
    assert verdict_of_data(same, smoke=smoke, corpus_is_papers=corpus_is_papers) == verdict
