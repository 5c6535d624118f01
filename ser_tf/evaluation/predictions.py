"""The input of evaluation: posteriors of a row's folds, listeners' recognition, and rows without results."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from ser_tf.evaluation.metrics import METRICS, Floats, Indices, confusion_matrix

STATUSES = ("run", "cited", "left out", "failed", "reference")
"""Run here; shown as published; missing something it needs; failed; measured on human listeners."""

Origin = Literal["paper", "beyond", "baseline", "reference"]
ORIGINS: tuple[Origin, ...] = ("paper", "beyond", "baseline", "reference")
"""The row is in the paper, goes beyond it, is a baseline for all papers, or shows human listeners."""

PUBLISHED_KEYS = (*METRICS, *(f"{metric}_std" for metric in METRICS))
"""Values a paper may state for a row; standard deviations are over its folds."""


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """Posteriors of one trained system on the test set of one fold.

    Attributes:
        ids: Utterance ids, each once.
        speakers: The speaker of each utterance, unique within the corpus.
        truth: True class indices, int [utterances].
        posteriors: Class posteriors, float [utterances, classes].
        sessions: The session of each utterance, or None where it was not recorded.

    Raises:
        ValueError: lengths differ, an id occurs twice, a class index is out of range, or a posterior is not finite.
    """

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: Indices
    posteriors: npt.NDArray[np.float64] | npt.NDArray[np.float32]
    sessions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Checks shapes and values."""
        count = len(self.ids)
        if self.posteriors.ndim != 2 or self.truth.ndim != 1:
            raise ValueError(
                f"truth must be [utterances] and posteriors [utterances, classes], "
                f"not {self.truth.shape} and {self.posteriors.shape}"
            )
        if not len(self.speakers) == len(self.truth) == len(self.posteriors) == count:
            raise ValueError(
                f"{count} ids, {len(self.speakers)} speakers, {len(self.truth)} truths "
                f"and {len(self.posteriors)} posteriors"
            )
        if self.sessions is not None and len(self.sessions) != count:
            raise ValueError(f"{count} ids and {len(self.sessions)} sessions")
        if len(set(self.ids)) != count:
            raise ValueError("an utterance id occurs twice in one fold's predictions")
        if not np.issubdtype(self.truth.dtype, np.integer):
            raise ValueError(f"truth must be class indices, not {self.truth.dtype}")
        if count and not (self.truth.min() >= 0 and self.truth.max() < self.posteriors.shape[1]):
            raise ValueError(f"a class index lies outside the {self.posteriors.shape[1]} classes of the posteriors")
        if not np.isfinite(self.posteriors).all():
            row = int(np.flatnonzero(~np.isfinite(self.posteriors).all(axis=1))[0])
            raise ValueError(f"the posteriors of {self.ids[row]} are not finite")

    @property
    def decided(self) -> Indices:
        """Returns the class with the largest posterior (the first of equals), int64 [utterances]."""
        return np.asarray(np.argmax(self.posteriors, axis=1), dtype=np.int64)


@dataclasses.dataclass(frozen=True, eq=False)
class FoldPredictions:
    """Predictions of one training: one fold with one seed.

    Attributes:
        fold: The fold's name.
        seed: The seed of the training.
        predictions: Posteriors on the fold's test set.
        epochs: Number of epochs trained; None for a system without epochs.
        best_epoch: The epoch whose weights were kept, from 1; None if not recorded.
        seconds: Duration of the training in seconds; None if not recorded.
    """

    fold: str
    seed: int
    predictions: Predictions
    epochs: int | None = None
    best_epoch: int | None = None
    seconds: float | None = None

    def confusion(self, num_classes: int) -> npt.NDArray[np.int64]:
        """Counts decisions, int64 [true class, decided class].

        Args:
            num_classes: Number of classes of the task.

        Raises:
            ValueError: the posteriors have another number of classes.
        """
        self.require_classes(num_classes)
        return confusion_matrix(self.predictions.truth, self.predictions.decided, num_classes)

    def require_classes(self, num_classes: int) -> None:
        """Checks the number of classes.

        Raises:
            ValueError: the posteriors have another number of classes.
        """
        found = self.predictions.posteriors.shape[1]
        if found != num_classes:
            raise ValueError(
                f"fold {self.fold}, seed {self.seed}: posteriors of {found} classes where the task has {num_classes}"
            )


