"""Reading summaries written by earlier versions and completing them for today's tables.

Missing values stay empty: there are no intervals of macro-F1 and recalls, and epochs are unknown. Verdicts are kept as
they were given. Regenerating a table from its fold results gives everything, without training.
"""

from pathlib import Path
from typing import Any, cast

import numpy as np

from ser_tf import documents
from ser_tf.errors import DamagedError, UserError
from ser_tf.evaluation.metrics import METRICS, Counts, Metric, recall_metrics
from ser_tf.evaluation.rows import no_accuracy
from ser_tf.evaluation.schema import Accuracy, DataSummary, Summary
from ser_tf.evaluation.statistics import LEVEL

_SHAPE = {"experiment": str, "corpus": str, "rows": list, "claims": list}
_REMEDY = "run the table again, which trains nothing that is finished"
Loaded = dict[str, Any]
"""JSON of any version, before its keys are checked."""

PERCENTILE = {"interval": "bootstrap", "unit": "speaker", "level": LEVEL, "correction": "none"}
"""How intervals and tests were made before summaries recorded it."""


def read_summary(path: str | Path) -> Summary | DataSummary:
    """Reads a `summary.json` of this or an earlier version.

    Args:
        path: The file.

    Raises:
        UserError: there is no such file, or it is damaged or not a table's summary; says what to do.
    """
    try:
        loaded = documents.read(Path(path), _SHAPE, _REMEDY)
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file; give the folder of a table that has run") from None
    try:
        return completed(loaded)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"does not hold together ({error})"
        raise DamagedError(f"{path}: damaged: it {what}; {_REMEDY}") from None


def completed(loaded: Loaded) -> Summary | DataSummary:
    """Adds the keys that a summary lacks, keeping those it has.

    Args:
        loaded: The content of a `summary.json`.
    """
    kind = "papers" if loaded["corpus_is_papers"] else "other"
    whole = {"corpus_kind": kind, "title": "", **loaded}
    if "columns" in whole:
        return cast(DataSummary, whole)
    classes: list[str] = whole["classes"]
    rows = [_row(row, classes) for row in whole["rows"]]
    counts = whole.get("class_counts", _class_counts(rows, classes))
    present = [name for name, number in counts.items() if number]
    added = {
        "classes_present": present,
        "class_counts": counts,
        "protocol": {},
        "code": None,
        "machine": None,
        "statistics": PERCENTILE,
        "pairwise": None,
    }
    chance = whole["chance"] if "statistics" in whole else {"ua": 1 / len(present or classes)}
    claims = [_claim(claim) for claim in whole["claims"]]
    return cast(Summary, {**added, **whole, "rows": rows, "claims": claims, "chance": chance})


def _row(row: Loaded, classes: list[str]) -> Loaded:
    """Adds macro-F1 and recalls to a row from its confusion matrix, if it has one."""
    matrix = None if row.get("confusion") is None else np.array(row["confusion"])
    added = {
        **{key: _pooled(metric, matrix) for key, metric in METRICS.items()},
        "recalls": {name: _pooled(metric, matrix) for name, metric in recall_metrics(classes).items()},
        "seed_std": dict.fromkeys(METRICS),
        "epochs": [
            {"fold": training["fold"], "seed": training["seed"], "trained": None, "best": None}
            for training in row["per_fold"]
        ],
        "reproduction": None,
        "origin": "paper",
        "units": row["speakers"],
        "seconds": None,
    }
    return {**added, **row}


def _claim(claim: Loaded) -> Loaded:
    """Completes a claim, which in earlier versions always compares rows."""
    added = {
        "kind": "rows",
        "p_holm": None,
        "p_reversed": None,
        "p_reversed_holm": None,
        "direction": "greater",
        "form": "share",
        "value": None,
        "compared_with": None,
    }
    return {**added, **claim}


def _pooled(metric: Metric, matrix: Counts | None) -> Accuracy:
    """Computes a metric of all decisions together, without interval."""
    found = None if matrix is None else float(metric.compute(matrix))
    return no_accuracy() if found is None or np.isnan(found) else {**no_accuracy(), "pooled": found}


def _class_counts(rows: list[Loaded], classes: list[str]) -> dict[str, int]:
    """Counts recordings of each class, from the row that tested the most with one seed."""
    counts = np.zeros(len(classes), dtype=np.int64)
    for row in rows:
        if row["confusion"] is not None:
            seeds = len({training["seed"] for training in row["per_fold"]})
            counts = np.maximum(counts, np.array(row["confusion"]).sum(axis=1) // max(seeds, 1))
    return dict(zip(classes, counts.tolist(), strict=True))
