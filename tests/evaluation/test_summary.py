import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from ser_tf.evaluation import metrics, statistics
from ser_tf.evaluation.claims import Measurement
from ser_tf.evaluation.metrics import METRICS, Metric
from ser_tf.evaluation.predictions import FoldPredictions, Predictions, RowResult
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.summary import Claim, plain
from ser_tf.evaluation.units import count_by_unit
from tests.evaluation.examples import HEARD, ROWS, summary_of
from tests.evaluation.simulated import CLASSES, predictions_of, simulated_folds

TOP = ["experiment", "corpus", "task", "seeds", "smoke", "rows", "claims", "assumptions", "leaks", "seconds"]
ADDED = ["chance", "classes_present", "code", "machine", "statistics", "corpus_is_papers", "corpus_kind"]
ROW = ["key", "label", "published", "wa", "ua", "folds", "verdict"]
ROW_ADDED = ["macro_f1", "recalls", "seed_std", "epochs", "reproduction", "origin"]
CLAIM = ["text", "better", "worse", "metric", "difference", "ci95", "p_value", "verdict"]
ACCURACY = ["fold_mean", "fold_std", "pooled", "ci95"]
NOTHING = {"fold_mean": None, "fold_std": None, "pooled": None, "ci95": [None, None]}


def only(folds, published=None, **changes):
    """The summary of one row."""
    return summary_of(rows=[RowResult("only", "Only", published, folds)], claims=[], **changes)


def test_the_public_keys_stand_first_and_json_takes_it():
    summary = summary_of(assumptions={"array": np.arange(2), "ratio": np.float32(0.5), "path": Path("a"), "none": None})
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert list(summary)[:10] == TOP and set(ADDED) <= set(summary)
    for row in summary["rows"]:
        assert list(row)[:7] == ROW and set(ROW_ADDED) <= set(row)
        assert list(row["recalls"]) == list(CLASSES)
        for entry in (*(row[metric] for metric in METRICS), *row["recalls"].values()):
            assert list(entry) == ACCURACY and len(entry["ci95"]) == 2
    for claim in summary["claims"]:
        assert list(claim)[:8] == CLAIM
    assert summary["assumptions"] == {"array": [0, 1], "ratio": 0.5, "path": "a", "none": None}


def test_numbers_of_a_row_are_those_of_its_predictions():
    folds = simulated_folds(0.6, 9, seeds=(0, 1), weights=[0.5, 0.3, 0.15, 0.05])
    row = only(folds, seeds=(0, 1))["rows"][0]
    made = [fold.predictions for fold in folds]
    each = [np.mean(tested.truth == tested.decided) for tested in made]
    truth, decided = (np.concatenate([getattr(tested, name) for tested in made]) for name in ("truth", "decided"))
    assert row["wa"]["fold_mean"] == pytest.approx(np.mean(each))
    assert row["wa"]["fold_std"] == pytest.approx(np.sqrt(np.sum((each - np.mean(each)) ** 2) / 9))
    assert row["wa"]["pooled"] == np.mean(truth == decided)
    assert row["ua"]["pooled"] == pytest.approx(balanced_accuracy_score(truth, decided))
    assert row["macro_f1"]["pooled"] == pytest.approx(f1_score(truth, decided, average="macro"))
    assert row["folds"] == ["Ses01", "Ses02", "Ses03", "Ses04", "Ses05"]
    assert [(tested["fold"], tested["seed"], tested["wa"]) for tested in row["per_fold"][:3]] == [
        ("Ses01", 0, each[0]), ("Ses01", 1, each[1]), ("Ses02", 0, each[2])
    ]  # fmt: skip
    assert np.sum(row["confusion"]) == len(truth)
    assert row["epochs"][1] == {"fold": "Ses01", "seed": 1, "trained": 12, "best": 7}
    assert row["seconds"] == 15 and row["speakers"] == row["units"] == 10
    for index, name in enumerate(CLASSES):
        assert (
            row["recalls"][name]["pooled"] == row["per_class_recall"][name] == np.mean(decided[truth == index] == index)
        )


