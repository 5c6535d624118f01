"""Pictures of what a model hears in recordings: waveform, attention and posteriors over time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser_tf import files
from ser_tf.drawing import panels
from ser_tf.errors import SettingError
from ser_tf.serving import names
from ser_tf.serving.prediction import Predicted, Prediction

MAX_RECORDINGS = 6
"""Number of recordings, or channels of some, that one picture has room for."""
MAX_NAME_BYTES = 200
"""Length of a picture's name without suffix, so that any file system takes it."""
LONG_COLUMN = 2.0
"""Width of a recording's column when it is in windows, relative to one that is not."""
FONT_POINTS = 8
_KIND = ".png"


class Album(Protocol):
    """Where pictures go."""

    def add(self, predicted: Predicted) -> None:
        """Takes one recording."""

    def finish(self) -> Path:
        """Is called after the last recording; tells where the pictures are."""


def album(path: Path, num_recordings: int) -> Album:
    """Chooses between one picture (PNG, PDF or SVG) and a folder of pictures by the path.

    Raises:
        SettingError: it is neither, or one picture has no room for the recordings.
        UserError: it cannot be written.
    """
    if path.suffix.lower() in panels.FORMATS and not path.is_dir():
        if num_recordings > MAX_RECORDINGS:
            raise _too_many(num_recordings)
        files.require_writable(path.parent)
        return OnePicture(path)
    if path.is_file() or (path.suffix and not path.is_dir()):
        suffixes = ", ".join(panels.FORMATS)
        raise SettingError(f"--plot {names.one_line(path)}: must be a folder, or end with {suffixes}")
    files.require_writable(path)
    return Folder(path)


def _too_many(number: int) -> SettingError:
    return SettingError(f"--plot: {number} recordings; a picture has {MAX_RECORDINGS} at most: name a folder for more")


class OnePicture:
    """All recordings side by side in one picture."""

    def __init__(self, path: Path) -> None:
        """Takes the picture's path; the suffix chooses its format."""
        self._path = path
        self._kept: list[Predicted] = []

    def add(self, predicted: Predicted) -> None:
        """Keeps one recording.

        Raises:
            SettingError: there is no room for its channels.
        """
        self._kept.append(predicted)
        if len(self._kept) > MAX_RECORDINGS:
            raise _too_many(len(self._kept))

    def finish(self) -> Path:
        """Draws the picture."""
        return panels.save(draw(self._kept), self._path)


class Folder:
    """A picture a recording, drawn at once, so that there can be any number."""

    def __init__(self, path: Path) -> None:
        """Takes the folder's path."""
        self._path = path
        self._taken: set[str] = set()

    def add(self, predicted: Predicted) -> None:
        """Draws one recording; the picture is named after the file, and after the channel if it is not the mean."""
        channel = "" if predicted.is_mean else f"-{predicted.channel}"
        stem = names.readable(predicted.path.stem).encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        name, number = f"{stem}{channel}", 1
        while name.casefold() in self._taken:  # files of the same name in several folders
            number += 1
            name = f"{stem}{channel}-{number}"
        self._taken.add(name.casefold())
        panels.save(draw([predicted]), self._path / f"{name}{_KIND}")

    def finish(self) -> Path:
        """Gives the folder: everything is drawn."""
        return self._path


def draw(predicted: Sequence[Predicted]) -> Figure:
    """Draws a column for each recording: its waveform, the attention where the model has it, the posteriors.

    Args:
        predicted: Recordings with their predictions, one or more windows each, of one model.
    """
    has_attention = "attention" in predicted[0].windows[0].outputs
    in_windows = any(len(recording.windows) > 1 for recording in predicted)
    width = panels.COLUMN_INCHES * (LONG_COLUMN if in_windows else 1.0)
    rows = 3 if has_attention else 2
    with matplotlib.rc_context({"font.size": FONT_POINTS, "axes.titlesize": FONT_POINTS}):
        figure = Figure(figsize=(width * len(predicted), 1.6 * rows), layout="constrained")
        columns = figure.subplots(rows, len(predicted), squeeze=False)
        for recording, column in zip(predicted, columns.T, strict=True):
            _draw_recording(column, recording, in_windows)
        if in_windows:
            handles, labels = columns[-1, 0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        for axes in columns[:, 1:].flat:
            axes.set_ylabel("")
    return figure


def _draw_recording(column: Sequence[Axes], recording: Predicted, in_windows: bool) -> None:
    """Draws one recording into its column; the last panel over time names the seconds."""
    top, *middle, bottom = column
    panels.draw_waveform(top, recording.waveform)
    decided = ", ".join(dict.fromkeys(window.label for window in recording.windows))
    channel = "" if recording.is_mean else f" ({recording.channel})"
    top.set_title(f"{names.one_line(recording.path.name)}{channel}: {decided}", parse_math=False)
    for axes in middle:
        _draw_attention(axes, recording.windows)
    if in_windows:
        _draw_course(bottom, recording)
    else:
        _draw_bars(bottom, recording)
    over_time = [top, *middle, *([bottom] if in_windows else [])]
    for axes in over_time:
        last = axes is over_time[-1]
        axes.tick_params(labelbottom=last)
        axes.set_xlabel("seconds" if last else "")
        axes.set_xlim(top.get_xlim())


def _draw_attention(axes: Axes, windows: Sequence[Prediction]) -> None:
    """Draws all windows on one scale."""
    largest = max(window.outputs["attention"].max() for window in windows)
    for window in windows:
        weights, seconds = window.outputs["attention"], window.outputs["attention_seconds"]
        if weights.ndim == 1:
            panels.draw_attention(axes, seconds, weights)
            axes.set_ylim(0, 1.05 * largest)
            continue
        kilohertz = window.outputs["attention_hertz"] / 1000
        axes.pcolormesh(_edges(seconds), _edges(kilohertz), weights.T, cmap="Blues", vmin=0, vmax=largest)
        axes.set_ylabel("attention, kHz")


def _edges(centres: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Computes the borders of cells around their evenly spaced centres."""
    distance = centres[1] - centres[0] if len(centres) > 1 else 1.0
    return np.append(centres - distance / 2, centres[-1] + distance / 2)


def _draw_bars(axes: Axes, recording: Predicted) -> None:
    places = range(len(recording.classes))
    colours = [panels.style_of(place).colour for place in places]
    axes.barh(places, recording.windows[0].outputs["probabilities"], color=colours)
    axes.set_yticks(places, recording.classes, parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("posterior")


def _draw_course(axes: Axes, recording: Predicted) -> None:
    """Draws the posteriors of each window over its middle: colour, marker and dashes tell the classes apart."""
    middles = [(window.start_seconds + window.end_seconds) / 2 for window in recording.windows]
    for place, name in enumerate(recording.classes):
        posteriors = [window.outputs["probabilities"][place] for window in recording.windows]
        colour, marker, dashes = panels.style_of(place)
        (curve,) = axes.plot(middles, posteriors, color=colour, marker=marker, linestyle=dashes, markersize=3)
        curve.set_label(name.replace("$", r"\$"))  # no formula
    axes.set_ylim(0, 1.03)  # a line at 1 is whole
    axes.set_ylabel("posterior")
