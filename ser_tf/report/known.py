"""Finding the paper and table of an experiment, if this installation has them."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from ser_tf import papers
from ser_tf.evaluation.schema import Json
from ser_tf.protocol import ledger
from ser_tf.protocol.ledger import Entry
from ser_tf.protocol.paper import Paper, Table

COMPARISON = "compare"
"""The experiment that compares systems of different papers."""
NAME = re.compile(r"(?P<paper>\w+)_table(?P<number>\d+)")


@dataclasses.dataclass(frozen=True)
class Origin:
    """The origin of an experiment.

    Attributes:
        group: Its paper's key, or its own name.
        number: The table's number, or None for an experiment that is no paper's table.
    """

    group: str
    number: int | None

    @classmethod
    def of(cls, experiment: str) -> "Origin":
        """Reads an experiment's name, `<paper>_table<N>`.

        Args:
            experiment: The name.
        """
        found = NAME.fullmatch(experiment)
        return cls(experiment, None) if found is None else cls(found["paper"], int(found["number"]))

    @property
    def name(self) -> str:
        """The table in words, `Table 3`, or the experiment's name."""
        return self.group if self.number is None else f"Table {self.number}"


def table_of(paper: Paper[Any] | None, origin: Origin) -> Table[Any] | None:
    """Returns the table that an experiment reproduces; None if the paper has no such table here."""
    tables = paper.tables if paper else ()
    return next((table for table in tables if table.number == origin.number), None)


def entries_of(
    paper: Paper[Any] | None, experiment: str, recorded: Mapping[str, Json], problems: list[str]
) -> tuple[Entry, ...]:
    """The assumptions that a table could record; of a comparison those of all its papers, as `paper.assumption`.

    Args:
        paper: The table's paper, or None.
        experiment: The experiment's name.
        recorded: Names and values of the summary.
        problems: Takes one line where a paper cannot be loaded.
    """
    if experiment != COMPARISON:
        return ledger.entries(paper.ledger) if paper else ()
    named = dict.fromkeys(name.partition(".")[0] for name in recorded)
    loaded = [found for key in named if (found := load_paper(key, problems)) is not None]
    return tuple(
        dataclasses.replace(entry, key=f"{found.key}.{entry.key}")
        for found in loaded
        for entry in ledger.entries(found.ledger)
    )


def load_paper(key: str, problems: list[str]) -> Paper[Any] | None:
    """A paper by its key; None where there is none here, or where it cannot be loaded, which is noted.

    Args:
        key: The key.
        problems: Takes one line where loading fails.
    """
    if key not in papers.keys():
        return None
    try:
        return papers.load(key)
    except (ImportError, AttributeError) as error:
        problems.append(f"paper {key}: cannot be loaded, its citation and ledger are left out ({error})")
        return None
