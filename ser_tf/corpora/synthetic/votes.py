"""The evaluators of the generated corpus: votes with a known confusion, always consistent with the majority label.

How often an emotion exists in the outside votes of improvised speech follows Table 1 of Ando et al. 2019, both for
utterances whose majority label is neutral, happy, sad or angry (the dominant set) and for all utterances.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

TARGETS = ("neutral", "happy", "sad", "angry")
DISSENT_IN_DOMINANT = {"neutral": 228 / 1181, "happy": 67 / 1996, "sad": 87 / 1672, "angry": 74 / 1991}
"""Share of the dominant set's utterances with another label in which a target emotion exists nevertheless: Table 1
minus the 1,099, 284, 608 and 289 of 2,280 utterances that have it as their label."""
EXISTENCE_IN_OTHERS = {"neutral": 835 / 2504, "happy": 797 / 2504, "sad": 252 / 2504, "angry": 489 / 2504}
"""Share of the other utterances in which a target emotion exists."""

# How readily an evaluator hears the second emotion in an utterance that the majority labels as the first.
_AFFINITY: Mapping[str | None, Mapping[str, float]] = {
    "neutral": {"sad": 3, "happy": 3, "angry": 1},
    "happy": {"neutral": 4, "sad": 0.5, "angry": 0.3},
    "sad": {"neutral": 4, "happy": 0.3, "angry": 1},
    "angry": {"neutral": 2, "sad": 1, "happy": 0.2},
    "excited": {"happy": 12, "neutral": 1, "sad": 0.2, "angry": 0.5},
    "frustrated": {"angry": 6, "neutral": 5, "sad": 3, "happy": 0.3},
    "surprise": {"happy": 3, "neutral": 4, "sad": 0.5, "angry": 1},
    "fear": {"sad": 4, "neutral": 2, "angry": 1, "happy": 0.2},
    "disgust": {"angry": 4, "neutral": 1, "sad": 1, "happy": 0.2},
    "other": {"neutral": 3, "sad": 1, "angry": 1, "happy": 1},
    None: {"neutral": 6, "happy": 4, "sad": 3, "angry": 4},
}
_BESIDE = {
    "neutral": "frustrated",
    "happy": "excited",
    "sad": "frustrated",
    "angry": "frustrated",
    "excited": "surprise",
    "frustrated": "other",
    "surprise": "excited",
    "fear": "surprise",
    "disgust": "frustrated",
    "other": "frustrated",
}
_FILL = ("frustrated", "excited", "surprise", "other", "fear", "disgust")
_DISSENT_BESIDE = 0.3
_TWO_LABELS = 0.25


@dataclasses.dataclass(frozen=True)
class Judged:
    """Votes of three outside evaluators and of the actor on one utterance, as canonical labels."""

    outside: tuple[tuple[str, ...], ...]
    own: tuple[str, ...]


def majority(votes: Sequence[Sequence[str]]) -> str | None:
    """The label that at least two evaluators gave, and more than gave any other; None without one."""
    counts = Counter(label for vote in votes for label in vote).most_common(2)
    if not counts or counts[0][1] < 2 or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]


def draw(majorities: Sequence[str | None], rng: np.random.Generator) -> list[Judged]:
    """Draws votes for utterances whose majority labels are given; their number meets the shares above exactly.

    Args:
        majorities: Canonical labels, None for no majority.
        rng: Draws who dissents.
    """
    extra: list[list[str]] = [[] for _ in majorities]
    in_dominant = np.array([label in TARGETS for label in majorities])
    for shares, chosen in ((DISSENT_IN_DOMINANT, in_dominant), (EXISTENCE_IN_OTHERS, ~in_dominant)):
        for target, share in shares.items():
            candidates = [index for index in np.flatnonzero(chosen).tolist() if majorities[index] != target]
            for index in _weighted(candidates, majorities, target, share, rng):
                extra[index].append(target)
    return [_judge(label, heard, rng) for label, heard in zip(majorities, extra, strict=True)]


def _weighted(
    candidates: list[int], majorities: Sequence[str | None], target: str, share: float, rng: np.random.Generator
) -> list[int]:
    """Draws that share of the candidates without replacement, by their affinity to the target."""
    if not candidates:
        return []
    weights = np.array([_AFFINITY[majorities[index]][target] for index in candidates])
    keys = rng.random(len(candidates)) ** (1 / weights)
    best = np.argsort(-keys, kind="stable")[: round(share * len(candidates))]
    return [candidates[position] for position in sorted(best)]


def _judge(label: str | None, heard: list[str], rng: np.random.Generator) -> Judged:
    votes = _without_majority(heard, rng) if label is None else _with_majority(label, heard, rng)
    order = rng.permutation(len(votes))
    own = (label or votes[0][0],) if rng.random() < 0.7 else (str(rng.choice(_FILL)),)
    return Judged(tuple(tuple(votes[position]) for position in order), own)


def _with_majority(label: str, heard: list[str], rng: np.random.Generator) -> list[list[str]]:
    votes = [[label], [label], [label]]
    if heard:
        votes[2] = [label, heard[0]] if rng.random() < _TWO_LABELS else [heard[0]]
    elif rng.random() < _DISSENT_BESIDE:
        votes[2] = [_BESIDE[label]]
    for position, further in enumerate(heard[1:]):
        votes[1 - position % 2].append(further)
    return votes


def _without_majority(heard: list[str], rng: np.random.Generator) -> list[list[str]]:
    """Three evaluators of whom no two agree."""
    others = [str(name) for name in rng.permutation(_FILL)]
    labels = [*heard, *others[: max(0, 3 - len(heard))]]
    votes = [[name] for name in labels[:3]]
    for position, further in enumerate(labels[3:]):
        votes[position].append(further)
    return votes


def existence(outside: Sequence[Sequence[Sequence[str]]]) -> dict[str, float]:
    """Share of utterances in whose outside votes each target emotion exists."""
    heard = [{label for vote in votes for label in vote} for votes in outside]
    return {target: sum(target in labels for labels in heard) / len(heard) for target in TARGETS}


def confusion(majorities: Sequence[str | None], judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Counts the labels that outside evaluators gave, for each majority label (`xxx` for none)."""
    counts: dict[str, Counter[str]] = {}
    for label, votes in zip(majorities, judged, strict=True):
        counts.setdefault(label or "xxx", Counter()).update(name for vote in votes.outside for name in vote)
    return {label: dict(sorted(row.items())) for label, row in sorted(counts.items())}
