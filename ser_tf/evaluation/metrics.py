"""Accuracies of a classification, always from pooled counts.

Weighted accuracy (WA) is the share of utterances that are right. Unweighted accuracy (UA) is the mean over classes of
each class's recall. Both are taken from one confusion matrix: counts of folds, seeds or speakers are added first and
divided once, so that a fold with few utterances of a class does not weigh more than its utterances.
"""

from collections.abc import Iterable

import numpy as np
import sklearn.metrics

from ser_tf.evaluation.predictions import FoldPredictions

METRICS = ("wa", "ua")


def confusion_matrix(truth: np.ndarray, decided: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts decisions for each true class.

    Args:
        truth: True class indices, int [utterances].
        decided: Decided class indices, int [utterances].
        num_classes: Number of classes of the task, occurring or not.

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
    return sklearn.metrics.confusion_matrix(truth, decided, labels=np.arange(num_classes)).astype(np.int64)


def pooled_confusion(folds: Iterable[FoldPredictions], num_classes: int) -> np.ndarray:
    """Adds the confusion matrices of folds and seeds, int64 [true class, decided class].

    Args:
        folds: Predictions of any number of trainings.
        num_classes: Number of classes of the task.

    Raises:
        ValueError: posteriors have another number of classes.
    """
    total = np.zeros((num_classes, num_classes), dtype=np.int64)
    for fold in folds:
        total += fold_confusion(fold, num_classes)
    return total


def fold_confusion(fold: FoldPredictions, num_classes: int) -> np.ndarray:
    """The confusion matrix of one training, int64 [true class, decided class].

    Args:
        fold: One training's predictions.
        num_classes: Number of classes of the task.

    Raises:
        ValueError: the posteriors have another number of classes.
    """
    predictions = fold.predictions
    if predictions.posteriors.shape[1] != num_classes:
        raise ValueError(
            f"fold {fold.fold}, seed {fold.seed}: posteriors of {predictions.posteriors.shape[1]} classes "
            f"where the task has {num_classes}"
        )
    return confusion_matrix(predictions.truth, predictions.decided, num_classes)


def accuracy_of_counts(metric: str, hits: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """WA or UA for any number of count vectors at once.

    Args:
        metric: `wa` or `ua`.
        hits: Right decisions for each class [..., classes].
        totals: Utterances of each class [..., classes]; at least one in each vector.

    Returns:
        Fractions, float64 [...]. UA is the mean over the classes that occur; a class without utterances has no recall.

    Raises:
        ValueError: an unknown metric, or a vector without utterances.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is none of {', '.join(METRICS)}")
    hits, totals = np.broadcast_arrays(np.asarray(hits, dtype=np.float64), np.asarray(totals, dtype=np.float64))
    if (totals.sum(axis=-1) == 0).any():
        raise ValueError("accuracy of no utterances")
    if metric == "wa":
        return hits.sum(axis=-1) / totals.sum(axis=-1)
    occurs = totals > 0
    recall = np.divide(hits, totals, out=np.zeros_like(hits), where=occurs)
    return recall.sum(axis=-1) / occurs.sum(axis=-1)


def accuracy(metric: str, matrix: np.ndarray) -> float:
    """WA or UA of a confusion matrix.

    Args:
        metric: `wa` or `ua`.
        matrix: Counts [true class, decided class].

    Returns:
        A fraction.

    Raises:
        ValueError: an unknown metric, or a matrix without counts.
    """
    return float(accuracy_of_counts(metric, np.diagonal(matrix), matrix.sum(axis=1)))


def weighted_accuracy(matrix: np.ndarray) -> float:
    """WA: the share of all utterances that are right; see `accuracy`."""
    return accuracy("wa", matrix)


def unweighted_accuracy(matrix: np.ndarray) -> float:
    """UA: the mean recall over the classes that occur in truth; see `accuracy`."""
    return accuracy("ua", matrix)


def per_class_recall(matrix: np.ndarray) -> np.ndarray:
    """Recall of each class, float64 [classes]; NaN for a class that does not occur in truth.

    Args:
        matrix: Counts [true class, decided class].
    """
    totals = matrix.sum(axis=1).astype(np.float64)
    return np.divide(np.diagonal(matrix), totals, out=np.full(len(matrix), np.nan), where=totals > 0)
