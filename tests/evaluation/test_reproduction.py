import numpy as np
import pytest
from scipy import stats

from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.predictions import FoldPredictions, RowResult
from ser_tf.evaluation.reproduction import judge_reproduction, seed_values
from tests.evaluation.simulated import predictions_of

UTTERANCES = 1000


def folds_of(*right, folds=("Ses01", "Ses02")):
    """For each seed the trainings of a system with that many right decisions (of 1,000), half of them in each fold."""
    made = []
    for seed, hits in enumerate(right):
        decided = np.repeat([0, 1], [hits, UTTERANCES - hits])
        halves = np.array_split(np.random.default_rng(seed).permutation(decided), len(folds))
        for name, half in zip(folds, halves, strict=True):
            ids = tuple(f"{name}_{index}" for index in range(len(half)))
            truth = np.zeros(len(half), int)
            made.append(FoldPredictions(name, seed, predictions_of(truth, half, ["S"] * len(half), 2, ids)))
    return tuple(made)


def judge(published, *right):
    return judge_reproduction(RowResult("row", "Row", {"wa": published}, folds_of(*right)), 2)


def test_a_value_within_the_spread_over_seeds_is_reproduced():
    assert judge(0.585, 580, 588, 591)["verdict"] == "reproduced"


def test_a_value_eight_points_off_is_not_reproduced():
    assert judge(0.665, 580, 588, 591)["verdict"] == "not reproduced"


@pytest.mark.parametrize("published", [0.580, 0.665])
@pytest.mark.parametrize(("right", "reason"), [((580,), "1 seed; at least 3 are needed"), ((580, 581), "2 seeds;")])
def test_one_or_two_seeds_are_inconclusive(published, right, reason):
    found = judge(published, *right)
    assert found["verdict"] == "inconclusive" and found["reason"].startswith(reason)


def test_a_wide_interval_is_inconclusive_inside_and_clear_outside():
    inside = judge(0.58, 540, 580, 610)
    assert inside["verdict"] == "inconclusive" and "inside, but wider than ± 3" in inside["reason"]
    assert judge(0.95, 540, 580, 610)["verdict"] == "not reproduced"


def test_the_interval_is_that_of_a_further_training():
    values = np.array([0.580, 0.588, 0.591, 0.584])
    found = judge(0.585, 580, 588, 591, 584)
    half = stats.t.ppf(0.975, 3) * values.std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert found["seeds"] == 4 and found["metrics"]["wa"]["half_width"] == pytest.approx(half)
    assert found["metrics"]["wa"]["interval"] == pytest.approx([values.mean() - half, values.mean() + half])
    assert found["reason"] == f"WA 58.5 is inside {100 * values.mean():.1f} ± {100 * half:.1f}"


def test_that_interval_holds_a_further_training_in_95_of_100_cases():
    random = np.random.default_rng(0)
    drawn = random.normal(0, 1, (20_000, 4))
    mean, spread = drawn[:, :3].mean(1), drawn[:, :3].std(1, ddof=1)
    half = stats.t.ppf(0.975, 2) * spread * np.sqrt(1 + 1 / 3)
    assert np.mean(np.abs(drawn[:, 3] - mean) <= half) == pytest.approx(0.95, abs=0.005)


def test_one_value_outside_decides():
    row = RowResult("row", "Row", {"wa": 0.585, "ua": 0.70, "ua_std": 0.02}, folds_of(580, 588, 591))
    found = judge_reproduction(row, 2)
    assert {key: entry["verdict"] for key, entry in found["metrics"].items()} == {
        "wa": "reproduced", "ua": "not reproduced"
    }  # fmt: skip
    assert found["verdict"] == "not reproduced" and "; UA 70.0 is outside" in found["reason"]


@pytest.mark.parametrize(("published", "verdict"), [(0.5804, "reproduced"), (0.582, "not reproduced")])
def test_a_system_without_spread_must_give_the_printed_value(published, verdict):
    assert judge(published, 580, 580, 580)["verdict"] == verdict


def test_a_seed_without_all_folds_does_not_count():
    folds = folds_of(580, 588, 591)[:-1]
    assert list(seed_values(folds, 2, METRICS["wa"])) == [0, 1]
    assert judge_reproduction(RowResult("row", "Row", {"wa": 0.58}, folds), 2)["verdict"] == "inconclusive"


def test_folds_are_pooled_within_a_seed():
    assert seed_values(folds_of(580, 591), 2, METRICS["wa"]) == {0: 0.58, 1: 0.591}


def test_a_row_without_a_published_value_cannot_be_judged():
    with pytest.raises(ValueError, match="row row has no published value"):
        judge_reproduction(RowResult("row", "Row", {"wa": None}, folds_of(580)), 2)
