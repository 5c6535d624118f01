"""The summary of one table's run: everything that `summary.json` holds and that the tables are printed from.

Accuracies are fractions, numbers are plain Python numbers, and what does not exist is None, never NaN. `pooled` adds
the counts of all folds and seeds and divides once; `fold_mean` and `fold_std` are the mean and the sample standard
deviation (divisor n - 1) of the accuracies of the single trainings, each fold with each seed.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf.evaluation import metrics, statistics, verdicts
from ser_tf.evaluation.predictions import RowResult

FEW_SPEAKERS = 6
GENERATED = ("synthetic",)
NO_ACCURACY: Mapping[str, Any] = {"fold_mean": None, "fold_std": None, "pooled": None, "ci95": [None, None]}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement of a paper that one row is better than another.

    Attributes:
        text: The claim in words.
        better: Key of the row that is said to be better.
        worse: Key of the other row.
        metric: `wa` or `ua`.

    Raises:
        ValueError: another metric, or twice the same row.
    """

    text: str
    better: str
    worse: str
    metric: str = "ua"

    def __post_init__(self) -> None:
        """Checks the fields."""
        if self.metric not in metrics.METRICS:
            raise ValueError(f"claim {self.text!r}: metric {self.metric!r} is none of {', '.join(metrics.METRICS)}")
        if self.better == self.worse:
            raise ValueError(f"claim {self.text!r} compares {self.better} with itself")


def build_summary(
    *,
    experiment: str,
    task: str,
    classes: Sequence[str],
    corpus: str,
    corpus_is_papers: bool,
    corpus_notes: Sequence[str],
    seeds: Sequence[int],
    smoke: bool,
    rows: Sequence[RowResult],
    claims: Sequence[Claim],
    assumptions: Mapping[str, Any],
    leaks: Sequence[Any],
    seconds: float,
) -> dict[str, Any]:
    """Judges a table's rows and claims.

    Args:
        experiment: Name of the experiment, such as `mirsamadi2017_table3`.
        task: Name of the task.
        classes: Its classes in order.
        corpus: Name of the corpus.
        corpus_is_papers: Whether the published values were measured on this corpus.
        corpus_notes: What a reader must know of it, one line each: that it is generated, or partial and how.
        seeds: Seeds of the run.
        smoke: Whether this was a smoke run.
        rows: The table's rows in order.
        claims: The paper's claims in order.
        assumptions: Values of the ledger that the run used.
        leaks: What the leak report found; empty when nothing.
        seconds: Duration of the run.

    Returns:
        The content of `summary.json`; see the module's text. Beyond the public keys: `classes`, `chance`,
        `corpus_note`, `warnings`, and in each row `status`, `note`, `per_fold`, `per_class_recall`, `confusion`,
        `speakers`.

    Raises:
        ValueError: two rows with one key, or rows of a claim that do not test the same utterances.
    """
    keys = [row.key for row in rows]
    if len(set(keys)) != len(keys):
        raise ValueError(f"two rows have the same key: {', '.join(sorted(k for k in keys if keys.count(k) > 1))}")
    by_key = {row.key: row for row in rows}
    summarised = [_row(row, classes, smoke=smoke, corpus_is_papers=corpus_is_papers) for row in rows]
    judged = [_claim(claim, by_key, len(classes), smoke=smoke) for claim in claims]
    summary = {
        "experiment": experiment,
        "corpus": corpus,
        "task": task,
        "seeds": list(seeds),
        "smoke": bool(smoke),
        "rows": summarised,
        "claims": judged,
        "assumptions": assumptions,
        "leaks": list(leaks),
        "seconds": float(seconds),
        "classes": list(classes),
        "chance": {"ua": 1 / len(classes)},
        "corpus_is_papers": bool(corpus_is_papers),
        "corpus_note": corpus_note(corpus, corpus_notes),
        "warnings": _warnings(summarised, judged),
    }
    return plain(summary)


def corpus_note(corpus: str, notes: Sequence[str]) -> str:
    """What a reader must know of the corpus, in one line; that of a generated one always says so."""
    said = corpus not in GENERATED or any("generated" in note for note in notes)
    generated = "generated speech: what is measured on it says nothing about the paper's corpus"
    return "; ".join(notes if said else (generated, *notes))


