"""The result folder of a table: summary, tables and confusion matrices, each file written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf.evaluation import tables
from ser_tf.evaluation.confusion import save_confusion
from ser_tf.evaluation.metrics import Counts
from ser_tf.files import atomic_write_text


def write_results(
    folder: str | Path, summary: Mapping[str, Any], confusions: Mapping[str, Counts] | None = None
) -> tuple[Path, ...]:
    """Writes `table.md`, `table.csv`, `table.tex`, `confusion_<row>.png` and `.csv`, and last `summary.json`.

    The summary comes last: where it stands, the other files belong to it or are newer.

    Args:
        folder: The result folder; made if missing.
        summary: From `ser_tf.evaluation.summary.build_summary`, or `ser_tf.evaluation.data_summary`'s for a table that
            trains nothing and has no confusions.
        confusions: Counts [true class, decided class] by row key; by default those in the summary.

    Returns:
        Paths of the files.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = Path(folder)
    labels = {row["key"]: row["label"] for row in summary["rows"]}
    if confusions is None:
        confusions = {row["key"]: np.array(row["confusion"]) for row in summary["rows"] if row.get("confusion")}
    paths = [
        atomic_write_text(folder / "table.md", tables.to_markdown(summary)),
        atomic_write_text(folder / "table.csv", tables.to_csv(summary)),
        atomic_write_text(folder / "table.tex", tables.to_latex(summary)),
    ]
    smoke = ", smoke run" if summary["smoke"] else ""
    for key, matrix in confusions.items():
        title = f"{labels[key]}\n{summary['experiment']} on {summary['corpus']}{smoke}"
        paths += save_confusion(folder / f"confusion_{key}.png", matrix, summary["classes"], title)
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return (*paths, atomic_write_text(folder / "summary.json", text))
