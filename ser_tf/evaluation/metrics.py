"""Metrics as functions of a confusion matrix, in one table: a new metric is one entry in `METRICS`.

Weighted accuracy (WA) is the fraction of utterances classified correctly. Unweighted accuracy (UA) is the mean recall
over classes. Macro-F1 is the mean over classes of 2 TP / (2 TP + FP + FN). All are computed from pooled counts: those
of folds, seeds or speakers are added first and divided once, which keeps a fold with few utterances of a class from
having more weight than its utterances. A class that does not occur in the truth has no recall and does not enter a
mean.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64] | Floats
"""Counts of decisions [..., true class, decided class]; fractional for human listeners."""


def recalls(counts: Counts) -> Floats:
    """Computes the recall of each class, float64 [..., classes]; NaN for a class that does not occur in the truth.

    Args:
        counts: Counts [..., true class, decided class].
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    return _divide(hits, counts.sum(axis=-1))


def share_right(counts: Counts) -> Floats:
    """Computes WA, the fraction of utterances classified correctly, float64 [...]; NaN without utterances."""
    return _divide(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)))


def mean_recall(counts: Counts) -> Floats:
    """Computes UA, the mean recall over the classes that occur in the truth, float64 [...]; NaN without utterances."""
    return _mean_over_classes(recalls(counts))


def mean_f1(counts: Counts) -> Floats:
    """Computes macro-F1, the mean F1 over the classes that occur in the truth, float64 [...]; NaN without utterances.

    scikit-learn also averages over classes that are only predicted, with F1 = 0; here such decisions count as misses
    and add no class.
    """
    hits, truths = np.diagonal(counts, axis1=-2, axis2=-1), counts.sum(axis=-1)
    scores = _divide(2 * hits, truths + counts.sum(axis=-2))
    return _mean_over_classes(np.where(truths > 0, scores, np.nan))


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric computed from a confusion matrix.

    Attributes:
        name: The metric's printed name.
        compute: Maps counts [..., true class, decided class] to fractions [...], NaN where undefined.
        averages_classes: Whether it is a mean over the classes that occur, and thus changes meaning if one of them is
            missing.
        needs_decisions: Whether it depends on which wrong class was decided; such a metric is unknown if only the
            fraction of correct answers is known.
        of_class: Class index of a metric that depends on only one class.
    """

    name: str
    compute: Callable[[Counts], Floats]
    averages_classes: bool = True
    needs_decisions: bool = False
    of_class: int | None = None


METRICS: Mapping[str, Metric] = {
    "wa": Metric("WA", share_right, averages_classes=False),
    "ua": Metric("UA", mean_recall),
    "macro_f1": Metric("Macro-F1", mean_f1, needs_decisions=True),
}
"""The metrics of every table, by their keys in `summary.json`."""


def recall_metrics(classes: Sequence[str]) -> dict[str, Metric]:
    """Makes a metric of each class's recall, by class name.

    Args:
        classes: The task's classes in order.
    """

    def of(index: int) -> Callable[[Counts], Floats]:
        return lambda counts: recalls(counts)[..., index]

    return {name: Metric(name, of(index), averages_classes=False, of_class=index) for index, name in enumerate(classes)}


def metric(key: str) -> Metric:
    """Returns the metric with this key.

    Raises:
        ValueError: there is no such metric.
    """
    if key not in METRICS:
        raise ValueError(f"metric {key!r} is none of {', '.join(METRICS)}")
    return METRICS[key]


def value(key: str, matrix: Counts) -> float:
    """Computes a metric of one confusion matrix, as a fraction.

    Args:
        key: Key of the metric.
        matrix: Counts [true class, decided class].

    Raises:
        ValueError: there is no such metric, or the matrix has no counts.

    Example:
        >>> value("ua", np.array([[3, 1], [2, 2]]))
        0.625
    """
    chosen = metric(key)
    if matrix.sum() == 0:
        raise ValueError(f"{chosen.name} of no utterances")
    return float(chosen.compute(matrix))


def weighted_accuracy(matrix: Counts) -> float:
    """Computes WA of one confusion matrix; see `value`."""
    return value("wa", matrix)


def unweighted_accuracy(matrix: Counts) -> float:
    """Computes UA of one confusion matrix; see `value`."""
    return value("ua", matrix)


def confusion_matrix(truth: Indices, decided: Indices, num_classes: int) -> npt.NDArray[np.int64]:
    """Counts the decisions for each true class.

    Args:
        truth: True class indices, int [utterances].
        decided: Decided class indices, int [utterances].
        num_classes: Number of classes of the task, whether or not they occur.

    Returns:
        Counts, int64 [true class, decided class].

    Raises:
        ValueError: lengths differ, or an index is out of range.
    """
    if len(truth) != len(decided):
        raise ValueError(f"{len(truth)} true classes but {len(decided)} decisions")
    if len(truth) == 0:
        return np.zeros((num_classes, num_classes), dtype=np.int64)
    if min(truth.min(), decided.min()) < 0 or max(truth.max(), decided.max()) >= num_classes:
        raise ValueError(f"a class index lies outside the {num_classes} classes")
    counts = np.bincount(truth * num_classes + decided, minlength=num_classes**2)
    return counts.reshape(num_classes, num_classes).astype(np.int64)


def _mean_over_classes(scores: Floats) -> Floats:
    """Averages over the last axis, ignoring NaN; NaN where all values are."""
    known = ~np.isnan(scores)
    return _divide(np.where(known, scores, 0.0).sum(axis=-1), known.sum(axis=-1))


def _divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Divides element-wise, with NaN where the denominator is zero."""
    numerator, denominator = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    empty = np.full(numerator.shape, np.nan)
    return np.asarray(np.divide(numerator, denominator, out=empty, where=denominator > 0))
