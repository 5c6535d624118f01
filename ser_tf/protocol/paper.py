"""What a paper is made of: its task, folds and ledger, its tables of systems, and what it shows of them.

All types are generic in the paper's ledger `L`, so that a misspelt assumption does not pass the type checker.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError, UserError
from ser_tf.evaluation.claims import Claim, Direction, Form
from ser_tf.evaluation.data_summary import DataRow
from ser_tf.evaluation.predictions import Origin
from ser_tf.evaluation.schema import Conditions
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.record import UserInput

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext
    from ser_tf.protocol.served import Served

L = TypeVar("L")


class RowUnavailableError(UserError):
    """A row lacks something that the user can provide (such as weights); the other rows run."""


class SavesItself(Protocol):
    """A trained model, as Keras models are."""

    def save(self, path: str) -> None:
        """Writes the model to a file."""


@dataclasses.dataclass(frozen=True)
class FoldOutcome:
    """What a system gives for one fold and seed.

    Attributes:
        posteriors: float (test utterances, classes), rows in the order of `fold.test`.
        epochs: Trained epochs, or None for a system without epochs.
        best_epoch: The epoch, from 1, whose weights were kept, or None.
        model: The trained Keras model, kept on request; None for a system without one.
        measured: Quantities of each test utterance by name, such as the share of attention on silence; each
            (test utterances,).
    """

    posteriors: npt.NDArray[np.floating[Any]]
    epochs: int | None = None
    best_epoch: int | None = None
    model: SavesItself | None = None
    measured: Mapping[str, npt.NDArray[np.floating[Any]]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class System(Generic[L]):
    """One row of a table.

    Attributes:
        key: Names the row on the command line and on disk.
        label: The row's name in the paper.
        published: `wa` and `ua` as fractions, or None where the paper has no number.
        fit: Trains on a fold and predicts its test set; a module-level function or a partial of one, so that another
            process can be given it. None for a row that is only cited.
        features: For a ledger, the features it reads; computed before the first fold starts.
        needs: What the row lacks when it is left out, in a word, such as `weights`.
        keras: Whether its model is a Keras model, which can be kept, drawn, exported and served.
        note: Shown with the row.
        speeds: Playback speeds to compute features at: 1, plus those of the speed-perturbed training copies.
        origin: `paper`, `beyond` for a row that the paper's table does not have, or `baseline`.
        option: The option whose file it cannot do without, or "".
        words: Whether it reads words, where the paper's task needs an alignment.
    """

    key: str
    label: str
    published: Mapping[str, float] | None
    fit: "Callable[[FoldContext[L]], FoldOutcome] | None"
    features: "Callable[[L], tuple[FeatureSpec, ...]] | None" = None
    needs: str = ""
    keras: bool = True
    note: str = ""
    speeds: tuple[float, ...] = (1.0,)
    origin: Origin = "paper"
    option: str = ""
    words: bool = True


@dataclasses.dataclass(frozen=True)
class Option:
    """A flag of one paper, beyond those that all tables have, for a file or folder that the user provides.

    Attributes:
        name: As a Python name: `alexnet_weights` is the flag `--alexnet-weights`.
        metavar: `FILE` or `DIR`.
        help: One line for `--help`.
    """

    name: str
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """As it is written on the command line."""
        return f"--{self.name.replace('_', '-')}"


@dataclasses.dataclass(frozen=True)
class Material:
    """What a run works on: the corpus, and what the user's files gave.

    Attributes:
        corpus: The corpus, with the user's alignments where there are any.
        inputs: By name, what systems read through `FoldContext.inputs`.
        notes: Cautions for the table, one line each.
    """

    corpus: Corpus
    inputs: Mapping[str, UserInput] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Measured:
    """A claim about what a row's trained models do, measured on every test utterance.

    Attributes:
        row: The row's key.
        name: Short name, shown where a comparison of rows has its metric.
        text: The claim in words.
        value: The quantity's name in `FoldOutcome.measured`.
        compared_with: Name of the quantity that it is compared with, or None.
        direction: Whether the paper claims it to be `greater` or `less`; None where it claims nothing.
        form: `share` is printed in percent, `number` as it is.
    """

    row: str
    name: str
    text: str
    value: str
    compared_with: str | None = None
    direction: Direction | None = None
    form: Form = "share"


@dataclasses.dataclass(frozen=True)
class Table(Generic[L]):
    """One table of a paper.

    Attributes:
        number: As the paper counts it.
        title: One line for the head of the table.
        corpora: Corpora that the published numbers were measured on.
        rows: The systems in the order of the table.
        claims: The paper's comparisons between rows.
        measured: The paper's claims about trained models.
    """

    number: int
    title: str
    corpora: tuple[str, ...]
    rows: tuple[System[L], ...]
    claims: tuple[Claim, ...] = ()
    measured: tuple[Measured, ...] = ()


@dataclasses.dataclass(frozen=True)
class Shown:
    """The rows of a table of data for one corpus.

    Attributes:
        rows: All rows that the corpus can fill.
        notes: Cautions on the corpus, one line each.
    """

    rows: tuple[DataRow, ...]
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class DataTable(Table[L]):
    """A table that shows data and trains nothing; its rows are cited ones.

    Attributes:
        columns: Heads of the columns, that of the labels first.
        show: Gives the rows for the corpus, the ledger and the flags.
        add_flags: Adds the table's own flags to a parser.
    """

    columns: tuple[str, ...] = ()
    show: Callable[[Corpus, L, argparse.Namespace], Shown] | None = None
    add_flags: Callable[[argparse.ArgumentParser], None] | None = None


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure of a paper, drawn from a run.

    Attributes:
        name: `fig2`, or another name for a figure beyond the paper.
        title: One line.
        draw: Takes the program's name and the arguments, writes the picture and returns the exit status.
    """

    name: str
    title: str
    draw: Callable[[str, list[str]], int]


