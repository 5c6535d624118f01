"""Training targets from the votes of several annotators (ando2019, eq. 3-5).

`votes` are those of `Utterance.votes`: the label or labels given by each outside evaluator, without self-evaluations.
The paper's h_k^n is 1 where evaluator n gave class k.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Votes = Sequence[Sequence[str]]


def count(votes: Votes, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Counts the evaluators who gave each class, sum_n h_k^n: int64 (classes,).

    If an evaluator gave several labels, each counts; labels that are not classes are ignored.
    """
    return np.asarray([sum(name in given for given in votes) for name in classes], np.int64)


def hard(counts: npt.NDArray[np.int64], release: int | None = None) -> int | None:
    """Returns the class given by most evaluators (eq. 3).

    Args:
        counts: int (classes,).
        release: Class index of the release's own label, which breaks ties.

    Returns:
        The class index, or None if no class was given, or if the release's label does not break a tie.
    """
    if not counts.any():
        return None
    leading = np.flatnonzero(counts == counts.max())
    if len(leading) == 1:
        return int(leading[0])
    return release if release in leading else None


def soft(counts: npt.NDArray[np.int64], alpha: float) -> npt.NDArray[np.float32]:
    """Computes smoothed shares of the votes (eq. 4): float32 (classes,), which sum to one.

    Args:
        counts: int (classes,).
        alpha: Number of votes added to every class.
    """
    smoothed = counts + alpha
    return (smoothed / smoothed.sum()).astype(np.float32)


def existence(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Marks with 1 each class given by at least one evaluator (eq. 5): float32 (classes,)."""
    return (counts > 0).astype(np.float32)


def existence_shares(votes: Sequence[Votes], classes: Sequence[str]) -> dict[str, float]:
    """Computes the share of utterances in which each class exists (ando2019, Table 1), by class.

    Args:
        votes: The votes of each utterance; at least one utterance.
        classes: The classes.
    """
    existing = np.stack([existence(count(each, classes)) for each in votes])
    return dict(zip(classes, existing.astype(np.float64).mean(axis=0).tolist(), strict=True))
