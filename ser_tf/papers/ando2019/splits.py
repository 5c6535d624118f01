"""Task, training sets, label types and folds of Ando et al. 2019 (§2, §3.1, §4.1)."""

from collections.abc import Sequence

from ser_tf.corpora.base import ACTED, IMPROVISED, Utterance
from ser_tf.corpora.task import Task
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.protocol import folds

HARD, SOFT, EXISTENCE = LABELS = ("hard", "soft", "mlee")  # eq. 3, 4, 5
DOMINANT, ALL = TRAINING_SETS = ("dominant", "all")  # §4.1
SPEEDS = (0.9, 1.1)  # §4.1: copies of training utterances


def task(ledger: Ledger) -> Task:  # noqa: ARG001 - no assumption changes it
    """Selects the four target classes of §4.1 and all other utterances; acted speech only if a corpus has no other."""
    return Task(
        name="ando2019",
        classes=("neutral", "happy", "sad", "angry"),
        styles=(IMPROVISED, ACTED),
        expected={"iemocap": 4784},
        include_others=True,
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Makes leave-one-speaker-out folds; only utterances with a dominant target emotion are tested."""
    return folds.by_speaker(utterances, seed, ledger.development)
