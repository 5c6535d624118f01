"""Tables 1 and 3 of Ando et al. 2019: task, folds, rows with their published numbers, and claims."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ser_tf.corpora.base import Corpus
from ser_tf.corpora.task import Task
from ser_tf.evaluation.claims import Claim
from ser_tf.evaluation.schema import Conditions
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.splits import (
    ALL,
    DOMINANT,
    EXISTENCE,
    HARD,
    SOFT,
    SPEEDS,
    TRAINING_SETS,
    make_folds,
    task,
)
from ser_tf.papers.ando2019.table1 import TABLE1
from ser_tf.protocol.paper import Figure, FoldOutcome, Material, Measured, Paper, System, Table
from ser_tf.training import baselines

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext

CITATION = (
    "A. Ando, R. Masumura, H. Kamiyama, S. Kobashikawa, Y. Aono: Speech emotion recognition based on multi-label"
    " emotion existence model. Interspeech 2019, 2818-2822"
)


def conditions(ledger: Ledger) -> Conditions:
    """Describes how folds are made and the epoch is chosen."""
    whose = "the tested speaker's partner" if ledger.development == "partner" else "a speaker of the next session"
    return {
        "folds": "leave one speaker out",
        "epoch_choice": f"lowest loss on {whose}",
        "trained_on": "recordings and their copies at speeds 0.9 and 1.1",
    }


def prepare(corpus: Corpus, chosen: Task, ledger: Ledger, paths: Mapping[str, Path | None]) -> Material:
    """Notes what the annotators voted on."""
    del chosen, ledger, paths
    note = "trained on what annotators heard (eq. 3-5), tested on the emotion that was to be acted"
    return Material(corpus, notes=(note,) if corpus.name == "crema_d" else ())


# Systems and figures import TensorFlow or matplotlib, which listing and tabulating should not need.
def _fit_from_scratch(context: "FoldContext[Ledger]", labels: str, data: str) -> FoldOutcome:
    from ser_tf.papers.ando2019 import systems

    return systems.fit_from_scratch(context, labels, data)


def _fit_on_frozen(context: "FoldContext[Ledger]", labels: str, data: str, fusion: bool) -> FoldOutcome:
    from ser_tf.papers.ando2019 import systems

    return systems.fit_on_frozen(context, labels, data, fusion)


def _fit_fusion(context: "FoldContext[Ledger]", labels: str, data: str) -> FoldOutcome:
    from ser_tf.papers.ando2019 import systems

    return systems.fit_fusion(context, labels, data)


def _features(ledger: Ledger) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.ando2019 import systems

    return systems.features(ledger)


def _draw_figure3(program: str, argv: list[str]) -> int:
    from ser_tf.papers.ando2019 import fig3

    return fig3.main(program, argv)


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


_COMPARABLE = "comparable to soft targets (§4.2): no difference is claimed, and none is tested"
_NOTES = {
    ("dominant", HARD, ALL): "the same model as on dominant (§4.2)",
    ("mlee", EXISTENCE, DOMINANT): _COMPARABLE,
    ("mlee", EXISTENCE, ALL): _COMPARABLE,
}


def _key(kind: str, labels: str, data: str) -> str:
    return f"{kind}_{data}" if labels == EXISTENCE else f"{kind}_{labels}_{data}"


def _row(kind: str, labels: str, data: str) -> System[Ledger]:
    wa, ua = _PUBLISHED[kind, labels][TRAINING_SETS.index(data)]
    fit: Callable[[FoldContext[Ledger]], FoldOutcome] = functools.partial(_fit_from_scratch, labels=labels, data=data)
    if kind == "pretrain":
        fit = functools.partial(_fit_on_frozen, labels=labels, data=data, fusion=False)
    elif kind == "fusion":
        fit = functools.partial(_fit_fusion, labels=labels, data=data)
    target = "" if labels == EXISTENCE else f", {labels}"
    return System(
        key=_key(kind, labels, data),
        label=f"{_NAMES[kind]}{target}, trained on {data}",
        published={"wa": round(wa / 100, 4), "ua": round(ua / 100, 4)},
        fit=fit,
        features=_features,
        needs="" if (kind, labels) == ("dominant", HARD) else "votes",
        note=_NOTES.get((kind, labels, data), ""),
        speeds=(1.0, *SPEEDS),
    )


_ROWS = tuple(_row(kind, labels, data) for kind, labels in _PUBLISHED for data in TRAINING_SETS)
_BEST = _key("fusion", SOFT, ALL)
_SAME_MODEL = _key("dominant", HARD, ALL)  # §4.2: as on `dominant`


def _claims() -> tuple[Claim, ...]:
    """Lists the comparisons of §4.2, each pair of models once, in the metric in which Table 3 supports it.

    Pre-training has a higher WA than the dominant emotion model in all cells, but not a higher UA; soft targets, fusion
    and more data have a higher UA in all. MLEE is said to be comparable to soft targets, which claims no difference.
    """
    found: dict[tuple[str, str], Claim] = {}

    def claim(text: str, better: str, worse: str, metric: str = "ua") -> None:
        found.setdefault((better, worse), Claim(text, better, worse, metric))

    for data in TRAINING_SETS:
        claim(f"soft better than hard targets, on {data}", _key("dominant", SOFT, data), _key("dominant", HARD, data))
    for labels in (HARD, SOFT):
        for data in TRAINING_SETS:
            dominant, pretrained, fused = (_key(kind, labels, data) for kind in ("dominant", "pretrain", "fusion"))
            which = f"{labels}, on {data}"
            claim(f"MLEE pre-training better than the dominant emotion model, {which}", pretrained, dominant, "wa")
            claim(f"fusion better than MLEE pre-training, {which}", fused, pretrained)
    for kind, labels in _PUBLISHED:
        if (kind, labels) != ("dominant", HARD):
            name = _NAMES[kind] + ("" if labels == EXISTENCE else f", {labels}")
            claim(f"all better than dominant utterances, {name}", _key(kind, labels, ALL), _key(kind, labels, DOMINANT))
    for row in _ROWS:
        if row.key not in (_BEST, _SAME_MODEL):
            claim(f"fusion, soft, all better than {row.label}", _BEST, row.key)
    return tuple(found.values())


def _overlaps() -> tuple[Measured, ...]:
    """Lists §4.2's claims about Figure 3, that MLEE also attends to other areas; the fusion rows measure them."""
    names = {HARD: "hard", SOFT: "soft", EXISTENCE: "MLEE"}
    claims = tuple(
        Measured(
            _key("fusion", HARD, data), "overlap of attention",
            f"attention of {names[labels]} and MLEE overlaps less than that of hard and soft, on {data} (§4.2)",
            f"overlap_{labels}_{EXISTENCE}", f"overlap_{HARD}_{SOFT}", "less",
        )
        for data in TRAINING_SETS
        for labels in (HARD, SOFT)
    )  # fmt: skip
    fused = tuple(
        Measured(
            _key("fusion", SOFT, data), "overlap of attention",
            f"overlap of the attention of soft and MLEE, which are fused, on {data}", f"overlap_{SOFT}_{EXISTENCE}",
        )
        for data in TRAINING_SETS
    )  # fmt: skip
    return claims + fused


TABLE3 = Table(
    number=3,
    title="Dominant emotion recognition, with multi-label emotion existence",
    corpora=("iemocap",),
    rows=(*_ROWS, *baselines.ROWS),
    claims=_claims(),
    measured=_overlaps(),
)
PAPER = Paper(
    key="ando2019",
    citation=CITATION,
    ledger=Ledger(),
    task=task,
    folds=make_folds,
    tables=(TABLE1, TABLE3),
    figures=(Figure("fig3", "Attention over time of the hard, soft and MLEE models", _draw_figure3),),
    prepare=prepare,
    conditions=conditions,
    main=(_BEST, _SAME_MODEL),
)
