"""The whole page from a folder: papers with their tables and ledgers, benchmarks, and what could not be read."""

from collections.abc import Mapping
from typing import Any

import ser_tf
from ser_tf import papers
from ser_tf.errors import UserError
from ser_tf.protocol.paper import Paper
from ser_tf.report import assumptions, known
from ser_tf.report.document import Column, Entry, Grid, GridCell, GridRow, Group, Part, Report
from ser_tf.report.entries import entry, slug
from ser_tf.report.folder import DAMAGED, Folder, TableFolder, problem
from ser_tf.report.grids import text_grid
from ser_tf.report.known import Origin

OVERVIEW = (
    Column("Table", "text"),
    Column("Rows"),
    Column("Verdicts of rows", "text"),
    Column("Verdicts of claims", "text"),
    Column("Leaks"),
    Column("Training time"),
)


def assemble(folder: Folder, name: str) -> Report:
    """Lays everything out.

    Args:
        folder: What was read; problems are added to it.
        name: Name of the folder.

    Raises:
        UserError: there is nothing to report.
    """
    tables: dict[str, list[TableFolder]] = {}
    for table in folder.tables:
        tables.setdefault(Origin.of(table.summary["experiment"]).group, []).append(table)
    order = [*(key for key in papers.keys() if key in tables), *sorted(tables.keys() - set(papers.keys()))]
    groups = [group for key in order if (group := _group(key, tables[key], folder.problems)) is not None]
    benchmarks = _benchmarks(folder)
    if not groups and not benchmarks:
        raise UserError(f"{name}: nothing to report: {_why(folder)}")
    return Report(
        title=f"Results in {name}",
        groups=tuple(groups),
        overview=_overview(groups),
        benchmarks=benchmarks,
        unfinished=tuple(folder.unfinished),
        problems=tuple(dict.fromkeys(folder.problems)),
        version=ser_tf.__version__,
    )


def _why(folder: Folder) -> str:
    """Explains why there is nothing to report."""
    said = [*folder.problems, *folder.unfinished]
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return said[0] + more if said else "no <experiment>/<corpus>/summary.json below it"


def _group(key: str, tables: list[TableFolder], problems: list[str]) -> Group | None:
    """Groups a paper's tables in order; None if all are damaged."""
    paper = known.load_paper(key, problems)
    entries: list[tuple[TableFolder, Entry]] = []
    for table in sorted(tables, key=_order):
        place = slug(table.place) or slug(f"{table.summary['experiment']} {table.summary['corpus']}")
        try:
            entries.append((table, entry(table, paper, place)))
        except DAMAGED as error:
            problems.append(problem(f"{table.place}/summary.json", error))
    if not entries:
        return None
    citation = paper.citation if paper else ""
    return Group(slug(key), key, citation, tuple(made for _, made in entries), _ledger(key, paper, entries))


def _order(table: TableFolder) -> tuple[int, str]:
    return Origin.of(table.summary["experiment"]).number or 0, table.summary["corpus"]


def _ledger(key: str, paper: Paper[Any] | None, entries: list[tuple[TableFolder, Entry]]) -> Part | None:
    if paper is None:
        return None
    used = [(made.name, table.summary["assumptions"]) for table, made in entries]
    sweeps = {made.name: table.sweep for table, made in entries if table.sweep is not None}
    return assumptions.ledger_part(paper.ledger, used, sweeps, f"{slug(key)}-ledger")


def _overview(groups: list[Group]) -> Grid:
    rows = tuple(
        GridRow((_linked(group, made), *made.overview)) for group in groups for made in group.entries
    )  # fmt: skip
    return Grid("All tables", OVERVIEW, rows, sortable=len(rows) > 1)


def _linked(group: Group, made: Entry) -> GridCell:
    smoke = ("smoke run",) if made.smoke else ()
    return GridCell(f"{group.name}, {made.name}", smoke, sort=f"{group.name} {made.name}".lower(), link=made.id)


def _benchmarks(folder: Folder) -> tuple[Part, ...]:
    """Speed measurements: the scalars of the file as facts, its list of records as a table."""
    parts = []
    for place, content in folder.benchmarks.items():
        try:
            parts.append(_benchmark(place, content))
        except DAMAGED as error:
            folder.problems.append(problem(f"{place}/benchmark.json", error))
    return tuple(parts)


def _benchmark(place: str, content: Mapping[str, Any]) -> Part:
    facts = tuple((_words(name), str(value)) for name, value in content.items() if not isinstance(value, list | dict))
    grids = []
    for name, records in content.items():
        if isinstance(records, list) and records:
            columns = list(dict.fromkeys(column for record in records for column in record))
            rows = [[_number(record.get(column, "")) for column in columns] for record in records]
            grids.append(text_grid(f"Benchmark {place}: {_words(name)}", list(map(_words, columns)), rows))
    heading = f"Benchmark: {place}" if place != "." else "Benchmark"
    return Part(f"benchmark-{slug(place)}", heading, facts=facts, grids=tuple(grids))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
