import itertools

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from ser_tf.evaluation import statistics
from ser_tf.evaluation.predictions import FoldPredictions
from tests.evaluation.simulated import predictions_of, simulated_folds

SCORES = {"wa": accuracy_score, "ua": balanced_accuracy_score}


def by_speaker(folds):
    """Truth and decisions of each speaker, in the order of names."""
    found = {}
    for fold in folds:
        predictions = fold.predictions
        for speaker, truth, decided in zip(predictions.speakers, predictions.truth, predictions.decided, strict=True):
            found.setdefault(speaker, []).append((truth, decided))
    return [np.array(found[name]) for name in sorted(found)]


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_bootstrap_equals_a_loop_over_resampled_utterances(seeds):
    folds = simulated_folds(0.6, 1, num_speakers=5, per_speaker=12, spread=0.2, seeds=seeds)
    groups = by_speaker(folds)
    drawn = np.random.default_rng(7).integers(5, size=(150, 5))
    values = {metric: [] for metric in SCORES}
    for sample in drawn:
        pairs = np.concatenate([groups[index] for index in sample])
        for metric, score in SCORES.items():
            values[metric].append(score(pairs[:, 0], pairs[:, 1]))
    intervals = statistics.bootstrap_intervals(folds, 4, resamples=150, seed=7)
    for metric, collected in values.items():
        assert intervals[metric] == pytest.approx(tuple(np.percentile(collected, [2.5, 97.5])), abs=1e-12)


def test_the_same_seed_gives_the_same_interval():
    folds = simulated_folds(0.6, 1, spread=0.1)
    first, again = (statistics.bootstrap_intervals(folds, 4) for _ in range(2))
    assert first == again
    assert first != statistics.bootstrap_intervals(folds, 4, seed=1)


def test_seeds_add_no_speakers():
    one = simulated_folds(0.6, 1, spread=0.2)
    doubled = one + tuple(FoldPredictions(fold.fold, 1, fold.predictions) for fold in one)
    assert statistics.bootstrap_intervals(one, 4) == statistics.bootstrap_intervals(doubled, 4)


def test_one_speaker_gives_no_interval():
    folds = simulated_folds(0.6, 1, num_speakers=1)
    assert statistics.bootstrap_intervals(folds, 4) == {"wa": None, "ua": None}
    assert statistics.compare_rows(folds, folds, 4, "ua").interval is None


def test_intervals_cover_the_truth_where_speakers_differ_and_utterance_wise_ones_do_not():
    covered = {"speakers": 0, "utterances": 0}
    trials, mean_skill = 200, 0.6
    for trial in range(trials):
        folds = simulated_folds(mean_skill, trial, num_speakers=16, per_speaker=40, spread=0.12)
        low, high = statistics.bootstrap_intervals(folds, 4, resamples=400)["wa"]
        covered["speakers"] += low <= mean_skill <= high
        right = np.concatenate([group[:, 0] == group[:, 1] for group in by_speaker(folds)])
        half = 1.96 * right.std() / np.sqrt(len(right))
        covered["utterances"] += abs(right.mean() - mean_skill) <= half
    assert 0.86 * trials <= covered["speakers"] <= 0.99 * trials
    assert covered["utterances"] < 0.75 * trials


@pytest.mark.parametrize("metric", ["wa", "ua"])
def test_permutation_test_equals_enumeration_by_hand(metric):
    first = simulated_folds(0.62, 5, num_speakers=4, per_speaker=9, seeds=(0, 1))
    second = simulated_folds(0.5, 6, num_speakers=4, per_speaker=9, seeds=(0, 1))
    pairs = list(zip(by_speaker(first), by_speaker(second), strict=True))
    score = SCORES[metric]
    differences = []
    for swapped in itertools.product([False, True], repeat=4):
        ours = np.concatenate([b if swap else a for swap, (a, b) in zip(swapped, pairs, strict=True)])
        theirs = np.concatenate([a if swap else b for swap, (a, b) in zip(swapped, pairs, strict=True)])
        differences.append(score(*ours.T) - score(*theirs.T))
    comparison = statistics.compare_rows(first, second, 4, metric)
    assert comparison.exact and comparison.num_speakers == 4
    assert comparison.difference == pytest.approx(differences[0], abs=1e-12)
    assert comparison.p_value == np.mean(np.array(differences) >= differences[0] - 1e-9)
    assert comparison.p_reversed == np.mean(np.array(differences) <= differences[0] + 1e-9)
    assert 1 / 16 <= comparison.p_value < 1


