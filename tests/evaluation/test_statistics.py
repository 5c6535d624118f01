import numpy as np
import pytest
from scipy import stats

from ser_tf.evaluation import statistics
from ser_tf.evaluation.metrics import METRICS, recall_metrics
from ser_tf.evaluation.predictions import FoldPredictions, Recognition
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.units import UnitCounts, count_by_unit, count_recognition
from tests.evaluation.simulated import CLASSES, predictions_of, simulated_folds

BOOTSTRAP = Statistics(interval="bootstrap", resamples=150, seed=7)
ALL = METRICS | recall_metrics(CLASSES)


def counts_of(*matrices):
    """Counts of units A, B, ..."""
    return UnitCounts(tuple("ABCDEFGHIJ"[: len(matrices)]), np.array(matrices, float))


def by_hand(values):
    """A jackknife interval from the pooled value and the values without each unit."""
    pooled, deleted = values[0], np.array(values[1:])
    number = len(deleted)
    error = np.sqrt((number - 1) / number * np.sum((deleted - deleted.mean()) ** 2))
    half = stats.t.ppf(0.975, number - 1) * error
    return max(0, pooled - half), min(1, pooled + half)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_jackknife_equals_leaving_speakers_out_one_by_one(name, seeds):
    folds = simulated_folds(0.6, 1, num_speakers=5, per_speaker=12, spread=0.2, seeds=seeds)
    speakers = sorted({speaker for fold in folds for speaker in fold.predictions.speakers})
    values = []
    for left_out in [None, *speakers]:
        matrix = np.zeros((4, 4))
        for fold in folds:
            predictions = fold.predictions
            for speaker, truth, decided in zip(
                predictions.speakers, predictions.truth, predictions.decided, strict=True
            ):
                matrix[truth, decided] += speaker != left_out
        values.append(float(ALL[name].compute(matrix)))
    found = statistics.interval(ALL[name], count_by_unit(folds, 4))
    assert found == pytest.approx(by_hand(values), abs=1e-12)


def test_for_the_mean_of_equal_speakers_it_is_the_t_interval():
    hits = [4, 7, 5, 8]
    counts = counts_of(*([[hit, 10 - hit], [0, 0]] for hit in hits))
    expected = stats.t.interval(0.95, 3, loc=0.6, scale=stats.sem(np.array(hits) / 10))
    assert statistics.interval(METRICS["wa"], counts) == pytest.approx(expected)


def test_seeds_add_no_speakers():
    folds = simulated_folds(0.6, 1, spread=0.2)
    doubled = folds + tuple(FoldPredictions(fold.fold, 1, fold.predictions) for fold in folds)
    for metric in ALL.values():
        first, second = (statistics.interval(metric, count_by_unit(some, 4)) for some in (folds, doubled))
        assert first == pytest.approx(second, abs=1e-12)


def test_sessions_are_units_of_two_speakers():
    folds = simulated_folds(0.6, 1, spread=0.2)
    counts = count_by_unit(folds, 4, "session")
    assert counts.units == ("Ses01", "Ses02", "Ses03", "Ses04", "Ses05")
    assert np.array_equal(counts.total, count_by_unit(folds, 4).total)
    assert np.array_equal(counts.counts[1], folds[1].confusion(4))
    without = FoldPredictions("a", 0, predictions_of([0, 1], [0, 1], "SS"))
    with pytest.raises(ValueError, match="do not record sessions"):
        count_by_unit([without], 4, "session")


@pytest.mark.parametrize("interval", ["jackknife", "bootstrap"])
def test_one_speaker_gives_no_interval(interval):
    counts = count_by_unit(simulated_folds(0.6, 1, num_speakers=1), 4)
    settings = Statistics(interval=interval)
    assert all(statistics.interval(metric, counts, settings) is None for metric in ALL.values())
    assert statistics.difference_interval(METRICS["ua"], counts, counts, settings) is None


def test_two_speakers_give_a_wide_interval_inside_the_range():
    counts = counts_of([[9, 1], [2, 8]], [[6, 4], [5, 5]])
    assert statistics.interval(METRICS["ua"], counts) == (0, 1)


LONELY = counts_of(
    [[5, 1, 0], [1, 5, 0], [1, 0, 3]], [[4, 2, 0], [2, 4, 0], [0, 0, 0]], [[6, 0, 0], [0, 5, 1], [0, 0, 0]]
)
"""The third class occurs in unit A only."""


@pytest.mark.parametrize(
    ("name", "known"), [("wa", True), ("ua", False), ("macro_f1", False), ("a", True), ("b", True), ("c", False)]
)
def test_a_class_of_one_speaker_leaves_no_interval_where_it_counts(name, known):
    metric = (METRICS | recall_metrics("abc"))[name]
    assert (statistics.interval(metric, LONELY) is not None) == known
    others = counts_of(*np.roll(LONELY.counts, 1, axis=2))
    assert (statistics.difference_interval(metric, LONELY, others) is not None) == known


