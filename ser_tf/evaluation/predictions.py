"""What evaluation takes in: the posteriors of a row's folds, and rows that have only a published value."""

import dataclasses
import re
from collections.abc import Mapping

import numpy as np

STATUSES = ("run", "cited", "left out", "failed")
"""Run here; only the publication's value is shown; something it needs is not there; it broke."""

PUBLISHED_KEYS = ("wa", "ua", "wa_std", "ua_std")
"""What a paper may state for a row; the standard deviations are over its folds."""


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """Posteriors of one trained system on the test part of one fold.

    Attributes:
        ids: Utterance ids, each once.
        speakers: The speaker of each utterance, unique within the corpus.
        truth: True class indices, int [utterances].
        posteriors: Class posteriors, float [utterances, classes].

    Raises:
        ValueError: lengths differ, an id occurs twice, a class index is out of range, or a posterior is not finite.
    """

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: np.ndarray
    posteriors: np.ndarray

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
    def decided(self) -> np.ndarray:
        """The class with the largest posterior (the first of equals), int [utterances]."""
        return np.argmax(self.posteriors, axis=1)


@dataclasses.dataclass(frozen=True, eq=False)
class FoldPredictions:
    """Predictions of one training: one fold with one seed.

    Attributes:
        fold: The fold's name.
        seed: The seed of the training.
        predictions: Posteriors on the fold's test part.
    """

    fold: str
    seed: int
    predictions: Predictions


@dataclasses.dataclass(frozen=True, eq=False)
class RowResult:
    """One row of a paper's table with whatever there is to show for it.

    Attributes:
        key: Short name, used in file names: letters, digits, `_`, `-` and `.`.
        label: The row's name as the table prints it.
        published: The paper's fractions under `wa` and `ua` (either may be None or missing: some papers give UA
            alone) and, where stated, `wa_std` and `ua_std`; None when the paper has no such row.
        folds: The trainings that were finished.
        note: One line on the row, above all why it has no result.
        status: One of `STATUSES`.
        needs: For a row that is left out, what it lacks in a word (`weights`, `word times`).

    Raises:
        ValueError: an unusable key, an unknown status, a published value that is no fraction, a run row without
            folds, or one fold with the same seed twice.
    """

    key: str
    label: str
    published: Mapping[str, float | None] | None = None
    folds: tuple[FoldPredictions, ...] = ()
    note: str = ""
    status: str = "run"
    needs: str = ""

    def __post_init__(self) -> None:
        """Checks the fields against each other."""
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", self.key):
            raise ValueError(f"row key {self.key!r} cannot be part of a file name")
        if self.status not in STATUSES:
            raise ValueError(f"row {self.key}: status {self.status!r} is none of {', '.join(STATUSES)}")
        if "\n" in self.note:
            raise ValueError(f"row {self.key}: the note must be one line")
        for name, value in (self.published or {}).items():
            if name not in PUBLISHED_KEYS:
                raise ValueError(f"row {self.key}: published has {name!r}; only {', '.join(PUBLISHED_KEYS)} are known")
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"row {self.key}: published {name} = {value} is not a fraction; divide percent by 100")
        if self.status == "run" and not self.folds:
            raise ValueError(f"row {self.key} is said to have run but has no folds")
        trainings = [(fold.fold, fold.seed) for fold in self.folds]
        if len(set(trainings)) != len(trainings):
            raise ValueError(f"row {self.key} has a fold with the same seed twice")
