"""Panels of pictures: the waveform, and curves over time below it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_tf import files

COLUMN_INCHES = 3.5
"""Width of one column of a two-column paper."""
FORMATS = (".png", ".pdf", ".svg")
"""Suffixes of pictures."""


def draw_waveform(axes: Axes, waveform: npt.NDArray[np.floating[Any]], sample_rate_hz: int = 16_000) -> None:
    """Draws a waveform (samples,) over seconds as its envelope, so that long recordings stay small files."""
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


def posteriors_in_words(classes: tuple[str, ...], posteriors: npt.NDArray[np.floating[Any]]) -> str:
    """Class posteriors in per cent, largest first."""
    order = np.argsort(-posteriors, kind="stable")
    return ", ".join(f"{classes[place]} {100 * posteriors[place]:.0f}%" for place in order)


def save(figure: Figure, path: Path) -> Path:
    """Writes a figure; the suffix chooses the format (png, pdf, svg).

    Raises:
        UserError: the folder cannot be written.
    """
    files.require_writable(path.parent)
    figure.savefig(path, dpi=200)
    return path