def test_a_recall_counts_the_speakers_that_have_the_class():
    hits = [3, 7, 5]
    counts = counts_of(*([[hit, 10 - hit], [1, 4]] for hit in hits), [[0, 0], [3, 2]], [[0, 0], [2, 3]])
    expected = stats.t.interval(0.95, 2, loc=0.5, scale=stats.sem(np.array(hits) / 10))
    assert statistics.interval(recall_metrics("ab")["a"], counts) == pytest.approx(expected)


@pytest.mark.parametrize(("hits", "expected"), [(10, (0.025 ** (1 / 4), 1)), (0, (0, 1 - 0.025 ** (1 / 4))), (5, None)])
def test_speakers_that_all_agree(hits, expected):
    counts = counts_of(*[[[hits, 10 - hits], [10 - hits, hits]]] * 4)
    for metric in (METRICS["wa"], METRICS["ua"], recall_metrics("ab")["b"]):
        found = statistics.interval(metric, counts)
        assert found is None if expected is None else found == pytest.approx(expected)


def test_systems_that_decide_alike_have_no_interval_of_their_difference():
    counts = count_by_unit(simulated_folds(0.6, 1), 4)
    assert statistics.difference_interval(METRICS["ua"], counts, counts) is None


def test_the_difference_leaves_each_speaker_out_of_both():
    first, second = (count_by_unit(simulated_folds(skill, 1, spread=0.2), 4) for skill in (0.7, 0.5))
    metric = METRICS["macro_f1"]
    values = [metric.compute(first.total) - metric.compute(second.total)]
    for ours, theirs in zip(first.counts, second.counts, strict=True):
        values.append(metric.compute(first.total - ours) - metric.compute(second.total - theirs))
    expected = by_hand([float(value) for value in values])
    assert statistics.difference_interval(metric, first, second) == pytest.approx(expected, abs=1e-12)


def test_a_difference_may_be_between_other_utterances_of_the_same_speakers():
    first = counts_of([[8, 2], [3, 7]], [[5, 5], [4, 6]], [[7, 3], [2, 8]])
    second = UnitCounts(("A", "B"), first.counts[:2] // 2)
    low, high = statistics.difference_interval(METRICS["wa"], first, second)
    padded = UnitCounts(("A", "B", "C"), np.concatenate([second.counts, np.zeros((1, 2, 2))]))
    assert (low, high) == statistics.difference_interval(METRICS["wa"], first, padded)
    assert -1 <= low < 41 / 60 - 26 / 40 < high <= 1


@pytest.mark.parametrize("name", METRICS)
def test_bootstrap_equals_a_loop_over_resampled_speakers(name):
    folds = simulated_folds(0.6, 1, num_speakers=5, per_speaker=12, spread=0.2, seeds=(0, 1))
    counts, metric = count_by_unit(folds, 4), METRICS[name]
    drawn = np.random.default_rng(7).integers(5, size=(150, 5))
    values = [float(metric.compute(counts.counts[sample].sum(axis=0))) for sample in drawn]
    expected = tuple(np.percentile(values, [2.5, 97.5]))
    assert statistics.interval(metric, counts, BOOTSTRAP) == pytest.approx(expected, abs=1e-12)


def test_resampling_depends_on_its_seed_only():
    assert np.array_equal(statistics.resample(5, 20, 7), statistics.resample(5, 20, 7))
    assert not np.array_equal(statistics.resample(5, 20, 7), statistics.resample(5, 20, 8))
    assert (statistics.resample(5, 20, 7).sum(axis=1) == 5).all()


def test_bootstrap_draws_the_same_speakers_for_both():
    first, second = (count_by_unit(simulated_folds(skill, 1, spread=0.1), 4) for skill in (0.7, 0.5))
    metric = METRICS["ua"]
    values = []
    for sample in np.random.default_rng(7).integers(10, size=(150, 10)):
        ours, theirs = (counts.counts[sample].sum(axis=0) for counts in (first, second))
        values.append(float(metric.compute(ours) - metric.compute(theirs)))
    found = statistics.difference_interval(metric, first, second, BOOTSTRAP)
    assert found == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=1e-12)


def test_listeners_are_counted_by_the_share_that_was_right():
    heard = Recognition(tuple("wxyz"), tuple("SSTT"), np.array([0, 1, 0, 1]), np.array([0.9, 0.5, 0.7, 0.6]))
    counts = count_recognition(heard, 2)
    assert counts.units == ("S", "T")
    assert float(METRICS["ua"].compute(counts.total)) == pytest.approx((0.8 + 0.55) / 2)
    assert float(recall_metrics("ab")["b"].compute(counts.total)) == pytest.approx(0.55)
    expected = by_hand([0.675, 0.65, 0.7])
    assert statistics.interval(METRICS["ua"], counts) == pytest.approx(expected)
