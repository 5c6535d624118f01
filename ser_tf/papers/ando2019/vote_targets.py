"""Training targets from the votes of several annotators (ando2019, eq. 3-5).

`votes` is what `Utterance.votes` holds: for each outside evaluator the labels that they gave, one or several;
self-evaluations are not among them. h_k^n of the paper is 1 where evaluator n gave class k.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Votes = Sequence[Sequence[str]]


def count(votes: Votes, classes: Sequence[str]) -> npt.NDArray[Any]:
    """How many evaluators gave each class, sum_n h_k^n: int64 (classes,).

    Every label of an evaluator who gave several counts; a label that is no class counts nowhere.
    """
    return np.asarray([sum(name in given for given in votes) for name in classes], np.int64)


def hard(counts: npt.NDArray[Any], release: int | None = None) -> int | None:
    """The class that most evaluators gave (eq. 3).

    Args:
        counts: int (classes,).
        release: Class index of the release's own label; decides where several classes have most votes.

    Returns:
        The class index; None where no class was given, or several equally often and the release's is not among them.
    """
    if not counts.any():
        return None
    most = np.flatnonzero(counts == counts.max())
    if len(most) == 1:
        return int(most[0])
    return release if release in most else None


def soft(counts: npt.NDArray[Any], alpha: float) -> npt.NDArray[Any]:
    """Smoothed shares of the votes (eq. 4): float32 (classes,), which sum to one.

    Args:
        counts: int (classes,).
        alpha: Votes that every class has beforehand.
    """
    smoothed = counts + alpha
    return (smoothed / smoothed.sum()).astype(np.float32)


def existence(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """1 for each class that at least one evaluator gave (eq. 5): float32 (classes,)."""
    return (counts > 0).astype(np.float32)


def existence_shares(votes: Sequence[Votes], classes: Sequence[str]) -> dict[str, float]:
    """Share of utterances in which each class exists (ando2019, Table 1), by class.

    Args:
        votes: Of each utterance; one at least.
        classes: The classes.
    """
    existing = np.stack([existence(count(each, classes)) for each in votes])
    return dict(zip(classes, existing.astype(np.float64).mean(axis=0).tolist(), strict=True))
