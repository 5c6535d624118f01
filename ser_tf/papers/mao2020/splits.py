"""Task and folds of Mao et al. 2020 (§3, §4.1), and the inner folds of its second cross-validation.

Deviations: §4.1 names no validation set. On CASIA it is the fold after the tested one (fixed here); elsewhere the
ledger's `stopping` decides.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.protocol import folds
from ser_tf.protocol.context import seed_of

CASIA_FOLDS = 10  # §4.1
SIX = ("angry", "fear", "happy", "neutral", "sad", "surprise")  # §3, CASIA
FOUR = ("angry", "happy", "neutral", "sad")  # §3, IEMOCAP
_GROUPS: Mapping[str, Callable[[Utterance], str]] = {
    "session": lambda utterance: utterance.session,
    "speaker": lambda utterance: utterance.speaker,
    "text": lambda utterance: str(utterance.sentence),
    "utterance": lambda utterance: utterance.id,
}
"""Groups of utterances that each fold rule keeps together."""


def task(ledger: Ledger) -> Task:
    """Selects the classes of §3: six on CASIA (7,200 utterances), four on IEMOCAP (5,531) and elsewhere."""
    return Task(
        name="mao2020" + ("" if ledger.classes == "corpus" else f"-{ledger.classes}"),
        classes=SIX if ledger.classes == "six" else FOUR,
        merges={"excited": "happy"},
        expected={"casia": 4800 if ledger.classes == "four" else 7200}
        | ({} if ledger.classes == "six" else {"iemocap": 5531}),
        classes_on={"casia": SIX} if ledger.classes == "corpus" else {},
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Makes ten folds on CASIA, elsewhere leave-one-session-out folds (§4.1)."""
    if utterances[0].corpus != "casia":
        return folds.by_session(utterances, seed, ledger.stopping)
    if ledger.casia_split == "speaker":
        return folds.by_speaker(utterances, seed)
    if ledger.casia_split == "text":
        return folds.k_fold(utterances, seed, CASIA_FOLDS, _label, _GROUPS["text"])
    return folds.k_fold(utterances, seed, CASIA_FOLDS, _finest_stratum(utterances))


def _label(utterance: Utterance) -> str:
    return str(utterance.label)


def _label_of_speaker(utterance: Utterance) -> str:
    return f"{utterance.speaker} {utterance.label}"


def _finest_stratum(utterances: Sequence[Utterance]) -> Callable[[Utterance], str]:
    """Stratifies by emotion within speaker if each fold can have one of every stratum, else by emotion, else not."""
    for stratum in (_label_of_speaker, _label):
        if min(Counter(map(stratum, utterances)).values()) >= CASIA_FOLDS:
            return stratum
    return lambda utterance: ""  # noqa: ARG005 - one stratum for all


def inner_folds(
    fold: folds.Fold, utterances: Mapping[str, Utterance], ledger: Ledger, seed: int, smoke: bool = False
) -> tuple[folds.Fold, ...]:
    """Cuts a fold's training set for the second cross-validation (§4.1), by the rule of the outer folds.

    Each part is left out once. The validation set of the fold selects the epoch of every inner training; no SegCNN is
    trained on it.

    Args:
        fold: The outer fold.
        utterances: All utterances of the task, by id.
        ledger: The assumptions.
        seed: Seed for drawing the parts.
        smoke: Whether to make only two parts.

    Returns:
        Folds whose test sets together form the training set of `fold`.

    Raises:
        SettingError: the training set has only one utterance.
    """
    training = [utterances[utterance_id] for utterance_id in fold.train]
    group = _group_of(training, ledger)
    number = min(2 if smoke else ledger.inner_folds, len(set(map(group, training))))
    part = _deal(training, group, number, np.random.default_rng(seed_of(seed, fold.name, "inner folds")))
    return tuple(
        folds.Fold(
            name=f"{fold.name}-inner{place + 1}",
            train=tuple(utterance_id for utterance_id in fold.train if part[utterance_id] != place),
            validation=fold.validation,
            test=tuple(utterance_id for utterance_id in fold.train if part[utterance_id] == place),
        )
        for place in range(number)
    )


def _group_of(training: Sequence[Utterance], ledger: Ledger) -> Callable[[Utterance], str]:
    """Returns the outer rule's groups, or smaller ones if the training set has only one group."""
    rule = ledger.casia_split if training[0].corpus == "casia" else "session"
    for name in {"session": ("session", "speaker", "utterance")}.get(rule, (rule, "utterance")):
        if len({_GROUPS[name](utterance) for utterance in training}) > 1:
            return _GROUPS[name]
    raise SettingError(f"the training set has only {training[0].id}; a second cross-validation needs more")


def _deal(
    training: Sequence[Utterance], group: Callable[[Utterance], str], number: int, rng: np.random.Generator
) -> dict[str, int]:
    """Assigns groups to parts at random, balancing emotions within speakers; returns the part of each id."""
    stratum = {group(utterance): _label_of_speaker(utterance) for utterance in training}
    rank = dict(zip(sorted(stratum), rng.permutation(len(stratum)).tolist(), strict=True))
    order = sorted(stratum, key=lambda name: (stratum[name], rank[name]))
    part = {name: place % number for place, name in enumerate(order)}
    return {utterance.id: part[group(utterance)] for utterance in training}
