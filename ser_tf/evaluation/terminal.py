"""A table's page in the terminal, readable in 80 columns, with details below their numbers."""

import dataclasses

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from ser_tf.evaluation.layout import VERDICT, Cell, Page, Section
from ser_tf.evaluation.page import page_of
from ser_tf.evaluation.schema import DataSummary, Summary

GOOD, BAD = "green", "red"
VERDICT_STYLES = {
    **dict.fromkeys(("reproduced", "matches", "supported", "holds here"), GOOD),
    **dict.fromkeys(("not reproduced", "differs", "contradicted", "reversed here"), BAD),
    "failed": "bold red",
}
OTHER_STYLE = "yellow"
GAP = 2
EDGES = 3
MIN_LABEL = 14
"""Minimum width of the first column in characters; it takes the room left by the others."""


def to_rich(summary: Summary | DataSummary) -> RenderableType:
    """Formats the table for the terminal; print the result with a `rich.console.Console`.

    Folds, leaks and cost appear only in the files.

    Args:
        summary: The content of `summary.json`.
    """
    return render(page_of(summary, stacked=True))


def render(page: Page) -> RenderableType:
    """Formats a page for a console.

    Args:
        page: The page.
    """
    parts: list[RenderableType] = [Text(page.headline, style="bold")]
    parts += [Text(page.title)] if page.title else []
    parts += [Text(line, style=OTHER_STYLE) for line in page.cautions]
    parts += [Text(page.protocol, style="dim")] if page.protocol else []
    for section in page.sections:
        parts += _section(section) if section.brief else []
    return Group(*parts)


def _section(section: Section) -> list[RenderableType]:
    """Formats heading, table and notes."""
    parts: list[RenderableType] = []
    if section.heading:
        parts += [Text(), Text(section.heading, style="bold")]
    if section.columns:
        parts.append(_Fitted(section))
    return [*parts, *(Text(note, style="dim") for note in section.notes)]


@dataclasses.dataclass(frozen=True)
class _Fitted:
    """A section's table, split into several if the console is too narrow for all columns."""

    section: Section

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yields the tables."""
        yield from map(_table, self.section.chunks(options.max_width - MIN_LABEL - EDGES, GAP))


def _table(section: Section) -> Table:
    """Makes a table with text in the first column and under Verdict, and numbers, never cut, in the others."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(section.columns):
        if place == 0:
            table.add_column(name, overflow="fold", min_width=MIN_LABEL)
        elif name == VERDICT:
            table.add_column(name, min_width=int(section.width(place)))
        else:
            table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    for row in section.rows:
        table.add_row(*(_cell(cell, name) for cell, name in zip(row, section.columns, strict=True)))
    return table


def _cell(cell: Cell, column: str) -> Text:
    """Formats a cell's lines, colouring verdicts."""
    style = VERDICT_STYLES.get(cell.text, OTHER_STYLE) if column == VERDICT else ""
    return Text("\n".join((cell.text, *cell.details)), style=style)
