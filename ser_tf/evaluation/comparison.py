"""Paired tests between two rows on the same utterances, and the correction for multiple tests."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser_tf.evaluation import statistics, units
from ser_tf.evaluation.metrics import Counts, Floats, Metric
from ser_tf.evaluation.predictions import FoldPredictions
from ser_tf.evaluation.statistics import DEFAULT, ROUNDING, Interval, Statistics

MAX_EXACT_UNITS = 12
"""With more units than this, swaps are sampled at random rather than enumerated."""


@dataclasses.dataclass(frozen=True)
class PairedComparison:
    """Comparison of two rows on the same utterances.

    Attributes:
        difference: The first row's pooled metric less the second's, as a fraction.
        interval: 95% interval of the difference, or None where the spread over units is unknown.
        p_value: One-sided p: how often swapping units gives a difference at least as large.
        p_reversed: One-sided p of the opposite claim.
        p_two_sided: Two-sided p: how often swapping units gives a difference at least as far from zero.
        num_units: Number of units that were swapped.
        exact: Whether all swaps were enumerated.
        trainings: The (fold, seed) pairs common to both rows.
    """

    difference: float
    interval: Interval | None
    p_value: float
    p_reversed: float
    p_two_sided: float
    num_units: int
    exact: bool
    trainings: tuple[tuple[str, int], ...]


def compare_rows(
    first: Sequence[FoldPredictions],
    second: Sequence[FoldPredictions],
    num_classes: int,
    metric: Metric,
    settings: Statistics = DEFAULT,
) -> PairedComparison:
    """Tests "the first row is better than the second" by a paired permutation test over units.

    If the rows were equally good, a unit's predictions could equally have come from the other row. Both rows'
    predictions of whole units are therefore swapped: in all ways with up to 12 units, otherwise in random ways that
    include the observed one (p is never 0).

    Args:
        first: Trainings of the row claimed to be better.
        second: Trainings of the other row.
        num_classes: Number of classes of the task.
        metric: The metric to compare.
        settings: Unit, interval and number of random swaps.

    Returns:
        Difference, interval and p-values over the folds and seeds common to both rows.

    Raises:
        ValueError: the rows share no fold and seed, differ in the utterances, speakers or truth of a shared one, or
            sessions are requested but were not recorded.
    """
    first, second = paired(first, second)
    ours = units.count_by_unit(first, num_classes, settings.unit)
    theirs = units.count_by_unit(second, num_classes, settings.unit)
    swaps, exact = swaps_of(len(ours.units), settings)
    differences = _swapped_differences(metric, ours.counts, theirs.counts, swaps)
    p_value, p_reversed, p_two_sided = p_values(differences)
    return PairedComparison(
        difference=float(differences[0]),
        interval=statistics.difference_interval(metric, ours, theirs, settings),
        p_value=p_value,
        p_reversed=p_reversed,
        p_two_sided=p_two_sided,
        num_units=len(ours.units),
        exact=exact,
        trainings=tuple((fold.fold, fold.seed) for fold in first),
    )


def swaps_of(units: int, settings: Statistics) -> tuple[npt.NDArray[np.int64], bool]:
    """Returns ways to swap (1) or keep (0) each unit, int64 [ways, units], and whether all; the first keeps all."""
    if units <= MAX_EXACT_UNITS:
        return (np.arange(2**units)[:, np.newaxis] >> np.arange(units)) & 1, True
    drawn = np.random.default_rng(settings.seed).integers(2, size=(settings.random_swaps, units))
    return np.concatenate([np.zeros((1, units), dtype=np.int64), drawn]), False


def p_values(differences: Floats) -> tuple[float, float, float]:
    """Returns the fractions of swaps with a difference at least, at most, and at least as far from zero as the first.

    Args:
        differences: Differences after each way of swapping [ways]; the first is the observed one.
    """
    observed = differences[0]
    return (
        float(np.mean(differences >= observed - ROUNDING)),
        float(np.mean(differences <= observed + ROUNDING)),
        float(np.mean(np.abs(differences) >= abs(observed) - ROUNDING)),
    )


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjusts p-values for the number of tests (Holm's step-down method).

    Args:
        p: p-values, with None for tests that were not made and do not count.

    Returns:
        Adjusted p-values in the same order, at most 1.

    Example:
        >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    made = sorted((value, place) for place, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    largest = 0.0
    for rank, (value, place) in enumerate(made):
        largest = max(largest, min(1.0, (len(made) - rank) * value))
        adjusted[place] = largest
    return adjusted


def paired(
    first: Sequence[FoldPredictions], second: Sequence[FoldPredictions]
) -> tuple[list[FoldPredictions], list[FoldPredictions]]:
    """Returns the trainings of both rows with the same fold and seed, checked to test the same utterances.

    Raises:
        ValueError: the rows share no fold and seed, or differ in the utterances, speakers or truth of a shared one.
    """
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
    """Returns speaker and true class of each utterance by id."""
    predictions = fold.predictions
    labels = zip(predictions.speakers, predictions.truth.tolist(), strict=True)
    return dict(zip(predictions.ids, labels, strict=True))


def _swapped_differences(metric: Metric, ours: Counts, theirs: Counts, swaps: npt.NDArray[np.int64]) -> Floats:
    """Computes the difference of the rows' metrics after each way of swapping units, float64 [ways]."""
    moved = np.einsum("wu,uij->wij", swaps, theirs - ours)
    return metric.compute(ours.sum(axis=0) + moved) - metric.compute(theirs.sum(axis=0) - moved)
