"""How sure the numbers are: intervals and tests that treat the speaker, not the utterance, as the unit drawn.

Utterances of one speaker are alike; resampling them one by one gives intervals that are too narrow. Here speakers are
resampled whole. With several seeds, the same utterance is counted once for each seed, within its speaker, so seeds add
no speakers. Percentile intervals of few speakers still cover less than they say: on simulated
speakers 90% instead of 95% with ten, 80% with four.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_tf.evaluation.metrics import METRICS, accuracy_of_counts, confusion_matrix
from ser_tf.evaluation.predictions import FoldPredictions

RESAMPLES = 2000
RANDOM_SWAPS = 10_000
MOST_EXACT_SPEAKERS = 12
TIE = 1e-12
"""Differences closer than this are equal: the same counts divided in another order differ by rounding."""

Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True, eq=False)
class SpeakerCounts:
    """What each speaker contributes to a row, added over folds and seeds.

    Attributes:
        speakers: Names, sorted.
        hits: Right decisions, int64 [speakers, classes].
        totals: Utterances, int64 [speakers, classes].
    """

    speakers: tuple[str, ...]
    hits: np.ndarray
    totals: np.ndarray


@dataclasses.dataclass(frozen=True)
class PairedComparison:
    """Whether one row is better than another on the same utterances.

    Attributes:
        metric: `wa` or `ua`.
        difference: The first row's accuracy less the second's, pooled, as a fraction.
        interval: 95% interval of the difference from resampling speakers, or None with a single speaker.
        p_value: One-sided: how often swapping speakers gives a difference at least as large.
        p_reversed: The same for the opposite claim.
        num_speakers: Speakers that were swapped.
        exact: Whether all swaps were enumerated.
        trainings: The (fold, seed) pairs that both rows have.
    """

    metric: str
    difference: float
    interval: Interval | None
    p_value: float
    p_reversed: float
    num_speakers: int
    exact: bool
    trainings: tuple[tuple[str, int], ...]


def count_by_speaker(folds: Sequence[FoldPredictions], num_classes: int) -> SpeakerCounts:
    """Adds up each speaker's right decisions and utterances over folds and seeds.

    Args:
        folds: A row's trainings.
        num_classes: Number of classes of the task.

    Raises:
        ValueError: there is no utterance.
    """
    names = tuple(sorted({speaker for fold in folds for speaker in fold.predictions.speakers}))
    if not names:
        raise ValueError("no utterances to count")
    place = {name: index for index, name in enumerate(names)}
    matrices = np.zeros((len(names), num_classes, num_classes), dtype=np.int64)
    for fold in folds:
        predictions = fold.predictions
        owner = np.array([place[speaker] for speaker in predictions.speakers], dtype=np.int64)
        for index in np.unique(owner):
            chosen = owner == index
            matrices[index] += confusion_matrix(predictions.truth[chosen], predictions.decided[chosen], num_classes)
    return SpeakerCounts(names, np.diagonal(matrices, axis1=1, axis2=2), matrices.sum(axis=2))


def bootstrap_intervals(
    folds: Sequence[FoldPredictions], num_classes: int, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval | None]:
    """95% intervals of WA and UA from resampling whole speakers with replacement.

    Args:
        folds: A row's trainings.
        num_classes: Number of classes of the task.
        resamples: Number of resamples.
        seed: Of the resampling; the same seed gives the same intervals.

    Returns:
        For `wa` and `ua` the 2.5 and 97.5 percentiles, or None with one speaker, who tells nothing about others. UA of
        a resample without some class is the mean over the classes that it has.
    """
    counts = count_by_speaker(folds, num_classes)
    if len(counts.speakers) == 1:
        return {metric: None for metric in METRICS}
    weights = _resample(len(counts.speakers), resamples, seed)
    hits, totals = weights @ counts.hits, weights @ counts.totals
    return {metric: _interval(accuracy_of_counts(metric, hits, totals)) for metric in METRICS}


def compare_rows(
    first: Sequence[FoldPredictions],
    second: Sequence[FoldPredictions],
    num_classes: int,
    metric: str,
    *,
    resamples: int = RESAMPLES,
    random_swaps: int = RANDOM_SWAPS,
    seed: int = 0,
) -> PairedComparison:
    """Paired permutation test by speaker of "the first row is better than the second".

    Were the rows equally good, a speaker's predictions could as well have come from the other row. So both rows'
    predictions of whole speakers are swapped: in all ways with up to 12 speakers, else in random ways, where the
    observed one counts as one of them (p is never 0).

    Args:
        first: Trainings of the row that is claimed to be better.
        second: Trainings of the other row.
        num_classes: Number of classes of the task.
        metric: `wa` or `ua`.
        resamples: Number of resamples for the interval of the difference.
        random_swaps: Number of random swaps with more than 12 speakers.
        seed: Of resampling and swapping.

    Returns:
        Difference, interval and p-values over the folds and seeds that both rows have.

    Raises:
        ValueError: the rows share no fold and seed, or differ in the utterances, speakers or truth of a shared one.
    """
    first, second = _paired(first, second)
    ours, theirs = count_by_speaker(first, num_classes), count_by_speaker(second, num_classes)
    num_speakers = len(ours.speakers)
    exact = num_speakers <= MOST_EXACT_SPEAKERS
    swaps = _all_swaps(num_speakers) if exact else _random_swaps(num_speakers, random_swaps, seed)
    differences = _swapped_differences(metric, ours, theirs, swaps)
    observed = float(differences[0])
    return PairedComparison(
        metric=metric,
        difference=observed,
        interval=_difference_interval(metric, ours, theirs, resamples, seed),
        p_value=float(np.mean(differences >= observed - TIE)),
        p_reversed=float(np.mean(differences <= observed + TIE)),
        num_speakers=num_speakers,
        exact=exact,
        trainings=tuple((fold.fold, fold.seed) for fold in first),
    )


def _swapped_differences(metric: str, ours: SpeakerCounts, theirs: SpeakerCounts, swaps: np.ndarray) -> np.ndarray:
    """The difference of the rows' accuracies after each way of swapping speakers, float64 [ways]."""
    totals = ours.totals.sum(axis=0)
    moved = swaps @ (theirs.hits - ours.hits)
    gained = accuracy_of_counts(metric, ours.hits.sum(axis=0) + moved, totals)
    return gained - accuracy_of_counts(metric, theirs.hits.sum(axis=0) - moved, totals)


