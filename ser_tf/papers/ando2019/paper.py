"""Ando, Masumura, Kamiyama, Kobashikawa and Aono, Interspeech 2019: multi-label emotion existence (MLEE).

Set-up (§4.1): IEMOCAP's 4,784 improvised utterances; neutral, happy, sad and angry; leave one speaker out, one other
develops, eight train; copies at speeds 0.9 and 1.1 of what trains. Table 1 is how often emotions exist in the
annotators' votes, Table 3 compares dominant emotion models, MLEE models, and classifiers on frozen encoders of both,
each trained on utterances with a dominant target emotion (`dominant`) and on all that its targets can use (`all`).
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_tf.corpora.base import ACTED, IMPROVISED, Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.summary import Claim
from ser_tf.papers.ando2019.systems import SPEEDS, features, fit_from_scratch, fit_on_frozen
from ser_tf.papers.ando2019.targets import ALL, DOMINANT, EXISTENCE, HARD, SOFT, TRAINING_SETS
from ser_tf.protocol import folds
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.system import Paper, Prepared, System

CITATION = (
    "A. Ando, R. Masumura, H. Kamiyama, S. Kobashikawa, Y. Aono: Speech emotion recognition based on multi-label"
    " emotion existence model. Interspeech 2019, 2818-2822"
)


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    development: str = assumption(
        "partner",
        "§4.1 takes one speaker without saying which: the tested one's partner in the session, or one of the next",
        ("partner", "next_session"),
    )
    development_utterances: str = assumption(
        "as_training",
        "whose loss stops training: the development speaker's utterances that the targets and training set can use,"
        " or those with a dominant target emotion",
        ("as_training", "dominant"),
    )
    log_floor: float = assumption(1e-10, "smallest power under the logarithm", least=1e-30, most=1)
    normaliser_statistics: str = assumption(
        "per_dimension", "§4.1's mean and variance: of each frequency bin, or one for all", ("per_dimension", "single")
    )
    kernel_axes: str = assumption(
        "frequency_time",
        "Table 2's kernels such as 12 x 16: bins x frames, as the height and width of an image, or frames x bins",
        ("frequency_time", "time_frequency"),
    )
    soft_class_frequency: str = assumption(
        "share",
        "§4.1 weights classes by inverse frequency; that of a class among soft targets: its share of them, or how often"
        " it is the largest",
        ("share", "largest"),
    )
    lstm_width: str = assumption(
        "per_direction", "Table 2's 128: units of each direction, or of both together", ("per_direction", "both")
    )
    attention_units: int = assumption(128, "hidden units of the self-attention; Table 2 gives the heads alone", least=1)
    max_epochs: int = assumption(60, "epochs at most", least=1)
    max_classifier_epochs: int = assumption(200, "epochs at most of a classifier on frozen encoders", least=1)
    patience: int = assumption(5, "epochs without a lower development loss before training stops", least=0)


def task(ledger: Ledger) -> Task:
    """The four target classes of §4.1, with all other utterances; acted speech is for corpora that have no other."""
    del ledger
    return Task(
        name="ando2019",
        classes=("neutral", "happy", "sad", "angry"),
        styles=(IMPROVISED, ACTED),
        expected={"iemocap": 4784},
        include_others=True,
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Leave one speaker out; tested are the utterances that have a dominant target emotion."""
    classes = task(ledger)
    tested = {utterance.id for utterance in utterances if classes.target_of(utterance) is not None}
    return tuple(
        dataclasses.replace(fold, test=tuple(one for one in fold.test if one in tested))
        for fold in folds.by_speaker(utterances, seed, ledger.development)
    )


def prepare(corpus: Corpus, ledger: Ledger, paths: Mapping[str, Path | None]) -> Prepared:
    """Results depend on the votes."""
    del ledger, paths
    votes = json.dumps({utterance.id: utterance.votes for utterance in corpus.utterances}, sort_keys=True)
    notes = ("trained on what annotators heard (eq. 3-5), tested on the emotion that was to be acted",)
    return Prepared(
        corpus,
        digests={"votes": hashlib.sha256(votes.encode()).hexdigest()},
        notes=notes if corpus.name == "crema_d" else (),
    )


PAPER = Paper("ando2019", CITATION, ("iemocap",), Ledger(), task, make_folds, prepare=prepare)

EXISTENCE_PUBLISHED = {  # Table 1
    DOMINANT: {"neutral": 0.582, "happy": 0.154, "sad": 0.305, "angry": 0.159},
    ALL: {"neutral": 0.452, "happy": 0.240, "sad": 0.198, "angry": 0.178},
}
_NAMES = {
    "dominant": "Dominant recog.",
    "mlee": "MLEE only",
    "pretrain": "MLEE pre-train",
    "fusion": "MLEE pre-train fus.",
}
_PUBLISHED = {  # WA, UA in percent on `dominant` and on `all`: Table 3
    ("dominant", HARD): ((59.5, 61.6), (59.5, 61.6)),
    ("dominant", SOFT): ((62.5, 62.9), (64.4, 63.9)),
    ("mlee", EXISTENCE): ((66.3, 60.9), (64.4, 64.0)),
    ("pretrain", HARD): ((62.7, 62.6), (65.6, 63.0)),
    ("pretrain", SOFT): ((64.3, 62.3), (64.6, 64.4)),
    ("fusion", HARD): ((63.4, 62.9), (65.1, 63.9)),
    ("fusion", SOFT): ((64.4, 63.7), (66.1, 65.4)),
}


def _row(kind: str, labels: str, data: str) -> System:
    wa, ua = _PUBLISHED[kind, labels][TRAINING_SETS.index(data)]
    if kind in ("dominant", "mlee"):
        fit: Any = functools.partial(fit_from_scratch, labels=labels, data=data)
    else:
        fit = functools.partial(fit_on_frozen, labels=labels, data=data, fusion=kind == "fusion")
    target = "" if labels == EXISTENCE else f", {labels}"
    return System(
        key=f"{kind}_{data}" if labels == EXISTENCE else f"{kind}_{labels}_{data}",
        label=f"{_NAMES[kind]}{target}, trained on {data}",
        published={"wa": round(wa / 100, 4), "ua": round(ua / 100, 4)},
        fit_predict=fit,
        features=features,
        needs="" if (kind, labels) == ("dominant", HARD) else "votes",
        note="the same model as on dominant (§4.2)" if (kind, labels, data) == ("dominant", HARD, ALL) else "",
        speeds=(1.0, *SPEEDS),
    )


TABLE3 = tuple(_row(kind, labels, data) for kind, labels in _PUBLISHED for data in TRAINING_SETS)
_BEST = "fusion_soft_all"
TABLE3_CLAIMS = (
    *(
        Claim(f"soft better than hard targets, trained on {data}", f"dominant_soft_{data}", f"dominant_hard_{data}")
        for data in TRAINING_SETS
    ),
    *(
        Claim(f"fusion, soft, all better than {row.label}", _BEST, row.key)
        for row in TABLE3  # in UA: MLEE only on `dominant` has the best WA of Table 3
        if row.key.startswith("dominant_") or row.key.endswith("_dominant")
    ),
)