def plain(value: Any) -> Any:
    """Turns a value into what JSON knows: NumPy numbers and arrays, tuples, paths; NaN and infinity become None.

    Args:
        value: Nested mappings, sequences and scalars.

    Raises:
        TypeError: something that has no JSON form.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r}")


def _row(row: RowResult, classes: Sequence[str], *, smoke: bool, corpus_is_papers: bool) -> dict[str, Any]:
    """One row's entry; a row that did not run to its end shows no accuracy, since its folds are not all there."""
    ran = row.status == "run"
    intervals = statistics.bootstrap_intervals(row.folds, len(classes)) if ran else {}
    published = None
    if row.published and any(value is not None for value in row.published.values()):
        published = {"wa": None, "ua": None, **row.published}
    entry: dict[str, Any] = {"key": row.key, "label": row.label, "published": published}
    matrices = [metrics.fold_confusion(fold, len(classes)) for fold in row.folds]
    for metric in metrics.METRICS:
        entry[metric] = _accuracies(metric, matrices, intervals[metric]) if ran else dict(NO_ACCURACY)
    entry["folds"] = list(dict.fromkeys(fold.fold for fold in row.folds))
    entry["verdict"] = verdicts.verdict_of_row(row, intervals, smoke=smoke, corpus_is_papers=corpus_is_papers)
    entry |= {"status": row.status, "note": row.note}
    entry["per_fold"] = [
        {"fold": fold.fold, "seed": fold.seed} | {name: metrics.accuracy(name, matrix) for name in metrics.METRICS}
        for fold, matrix in zip(row.folds, matrices, strict=True)
    ]
    total = np.sum(matrices, axis=0) if ran else None
    recall = None if total is None else metrics.per_class_recall(total)
    entry["per_class_recall"] = None if recall is None else dict(zip(classes, recall, strict=True))
    entry["confusion"] = total
    entry["speakers"] = len({name for fold in row.folds for name in fold.predictions.speakers})
    return entry


def _accuracies(metric: str, matrices: Sequence[np.ndarray], interval: statistics.Interval | None) -> dict[str, Any]:
    """Mean and deviation over trainings, the pooled value and its interval."""
    values = [metrics.accuracy(metric, matrix) for matrix in matrices]
    return {
        "fold_mean": float(np.mean(values)),
        "fold_std": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "pooled": metrics.accuracy(metric, np.sum(matrices, axis=0)),
        "ci95": list(interval) if interval else [None, None],
    }


def _claim(claim: Claim, rows: Mapping[str, RowResult], num_classes: int, *, smoke: bool) -> dict[str, Any]:
    """One claim's entry; the rows are compared when both ran."""
    pair = [rows.get(claim.better), rows.get(claim.worse)]
    ran = [row for row in pair if row is not None and row.status == "run"]
    comparison = None
    if len(ran) == 2:
        try:
            comparison = statistics.compare_rows(ran[0].folds, ran[1].folds, num_classes, claim.metric)
        except ValueError as error:
            raise ValueError(f"claim {claim.text!r}, {claim.better} against {claim.worse}: {error}") from error
    entry = dataclasses.asdict(claim) | {"difference": None, "ci95": [None, None], "p_value": None}
    if comparison:
        entry |= {"difference": comparison.difference, "p_value": comparison.p_value}
        entry["ci95"] = list(comparison.interval) if comparison.interval else [None, None]
    entry["verdict"] = verdicts.verdict_of_claim(comparison, smoke=smoke)
    entry["speakers"] = comparison.num_speakers if comparison else None
    entry["trainings"] = len(comparison.trainings) if comparison else None
    return entry


def _warnings(rows: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """What makes the numbers weaker than they look."""
    warnings = []
    ran = [row for row in rows if row["status"] == "run"]
    speakers = min((row["speakers"] for row in ran), default=FEW_SPEAKERS)
    if speakers == 1:
        warnings.append("one speaker only was tested: there are no intervals")
    elif speakers < FEW_SPEAKERS:
        warnings.append(f"{speakers} speakers only were tested: the intervals are rough and too narrow")
    fewest = min((claim["speakers"] for claim in claims if claim["speakers"]), default=FEW_SPEAKERS)
    if 2.0**-fewest >= verdicts.SIGNIFICANCE:
        warnings.append(f"with {fewest} speakers no claim can reach p < {verdicts.SIGNIFICANCE}")
    if len({tuple((one["fold"], one["seed"]) for one in row["per_fold"]) for row in ran}) > 1:
        warnings.append("the rows were not all run on the same folds and seeds; claims compare those in common")
    return warnings