def test_p_is_uniform_under_the_null():
    values = []
    for trial in range(300):
        skills = np.clip(0.6 + 0.15 * np.random.default_rng(trial).standard_normal(10), 0, 1)
        first = simulated_folds(0, 2 * trial, skills=skills)
        second = simulated_folds(0, 2 * trial + 1, skills=skills)
        values.append(statistics.compare_rows(first, second, 4, "ua", resamples=2).p_value)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        allowed = 3 * np.sqrt(level * (1 - level) / len(values))
        assert np.mean(np.array(values) <= level) == pytest.approx(level, abs=allowed)


def test_random_swaps_agree_with_all_swaps(monkeypatch):
    first, second = simulated_folds(0.62, 1, num_speakers=12), simulated_folds(0.58, 2, num_speakers=12)
    exact = statistics.compare_rows(first, second, 4, "ua")
    monkeypatch.setattr(statistics, "MOST_EXACT_SPEAKERS", 11)
    drawn = statistics.compare_rows(first, second, 4, "ua")
    assert exact.exact and not drawn.exact
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.02)
    assert drawn.difference == exact.difference and drawn.interval == exact.interval


def test_p_of_random_swaps_is_never_zero():
    first, second = simulated_folds(1.0, 1, num_speakers=30), simulated_folds(0.1, 2, num_speakers=30)
    comparison = statistics.compare_rows(first, second, 4, "wa", random_swaps=999)
    assert comparison.p_value == 1 / 1000
    assert comparison.p_reversed == 1


def test_interval_of_the_difference_equals_a_loop():
    first = simulated_folds(0.7, 1, num_speakers=6, spread=0.1)
    second = simulated_folds(0.5, 2, num_speakers=6, spread=0.1)
    pairs = list(zip(by_speaker(first), by_speaker(second), strict=True))
    values = []
    for sample in np.random.default_rng(3).integers(6, size=(100, 6)):
        ours, theirs = (np.concatenate([pairs[index][side] for index in sample]) for side in (0, 1))
        values.append(balanced_accuracy_score(*ours.T) - balanced_accuracy_score(*theirs.T))
    comparison = statistics.compare_rows(first, second, 4, "ua", resamples=100, seed=3)
    assert comparison.interval == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=1e-12)


def test_only_shared_folds_and_seeds_are_compared_in_any_order_of_utterances():
    first = simulated_folds(0.7, 1, seeds=(0, 1))
    second = simulated_folds(0.5, 2, seeds=(1,))[:3]
    comparison = statistics.compare_rows(first, second, 4, "wa")
    assert comparison.trainings == (("Ses01", 1), ("Ses02", 1), ("Ses03", 1)) and comparison.num_speakers == 6
    turned = []
    for fold in second:
        old = fold.predictions
        made = predictions_of(old.truth[::-1], old.decided[::-1], old.speakers[::-1], 4, old.ids[::-1])
        turned.append(FoldPredictions(fold.fold, fold.seed, made))
    assert statistics.compare_rows(first, turned, 4, "wa") == comparison


def test_rows_that_cannot_be_paired_are_refused():
    first = simulated_folds(0.7, 1)
    with pytest.raises(ValueError, match="no fold and seed in common"):
        statistics.compare_rows(first, simulated_folds(0.7, 1, seeds=(5,)), 4, "wa")
    with pytest.raises(ValueError, match=r"fold Ses01, seed 0: .*same utterances; 6 differ.*first is f0_0018"):
        statistics.compare_rows(first, simulated_folds(0.7, 1, per_speaker=18), 4, "wa")
