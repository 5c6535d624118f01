"""Figure 4 of Mao et al. 2020: confusion matrices of feature-level attention, corpora side by side.

    python -m experiments.mao2020_table1 --corpus casia --corpus-root DIR
    python -m experiments.mao2020_table2 --corpus iemocap --corpus-root DIR
    python -m figures.mao2020_fig4 --run runs/mao2020_table1/casia runs/mao2020_table2/iemocap

The paper shows CASIA (a) and IEMOCAP (b); this figure shows the given tables and needs only their results.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ser_tf import cli, documents
from ser_tf.drawing import panels
from ser_tf.errors import DamagedError, SettingError, UserError
from ser_tf.evaluation import confusion

_SUMMARY = {
    "corpus": str,
    "classes": [str],
    "smoke": bool,
    "rows": [{"key": str, "confusion": (list, documents.NOTHING)}],
}


def _parser(program: str) -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument(
        "--run", type=Path, nargs="+", required=True, metavar="DIR", help="folders of tables, shown side by side"
    )
    parser.add_argument("--row", default="feature", metavar="KEY", help="whose decisions are shown (default: feature)")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="png, pdf or svg (default: fig4.png in the first run's folder)"
    )
    return parser


def read(run: Path, row: str) -> tuple[dict[str, Any], npt.NDArray[np.int64]]:
    """Reads a table's summary and the confusion matrix of one row, int (true class, predicted class).

    Raises:
        UserError: the folder is not a table's, or its summary is damaged.
        SettingError: the table has no such row, or the row was not run.
    """
    path = run / "summary.json"
    try:
        summary = documents.read(path, _SUMMARY, "run the table again")
    except FileNotFoundError:
        raise UserError(f"{run}: no summary.json; give the folder of a table, <output>/<experiment>/<corpus>") from None
    matrices = {entry["key"]: entry["confusion"] for entry in summary["rows"] if entry["confusion"] is not None}
    if row not in matrices:
        raise SettingError(f"--row {row}: {run} has no results of it; there are {', '.join(matrices) or 'none'}")
    number = len(summary["classes"])
    try:
        documents.check(matrices[row], [[int]])
        return summary, np.asarray(matrices[row], np.int64).reshape(number, number)
    except (ValueError, OverflowError):
        raise DamagedError(
            f"{path}: damaged: the confusion matrix of {row} does not have {number} rows of counts; run the table again"
        ) from None


def draw(tables: Sequence[tuple[dict[str, Any], npt.NDArray[np.int64]]]) -> Figure:
    """Draws one panel per table: percentages of each true class, and counts."""
    side = confusion.MARGIN_INCHES + confusion.CELL_INCHES * max(len(matrix) for _, matrix in tables)
    figure = Figure(figsize=(side * len(tables), side), layout="constrained")
    all_axes = figure.subplots(1, len(tables), squeeze=False)[0]
    for place, (axes, (summary, matrix)) in enumerate(zip(all_axes, tables, strict=True)):
        confusion.draw(axes, matrix, summary["classes"], f"({chr(ord('a') + place)}) {summary['corpus']}")
    if any(summary["smoke"] for summary, _ in tables):
        figure.suptitle("smoke run: shows that the software runs, nothing else", fontsize=9)
    return figure


def main(program: str, argv: list[str]) -> int:
    """Draws the figure.

    Args:
        program: How the command is called.
        argv: The arguments.

    Returns:
        The exit status.
    """
    flags = _parser(program).parse_args(argv)
    figure = draw([read(run, flags.row) for run in flags.run])
    path = panels.save(figure, flags.output or flags.run[0] / "fig4.png")
    print(f"written to {path}")
    return cli.DONE
