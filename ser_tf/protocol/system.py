"""What an experiment is made of: systems (table rows), the paper they come from, and the table they are in."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import UserError
from ser_tf.evaluation.summary import Claim
from ser_tf.features import FeatureSpec
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.folds import Fold


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
        epochs: Epochs that were trained, or None for a system without epochs.
        model: The trained model, kept on request; None for a system without one.
    """

    posteriors: np.ndarray
    epochs: int | None = None
    model: SavesItself | None = None


def no_features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """For a system that reads none."""
    del ledger
    return ()


@dataclasses.dataclass(frozen=True)
class System:
    """One row of a table.

    Attributes:
        key: Names the row on the command line and on disk.
        label: The row's name in the paper.
        published: `wa` and `ua` as fractions, or None where the paper has no number.
        fit_predict: Trains on a fold and predicts its test part; a module-level function or a partial of one, so
            that another process can be given it. None for a row that is only cited.
        features: For a ledger, the features it reads; computed before the first fold starts.
        needs: What the row lacks when it is left out, in a word, such as `weights`.
        has_model: Whether an outcome carries a Keras model that can be kept.
        note: Shown with the row.
        speeds: At which features are computed; besides 1 those of the copies that train.
        depends_on: Names of the `Prepared.digests` that its results depend on; None for all.
    """

    key: str
    label: str
    published: Mapping[str, float] | None
    fit_predict: Callable[[FoldContext], FoldOutcome] | None
    features: Callable[[Any], tuple[FeatureSpec, ...]] = no_features
    needs: str = ""
    has_model: bool = True
    note: str = ""
    speeds: tuple[float, ...] = (1.0,)
    depends_on: tuple[str, ...] | None = None


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
class Prepared:
    """What a paper makes of the corpus and of its options before anything is trained.

    Attributes:
        corpus: The corpus to go on with.
        options: Reaches every system as `FoldContext.options`; picklable.
        digests: What results depend on beyond ledger and recordings, such as a SHA-256 of what an option gave.
        notes: What the table has to say of it, one line each.
    """

    corpus: Corpus
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    digests: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


def as_it_is(corpus: Corpus, ledger: Any, paths: Mapping[str, Path | None]) -> Prepared:
    """For a paper that prepares nothing."""
    del ledger, paths
    return Prepared(corpus)


@dataclasses.dataclass(frozen=True)
class Paper:
    """What all tables of a paper share.

    Attributes:
        key: Names the paper in paths.
        citation: The reference.
        corpora: Names of the corpora that the paper's numbers are measured on.
        ledger: The assumptions with their defaults; a frozen dataclass made with `ser_tf.protocol.ledger`.
        task: Gives the task for a ledger.
        folds: Gives the folds for (utterances, ledger, seed).
        options: Flags that its tables have beyond the common ones.
        prepare: Called with the corpus, the ledger and the path of each option by name (None where it is not given).
    """

    key: str
    citation: str
    corpora: tuple[str, ...]
    ledger: Any
    task: Callable[[Any], Task]
    folds: Callable[[Sequence[Utterance], Any, int], tuple[Fold, ...]]
    options: tuple[Option, ...] = ()
    prepare: Callable[[Corpus, Any, Mapping[str, Path | None]], Prepared] = as_it_is


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One table of a paper.

    Attributes:
        name: `<paper>_table<N>`, as the module that runs it.
        title: One line for the head of the table.
        paper: The paper.
        rows: The systems in the order of the table.
        claims: The paper's comparisons between rows.
    """

    name: str
    title: str
    paper: Paper
    rows: tuple[System, ...]
    claims: tuple[Claim, ...]


def is_papers_corpus(paper: Paper, corpus: Corpus) -> bool:
    """Whether numbers on this corpus can be held against the published ones."""
    return corpus.name in paper.corpora and corpus.is_full
