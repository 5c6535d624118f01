"""The ledger of a paper with the values that its tables used, the changed ones marked, and what a sweep measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from ser_tf.evaluation.schema import Json
from ser_tf.evaluation.sweep import SweepSummary
from ser_tf.protocol import ledger
from ser_tf.protocol.ledger import Entry
from ser_tf.report.document import Column, Grid, GridCell, GridRow, Part

COLUMNS = (
    Column("Assumption", "text"),
    Column("Default", "text"),
    Column("Used here", "text"),
    Column("Why", "text"),
)
EFFECT = Column("Measured effect on UA", "text")
Used = Sequence[tuple[str, Mapping[str, Json]]]
"""Names of tables with the assumptions that their summaries record."""


def text(value: Json) -> str:
    """Formats a recorded value as on the command line."""
    return ledger.text(value) if isinstance(value, bool | int | float | str) else str(value)


def changed(entries: Sequence[Entry], recorded: Mapping[str, Json]) -> list[Entry]:
    """Returns the assumptions whose recorded value is not the default.

    Args:
        entries: The paper's ledger.
        recorded: Names and values of a summary.
    """
    return [entry for entry in entries if entry.key in recorded and recorded[entry.key] != entry.default]


def ledger_part(paper_ledger: object, used: Used, sweeps: Mapping[str, SweepSummary], place: str) -> Part:
    """Shows a paper's ledger with the values used by its tables.

    Args:
        paper_ledger: The ledger with its defaults.
        used: Name and recorded assumptions of each table.
        sweeps: Sweeps by the name of their table.
        place: Id of the part.
    """
    entries = ledger.entries(paper_ledger)
    measured = {entry.key: _effects(entry.key, sweeps) for entry in entries}
    columns = (*COLUMNS, EFFECT) if any(measured.values()) else COLUMNS
    rows = []
    for entry in entries:
        values = _values(entry, used)
        cells = [
            GridCell(entry.key, sort=entry.key),
            GridCell(ledger.text(entry.default), (_others(entry),)),
            GridCell(values[0], tuple(values[1:]), tone="changed") if values else GridCell(_unchanged(entry, used)),
            GridCell(entry.why),
        ]
        effects = measured[entry.key]
        cells += [GridCell(effects[0] if effects else "", tuple(effects[1:]))] if len(columns) > len(COLUMNS) else []
        rows.append(GridRow(tuple(cells), marked=bool(values)))
    number = sum(row.marked for row in rows)
    said = f"{number} of {len(rows)} differ from the default in some table (marked)." if number else (
        "Every value that a table recorded is the default."
    )  # fmt: skip
    note = f"Choices that the paper leaves open; change one with --set ASSUMPTION=VALUE. {said}"
    return Part(place, "Ledger", lead=(note,), grids=(Grid("What the paper does not state", columns, tuple(rows)),))


def used_part(entries: Sequence[Entry], recorded: Mapping[str, Json], place: str) -> Part:
    """Shows the assumptions of one table that are not at their defaults.

    Args:
        entries: The paper's ledger; if the paper is unknown here, empty, and all recorded assumptions are shown.
        recorded: Names and values of the summary.
        place: Id of the part.
    """
    notes = []
    if entries:
        rows = [
            (entry.key, text(recorded[entry.key]), ledger.text(entry.default), entry.why)
            for entry in changed(entries, recorded)
        ]
        columns = ("Assumption", "This run", "Default", "Why")
        notes += _history(entries, recorded)
    else:
        rows = [(key, text(value), "", "") for key, value in recorded.items()]
        columns = ("Assumption", "This run", "", "")
    if not rows:
        same = f"All {len(recorded)} recorded assumptions are at their defaults." if recorded else "None is recorded."
        return Part(place, "Assumptions", notes=(same, *notes))
    width = 4 if entries else 2
    cells = [tuple(GridCell(value, sort=value.lower()) for value in row[:width]) for row in rows]
    heads = tuple(Column(name, "text") for name in columns[:width])
    caption = "Assumptions that differ from the ledger's defaults" if entries else "Assumptions of this run"
    grid = Grid(caption, heads, tuple(GridRow(row, marked=bool(entries)) for row in cells), sortable=len(rows) > 1)
    if entries:
        notes.insert(0, f"The other {len(recorded) - len(rows)} recorded assumptions are at their defaults.")
    return Part(place, "Assumptions", grids=(grid,), notes=tuple(notes))


def _history(entries: Sequence[Entry], recorded: Mapping[str, Json]) -> list[str]:
    """Lists assumptions added to and removed from the ledger since the table was made."""
    known = {entry.key for entry in entries}
    added = [entry.key for entry in entries if entry.key not in recorded]
    lost = [f"{key} = {text(value)}" for key, value in recorded.items() if key not in known]
    lines = [f"Not recorded, added to the ledger since: {', '.join(added)}."] if added else []
    return [*lines, *([f"Recorded, and no longer in the ledger: {', '.join(lost)}."] if lost else [])]


def _values(entry: Entry, used: Used) -> list[str]:
    """Lists values other than the default, each with the tables that used it."""
    found: dict[str, list[str]] = {}
    for name, recorded in used:
        if entry.key in recorded and recorded[entry.key] != entry.default:
            found.setdefault(text(recorded[entry.key]), []).append(name)
    return [f"{value} ({', '.join(names)})" for value, names in found.items()]


def _unchanged(entry: Entry, used: Used) -> str:
    """Returns whether some table recorded the default, or none recorded anything."""
    return "default" if any(entry.key in recorded for _, recorded in used) else "not recorded"


def _others(entry: Entry) -> str:
    """Lists the allowed values besides the default."""
    if entry.choices:
        return "or " + ", ".join(ledger.text(choice) for choice in entry.choices if choice != entry.default)
    return f"or {ledger.text(not entry.default)}" if isinstance(entry.default, bool) else entry.alternatives


def _effects(key: str, sweeps: Mapping[str, SweepSummary]) -> list[str]:
    """Lists the differences in UA from the default for each row of a sweep."""
    lines = []
    for name, sweep in sweeps.items():
        for row in sweep["rows"]:
            values: list[Any] = [
                value for swept in row["assumptions"] if swept["name"] == key for value in swept["values"]
            ]
            effects = [
                f"{value['value']}: {100 * value['effects']['ua']['difference']:+.1f}"
                for value in values
                if value["effects"]
            ]
            lines += [f"{'; '.join(effects)} ({row['label']}, {name})"] if effects else []
    return lines
