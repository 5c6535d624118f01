"""Predictions as a table for people, as JSON lines and as comma-separated values."""

import csv
import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.table import Table

from ser_tf.serving import names
from ser_tf.serving.prediction import Predicted, Prediction
from ser_tf.serving.windows import is_inside

ATTENTION = ("attention", "attention_seconds", "attention_hertz")
"""Outputs that say where the model looks."""
PIPED_COLUMNS = 120
DECIMALS = 6
"""Decimals of numbers in JSON and CSV; posteriors are float32."""


class Listing(Protocol):
    """Shows predictions one after the other."""

    def show(self, predicted: Predicted) -> None:
        """Takes one recording."""

    def finish(self) -> None:
        """Is called after the last recording."""


def summarised(predicted: Predicted) -> Predicted:
    """Makes one prediction of a recording's windows: the class with the largest mean posterior."""
    first, last = predicted.windows[0], predicted.windows[-1]
    if len(predicted.windows) == 1:
        return predicted
    posteriors = np.mean([window.outputs["probabilities"] for window in predicted.windows], axis=0)
    label = max(zip(posteriors, predicted.classes, strict=True))[1]
    whole = Prediction(first.start_seconds, last.end_seconds, label, {"probabilities": posteriors})
    return dataclasses.replace(predicted, windows=(whole,))


def _fields(predicted: Predicted, window: Prediction, with_channel: bool) -> dict[str, str | float]:
    channel = {"channel": predicted.channel} if with_channel else {}
    return {
        "file": names.readable(predicted.path),
        **channel,
        "start_seconds": round(window.start_seconds, DECIMALS),
        "end_seconds": round(window.end_seconds, DECIMALS),
        "label": window.label,
    }


def _posteriors(window: Prediction) -> list[float]:
    return [round(value, DECIMALS) for value in window.outputs["probabilities"].tolist()]


def _spoken(predicted: Predicted, window: Prediction) -> dict[str, list[list[str | float]]]:
    """The words in a window, each with its begin and end, for models of words."""
    if predicted.words is None:
        return {}
    return {
        "words": [
            [word.text, round(word.start_seconds, DECIMALS), round(word.end_seconds, DECIMALS)]
            for word in predicted.words
            if is_inside(word, window.start_seconds, window.end_seconds)
        ]
    }


class JsonLines:
    """Prints one JSON object a window, with attention, as soon as it is there."""

    def __init__(self, with_channel: bool) -> None:
        """Takes whether the channel is named."""
        self._with_channel = with_channel

    def show(self, predicted: Predicted) -> None:
        """Prints one recording."""
        for window in predicted.windows:
            attention = {
                name: value.astype(float).round(DECIMALS).tolist()
                for name, value in window.outputs.items()
                if name in ATTENTION
            }
            document: dict[str, Any] = {
                **_fields(predicted, window, self._with_channel),
                "probabilities": dict(zip(predicted.classes, _posteriors(window), strict=True)),
                **_spoken(predicted, window),
                **attention,
            }
            print(json.dumps(document), flush=True)

    def finish(self) -> None:
        """Does nothing: everything is printed."""


class Csv:
    """Prints comma-separated values, a line for each window, that a spreadsheet opens without running anything."""

    def __init__(self, classes: Sequence[str], with_channel: bool) -> None:
        """Prints the header."""
        self._with_channel = with_channel
        self._writer = csv.writer(sys.stdout, lineterminator="\n")
        channel = ["channel"] if with_channel else []
        self._write("file", *channel, "start_seconds", "end_seconds", "label", *classes)

    def show(self, predicted: Predicted) -> None:
        """Prints one recording."""
        for window in predicted.windows:
            self._write(*_fields(predicted, window, self._with_channel).values(), *_posteriors(window))

    def finish(self) -> None:
        """Does nothing: everything is printed."""

    def _write(self, *values: str | float) -> None:
        self._writer.writerow([names.cell(value) if isinstance(value, str) else value for value in values])
        sys.stdout.flush()


class ForPeople:
    """Prints a table at the end, posteriors in per cent; a recording in windows has a line that sums it up."""

    def __init__(self, classes: Sequence[str], with_channel: bool, in_windows: bool) -> None:
        """Begins a table.

        Args:
            classes: In the order of the posteriors.
            with_channel: Whether the channel is named.
            in_windows: Whether times are shown.
        """
        self._with_channel, self._in_windows = with_channel, in_windows
        headings = ["recording", *(["channel"] if with_channel else []), *(["seconds"] if in_windows else [])]
        self._table = Table(*headings, "emotion")
        for name in classes:
            self._table.add_column(name, justify="right")

    def show(self, predicted: Predicted) -> None:
        """Adds one recording."""
        for window in predicted.windows:
            self._add(predicted, window, f"{window.start_seconds:.1f} - {window.end_seconds:.1f}")
        if len(predicted.windows) > 1:
            self._add(predicted, summarised(predicted).windows[0], f"mean of {len(predicted.windows)}", style="bold")
            self._table.add_section()

    def finish(self) -> None:
        """Prints the table, if it has rows."""
        if self._table.row_count:
            width = None if sys.stdout.isatty() else PIPED_COLUMNS
            Console(highlight=False, width=width, markup=False, emoji=False).print(self._table)

    def _add(self, predicted: Predicted, window: Prediction, span: str, style: str | None = None) -> None:
        posteriors = [f"{100 * value:.0f}" for value in window.outputs["probabilities"]]
        self._table.add_row(
            names.one_line(predicted.path),
            *([predicted.channel] if self._with_channel else []),
            *([span] if self._in_windows else []),
            window.label,
            *posteriors,
            style=style,
        )
