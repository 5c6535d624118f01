"""The utterances usable by each label type of ando2019, their targets, and the class weights in the loss.

Deviations: eq. 3 does not say how ties are broken; here by the release's label, and an utterance whose label is not
among the leading classes is left out.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser_tf.papers.ando2019 import vote_targets
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.splits import DOMINANT, EXISTENCE, HARD, SOFT
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import RowUnavailableError

SMOOTHING = 0.75  # §4.1: alpha of eq. 4
SHARE, LARGEST = "share", "largest"  # not stated; see ledger (soft_class_frequency)


@dataclasses.dataclass(frozen=True)
class Examples:
    """Utterances with their targets.

    Attributes:
        ids: The utterances.
        targets: float32 (utterances, classes): q(c_k) of eq. 3 or 4, or q(e_1 | c_k) of eq. 5.
    """

    ids: tuple[str, ...]
    targets: npt.NDArray[np.float32]

    def by_id(self) -> dict[str, npt.NDArray[np.float32]]:
        """Returns the target of each utterance, float32 (classes,)."""
        return dict(zip(self.ids, self.targets, strict=True))

    def at_speeds(self, speeds: Sequence[float]) -> "Examples":
        """Returns these examples followed by their copies at other speeds, with the same targets."""
        ids = self.ids + tuple(f"{utterance_id}@{speed:g}" for speed in speeds for utterance_id in self.ids)
        return Examples(ids, np.tile(self.targets, (len(speeds) + 1, 1)))


def examples(context: FoldContext[Ledger], ids: Sequence[str], labels: str, data: str) -> Examples:
    """Selects the utterances that a label type can use, with their targets (§2.1, §2.2, §3.1).

    Hard targets need a dominant emotion that is a target class, and use the release's label if it has no votes; soft
    targets need a vote for a target class; existence needs nothing. In a corpus with votes, an utterance without any
    keeps its release's label as hard target, has no soft target, and counts as one in which no class exists: the rows
    that freeze an MLEE encoder need its vector. CREMA-D and the generated corpus have no such utterance.

    Args:
        context: The fold.
        ids: The utterances.
        labels: One of `splits.LABELS`.
        data: One of `splits.TRAINING_SETS`: utterances with a dominant target emotion, or all.

    Raises:
        RowUnavailableError: the labels need votes and the corpus has none, or no training utterance remains.
    """
    if labels != HARD and not any(utterance.votes for utterance in context.utterances.values()):
        raise RowUnavailableError(
            f"needs votes: {'existence' if labels == EXISTENCE else labels} targets are made of the single annotators'"
            " votes, which this corpus does not have; the rows dominant_hard run on its own labels"
        )
    usable, targets = [], []
    for utterance_id in ids:
        target = _target(context, utterance_id, labels, data)
        if target is not None:
            usable.append(utterance_id)
            targets.append(target)
    if not usable:
        raise RowUnavailableError(f"no utterance has {labels} targets in the {data} set of {context.fold.name}")
    return Examples(tuple(usable), np.stack(targets))


def _target(context: FoldContext[Ledger], utterance_id: str, labels: str, data: str) -> npt.NDArray[np.float32] | None:
    utterance, classes = context.utterances[utterance_id], context.task.classes
    dominant = context.task.target_of(utterance)
    if dominant is None and (data == DOMINANT or labels == HARD):
        return None
    counts = vote_targets.count(utterance.votes, classes)
    if labels == EXISTENCE:
        return vote_targets.existence(counts)
    if labels == SOFT:
        return vote_targets.soft(counts, SMOOTHING) if counts.any() else None
    if dominant is None:
        return None
    release = classes.index(dominant)
    chosen = vote_targets.hard(counts, release) if utterance.votes else release
    return None if chosen is None else np.eye(len(classes), dtype=np.float32)[chosen]


def class_weights(targets: npt.NDArray[np.float32], frequency: str = SHARE) -> npt.NDArray[np.float32]:
    """Computes inverse class frequencies (§4.1), float32 (classes,), scaled to a frequency-weighted mean of 1.

    Args:
        targets: float32 (utterances, classes), each row summing to one.
        frequency: How a class is counted: `share`, the sum of its targets, or `largest`, the number of utterances in
            which its target is the largest, with ties divided equally. Both agree for hard targets.
    """
    if frequency == LARGEST:
        largest = targets == targets.max(axis=1, keepdims=True)
        targets = largest / largest.sum(axis=1, keepdims=True)
    return _inverse(targets.sum(axis=0))


def existence_weights(targets: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Computes inverse frequencies of the absence and existence of each class (§4.1), float32 (2, classes).

    Args:
        targets: float32 (utterances, classes) of zeros and ones.
    """
    existent = targets.sum(axis=0)
    both = np.stack([len(targets) - existent, existent])
    return np.stack([_inverse(column) for column in both.T], axis=1)


def _inverse(frequencies: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Returns weights inverse to frequencies, with a frequency-weighted mean of 1; 0 where the frequency is 0."""
    present = frequencies > 0
    weights = np.zeros(len(frequencies), np.float32)
    weights[present] = frequencies.sum() / (present.sum() * frequencies[present])
    return weights
