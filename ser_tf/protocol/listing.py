"""Output of `--list`: the rows of a table, and the ledger with values, alternatives and reasons."""

from collections.abc import Sequence
from typing import TypeVar

from rich.console import Console
from rich.table import Table as Grid

from ser_tf.protocol import ledger
from ser_tf.protocol.paper import DataTable, Paper, System, Table

L = TypeVar("L")


def print_list(output: Console, paper: Paper[L], table: Table[L], rows: Sequence[System[L]], assumptions: L) -> None:
    """Prints rows and assumptions.

    Args:
        output: The console to print on.
        paper: The paper.
        table: The table.
        rows: The requested rows.
        assumptions: The ledger with its overrides.
    """
    output.print(f"{paper.experiment(table)}: {table.title}", markup=False)
    grid = _grid("row", "system", "published WA / UA", "note")
    for row in rows:
        numbers = row.published or {}
        both = " / ".join(f"{100 * numbers[key]:.1f}" if numbers.get(key) is not None else "-" for key in ("wa", "ua"))
        grid.add_row(row.key, row.label, both, row.note)
    output.print(grid)
    print_assumptions(output, assumptions)
    if isinstance(table, DataTable):
        output.print("nothing is trained", markup=False)


def print_assumptions(output: Console, assumptions: object, prefix: str = "") -> None:
    """Prints a ledger with values, alternatives and reasons.

    Args:
        output: Where to print.
        assumptions: The ledger.
        prefix: What stands before each name.
    """
    grid = _grid("assumption", "value", "alternatives", "why")
    for entry in ledger.entries(assumptions):
        changed = "" if entry.value == entry.default else f" (default {entry.default})"
        grid.add_row(f"{prefix}{entry.key}", f"{entry.value}{changed}", entry.alternatives, entry.why)
    output.print(grid)


def _grid(*heads: str) -> Grid:
    """A table whose names stay in one piece and whose other long words break, so that nothing is cut off."""
    grid = Grid(*heads)
    grid.columns[0].no_wrap = True
    for column in grid.columns[1:]:
        column.overflow = "fold"
    return grid
