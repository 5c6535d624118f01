"""One row's entry in `summary.json`: metrics with intervals, recalls, epochs, and the verdict."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from ser_tf.evaluation import reproduction, statistics, units, verdicts
from ser_tf.evaluation.metrics import METRICS, Counts, Metric, recall_metrics
from ser_tf.evaluation.predictions import FoldPredictions, RowResult
from ser_tf.evaluation.schema import Accuracy, RowSummary
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.units import UnitCounts
from ser_tf.evaluation.verdicts import CorpusKind


def no_accuracy() -> Accuracy:
    """Makes the entry of a metric that was not measured."""
    return {"fold_mean": None, "fold_std": None, "pooled": None, "ci95": [None, None]}


def summarise_row(
    row: RowResult, classes: Sequence[str], settings: Statistics, *, smoke: bool, kind: CorpusKind
) -> RowSummary:
    """Measures and judges one row.

    An unfinished row shows no metrics, since some of its folds are missing.

    Args:
        row: The row.
        classes: The task's classes in order.
        settings: Unit and interval.
        smoke: Whether this was a smoke run.
        kind: How the corpus relates to the paper's.
    """
    ran, reference = row.status == "run", row.recognition
    counts, matrices = None, []
    if ran:
        counts = units.count_by_unit(row.folds, len(classes), settings.unit)
        matrices = [fold.confusion(len(classes)) for fold in row.folds]
    elif reference is not None:
        counts = units.count_recognition(reference, len(classes), settings.unit)
    measured = {key: _accuracy(metric, counts, matrices, settings) for key, metric in METRICS.items()}
    recalls = {name: _accuracy(metric, counts, matrices, settings) for name, metric in recall_metrics(classes).items()}
    verdict = verdicts.verdict_without_comparison(row, smoke=smoke, kind=kind)
    judged = reproduction.judge_reproduction(row, len(classes)) if verdict is None else None
    published = None
    if row.published and any(value is not None for value in row.published.values()):
        published = {"wa": None, "ua": None, **row.published}
    others = {key: entry for key, entry in measured.items() if key not in ("wa", "ua")}
    speakers = {name for fold in row.folds for name in fold.predictions.speakers}
    entry = {
        "key": row.key,
        "label": row.label,
        "published": published,
        "wa": measured["wa"],
        "ua": measured["ua"],
        "folds": list(dict.fromkeys(fold.fold for fold in row.folds)),
        "verdict": judged["verdict"] if judged else verdict,
        **others,
        "recalls": recalls,
        "seed_std": _seed_std(row, len(classes)),
        "epochs": [_epochs(fold) for fold in row.folds],
        "reproduction": judged,
        "origin": row.origin,
        "status": row.status,
        "note": row.note,
        "per_fold": _per_fold(row.folds, matrices),
        "per_class_recall": {name: entry["pooled"] for name, entry in recalls.items()} if counts is not None else None,
        "confusion": np.sum(matrices, axis=0) if ran else None,
        "speakers": len(speakers) if reference is None else len(set(reference.speakers)),
        "units": 0 if counts is None else len(counts.units),
        "seconds": _seconds(row.folds),
    }
    return cast(RowSummary, entry)


def _accuracy(metric: Metric, counts: UnitCounts | None, matrices: Sequence[Counts], settings: Statistics) -> Accuracy:
    """Summarises a metric: its values over trainings, if any, and the pooled value with its interval."""
    if counts is None or (metric.needs_decisions and not matrices):
        return no_accuracy()
    pooled = float(metric.compute(counts.total))
    if np.isnan(pooled):
        return no_accuracy()
    ends = statistics.interval(metric, counts, settings)
    values = [value for matrix in matrices if not np.isnan(value := float(metric.compute(matrix)))]
    return {
        "fold_mean": float(np.mean(values)) if values else None,
        "fold_std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "pooled": pooled,
        "ci95": [None, None] if ends is None else [*ends],
    }


def _per_fold(folds: Sequence[FoldPredictions], matrices: Sequence[Counts]) -> list[Mapping[str, object]]:
    """Lists the metrics of each training, even for unfinished rows."""
    made = matrices or [fold.confusion(fold.predictions.posteriors.shape[1]) for fold in folds]
    return [
        {"fold": fold.fold, "seed": fold.seed} | {key: float(metric.compute(matrix)) for key, metric in METRICS.items()}
        for fold, matrix in zip(folds, made, strict=True)
    ]


def _seed_std(row: RowResult, num_classes: int) -> dict[str, float | None]:
    """Computes, for each metric, the standard deviation over seeds of its value over all folds."""
    if row.status != "run":
        return dict.fromkeys(METRICS)
    return {
        key: reproduction.seed_std(list(reproduction.seed_values(row.folds, num_classes, metric).values()))
        for key, metric in METRICS.items()
    }


def _epochs(fold: FoldPredictions) -> dict[str, object]:
    """Returns trained and best epoch of one training."""
    return {"fold": fold.fold, "seed": fold.seed, "trained": fold.epochs, "best": fold.best_epoch}


def _seconds(folds: Sequence[FoldPredictions]) -> float | None:
    """Returns the total duration of all trainings, or None if one was not recorded."""
    known = [fold.seconds for fold in folds if fold.seconds is not None]
    return float(sum(known)) if folds and len(known) == len(folds) else None
