"""What the page shows, as plain records without markup; the template escapes every text."""

import dataclasses
from typing import Literal

Kind = Literal["text", "number", "verdict", "plot"]
Tone = Literal["", "good", "bad", "open", "changed"]


@dataclasses.dataclass(frozen=True)
class Plot:
    """A value with its interval on an axis from 0 to 100; None for what does not exist.

    Attributes:
        value: Ours.
        low: Lower end of its interval.
        high: Upper end.
        published: The paper's value.
        chance: Chance level.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    published: float | None = None
    chance: float | None = None


@dataclasses.dataclass(frozen=True)
class GridCell:
    """One cell.

    Attributes:
        text: Its text.
        details: Smaller lines below.
        sort: What the page's script sorts by; a number where the text is one, empty where there is nothing.
        tone: How it is marked, beside its words.
        plot: A drawing in place of text.
        link: Id of the place on the page that the text links to.
    """

    text: str
    details: tuple[str, ...] = ()
    sort: str = ""
    tone: Tone = ""
    plot: Plot | None = None
    link: str = ""


@dataclasses.dataclass(frozen=True)
class Column:
    """The head of a column, and what its cells hold."""

    text: str
    kind: Kind = "number"


@dataclasses.dataclass(frozen=True)
class GridRow:
    """One row; its first cell is its head.

    Attributes:
        cells: One cell a column.
        best: Whether it differs significantly from, and is better than, every other row.
        marked: Whether it is set off, as an assumption that was changed.
    """

    cells: tuple[GridCell, ...]
    best: bool = False
    marked: bool = False


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        caption: What it shows, for whoever does not see the heading above it.
        columns: Its columns.
        rows: Its rows.
        sortable: Whether its rows may be sorted by a column.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[GridRow, ...]
    sortable: bool = True


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture that the page carries.

    Attributes:
        source: A `data:` address.
        width: Pixels.
        height: Pixels.
        caption: What it shows, also its alternative text.
    """

    source: str
    width: int
    height: int
    caption: str


@dataclasses.dataclass(frozen=True)
class Share:
    """One cell of a confusion matrix: decisions, their share in the true class, and whether they are right."""

    count: int
    percent: str
    share: float
    right: bool


@dataclasses.dataclass(frozen=True)
class Matrix:
    """A confusion matrix; a row is a true class with its number of decisions."""

    caption: str
    classes: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[Share, ...]], ...]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command line, and what it does."""

    text: str
    purpose: str


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of a table's page: lead, facts, tables, matrices, pictures, commands and notes, in this order.

    Attributes:
        id: Its place on the page.
        heading: Its heading; empty for the main table.
        lead: Sentences that come first.
        facts: Names with their values.
        grids: Tables.
        matrices: Confusion matrices.
        pictures: Pictures.
        commands: Command lines.
        notes: Sentences that come last.
    """

    id: str
    heading: str
    lead: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    grids: tuple[Grid, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    pictures: tuple[Picture, ...] = ()
    commands: tuple[Command, ...] = ()
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One table on one corpus.

    Attributes:
        id: Its place on the page.
        name: Such as `Table 3 on emodb`.
        title: The table's title; may be empty.
        experiment: The experiment's name.
        smoke: Whether its numbers mean nothing.
        cautions: Sentences that belong before the numbers.
        protocol: How the numbers were made, in one line; may be empty.
        parts: Everything else; the first is the main table.
        overview: Cells of its line in the overview, after its name.
    """

    id: str
    name: str
    title: str
    experiment: str
    smoke: bool
    cautions: tuple[str, ...]
    protocol: str
    parts: tuple[Part, ...]
    overview: tuple[GridCell, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    """A paper with its tables, or tables that no one paper has.

    Attributes:
        id: Its place on the page.
        name: The paper's key, or what the tables have in common.
        citation: The reference; empty without a paper.
        entries: Its tables.
        ledger: Its assumptions, or None.
    """

    id: str
    name: str
    citation: str
    entries: tuple[Entry, ...]
    ledger: Part | None


@dataclasses.dataclass(frozen=True)
class Report:
    """The whole page.

    Attributes:
        title: Its title.
        groups: Papers with their tables.
        overview: One line a table.
        benchmarks: Measurements of speed.
        unfinished: Sentences on fold results that no table was made from.
        problems: What could not be read, one line each.
        version: The version of the package that made the page.
    """

    title: str
    groups: tuple[Group, ...]
    overview: Grid
    benchmarks: tuple[Part, ...]
    unfinished: tuple[str, ...]
    problems: tuple[str, ...]
    version: str
