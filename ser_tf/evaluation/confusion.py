"""Confusion matrices as pictures (PNG) and numbers (CSV)."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ser_tf.evaluation.metrics import Counts
from ser_tf.files import atomic_write_bytes, atomic_write_text

DOTS_PER_INCH = 200
CELL_INCHES = 0.85
MARGIN_INCHES = 1.7
DARK = 0.6
"""Cells with a larger share of their row are printed white on dark."""


def save_confusion(path: str | Path, matrix: Counts, classes: Sequence[str], title: str) -> tuple[Path, Path]:
    """Draws a confusion matrix and writes its counts to a CSV file of the same name.

    Each cell shows its percentage of the row (the true class) above the count. The picture is legible in greyscale.
    matplotlib's global state is not touched; the same matrix gives the same bytes.

    Args:
        path: The PNG; the CSV has the same name with the suffix `.csv`.
        matrix: Counts, int [true class, decided class].
        classes: Class names in order.
        title: Title above the matrix.

    Returns:
        Paths of the PNG and of the CSV.

    Raises:
        ValueError: the matrix is not square or does not match the classes.
        UserError: the folder cannot be written.
    """
    if matrix.shape != (len(classes), len(classes)):
        raise ValueError(f"a confusion matrix of {len(classes)} classes cannot have shape {matrix.shape}")
    png = Path(path)
    drawn = io.BytesIO()
    side = MARGIN_INCHES + CELL_INCHES * len(classes)
    figure = Figure(figsize=(side, side), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.add_subplot(), matrix, classes, title)
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight", metadata={"Software": None})
    atomic_write_bytes(png, drawn.getvalue())
    return png, atomic_write_text(png.with_suffix(".csv"), confusion_csv(matrix, classes))


def confusion_csv(matrix: Counts, classes: Sequence[str]) -> str:
    """Formats counts as CSV: a header of decided classes, then one line for each true class.

    Args:
        matrix: Counts, int [true class, decided class].
        classes: Class names in order.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["truth", *classes])
    writer.writerows([name, *counts] for name, counts in zip(classes, np.asarray(matrix).tolist(), strict=True))
    return text.getvalue()


def draw(axes: Axes, matrix: Counts, classes: Sequence[str], title: str) -> None:
    """Draws a confusion matrix; see `save_confusion`.

    Args:
        axes: The axes to draw on.
        matrix: Counts, int [true class, decided class].
        classes: Class names in order.
        title: Title above the matrix.
    """
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros(matrix.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        share = f"{100 * shares[row, column]:.1f}%" if totals[row, 0] else "–"
        colour = "white" if shares[row, column] > DARK else "black"
        axes.text(column, row, f"{share}\n{count}", ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(classes)), classes, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(classes)), [f"{name} ({n})" for name, n in zip(classes, totals[:, 0], strict=True)])
    axes.set_xlabel("decided")
    axes.set_ylabel("true (decisions)")
    axes.set_title(title, fontsize=10, wrap=True)
