"""Task and folds of Mao et al. 2020 (§3, §4.1)."""

from collections import Counter
from collections.abc import Callable, Sequence

from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.protocol import folds

CASIA_FOLDS = 10  # §4.1
SIX = ("angry", "fear", "happy", "neutral", "sad", "surprise")  # §3, CASIA
FOUR = ("angry", "happy", "neutral", "sad")  # §3, IEMOCAP


def task(ledger: Ledger) -> Task:
    """The classes of §3: six on CASIA (7,200 utterances), four on IEMOCAP (5,531) and elsewhere."""
    return Task(
        name="mao2020" + ("" if ledger.classes == "corpus" else f"-{ledger.classes}"),
        classes=SIX if ledger.classes == "six" else FOUR,
        merges={"excited": "happy"},
        expected={"casia": 4800 if ledger.classes == "four" else 7200}
        | ({} if ledger.classes == "six" else {"iemocap": 5531}),
        classes_on={"casia": SIX} if ledger.classes == "corpus" else {},
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Ten folds on CASIA, elsewhere leave-one-session-out (§4.1)."""
    if utterances[0].corpus != "casia":
        return folds.by_session(utterances, seed, ledger.stopping)
    if ledger.casia_split == "speaker":
        return folds.by_speaker(utterances, seed)
    if ledger.casia_split == "text":
        return folds.k_fold(
            utterances, seed, CASIA_FOLDS, lambda each: str(each.label), lambda each: str(each.sentence)
        )
    return folds.k_fold(utterances, seed, CASIA_FOLDS, _finest_stratum(utterances))


def _finest_stratum(utterances: Sequence[Utterance]) -> Callable[[Utterance], str]:
    """Emotion within speaker where each fold can have one of every kind, else emotion, else nothing."""
    strata: tuple[Callable[[Utterance], str], ...] = (
        lambda each: f"{each.speaker} {each.label}",
        lambda each: str(each.label),
    )
    for stratum in strata:
        if min(Counter(map(stratum, utterances)).values()) >= CASIA_FOLDS:
            return stratum
    return lambda _: ""
