"""Sections of a table's page as grids: cells that sort by their numbers, verdicts with their tone, UA drawn."""

import re
from collections.abc import Sequence

from ser_tf.evaluation import wording
from ser_tf.evaluation.layout import VERDICT, Cell, Section
from ser_tf.evaluation.page import label
from ser_tf.evaluation.schema import RowSummary, Summary
from ser_tf.evaluation.terminal import BAD, GOOD, VERDICT_STYLES
from ser_tf.report.document import Column, Grid, GridCell, GridRow, Kind, Plot, Tone

NUMBER = re.compile(r"<?([+-]?\d[\d,]*(?:\.\d+)?)(?:\s*(s|min|h)\b)?")
UNIT_SECONDS = {"": 1, "s": 1, "min": 60, "h": 3600}
PAIRS = "All pairs"
"""The heading of the matrix of differences, whose rows have their order from its columns."""
PLOT_METRIC = "ua"
PLOT_HEAD = "UA from 0 to 100"
PLOT_NOTE = (
    "Drawn: UA on an axis from 0 to 100: ours (dot) with its interval (bar), the paper's (diamond), chance (tick)."
)


def grid_of(section: Section, caption: str) -> Grid:
    """Makes a grid of a section's table without columns of only dashes.

    Args:
        section: The section, with columns.
        caption: What the table shows.

    Raises:
        ValueError: a row does not have one cell per column.
    """
    if any(len(row) != len(section.columns) for row in section.rows):
        raise ValueError(f"a row of {caption} has not one cell a column")
    shown = [
        place
        for place in range(len(section.columns))
        if not section.rows or any(row[place].text != wording.DASH for row in section.rows)
    ]
    columns = tuple(Column(section.columns[place], _kind(place, section.columns[place])) for place in shown)
    rows = tuple(
        GridRow(tuple(_cell(row[place], column.kind) for place, column in zip(shown, columns, strict=True)))
        for row in section.rows
    )
    named = all(row.cells[0].text for row in rows)
    return Grid(caption, columns, rows, sortable=named and len(rows) > 1 and section.heading != PAIRS)


def main_grid(section: Section, summary: Summary, caption: str) -> Grid:
    """Makes the main grid of a table that trains, with a drawing of UA and the best row marked.

    A row is the best only if all rows were compared and it differs significantly from every other.

    Args:
        section: The main section.
        summary: The summary that it was made from; its rows are the section's.
        caption: What the table shows.
    """
    grid = grid_of(section, caption)
    best = summary["pairwise"]["best"] if summary["pairwise"] else None
    chance = summary["chance"].get(PLOT_METRIC)
    rows = tuple(
        GridRow((*drawn.cells, GridCell("", plot=_plot(row, chance))), best=best is not None and row["key"] == best)
        for drawn, row in zip(grid.rows, summary["rows"], strict=True)
    )
    return Grid(caption, (*grid.columns, Column(PLOT_HEAD, "plot")), rows, grid.sortable)


def text_grid(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Grid:
    """A table of text and numbers.

    Args:
        caption: What the table shows.
        columns: Heads of the columns.
        rows: Texts, one a column; a column whose texts are all numbers is one of numbers.
    """
    numeric = [bool(rows) and all(_is_number(row[place]) for row in rows) for place in range(len(columns))]
    kinds: list[Kind] = ["number" if place and numeric[place] else "text" for place in range(len(columns))]
    heads = tuple(Column(name, kind) for name, kind in zip(columns, kinds, strict=True))
    cells = (tuple(GridCell(text, sort=sort_key(text, kinds[place])) for place, text in enumerate(row)) for row in rows)
    return Grid(caption, heads, tuple(map(GridRow, cells)), sortable=len(rows) > 1)


def tone_of(verdict: str) -> Tone:
    """Returns the marking of a verdict, which repeats its words."""
    style = VERDICT_STYLES.get(verdict, "")
    if GOOD in style:
        return "good"
    return "bad" if BAD in style else "open"


def sort_key(text: str, kind: Kind) -> str:
    """Returns a cell's sort key: its number (durations in seconds), or its text in lower case; empty for a dash.

    >>> sort_key("1.2 h", "number"), sort_key("<0.001", "number"), sort_key("–", "number"), sort_key("SVM", "text")
    ('4320', '0.001', '', 'svm')
    """
    if kind != "number":
        return text.lower()
    found = NUMBER.match(text)
    return "" if found is None else f"{float(found[1].replace(',', '')) * UNIT_SECONDS[found[2] or '']:g}"


def _is_number(text: str) -> bool:
    return text in ("", wording.DASH) or NUMBER.fullmatch(text) is not None


def _kind(place: int, name: str) -> Kind:
    if name == VERDICT:
        return "verdict"
    return "text" if place == 0 else "number"


def _cell(cell: Cell, kind: Kind) -> GridCell:
    tone: Tone = tone_of(cell.text) if kind == "verdict" and cell.text else ""
    return GridCell(cell.text, cell.details, sort_key(cell.text, kind), tone)


def _plot(row: RowSummary, chance: float | None) -> Plot | None:
    """UA of a row, the paper's and ours; None where there is neither."""
    ours = row["ua"]
    published = (row["published"] or {}).get(PLOT_METRIC)
    if ours["pooled"] is None and published is None:
        return None
    low, high = ours["ci95"]
    values = (ours["pooled"], low, high, published, chance)
    return Plot(*(None if value is None else 100 * value for value in values))


def row_labels(summary: Summary) -> dict[str, str]:
    """Labels of the rows by key, marked where the paper does not have the row."""
    return {row["key"]: label(row) for row in summary["rows"]}