@dataclasses.dataclass(frozen=True, eq=False)
class Recognition:
    """Recognition of the tested recordings by human listeners.

    Attributes:
        ids: Utterance ids, each once.
        speakers: The speaker of each utterance.
        truth: True class indices, int [utterances].
        recognised: Fraction of listeners who named the true class, float [utterances].
        sessions: The session of each utterance, or None.

    Raises:
        ValueError: there is no utterance, lengths differ, an id occurs twice, or a share is not a fraction.
    """

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: Indices
    recognised: Floats
    sessions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Checks lengths and values."""
        sessions = self.sessions if self.sessions is not None else self.speakers
        lengths = {len(column) for column in (self.ids, self.speakers, self.truth, self.recognised, sessions)}
        if lengths != {len(set(self.ids))} or not self.ids:
            raise ValueError("listeners' recognition needs one speaker, class and share for each of its distinct ids")
        if not ((self.recognised >= 0) & (self.recognised <= 1)).all():
            raise ValueError("listeners' recognition must be fractions; divide percent by 100")


@dataclasses.dataclass(frozen=True, eq=False)
class RowResult:
    """One row of a paper's table with its results, if any.

    Attributes:
        key: Short name, used in file names: letters, digits, `_`, `-` and `.`.
        label: The row's printed name.
        published: The paper's fractions under the keys of `METRICS` (any may be None or missing: some papers give only
            UA) and, where stated, `wa_std` and so on; None if the row is not in the paper.
        folds: The finished trainings.
        note: One line about the row, especially why it has no result.
        status: One of `STATUSES`.
        needs: For a row that is left out, what it lacks, in a word (`weights`, `word times`).
        origin: One of `ORIGINS`; all but `paper` are marked as not in the paper.
        recognition: For a row of status `reference`, the listeners' recognition.

    Raises:
        ValueError: the key is unusable, the status or origin unknown, a published value not a fraction, a run row has
            no folds, status, origin and recognition disagree, or a fold has the same seed twice.
    """

    key: str
    label: str
    published: Mapping[str, float | None] | None = None
    folds: tuple[FoldPredictions, ...] = ()
    note: str = ""
    status: str = "run"
    needs: str = ""
    origin: Origin = "paper"
    recognition: Recognition | None = None

    def __post_init__(self) -> None:
        """Checks the fields against each other."""
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", self.key):
            raise ValueError(f"row key {self.key!r} cannot be part of a file name")
        if self.status not in STATUSES:
            raise ValueError(f"row {self.key}: status {self.status!r} is none of {', '.join(STATUSES)}")
        if self.origin not in ORIGINS:
            raise ValueError(f"row {self.key}: origin {self.origin!r} is none of {', '.join(ORIGINS)}")
        if "\n" in self.note:
            raise ValueError(f"row {self.key}: the note must be one line")
        for name, value in (self.published or {}).items():
            if name not in PUBLISHED_KEYS:
                raise ValueError(f"row {self.key}: published has {name!r}; only {', '.join(PUBLISHED_KEYS)} are known")
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"row {self.key}: published {name} = {value} is not a fraction; divide percent by 100")
        if self.status == "run" and not self.folds:
            raise ValueError(f"row {self.key} is said to have run but has no folds")
        if len({self.status == "reference", self.origin == "reference", self.recognition is not None}) > 1:
            raise ValueError(f"row {self.key}: status, origin and recognition disagree on whether it is a reference")
        trainings = [(fold.fold, fold.seed) for fold in self.folds]
        if len(set(trainings)) != len(trainings):
            raise ValueError(f"row {self.key} has a fold with the same seed twice")