@dataclasses.dataclass(frozen=True)
class Paper(Generic[L]):
    """What all tables of a paper share.

    Attributes:
        key: Names the paper in paths and modules.
        citation: The reference.
        ledger: The assumptions with their defaults; a frozen dataclass made with `ser_tf.protocol.ledger`.
        task: Gives the task for a ledger.
        folds: Gives the folds for (utterances, ledger, seed).
        tables: Its tables.
        figures: Its figures.
        options: Flags that its tables have beyond the common ones.
        prepare: Called with the corpus, the task, the ledger and the path of each option by name (None where it is not
            given); None for a paper that prepares nothing.
        conditions: Says for a ledger, in words, how folds are made and what chooses the epoch.
        served: Gives what serving has to know of its models; None for one weight a frame and no words.
        main: Key of its main system, followed by those that take its place, in this order, on a corpus that lacks what
            it needs.
    """

    key: str
    citation: str
    ledger: L
    task: Callable[[L], Task]
    folds: Callable[[Sequence[Utterance], L, int], tuple[Fold, ...]]
    tables: tuple[Table[L], ...]
    figures: tuple[Figure, ...] = ()
    options: tuple[Option, ...] = ()
    prepare: Callable[[Corpus, Task, L, Mapping[str, Path | None]], Material] | None = None
    conditions: Callable[[L], Conditions] | None = None
    served: "Callable[[], Served[L]] | None" = None
    main: tuple[str, ...] = ()

    def table(self, number: int) -> Table[L]:
        """A table by its number.

        Raises:
            SettingError: the paper has no such table here.
        """
        for table in self.tables:
            if table.number == number:
                return table
        numbers = ", ".join(str(table.number) for table in self.tables)
        raise SettingError(f"{self.key} has no table {number} here; there are {numbers}")

    def figure(self, name: str) -> Figure:
        """A figure by its name; a number stands for `fig<number>`.

        Raises:
            SettingError: the paper has no such figure here.
        """
        for figure in self.figures:
            if name in (figure.name, figure.name.removeprefix("fig")):
                return figure
        names = ", ".join(figure.name for figure in self.figures) or "none"
        raise SettingError(f"{self.key} has no figure {name} here; there are {names}")

    def experiment(self, table: Table[L]) -> str:
        """The name of a table's experiment, `<paper>_table<N>`."""
        return f"{self.key}_table{table.number}"

    @property
    def systems(self) -> dict[str, System[L]]:
        """The rows of all tables by key; of rows that share a key, the first."""
        rows: dict[str, System[L]] = {}
        for table in self.tables:
            for row in table.rows:
                if row.fit is not None:
                    rows.setdefault(row.key, row)
        return rows
