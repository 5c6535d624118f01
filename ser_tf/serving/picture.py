"""One picture of what a model hears in a recording: waveform, attention and posteriors over time."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_tf.drawing import panels
from ser_tf.serving.prediction import Predicted, Prediction

MOST_RECORDINGS = 6
ATTENTION = ("attention", "attention_seconds", "attention_hertz")
"""Outputs that say where the model looks."""
LONG_COLUMN = 2.0
"""A recording in windows has a column so many times as wide."""
FONT_POINTS = 8


def draw(predicted: Sequence[Predicted], classes: tuple[str, ...]) -> Figure:
    """One column a recording: its waveform, the attention where the model has it, the posteriors.

    Args:
        predicted: Recordings with their predictions, one or more windows each.
        classes: In the order of the posteriors.
    """
    has_attention = "attention" in predicted[0].windows[0].outputs
    in_windows = any(len(one.windows) > 1 for one in predicted)
    width = panels.COLUMN_INCHES * (LONG_COLUMN if in_windows else 1.0)
    rows = 3 if has_attention else 2
    with matplotlib.rc_context({"font.size": FONT_POINTS, "axes.titlesize": FONT_POINTS}):
        figure = Figure(figsize=(width * len(predicted), 1.6 * rows), layout="constrained")
        columns = figure.subplots(rows, len(predicted), squeeze=False)
        for one, column in zip(predicted, columns.T, strict=True):
            _draw_recording(column, one, classes, in_windows)
        if in_windows:
            figure.legend(*columns[-1, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(classes))
        for axes in columns[:, 1:].flat:
            axes.set_ylabel("")
    return figure


def _draw_recording(column: Sequence[Axes], one: Predicted, classes: tuple[str, ...], in_windows: bool) -> None:
    """Draws one recording into its column; the last panel over time names the seconds."""
    top, *middle, bottom = column
    panels.draw_waveform(top, one.waveform)
    decided = ", ".join(dict.fromkeys(window.label for window in one.windows))
    top.set_title(f"{one.path.name}: {decided}")
    for axes in middle:
        _draw_attention(axes, one.windows)
    if in_windows:
        _draw_course(bottom, one.windows, classes)
    else:
        _draw_bars(bottom, one.windows[0], classes)
    over_time = [top, *middle, *([bottom] if in_windows else [])]
    for axes in over_time:
        last = axes is over_time[-1]
        axes.tick_params(labelbottom=last)
        axes.set_xlabel("seconds" if last else "")
        axes.set_xlim(top.get_xlim())


def _draw_attention(axes: Axes, windows: Sequence[Prediction]) -> None:
    """All windows on one scale."""
    largest = max(window.outputs["attention"].max() for window in windows)
    for window in windows:
        weights, seconds = window.outputs["attention"], window.outputs["attention_seconds"]
        if weights.ndim == 1:
            panels.draw_attention(axes, seconds, weights)
            axes.set_ylim(0, 1.05 * largest)
            continue
        hertz = window.outputs["attention_hertz"] / 1000
        axes.pcolormesh(_edges(seconds), _edges(hertz), weights.T, cmap="Blues", vmin=0, vmax=largest)
        axes.set_ylabel("attention, kHz")


def _edges(centres: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Borders of cells around their evenly spaced centres."""
    distance = centres[1] - centres[0] if len(centres) > 1 else 1.0
    return np.append(centres - distance / 2, centres[-1] + distance / 2)


def _draw_bars(axes: Axes, window: Prediction, classes: tuple[str, ...]) -> None:
    axes.barh(range(len(classes)), window.outputs["probabilities"], color="tab:orange")
    axes.set_yticks(range(len(classes)), classes)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("posterior")


def _draw_course(axes: Axes, windows: Sequence[Prediction], classes: tuple[str, ...]) -> None:
    """The posteriors of each window over its middle."""
    middles = [(window.start_seconds + window.end_seconds) / 2 for window in windows]
    for place, name in enumerate(classes):
        axes.plot(middles, [window.outputs["probabilities"][place] for window in windows], marker=".", label=name)
    axes.set_ylim(0, 1.03)  # a line at 1 is whole
    axes.set_ylabel("posterior")
