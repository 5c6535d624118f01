"""The content of the page as plain records without markup; the template escapes every text."""

import dataclasses
from typing import Literal

Kind = Literal["text", "number", "verdict", "plot"]
Tone = Literal["", "good", "bad", "open", "changed"]


@dataclasses.dataclass(frozen=True)
class Plot:
    """A value with its interval on an axis from 0 to 100, with None for missing numbers.

    Attributes:
        value: Our value.
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
        sort: Sort key for the page's script: a number if the text is one, empty if there is nothing.
        tone: Marking of the cell.
        plot: A drawing in place of text.
        link: Id of the link's target on the page.
    """

    text: str
    details: tuple[str, ...] = ()
    sort: str = ""
    tone: Tone = ""
    plot: Plot | None = None
    link: str = ""


@dataclasses.dataclass(frozen=True)
class Column:
    """The head of a column, and the kind of its cells."""

    text: str
    kind: Kind = "number"


@dataclasses.dataclass(frozen=True)
class GridRow:
    """One row; its first cell is its head.

    Attributes:
        cells: One cell per column.
        best: Whether it is significantly better than every other row.
        marked: Whether it is highlighted, like a changed assumption.
    """

    cells: tuple[GridCell, ...]
    best: bool = False
    marked: bool = False


@dataclasses.dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        caption: Description of the table, for readers who do not see the heading above it.
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
    """A picture embedded in the page.

    Attributes:
        source: A `data:` address.
        width: Pixels.
        height: Pixels.
        caption: Caption, also used as alternative text.
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
    """A command line and its description."""

    text: str
    purpose: str


@dataclasses.dataclass(frozen=True)
class Part:
    """A section of a table's page: lead, facts, tables, matrices, pictures, commands and notes, in this order.

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
    """A paper with its tables, or tables that belong to no single paper.

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
        overview: One line per table.
        benchmarks: Measurements of speed.
        unfinished: Sentences on fold results that no table was made from.
        problems: One line for each file that could not be read.
        version: The version of the package that made the page.
    """

    title: str
    groups: tuple[Group, ...]
    overview: Grid
    benchmarks: tuple[Part, ...]
    unfinished: tuple[str, ...]
    problems: tuple[str, ...]
    version: str