def test_intervals_are_those_of_speakers_or_as_asked():
    folds = simulated_folds(0.6, 9, spread=0.2)
    for settings in (Statistics(), Statistics(unit="session"), Statistics(interval="bootstrap")):
        summary = only(folds, statistics=settings)
        counts = count_by_unit(folds, 4, settings.unit)
        for key, metric in METRICS.items():
            assert summary["rows"][0][key]["ci95"] == list(statistics.interval(metric, counts, settings))
        sad = metrics.recall_metrics(CLASSES)["sad"]
        assert summary["rows"][0]["recalls"]["sad"]["ci95"] == list(statistics.interval(sad, counts, settings))
        assert summary["statistics"] == {
            "interval": settings.interval, "unit": settings.unit, "level": 0.95, "correction": "holm"
        }  # fmt: skip


def test_results_without_sessions_fall_back_to_speakers_and_say_so():
    old = tuple(
        FoldPredictions(fold.fold, fold.seed, Predictions(*(getattr(fold.predictions, name) for name in (
            "ids", "speakers", "truth", "posteriors"
        ))))
        for fold in simulated_folds(0.6, 9)
    )  # fmt: skip
    summary = only(old, statistics=Statistics(unit="session"))
    assert summary["statistics"]["unit"] == "speaker" and summary["rows"][0]["units"] == 10
    assert summary["warnings"][0] == (
        "some results do not record sessions: intervals and tests treat speakers as units"
    )
    assert summary["rows"][0]["epochs"][0] == {"fold": "Ses01", "seed": 0, "trained": None, "best": None}
    assert summary["rows"][0]["seconds"] is None
    assert only(old)["warnings"] == []


def test_the_spread_over_seeds_is_that_of_whole_seeds():
    folds = simulated_folds(0.6, 9, seeds=(0, 1, 2))
    row = only(folds)["rows"][0]
    values = [
        np.concatenate(
            [fold.predictions.truth == fold.predictions.decided for fold in folds if fold.seed == seed]
        ).mean()
        for seed in range(3)
    ]
    assert row["seed_std"]["wa"] == pytest.approx(np.std(values, ddof=1))
    assert only(simulated_folds(0.6, 9))["rows"][0]["seed_std"] == {"wa": None, "ua": None, "macro_f1": None}


@pytest.mark.parametrize(
    ("published", "seeds", "kind", "verdict"),
    [
        (0.60, (0, 1, 2), "papers", "reproduced"),
        (0.52, (0, 1, 2), "papers", "not reproduced"),
        (0.60, (0,), "papers", "inconclusive"),
        (0.60, (0, 1, 2), "part", "part of the corpus"),
        (0.60, (0, 1, 2), "other", "other corpus"),
        (None, (0, 1, 2), "papers", "not published"),
    ],
)
def test_a_row_is_judged_by_its_seeds_and_its_corpus(published, seeds, kind, verdict):
    folds = simulated_folds(0.6, 5, num_speakers=10, per_speaker=400, seeds=seeds)
    row = only(folds, {"wa": published}, corpus_kind=kind)["rows"][0]
    assert row["verdict"] == verdict
    compared = kind == "papers" and published is not None
    assert (row["reproduction"] is not None) == compared
    assert not compared or row["reproduction"]["verdict"] == verdict


def test_rows_without_results_have_nulls_and_say_why():
    rows = {row["key"]: row for row in summary_of()["rows"]}
    assert {key: rows[key]["verdict"] for key in ("satt", "alexnet", "svm", "deep")} == {
        "satt": "cited", "alexnet": "needs weights", "svm": "failed", "deep": "not in the paper"
    }  # fmt: skip
    for key in ("satt", "alexnet", "svm"):
        assert rows[key]["wa"] == rows[key]["ua"] == rows[key]["macro_f1"] == rows[key]["recalls"]["sad"] == NOTHING
        assert rows[key]["confusion"] is rows[key]["per_class_recall"] is rows[key]["reproduction"] is None
        assert rows[key]["note"] and rows[key]["units"] == 0
    assert rows["satt"]["published"] == {"wa": None, "ua": 0.594}
    assert rows["deep"]["published"] is None
    assert rows["svm"]["folds"] == ["Ses01", "Ses02"]


