import itertools

import numpy as np
import pytest

from ser_tf.evaluation import comparison
from ser_tf.evaluation.comparison import compare_rows, holm
from ser_tf.evaluation.metrics import METRICS, recall_metrics
from ser_tf.evaluation.predictions import FoldPredictions
from ser_tf.evaluation.statistics import Statistics, difference_interval
from ser_tf.evaluation.units import count_by_unit
from tests.evaluation.simulated import CLASSES, predictions_of, simulated_folds

UA = METRICS["ua"]
ALL = METRICS | recall_metrics(CLASSES)


def by_speaker(folds):
    """Truth and decisions of each speaker, in the order of names."""
    found = {}
    for fold in folds:
        predictions = fold.predictions
        for speaker, truth, decided in zip(predictions.speakers, predictions.truth, predictions.decided, strict=True):
            found.setdefault(speaker, []).append((truth, decided))
    return [np.array(found[name]) for name in sorted(found)]


def score(metric, pairs):
    matrix = np.zeros((4, 4))
    np.add.at(matrix, tuple(pairs.T), 1)
    return float(metric.compute(matrix))


@pytest.mark.parametrize("name", ALL)
def test_permutation_test_equals_enumeration_by_hand(name):
    first = simulated_folds(0.62, 5, num_speakers=4, per_speaker=9, seeds=(0, 1))
    second = simulated_folds(0.5, 6, num_speakers=4, per_speaker=9, seeds=(0, 1))
    pairs = list(zip(by_speaker(first), by_speaker(second), strict=True))
    differences = []
    for swapped in itertools.product([False, True], repeat=4):
        ours = np.concatenate([b if swap else a for swap, (a, b) in zip(swapped, pairs, strict=True)])
        theirs = np.concatenate([a if swap else b for swap, (a, b) in zip(swapped, pairs, strict=True)])
        differences.append(score(ALL[name], ours) - score(ALL[name], theirs))
    found = compare_rows(first, second, 4, ALL[name])
    assert found.exact and found.num_units == 4
    assert found.difference == pytest.approx(differences[0], abs=1e-12)
    assert found.p_value == np.mean(np.array(differences) >= differences[0] - 1e-9)
    assert found.p_reversed == np.mean(np.array(differences) <= differences[0] + 1e-9)
    assert found.p_two_sided == np.mean(np.abs(differences) >= abs(differences[0]) - 1e-9)
    assert 1 / 16 <= found.p_value < 1


def test_the_interval_is_that_of_the_difference():
    first, second = simulated_folds(0.7, 1, spread=0.1), simulated_folds(0.5, 2, spread=0.1)
    counts = (count_by_unit(folds, 4) for folds in (first, second))
    assert compare_rows(first, second, 4, UA).interval == difference_interval(UA, *counts)
    bootstrap = Statistics(interval="bootstrap")
    assert compare_rows(first, second, 4, UA, bootstrap).interval != compare_rows(first, second, 4, UA).interval


def test_sessions_are_swapped_whole():
    first, second = simulated_folds(0.9, 1), simulated_folds(0.2, 2)
    found = compare_rows(first, second, 4, UA, Statistics(unit="session"))
    assert found.num_units == 5 and found.p_value == 1 / 32


def test_p_is_uniform_under_the_null():
    values = []
    for trial in range(300):
        skills = np.clip(0.6 + 0.15 * np.random.default_rng(trial).standard_normal(10), 0, 1)
        first = simulated_folds(0, 2 * trial, skills=skills)
        second = simulated_folds(0, 2 * trial + 1, skills=skills)
        values.append(compare_rows(first, second, 4, UA).p_value)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        allowed = 3 * np.sqrt(level * (1 - level) / len(values))
        assert np.mean(np.array(values) <= level) == pytest.approx(level, abs=allowed)


def test_random_swaps_agree_with_all_swaps(monkeypatch):
    first, second = simulated_folds(0.62, 1, num_speakers=12), simulated_folds(0.58, 2, num_speakers=12)
    exact = compare_rows(first, second, 4, UA)
    monkeypatch.setattr(comparison, "MAX_EXACT_UNITS", 11)
    drawn = compare_rows(first, second, 4, UA)
    assert exact.exact and not drawn.exact
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert drawn.p_two_sided == pytest.approx(exact.p_two_sided, abs=0.02)
    assert drawn.difference == exact.difference and drawn.interval == exact.interval


def test_p_of_random_swaps_is_never_zero():
    first, second = simulated_folds(1.0, 1, num_speakers=30), simulated_folds(0.1, 2, num_speakers=30)
    found = compare_rows(first, second, 4, METRICS["wa"], Statistics(random_swaps=999))
    assert found.p_value == found.p_two_sided == 1 / 1000
    assert found.p_reversed == 1


def test_systems_that_decide_alike_are_not_told_apart():
    folds = simulated_folds(0.6, 1)
    found = compare_rows(folds, folds, 4, UA)
    assert (found.difference, found.interval) == (0, None)
    assert found.p_value == found.p_reversed == found.p_two_sided == 1


def test_only_shared_folds_and_seeds_are_compared_in_any_order_of_utterances():
    first = simulated_folds(0.7, 1, seeds=(0, 1))
    second = simulated_folds(0.5, 2, seeds=(1,))[:3]
    found = compare_rows(first, second, 4, UA)
    assert found.trainings == (("Ses01", 1), ("Ses02", 1), ("Ses03", 1)) and found.num_units == 6
    turned = []
    for fold in second:
        old = fold.predictions
        made = predictions_of(old.truth[::-1], old.decided[::-1], old.speakers[::-1], 4, old.ids[::-1])
        turned.append(FoldPredictions(fold.fold, fold.seed, made))
    assert compare_rows(first, turned, 4, UA) == found


def test_rows_that_cannot_be_paired_are_refused():
    first = simulated_folds(0.7, 1)
    with pytest.raises(ValueError, match="no fold and seed in common"):
        compare_rows(first, simulated_folds(0.7, 1, seeds=(5,)), 4, UA)
    with pytest.raises(ValueError, match=r"fold Ses01, seed 0: .*same utterances; 6 differ.*first is f0_0018"):
        compare_rows(first, simulated_folds(0.7, 1, per_speaker=18), 4, UA)


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.02, None, 0.01], [0.02, None, 0.02]),
        ([0.6, 0.7], [1.0, 1.0]),
        ([0.03], [0.03]),
        ([], []),
    ],
)
def test_holm(raw, adjusted):
    assert holm(raw) == [value if value is None else pytest.approx(value) for value in adjusted]
