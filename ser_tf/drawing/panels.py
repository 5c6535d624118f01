"""Panels of figures: a waveform, and curves over time below it."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_tf import files
from ser_tf.errors import UserError

COLUMN_INCHES = 3.5
"""Width of one column in a two-column paper."""
FORMATS = (".png", ".pdf", ".svg")
"""File name suffixes of pictures."""
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#000000")
"""Okabe and Ito's colour-blind-safe palette (jfly.uni-koeln.de/color, 2008)."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
DASHES = ("-", "--", "-.", ":")


def draw_waveform(axes: Axes, waveform: npt.NDArray[np.floating[Any]], sample_rate_hz: int = 16_000) -> None:
    """Draws a waveform (samples,) over seconds as its envelope, which keeps files of long recordings small."""
    bins = min(2000, len(waveform))
    edges = np.linspace(0, len(waveform), bins + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(waveform, edges), np.maximum.reduceat(waveform, edges)
    axes.fill_between(edges / sample_rate_hz, low, high, color="0.35", linewidth=0.3)
    axes.set_xlim(0, len(waveform) / sample_rate_hz)
    axes.set_ylabel("amplitude")
    axes.tick_params(labelbottom=False)


def draw_attention(axes: Axes, seconds: npt.NDArray[np.floating[Any]], weights: npt.NDArray[np.floating[Any]]) -> None:
    """Draws attention weights (frames,) over the centres of their frames."""
    axes.fill_between(seconds, weights, color="tab:blue", alpha=0.3, linewidth=0)
    marker = "." if len(seconds) == 1 else None  # a single word has no line
    axes.plot(seconds, weights, color="tab:blue", linewidth=0.9, marker=marker)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(r"$\alpha(t)$")
    axes.set_xlabel("seconds")


class CurveStyle(NamedTuple):
    """Colour, line and marker that distinguish a curve."""

    colour: str
    marker: str
    dashes: str


def style_of(place: int) -> CurveStyle:
    """Chooses the style of a curve by its number; the first 140 styles all differ."""
    return CurveStyle(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], DASHES[place % len(DASHES)])


def posteriors_in_words(classes: tuple[str, ...], posteriors: npt.NDArray[np.floating[Any]]) -> str:
    """Formats class posteriors in percent, largest first."""
    order = np.argsort(-posteriors, kind="stable")
    return ", ".join(f"{classes[place]} {100 * posteriors[place]:.0f}%" for place in order)


def save(figure: Figure, path: Path) -> Path:
    """Writes a figure in the format of the suffix (png, pdf, svg).

    Raises:
        UserError: the folder or the file cannot be written.
    """
    files.require_writable(path.parent)
    try:
        figure.savefig(path, dpi=200)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None
    return path