def test_listeners_have_recalls_and_no_trainings():
    row = next(row for row in summary_of()["rows"] if row["key"] == "ears")
    assert (row["verdict"], row["origin"], row["status"]) == ("reference", "reference", "reference")
    recalls = HEARD.recognised.reshape(2, 4).mean(axis=0)
    assert [entry["pooled"] for entry in row["recalls"].values()] == pytest.approx(recalls.tolist())
    assert row["ua"]["pooled"] == pytest.approx(recalls.mean()) and row["ua"]["ci95"][0] < row["ua"]["pooled"]
    assert row["ua"]["fold_mean"] is None and row["macro_f1"] == NOTHING and row["confusion"] is None
    assert row["folds"] == row["epochs"] == row["per_fold"] == [] and row["speakers"] == 2


def test_a_new_metric_is_one_line(monkeypatch):
    error = Metric("Error", lambda counts: 1 - metrics.share_right(counts), averages_classes=False)
    monkeypatch.setitem(METRICS, "error", error)
    row = only(simulated_folds(0.6, 9))["rows"][0]
    assert row["error"]["pooled"] == pytest.approx(1 - row["wa"]["pooled"]) and row["error"]["ci95"][0] is not None
    assert row["per_fold"][0]["error"] == pytest.approx(1 - row["per_fold"][0]["wa"])
    assert Claim("a > b", "a", "b", "error").metric == "error"


def test_claims_and_measurements_are_tested_and_judged():
    measurement = Measurement("share", "less than half", np.full(4, 0.4), tuple("SSTT"), np.full(4, 0.5), "less")
    summary = summary_of(measurements=[measurement])
    assert [claim["verdict"] for claim in summary["claims"]] == [
        "supported", "contradicted", "not run", "not run", "not significant"
    ]  # fmt: skip
    assert summary["claims"][4]["difference"] == pytest.approx(-0.1)
    assert {claim["verdict"] for claim in summary_of(smoke=True)["claims"]} == {"smoke", "not run"}


def test_all_rows_are_compared_where_asked():
    assert summary_of()["pairwise"] is None
    assert summary_of(pairwise_metric="wa")["pairwise"]["rows"] == ["frame", "weighted", "deep"]


def test_chance_counts_the_classes_that_occur():
    folds = simulated_folds(0.6, 9, weights=[0.5, 0.25, 0.25, 0.0])
    summary = only(folds)
    assert summary["chance"] == {"ua": 1 / 3}
    assert summary["classes_present"] == ["angry", "happy", "sad"]
    assert sum(summary["class_counts"].values()) == 200 and summary["class_counts"]["neutral"] == 0
    row = summary["rows"][0]
    assert row["per_class_recall"]["neutral"] is None and row["recalls"]["neutral"] == NOTHING
    assert 0 < row["ua"]["pooled"] < 1 and row["ua"]["ci95"][0] is not None


def test_recordings_are_counted_once_over_rows_and_seeds():
    folds = simulated_folds(0.6, 9, seeds=(0, 1))
    summary = summary_of(rows=[RowResult(key, key, None, folds) for key in "ab"], claims=[])
    assert sum(summary["class_counts"].values()) == 200
    assert summary_of(rows=[ROWS[3]], claims=[])["chance"] == {"ua": 0.25}


def test_one_training_has_no_deviation_and_one_speaker_no_interval():
    summary = only(simulated_folds(0.6, 9, num_speakers=1), {"ua": 0.6})
    row = summary["rows"][0]
    assert row["ua"]["fold_std"] is None and row["ua"]["ci95"] == [None, None] and row["verdict"] == "inconclusive"
    assert summary["warnings"] == ["only 1 speaker was tested: there are no intervals"]


