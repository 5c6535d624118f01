"""Counting decisions by unit: the speaker, or the session if speakers share sessions."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from ser_tf.evaluation.metrics import Floats
from ser_tf.evaluation.predictions import FoldPredictions, Recognition

Unit = Literal["speaker", "session"]


@dataclasses.dataclass(frozen=True, eq=False)
class UnitCounts:
    """The decisions of each unit, summed over folds and seeds.

    Attributes:
        units: Sorted names of the units.
        counts: Counts, float64 [units, true class, decided class].
    """

    units: tuple[str, ...]
    counts: Floats

    @property
    def total(self) -> Floats:
        """Returns the counts of all units together [true class, decided class]."""
        return np.asarray(self.counts.sum(axis=0), dtype=np.float64)

    def on(self, units: Sequence[str]) -> Floats:
        """Returns the counts of these units in this order, zeros for missing units."""
        found = {name: self.counts[place] for place, name in enumerate(self.units)}
        nothing = np.zeros_like(self.counts[0])
        return np.stack([found.get(name, nothing) for name in units])


class _HasUnits(Protocol):
    """Predictions or recognitions: a speaker, and possibly a session, for each utterance."""

    @property
    def speakers(self) -> tuple[str, ...]: ...

    @property
    def sessions(self) -> tuple[str, ...] | None: ...


def units_of(utterances: _HasUnits, unit: Unit) -> tuple[str, ...]:
    """Returns the unit of each utterance.

    Raises:
        ValueError: sessions are requested but were not recorded.
    """
    if unit == "speaker":
        return utterances.speakers
    if utterances.sessions is None:
        raise ValueError("these predictions do not record sessions; take speakers as the unit")
    return utterances.sessions


def count_by_unit(folds: Sequence[FoldPredictions], num_classes: int, unit: Unit = "speaker") -> UnitCounts:
    """Sums each unit's decisions over folds and seeds.

    Args:
        folds: A row's trainings.
        num_classes: Number of classes of the task.
        unit: Speakers or sessions.

    Raises:
        ValueError: there is no utterance, the posteriors have another number of classes, or sessions are requested but
            were not recorded.
    """
    owners = [units_of(fold.predictions, unit) for fold in folds]
    names = tuple(sorted({name for owner in owners for name in owner}))
    if not names:
        raise ValueError("no utterances to count")
    shape = (len(names), num_classes, num_classes)
    counts = np.zeros(shape)
    for fold, owner in zip(folds, owners, strict=True):
        fold.require_classes(num_classes)
        cells = (np.searchsorted(names, owner), fold.predictions.truth, fold.predictions.decided)
        counts += np.bincount(np.ravel_multi_index(cells, shape), minlength=counts.size).reshape(shape)
    return UnitCounts(names, counts)


def count_recognition(recognition: Recognition, num_classes: int, unit: Unit = "speaker") -> UnitCounts:
    """Sums the listeners' recognition as counts, with one additional class for everything not recognised.

    Args:
        recognition: Fractions of listeners by recording.
        num_classes: Number of classes of the task.
        unit: Speakers or sessions.

    Returns:
        Counts, float64 [units, classes + 1, classes + 1]; the last true class does not occur.

    Raises:
        ValueError: sessions are requested but were not recorded.
    """
    owners = np.array(units_of(recognition, unit))
    names = tuple(sorted(set(owners.tolist())))
    shape = (len(names), num_classes + 1, num_classes + 1)
    place, truth = np.searchsorted(names, owners), recognition.truth
    counts = np.zeros(shape)
    for decided, share in (
        (truth, recognition.recognised),
        (np.full_like(truth, num_classes), 1 - recognition.recognised),
    ):
        cells = np.ravel_multi_index((place, truth, decided), shape)
        counts += np.bincount(cells, weights=share, minlength=counts.size).reshape(shape)
    return UnitCounts(names, counts)
