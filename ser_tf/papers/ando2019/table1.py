"""Table 1: share of utterances in which each target emotion exists, by the annotators' votes.

An emotion exists in an utterance when at least one outside evaluator gave it (eq. 5). `dominant` are the utterances
whose release label is a target emotion, `all` are all utterances, and `dominant by votes` those whose most frequent
vote is a target emotion, which differs where the release's label does not come from its annotators (CREMA-D's label is
the intended emotion). Only votes are read, no audio.
"""

import argparse
from collections.abc import Sequence

from ser_tf import labels
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.evaluation.data_summary import DataRow
from ser_tf.evaluation.wording import percent
from ser_tf.papers.ando2019 import splits, vote_targets
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.protocol.material import smoke_subset
from ser_tf.protocol.paper import DataTable, Shown, System

EXISTENCE_PUBLISHED = {  # Table 1
    "dominant": {"neutral": 0.582, "happy": 0.154, "sad": 0.305, "angry": 0.159},
    "all": {"neutral": 0.452, "happy": 0.240, "sad": 0.198, "angry": 0.178},
}
ORDER = ("neutral", "happy", "sad", "angry")  # Table 1
ROUNDING = 0.0005
"""The paper gives tenths of a per cent."""
LABELS = {"dominant": "dominant", "dominant_by_votes": "dominant by votes", "all": "all"}
COLUMNS = ("Set", "Utterances", *(f"{emotion} {whose}" for emotion in ORDER for whose in ("paper", "ours")))
REMARKS = {
    "synthetic": "generated speech: votes are drawn from the paper's Table 1 and say nothing about people",
    "crema_d": "votes on voice only; the label of dominant is the emotion that was to be acted",
}


def _dominant_by_votes(utterance: Utterance, task: Task) -> bool:
    """Returns whether a single label leads the votes, counting all labels, and is a target emotion."""
    leading = vote_targets.hard(vote_targets.count(utterance.votes, labels.EMOTIONS))
    return leading is not None and labels.EMOTIONS[leading] in task.classes


def row_of(key: str, members: Sequence[Utterance]) -> DataRow:
    """Makes the row of a non-empty set of utterances."""
    existence = vote_targets.existence_shares([utterance.votes for utterance in members], ORDER)
    published = EXISTENCE_PUBLISHED.get(key)
    same = None
    if published:
        same = all(abs(existence[emotion] - published[emotion]) <= ROUNDING for emotion in ORDER)
    cells = (percent(share) for emotion in ORDER for share in ((published or {}).get(emotion), existence[emotion]))
    values = {"utterances": len(members), "existence": existence, "published_existence": published}
    return DataRow(key, LABELS[key], ((str(len(members)), *cells),), values, same)


def show(corpus: Corpus, ledger: Ledger, flags: argparse.Namespace) -> Shown:
    """Makes the rows of the table.

    Raises:
        UserError: the corpus has no votes of individual annotators, or its count differs from the paper's.
    """
    task = splits.task(ledger)
    warning = task.check(corpus)
    everything = smoke_subset(task.select(corpus), task.target_of) if flags.smoke else task.select(corpus)
    if not any(utterance.votes for utterance in everything):
        raise SettingError(
            f"--corpus {corpus.name}: it has no votes of single annotators; iemocap, crema_d and synthetic have"
        )
    sets = {
        "dominant": [utterance for utterance in everything if task.target_of(utterance) is not None],
        "dominant_by_votes": [utterance for utterance in everything if _dominant_by_votes(utterance, task)],
        "all": everything,
    }
    empty = (f"no utterance is {LABELS[key]}" for key, members in sets.items() if not members)
    notes = filter(None, (REMARKS.get(corpus.name), warning, *empty))
    return Shown(tuple(row_of(key, members) for key, members in sets.items() if members), tuple(notes))


def _row(key: str) -> System[Ledger]:
    published = EXISTENCE_PUBLISHED.get(key, {})
    note = ", ".join(f"{emotion} {percent(published[emotion])}" for emotion in ORDER if published)
    return System(key, LABELS[key], None, None, note=note)


TABLE1 = DataTable(
    number=1,
    title="Share of utterances in which each emotion exists, in per cent",
    corpora=("iemocap",),
    rows=tuple(map(_row, LABELS)),
    columns=COLUMNS,
    show=show,
)
