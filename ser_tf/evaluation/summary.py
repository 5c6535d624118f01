"""The summary of one table's run: the content of `summary.json`, from which all tables are printed.

Its content is typed in `ser_tf.evaluation.schema`. Accuracies are fractions, numbers are plain Python numbers, and
missing values are None, never NaN.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from ser_tf.evaluation import cautions, pairwise
from ser_tf.evaluation.claims import Claim, Measurement, judge_claims
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.rows import summarise_row
from ser_tf.evaluation.schema import Code, Conditions, Json, Summary
from ser_tf.evaluation.statistics import DEFAULT, LEVEL, Statistics
from ser_tf.evaluation.units import units_of
from ser_tf.evaluation.verdicts import CorpusKind

__all__ = ["Claim", "Measurement", "build_summary", "corpus_note", "plain"]

GENERATED = ("synthetic",)


def build_summary(  # noqa: PLR0913 - a document of named parts
    *,
    experiment: str,
    task: str,
    classes: Sequence[str],
    corpus: str,
    corpus_kind: CorpusKind,
    corpus_notes: Sequence[str],
    seeds: Sequence[int],
    smoke: bool,
    rows: Sequence[RowResult],
    claims: Sequence[Claim],
    assumptions: Mapping[str, object],
    leaks: Sequence[object],
    seconds: float,
    measurements: Sequence[Measurement] = (),
    statistics: Statistics = DEFAULT,
    title: str = "",
    protocol: Conditions | None = None,
    code: Code | None = None,
    machine: Mapping[str, object] | None = None,
    pairwise_metric: str | None = None,
) -> Summary:
    """Judges a table's rows and claims.

    Args:
        experiment: Name of the experiment, such as `mirsamadi2017_table3`.
        task: Name of the task.
        classes: The task's classes in order.
        corpus: Name of the corpus.
        corpus_kind: Whether the published values were measured on this corpus (`papers`), on more of it (`part`) or on
            another one (`other`).
        corpus_notes: Cautions about the corpus, one line each, such as that it is generated or partial.
        seeds: Seeds of the run.
        smoke: Whether this was a smoke run.
        rows: The table's rows in order.
        claims: The paper's claims in order.
        assumptions: Values of the ledger that the run used.
        leaks: Findings of the leak report, one line each.
        seconds: Duration of the trainings.
        measurements: Quantities measured on the trained models, judged with the claims.
        statistics: Unit, interval and tests. If some predictions do not record sessions, speakers are the unit, with a
            warning.
        title: The table's title.
        protocol: How the run was made.
        code: The code that made the results.
        machine: Processor, cores and the like, by name.
        pairwise_metric: Key of the metric for comparing all rows with each other; None for no comparison.

    Returns:
        The content of `summary.json`.

    Raises:
        ValueError: two rows have the same key, or rows of a claim do not test the same utterances.
    """
    keys = [row.key for row in rows]
    if len(set(keys)) != len(keys):
        raise ValueError(f"two rows have the same key: {', '.join(sorted(k for k in keys if keys.count(k) > 1))}")
    settings = _with_known_unit(statistics, rows, measurements)
    summarised = [summarise_row(row, classes, settings, smoke=smoke, kind=corpus_kind) for row in rows]
    by_key = {row.key: row for row in rows}
    judged = judge_claims(claims, measurements, by_key, len(classes), settings, smoke=smoke, kind=corpus_kind)
    tested = _tested(rows, classes, settings)
    present = [name for name, utterances in tested.items() if utterances]
    compared = pairwise.compare_all(rows, len(classes), pairwise_metric, settings) if pairwise_metric else None
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
        "chance": {"ua": 1 / len(present or classes)},
        "classes_present": present,
        "class_counts": {name: len(utterances) for name, utterances in tested.items()},
        "corpus_is_papers": corpus_kind == "papers",
        "corpus_kind": corpus_kind,
        "corpus_note": corpus_note(corpus, corpus_notes),
        "warnings": cautions.warnings(summarised, judged, _lonely(tested), settings, asked=statistics.unit),
        "title": title,
        "protocol": protocol or {},
        "code": code,
        "machine": machine,
        "statistics": {
            "interval": settings.interval, "unit": settings.unit, "level": LEVEL, "correction": "holm"
        },
        "pairwise": compared,
    }  # fmt: skip
    return cast(Summary, plain(summary))


def corpus_note(corpus: str, notes: Sequence[str]) -> str:
    """Joins cautions about the corpus, adding one for a generated corpus if it is missing."""
    said = corpus not in GENERATED or any("generated" in note for note in notes)
    generated = "generated speech: results on it say nothing about the paper's corpus"
    return "; ".join(notes if said else (generated, *notes))


def plain(value: object) -> Json:
    """Converts NumPy numbers and arrays, tuples and paths to JSON types; NaN and infinity become None.

    Args:
        value: Nested mappings, sequences and scalars.

    Raises:
        TypeError: a value has no JSON form.
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


def _with_known_unit(
    settings: Statistics, rows: Sequence[RowResult], measurements: Sequence[Measurement]
) -> Statistics:
    """Returns the settings, with speakers as the unit if some result does not record sessions."""
    recorded = [fold.predictions.sessions for row in rows for fold in row.folds]
    recorded += [row.recognition.sessions for row in rows if row.recognition is not None]
    recorded += [measurement.sessions for measurement in measurements]
    if None in recorded:
        return dataclasses.replace(settings, unit="speaker")
    return settings


def _tested(rows: Sequence[RowResult], classes: Sequence[str], settings: Statistics) -> dict[str, dict[str, str]]:
    """Returns, for each class, the tested recordings with their units."""
    found: dict[str, dict[str, str]] = {name: {} for name in classes}
    for row in rows:
        for fold in row.folds if row.status == "run" else ():
            predictions = fold.predictions
            units = units_of(predictions, settings.unit)
            for utterance_id, label, unit in zip(predictions.ids, predictions.truth.tolist(), units, strict=True):
                found[classes[label]][utterance_id] = unit
    return found


def _lonely(tested: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Returns the classes that occur in only one of several units."""
    several = len({unit for units in tested.values() for unit in units.values()}) > 1
    return [name for name, units in tested.items() if several and len(set(units.values())) == 1]