def _difference_interval(
    metric: str, ours: SpeakerCounts, theirs: SpeakerCounts, resamples: int, seed: int
) -> Interval | None:
    """95% interval of the difference; each resample draws the same speakers for both rows."""
    if len(ours.speakers) == 1:
        return None
    weights = _resample(len(ours.speakers), resamples, seed)
    totals = weights @ ours.totals
    gained = accuracy_of_counts(metric, weights @ ours.hits, totals)
    return _interval(gained - accuracy_of_counts(metric, weights @ theirs.hits, totals))


def _paired(
    first: Sequence[FoldPredictions], second: Sequence[FoldPredictions]
) -> tuple[list[FoldPredictions], list[FoldPredictions]]:
    """The trainings of both rows with the same fold and seed, checked to test the same utterances."""
    others = {(fold.fold, fold.seed): fold for fold in second}
    shared = [fold for fold in first if (fold.fold, fold.seed) in others]
    if not shared:
        raise ValueError("the two rows have no fold and seed in common; run both on the same folds and seeds")
    matched = [others[fold.fold, fold.seed] for fold in shared]
    for ours, theirs in zip(shared, matched, strict=True):
        expected, found = _tested(ours), _tested(theirs)
        if expected != found:
            strange = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
            raise ValueError(
                f"fold {ours.fold}, seed {ours.seed}: the two rows do not test the same utterances; {len(strange)} "
                f"differ in presence, speaker or truth, the first is {strange[0]}"
            )
    return shared, matched


def _tested(fold: FoldPredictions) -> dict[str, tuple[str, int]]:
    """Speaker and true class of each utterance by id."""
    predictions = fold.predictions
    labels = zip(predictions.speakers, predictions.truth.tolist(), strict=True)
    return dict(zip(predictions.ids, labels, strict=True))


def _resample(num_speakers: int, resamples: int, seed: int) -> np.ndarray:
    """How often each speaker is drawn, int64 [resamples, speakers]; each resample draws as many as there are."""
    drawn = np.random.default_rng(seed).integers(num_speakers, size=(resamples, num_speakers))
    offsets = np.arange(resamples)[:, None] * num_speakers
    counts = np.bincount((drawn + offsets).ravel(), minlength=resamples * num_speakers)
    return counts.reshape(resamples, num_speakers)


def _all_swaps(num_speakers: int) -> np.ndarray:
    """Every way to swap or keep each speaker, int64 [2 ** speakers, speakers]; the first keeps all."""
    return (np.arange(2**num_speakers)[:, None] >> np.arange(num_speakers)) & 1


def _random_swaps(num_speakers: int, count: int, seed: int) -> np.ndarray:
    """The way that keeps all, and `count` random ways, int64 [count + 1, speakers]."""
    drawn = np.random.default_rng(seed).integers(2, size=(count, num_speakers))
    return np.concatenate([np.zeros((1, num_speakers), dtype=np.int64), drawn])


def _interval(values: np.ndarray) -> Interval:
    """2.5 and 97.5 percentiles."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