@pytest.mark.parametrize(
    ("num_speakers", "claims", "expected"),
    [
        (4, 1, ["only 4 speakers were tested: intervals are wide", "with 4 speakers and 1 claim no claim can reach p"]),
        (6, 1, []),
        (6, 4, ["with 6 speakers and 4 claims no claim can reach p < 0.05"]),
    ],
)
def test_few_speakers_are_warned_of(num_speakers, claims, expected):
    rows = [RowResult(key, key, None, simulated_folds(0.6, 1, num_speakers=num_speakers)) for key in "ab"]
    warnings = summary_of(rows=rows, claims=[Claim("a > b", "a", "b")] * claims)["warnings"]
    assert [warning[: len(start)] for warning, start in zip(warnings, expected, strict=True)] == expected


def test_percentile_intervals_of_few_speakers_are_too_narrow():
    warnings = only(simulated_folds(0.6, 1, num_speakers=4), statistics=Statistics(interval="bootstrap"))["warnings"]
    assert warnings == ["only 4 speakers were tested: intervals are rough and too narrow"]


def test_a_class_of_one_speaker_is_named():
    truth = np.array([0, 1, 0, 1, 0, 1, 0, 1, 2, 2])
    folds = [FoldPredictions("all", 0, predictions_of(truth, truth[::-1], tuple("SSTTUUVVVV")))]
    summary = only(folds)
    assert summary["rows"][0]["recalls"]["sad"]["ci95"] == summary["rows"][0]["ua"]["ci95"] == [None, None]
    assert summary["warnings"][1] == (
        "only one speaker has sad: this recall, and the means that include it (UA, Macro-F1), have no interval"
    )


def test_different_folds_are_warned_of():
    rows = [RowResult("a", "a", None, simulated_folds(0.6, 1)), RowResult("b", "b", None, simulated_folds(0.6, 2)[:4])]
    assert summary_of(rows=rows, claims=[])["warnings"] == [
        "not all rows were run on the same folds and seeds; claims compare those in common"
    ]


def test_the_corpus_is_the_papers_a_part_of_it_or_another():
    for kind, is_papers in (("papers", True), ("part", False), ("other", False)):
        summary = summary_of(corpus_kind=kind)
        assert (summary["corpus_kind"], summary["corpus_is_papers"]) == (kind, is_papers)


def test_the_generated_corpus_always_says_so():
    note = summary_of(corpus="synthetic", corpus_kind="other")["corpus_note"]
    assert "generated" in note and "say nothing" in note
    own = summary_of(corpus="synthetic", corpus_kind="other", corpus_notes=["generated by us", "small"])
    assert own["corpus_note"] == "generated by us; small"
    assert summary_of()["corpus_note"] == ""


def test_code_machine_and_protocol_are_kept():
    code, machine = {"commit": "abc", "digest": "def"}, {"processor": "x86_64", "cores": 2}
    protocol = {"style": "acted", "left_out": ["2 recordings: no label"]}
    summary = summary_of(code=code, machine=machine, protocol=protocol, title="A table")
    assert (summary["code"], summary["machine"], summary["protocol"]) == (code, machine, protocol)
    assert summary["title"] == "A table"


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="same key: frame"):
        summary_of(rows=[ROWS[0], ROWS[0]])
    other = RowResult("frame", "Frame", None, simulated_folds(0.5, 1, per_speaker=10))
    with pytest.raises(ValueError, match="claim 'weighted > frame-wise', weighted against frame: fold Ses01, seed 0"):
        summary_of(rows=[other, ROWS[1]])
    with pytest.raises(TypeError, match="set has no JSON form"):
        plain({"a": {1}})
    assert plain([float("nan"), np.float64("inf"), np.bool_(True)]) == [None, None, True]
