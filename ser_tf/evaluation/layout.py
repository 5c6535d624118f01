"""A page of tables as plain text, independent of the output format: cells, sections, and how sections break."""

import dataclasses
import math
from collections.abc import Callable, Sequence

VERDICT = "Verdict"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell: a text, and details printed below or next to it, such as an interval."""

    text: str
    details: tuple[str, ...] = ()


Row = tuple[Cell, ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """A table with a heading and notes, or, without columns, only notes.

    Attributes:
        heading: The heading; empty for the main table.
        columns: Column heads; the first column and `Verdict` hold text, the others numbers.
        rows: The cells.
        notes: Sentences below the table.
        brief: Whether the short formats (terminal, LaTeX) include the section.
    """

    heading: str
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    brief: bool = True

    def width(self, place: int, width_of: Callable[[str], float] = len) -> float:
        """Returns the width of a column, in which heads of numbers break at spaces and verdicts wrap.

        Args:
            place: The column.
            width_of: Returns the width of a text, by default its number of characters.
        """
        name = self.columns[place]
        texts = [line for row in self.rows for line in (row[place].text, *row[place].details)]
        if name == VERDICT:
            return max(width_of(word) for text in (name, *texts) for word in text.split() or [""])
        return max(map(width_of, [*texts, *([name] if place == 0 else name.split())]))

    def chunks(self, room: float, gap: float, width_of: Callable[[str], float] = len) -> list["Section"]:
        """Splits the section into as few as possible of about equal width, each with the first column.

        Args:
            room: Room for all columns but the first.
            gap: Width between two columns.
            width_of: Returns the width of a text, by default its number of characters.
        """

        def wide(places: Sequence[int]) -> bool:
            return sum(self.width(place, width_of) + gap for place in places) > room

        columns = range(1, len(self.columns))
        for number in range(1, len(columns)):
            size = math.ceil(len(columns) / number)
            groups = [columns[start : start + size] for start in range(0, len(columns), size)]
            if not any(map(wide, groups)):
                break
        else:
            groups = [columns[start : start + 1] for start in range(len(columns))]
        if len(groups) == 1:
            return [self]
        return [self._only([0, *group], last=group is groups[-1]) for group in groups]

    def _only(self, places: list[int], *, last: bool) -> "Section":
        """Returns the section with only these columns; only the last part has the notes."""
        rows = tuple(tuple(row[place] for place in places) for row in self.rows)
        columns = tuple(self.columns[place] for place in places)
        return dataclasses.replace(self, columns=columns, rows=rows, notes=self.notes if last else ())


@dataclasses.dataclass(frozen=True)
class Page:
    """The content of a page in any output format.

    Attributes:
        headline: The experiment and its corpus.
        title: The table's title; may be empty.
        cautions: Sentences to print before the numbers.
        protocol: One line on how the numbers were made; empty for a table of data.
        sections: The sections in order; the first is the main table.
    """

    headline: str
    title: str
    cautions: tuple[str, ...]
    protocol: str
    sections: tuple[Section, ...]


def cell(text: str, *details: str) -> Cell:
    """Makes a cell, dropping empty details."""
    return Cell(text, tuple(filter(None, details)))
