"""Progress on the terminal: a bar of rows x folds x seeds, and below it the epochs of each running job.

If the output is not a terminal, one line is printed for each finished job instead.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ser_tf.protocol.runner import Event

PIPED_COLUMNS = 120
"""Width of tables printed to a file or pipe."""


def console() -> Console:
    """Returns the console for human-readable output; machine-readable results are files."""
    width = None if sys.stdout.isatty() else PIPED_COLUMNS
    return Console(highlight=False, soft_wrap=True, width=width)


@contextmanager
def bar(output: Console, description: str, total: int) -> Iterator["Bar"]:
    """Shows a progress bar for a task of `total` parts."""
    with _progress(output) as progress:
        yield Bar(progress, progress.add_task(description, total=total, status=""))


def _progress(output: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[status]}"),
        console=output,
        disable=not output.is_terminal,
    )


class Bar:
    """A progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        """Wraps one task of a rich progress display."""
        self._progress, self._task = progress, task

    def __call__(self, done: int, total: int) -> None:
        """Shows that `done` of `total` parts are done."""
        self._progress.update(self._task, completed=done, total=total)


class RunProgress:
    """The display of a whole run."""

    def __init__(self, output: Console, total: int) -> None:
        """Prepares the bars.

        Args:
            output: Where to show them.
            total: Total number of jobs.
        """
        self._output = output
        self._progress = _progress(output)
        self._total = self._progress.add_task("rows x folds x seeds", total=total, status="")
        self._jobs: dict[str, TaskID] = {}
        self._finished = 0
        self._number = total

    def __enter__(self) -> "RunProgress":
        """Starts the display."""
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Ends the display and leaves the terminal as it was."""
        self._progress.stop()

    def epoch(self, event: Event) -> None:
        """Shows the progress of a running job."""
        name, done, most, text = event
        if name not in self._jobs:
            self._jobs[name] = self._progress.add_task(f"  {name}", total=None, status="")
        self._progress.update(self._jobs[name], completed=done, total=most or None, status=text)

    def finished(self, name: str, outcome: str) -> None:
        """Counts a finished job and removes its bar."""
        self._finished += 1
        if name in self._jobs:
            self._progress.remove_task(self._jobs.pop(name))
        self._progress.update(self._total, completed=self._finished)
        if not self._output.is_terminal:
            self._output.print(f"[{self._finished}/{self._number}] {name}: {outcome}", markup=False)
