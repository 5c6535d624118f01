"""The summary of a table that shows data and trains nothing: the usual keys, without accuracies."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

from ser_tf.evaluation import verdicts
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.rows import no_accuracy
from ser_tf.evaluation.schema import DataSummary
from ser_tf.evaluation.summary import corpus_note, plain
from ser_tf.evaluation.verdicts import CorpusKind


@dataclasses.dataclass(frozen=True)
class DataRow:
    """One row of such a table, on one or several lines.

    Attributes:
        key: Short name, like that of a system.
        label: The row's printed name.
        lines: Cells in the order of the table's columns, without the label and the verdict.
        values: The same in machine-readable form: further keys of the row in `summary.json`.
        same: Whether the values equal the paper's; None if the paper states none.
        cited: Whether the row shows only the paper's values.
        note: One line about the row.
    """

    key: str
    label: str
    lines: tuple[tuple[str, ...], ...]
    values: Mapping[str, object]
    same: bool | None = None
    cited: bool = False
    note: str = ""


def build_data_summary(  # noqa: PLR0913 - a document of named parts
    *,
    experiment: str,
    title: str,
    task: str,
    corpus: str,
    corpus_kind: CorpusKind,
    corpus_notes: Sequence[str],
    seeds: Sequence[int],
    smoke: bool,
    columns: Sequence[str],
    rows: Sequence[DataRow],
    assumptions: Mapping[str, object],
    seconds: float,
) -> DataSummary:
    """Judges the rows of a table of data; arguments as for `ser_tf.evaluation.summary.build_summary`.

    Args:
        experiment: Name of the experiment.
        title: The table's title, one line.
        task: Name of the task.
        corpus: Name of the corpus.
        corpus_kind: Whether the published values were counted on this corpus, on more of it or on another one.
        corpus_notes: Cautions about the corpus, one line each.
        seeds: Seeds of the run, which change nothing.
        smoke: Whether this was a smoke run.
        columns: Column heads: of the labels, then of the cells of each line.
        rows: The table's rows in order.
        assumptions: Values of the ledger.
        seconds: Duration of the run.

    Returns:
        The content of `summary.json`. Beyond the public keys: `title`, `columns`, `corpus_is_papers`, `corpus_note`,
        `warnings`, and in each row `note`, `lines` and the row's own values.
    """
    summary = {
        "experiment": experiment,
        "corpus": corpus,
        "task": task,
        "seeds": list(seeds),
        "smoke": bool(smoke),
        "rows": [_row(row, smoke=smoke, kind=corpus_kind) for row in rows],
        "claims": [],
        "assumptions": assumptions,
        "leaks": [],
        "seconds": float(seconds),
        "title": title,
        "columns": list(columns),
        "corpus_is_papers": corpus_kind == "papers",
        "corpus_kind": corpus_kind,
        "corpus_note": corpus_note(corpus, corpus_notes),
        "warnings": [],
    }
    return cast(DataSummary, plain(summary))


def _row(row: DataRow, *, smoke: bool, kind: CorpusKind) -> dict[str, object]:
    """Makes one row's entry."""
    verdict = "cited"
    if not row.cited:
        verdict = verdicts.verdict_of_data(row.same, smoke=smoke, kind=kind)
    return {
        "key": row.key,
        "label": row.label,
        "published": None,
        "wa": no_accuracy(),
        "ua": no_accuracy(),
        "folds": [],
        "verdict": verdict,
        **{metric: no_accuracy() for metric in METRICS if metric not in ("wa", "ua")},
        "note": row.note,
        "lines": row.lines,
        **row.values,
    }
