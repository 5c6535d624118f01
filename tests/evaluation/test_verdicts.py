import numpy as np
import pytest

from ser_tf.evaluation import verdicts
from ser_tf.evaluation.predictions import Recognition, RowResult
from ser_tf.evaluation.verdicts import verdict_of_claim, verdict_of_data, verdict_without_comparison
from tests.evaluation.simulated import simulated_folds

FOLDS = simulated_folds(0.6, 0)
HEARD = Recognition(("a",), ("S",), np.array([0]), np.array([0.9]))


def row_of(published=None, origin="paper"):
    return RowResult("row", "Row", published, FOLDS, origin=origin)


@pytest.mark.parametrize(
    ("is_papers", "is_whole", "kind"),
    [(True, True, "papers"), (True, False, "part"), (False, True, "other"), (False, False, "other")],
)
def test_a_part_of_the_papers_corpus_is_not_another_corpus(is_papers, is_whole, kind):
    assert verdicts.corpus_kind(is_papers=is_papers, is_whole=is_whole) == kind


@pytest.mark.parametrize(
    ("published", "kind", "expected"),
    [
        ({"wa": 0.6}, "papers", None),
        ({"wa": None, "ua": 0.6}, "papers", None),
        ({"wa": 0.6}, "part", "part of the corpus"),
        ({"wa": 0.6}, "other", "other corpus"),
        (None, "papers", "not published"),
        ({"wa": None, "ua_std": 0.01}, "papers", "not published"),
        (None, "part", "part of the corpus"),
        (None, "other", "other corpus"),
    ],
)
def test_only_published_values_of_the_whole_corpus_are_compared(published, kind, expected):
    assert verdict_without_comparison(row_of(published), smoke=False, kind=kind) == expected
    assert verdict_without_comparison(row_of(published), smoke=True, kind=kind) == "smoke"


@pytest.mark.parametrize("kind", verdicts.CORPUS_KINDS)
@pytest.mark.parametrize("origin", ["beyond", "baseline"])
def test_rows_beyond_the_paper_say_so_everywhere(origin, kind):
    assert verdict_without_comparison(row_of(origin=origin), smoke=False, kind=kind) == "not in the paper"
    assert verdict_without_comparison(row_of(origin=origin), smoke=True, kind=kind) == "smoke"


@pytest.mark.parametrize("smoke", [False, True])
def test_listeners_are_a_reference(smoke):
    row = RowResult("ears", "Listeners", status="reference", origin="reference", recognition=HEARD)
    assert verdict_without_comparison(row, smoke=smoke, kind="papers") == "reference"


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
@pytest.mark.parametrize("kind", verdicts.CORPUS_KINDS)
def test_a_row_without_results_says_why(status, needs, expected, smoke, kind):
    row = RowResult("row", "Row", {"ua": 0.5}, status=status, needs=needs)
    assert verdict_without_comparison(row, smoke=smoke, kind=kind) == expected


@pytest.mark.parametrize(
    ("difference", "p_claimed", "p_reversed", "papers", "elsewhere"),
    [
        (0.02, 0.01, 0.99, "supported", "holds here"),
        (0.02, 0.05, 0.96, "not significant", "open here"),
        (0.02, 0.2, 0.8, "not significant", "open here"),
        (0.0, 0.01, 0.01, "not significant", "open here"),
        (-0.02, 0.7, 0.3, "not significant", "open here"),
        (-0.02, 0.99, 0.01, "contradicted", "reversed here"),
        (0.02, None, None, "measured", "measured"),
        (None, None, None, "not run", "not run"),
    ],
)
def test_a_claim_is_judged_by_its_test(difference, p_claimed, p_reversed, papers, elsewhere):
    judged = (difference, p_claimed, p_reversed)
    assert verdict_of_claim(*judged, smoke=False, kind="papers") == papers
    assert verdict_of_claim(*judged, smoke=False, kind="part") == elsewhere
    assert verdict_of_claim(*judged, smoke=False, kind="other") == elsewhere
    assert verdict_of_claim(*judged, smoke=True, kind="papers") == ("not run" if difference is None else "smoke")


@pytest.mark.parametrize(
    ("same", "smoke", "kind", "verdict"),
    [
        (True, False, "papers", "matches"),
        (False, False, "papers", "differs"),
        (None, False, "papers", "not published"),
        (True, False, "part", "part of the corpus"),
        (True, False, "other", "other corpus"),
        (None, False, "other", "other corpus"),
        (True, True, "papers", "smoke"),
        (None, True, "other", "smoke"),
    ],
)
def test_verdict_of_data(same, smoke, kind, verdict):
    assert verdict_of_data(same, smoke=smoke, kind=kind) == verdict
