"""Writing a table's result folder: summary, tables and confusion matrices, each file whole or not at all."""

import json
from pathlib import Path

import numpy as np

from ser_tf.evaluation import tables
from ser_tf.evaluation.schema import DataSummary, Summary
from ser_tf.files import atomic_write_text


def write_results(folder: str | Path, summary: Summary | DataSummary) -> tuple[Path, ...]:
    """Writes `table.md`, `table.csv`, `table.tex`, `confusion_<row>.png` and `.csv`, and last `summary.json`.

    The summary is written last: if it exists, the other files belong to it or are newer.

    Args:
        folder: The result folder, created if missing.
        summary: From `ser_tf.evaluation.summary.build_summary`, or `ser_tf.evaluation.data_summary`'s for a table that
            trains nothing and has no confusions.

    Returns:
        Paths of the files.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = Path(folder)
    paths = [
        atomic_write_text(folder / "table.md", tables.to_markdown(summary)),
        atomic_write_text(folder / "table.csv", tables.to_csv(summary)),
        atomic_write_text(folder / "table.tex", tables.to_latex(summary)),
    ]
    if "columns" not in summary:
        paths += _confusions(folder, summary)
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return (*paths, atomic_write_text(folder / "summary.json", text))


def _confusions(folder: Path, summary: Summary) -> list[Path]:
    """Draws the confusion matrix of each row that ran."""
    from ser_tf.evaluation.confusion import save_confusion  # Matplotlib takes a quarter of a second

    paths: list[Path] = []
    smoke = ", smoke run" if summary["smoke"] else ""
    for row in summary["rows"]:
        if row["confusion"] is not None:
            title = f"{row['label']}\n{summary['experiment']} on {summary['corpus']}{smoke}"
            png = folder / f"confusion_{row['key']}.png"
            paths += save_confusion(png, np.array(row["confusion"]), summary["classes"], title)
    return paths
