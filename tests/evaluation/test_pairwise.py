import itertools

import pytest

from ser_tf.evaluation.comparison import compare_rows, holm
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.pairwise import compare_all
from ser_tf.evaluation.predictions import RowResult
from tests.evaluation.simulated import simulated_folds

SKILLS = {"low": 0.3, "middle": 0.6, "alike": 0.61, "high": 0.9}


def rows_of(*keys, **settings):
    return [RowResult(key, key, None, simulated_folds(SKILLS[key], len(key), **settings)) for key in keys]


def test_every_pair_is_compared_once_and_corrected_for_all():
    rows = rows_of("low", "middle", "high")
    found = compare_all([*rows, RowResult("cited", "Cited", {"ua": 0.5}, status="cited")], 4, "macro_f1")
    assert found["rows"] == ["low", "middle", "high"] and found["metric"] == "macro_f1"
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == list(
        itertools.combinations(found["rows"], 2)
    )
    for pair, (first, second) in zip(found["pairs"], itertools.combinations(rows, 2), strict=True):
        expected = compare_rows(first.folds, second.folds, 4, METRICS["macro_f1"])
        assert pair["difference"] == expected.difference and pair["p_value"] == expected.p_two_sided
        assert pair["ci95"] == list(expected.interval)
    assert [pair["p_holm"] for pair in found["pairs"]] == holm([pair["p_value"] for pair in found["pairs"]])


@pytest.mark.parametrize(
    ("keys", "best"),
    [
        (("low", "high", "middle"), "high"),
        (("low", "middle", "alike"), None),
        (("low", "high"), "high"),
        (("high",), None),
        ((), None),
    ],
)
def test_the_best_row_is_better_than_every_other(keys, best):
    found = compare_all(rows_of(*keys, num_speakers=12), 4, "ua")
    assert found["best"] == best and found["warning"] == ""


def test_too_few_speakers_for_so_many_pairs_are_warned_of():
    found = compare_all(rows_of("low", "high", "middle", num_speakers=6), 4, "ua")
    assert found["best"] is None
    assert found["warning"] == "With 6 speakers and 3 pairs no difference can reach p < 0.05."


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="'f2' is none of"):
        compare_all([], 4, "f2")
    other = RowResult("other", "Other", None, simulated_folds(0.5, 1, per_speaker=9))
    with pytest.raises(ValueError, match="low against other: fold Ses01, seed 0: the two rows do not test the same"):
        compare_all([*rows_of("low"), other], 4, "ua")
