import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.statistics import bootstrap_intervals, compare_rows
from ser_tf.evaluation.summary import Claim, plain
from tests.evaluation.examples import ROWS, summary_of
from tests.evaluation.simulated import simulated_folds

TOP = ["experiment", "corpus", "task", "seeds", "smoke", "rows", "claims", "assumptions", "leaks", "seconds"]
ROW = ["key", "label", "published", "wa", "ua", "folds", "verdict"]
CLAIM = ["text", "better", "worse", "metric", "difference", "ci95", "p_value", "verdict"]


def test_the_public_keys_stand_first_and_json_takes_it():
    summary = summary_of(assumptions={"array": np.arange(2), "ratio": np.float32(0.5), "path": Path("a"), "none": None})
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert list(summary)[:10] == TOP
    for row in summary["rows"]:
        assert list(row)[:7] == ROW
        for metric in ("wa", "ua"):
            assert list(row[metric]) == ["fold_mean", "fold_std", "pooled", "ci95"] and len(row[metric]["ci95"]) == 2
    for claim in summary["claims"]:
        assert list(claim)[:8] == CLAIM
    assert summary["assumptions"] == {"array": [0, 1], "ratio": 0.5, "path": "a", "none": None}
    assert summary["chance"] == {"ua": 0.25}


def test_numbers_of_a_row_are_those_of_its_predictions():
    folds = simulated_folds(0.6, 9, seeds=(0, 1), weights=[0.5, 0.3, 0.15, 0.05])
    row = summary_of(rows=[RowResult("one", "One", None, folds)], claims=[], seeds=(0, 1))["rows"][0]
    made = [fold.predictions for fold in folds]
    each = [np.mean(one.truth == one.decided) for one in made]
    truth, decided = (np.concatenate([getattr(one, name) for one in made]) for name in ("truth", "decided"))
    assert row["wa"]["fold_mean"] == pytest.approx(np.mean(each))
    assert row["wa"]["fold_std"] == pytest.approx(np.sqrt(np.sum((each - np.mean(each)) ** 2) / 9))
    assert row["wa"]["pooled"] == np.mean(truth == decided)
    assert row["ua"]["pooled"] == pytest.approx(balanced_accuracy_score(truth, decided))
    assert row["ua"]["ci95"] == list(bootstrap_intervals(folds, 4)["ua"])
    assert row["folds"] == ["Ses01", "Ses02", "Ses03", "Ses04", "Ses05"]
    assert [(one["fold"], one["seed"], one["wa"]) for one in row["per_fold"][:3]] == [
        ("Ses01", 0, each[0]), ("Ses01", 1, each[1]), ("Ses02", 0, each[2])
    ]  # fmt: skip
    assert np.sum(row["confusion"]) == len(truth)


def test_rows_without_results_have_nulls_and_say_why():
    rows = {row["key"]: row for row in summary_of()["rows"]}
    assert {key: rows[key]["verdict"] for key in ("satt", "alexnet", "svm", "deep")} == {
        "satt": "cited", "alexnet": "needs weights", "svm": "failed", "deep": "not published"
    }  # fmt: skip
    for key in ("satt", "alexnet", "svm"):
        nothing = {"fold_mean": None, "fold_std": None, "pooled": None, "ci95": [None, None]}
        assert rows[key]["wa"] == rows[key]["ua"] == nothing
        assert rows[key]["confusion"] is None and rows[key]["note"]
    assert rows["satt"]["published"] == {"wa": None, "ua": 0.594}
    assert rows["deep"]["published"] is None
    assert rows["svm"]["folds"] == ["Ses01", "Ses02"]


def test_claims_are_tested_and_judged():
    claims = summary_of()["claims"]
    assert [claim["verdict"] for claim in claims] == ["supported", "contradicted", "not run", "not run"]
    comparison = compare_rows(ROWS[1].folds, ROWS[0].folds, 4, "ua")
    assert claims[0]["difference"] == comparison.difference > 0
    assert claims[0]["p_value"] == comparison.p_value == 1 / 1024
    assert claims[0]["ci95"] == list(comparison.interval)
    for claim in claims[2:]:
        assert claim["difference"] is claim["p_value"] is None and claim["ci95"] == [None, None]
    assert {claim["verdict"] for claim in summary_of(smoke=True)["claims"]} == {"smoke", "not run"}


def test_a_class_missing_everywhere_is_null_not_nan():
    folds = simulated_folds(0.6, 9, weights=[0.5, 0.25, 0.25, 0.0])
    row = summary_of(rows=[RowResult("one", "One", None, folds)], claims=[])["rows"][0]
    assert row["per_class_recall"]["neutral"] is None and 0 < row["ua"]["pooled"] < 1


def test_one_training_has_no_deviation_and_one_speaker_no_interval():
    folds = simulated_folds(0.6, 9, num_speakers=1)
    summary = summary_of(rows=[RowResult("one", "One", {"ua": 0.6}, folds)], claims=[])
    row = summary["rows"][0]
    assert row["ua"]["fold_std"] is None and row["ua"]["ci95"] == [None, None] and row["verdict"] == "no interval"
    assert summary["warnings"] == ["one speaker only was tested: there are no intervals"]


@pytest.mark.parametrize(("num_speakers", "expected"), [(4, ["4 speakers only", "with 4 speakers no"]), (6, [])])
def test_few_speakers_are_warned_of(num_speakers, expected):
    rows = [RowResult(key, key, None, simulated_folds(0.6, 1, num_speakers=num_speakers)) for key in "ab"]
    warnings = summary_of(rows=rows, claims=[Claim("a > b", "a", "b")])["warnings"]
    assert [warning[: len(start)] for warning, start in zip(warnings, expected, strict=True)] == expected


def test_different_folds_are_warned_of():
    rows = [RowResult("a", "a", None, simulated_folds(0.6, 1)), RowResult("b", "b", None, simulated_folds(0.6, 2)[:4])]
    assert "not all run on the same folds" in summary_of(rows=rows, claims=[])["warnings"][0]


def test_the_generated_corpus_always_says_so():
    note = summary_of(corpus="synthetic", corpus_is_papers=False)["corpus_note"]
    assert "generated" in note and "says nothing" in note
    own = summary_of(corpus="synthetic", corpus_is_papers=False, corpus_notes=["generated by us", "small"])
    assert own["corpus_note"] == "generated by us; small"
    assert summary_of()["corpus_note"] == ""


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="same key: frame"):
        summary_of(rows=[ROWS[0], ROWS[0]])
    with pytest.raises(ValueError, match="'f1'"):
        Claim("a > b", "a", "b", "f1")
    with pytest.raises(ValueError, match="with itself"):
        Claim("a > a", "a", "a")
    other = RowResult("frame", "Frame", None, simulated_folds(0.5, 1, per_speaker=10))
    with pytest.raises(ValueError, match="claim 'weighted > frame-wise', weighted against frame: fold Ses01, seed 0"):
        summary_of(rows=[other, ROWS[1]])
    with pytest.raises(TypeError, match="set has no JSON form"):
        plain({"a": {1}})
    assert plain([float("nan"), np.float64("inf"), np.bool_(True)]) == [None, None, True]
