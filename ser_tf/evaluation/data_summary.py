"""The summary of a table that shows data and trains nothing: the keys of every table's summary, without accuracies."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ser_tf.evaluation import verdicts
from ser_tf.evaluation.summary import NO_ACCURACY, corpus_note, plain


@dataclasses.dataclass(frozen=True)
class DataRow:
    """One row of such a table; it may take several lines.

    Attributes:
        key: Short name, as that of a system.
        label: The row's name as the table prints it.
        lines: Cells in the order of the table's columns, without the label and the verdict.
        values: The same for programs: further keys of the row in `summary.json`.
        same: Whether the values are the paper's; None where the paper states none.
        cited: Whether the row shows the paper's values and nothing of the corpus.
        note: One line on the row.
    """

    key: str
    label: str
    lines: tuple[tuple[str, ...], ...]
    values: Mapping[str, Any]
    same: bool | None = None
    cited: bool = False
    note: str = ""


def build_data_summary(
    *,
    experiment: str,
    title: str,
    task: str,
    corpus: str,
    corpus_is_papers: bool,
    corpus_notes: Sequence[str],
    seeds: Sequence[int],
    smoke: bool,
    columns: Sequence[str],
    rows: Sequence[DataRow],
    assumptions: Mapping[str, Any],
    seconds: float,
) -> dict[str, Any]:
    """Judges the rows of a table of data; arguments as those of `ser_tf.evaluation.summary.build_summary`.

    Args:
        experiment: Name of the experiment.
        title: One line for the head of the table.
        task: Name of the task.
        corpus: Name of the corpus.
        corpus_is_papers: Whether the published values were counted on this corpus.
        corpus_notes: What a reader must know of it, one line each.
        seeds: Seeds of the run, which change nothing.
        smoke: Whether this was a smoke run.
        columns: Heads of the table: of the labels, then of the cells of each line.
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
        "rows": [_row(row, smoke=smoke, corpus_is_papers=corpus_is_papers) for row in rows],
        "claims": [],
        "assumptions": assumptions,
        "leaks": [],
        "seconds": float(seconds),
        "title": title,
        "columns": list(columns),
        "corpus_is_papers": bool(corpus_is_papers),
        "corpus_note": corpus_note(corpus, corpus_notes),
        "warnings": [],
    }
    return plain(summary)


def _row(row: DataRow, *, smoke: bool, corpus_is_papers: bool) -> dict[str, Any]:
    """One row's entry."""
    verdict = "cited"
    if not row.cited:
        verdict = verdicts.verdict_of_data(row.same, smoke=smoke, corpus_is_papers=corpus_is_papers)
    return {
        "key": row.key,
        "label": row.label,
        "published": None,
        "wa": NO_ACCURACY,
        "ua": NO_ACCURACY,
        "folds": [],
        "verdict": verdict,
        "note": row.note,
        "lines": row.lines,
        **row.values,
    }
