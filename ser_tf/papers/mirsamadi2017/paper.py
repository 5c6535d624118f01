"""Tables 2 and 3 of Mirsamadi et al. 2017: task, folds, rows with their published numbers, and claims."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ser_tf.corpora.base import IMPROVISED, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.claims import Claim
from ser_tf.evaluation.schema import Conditions
from ser_tf.papers.mirsamadi2017.ledger import Ledger
from ser_tf.protocol import folds
from ser_tf.protocol.paper import Figure, FoldOutcome, Measured, Paper, System, Table
from ser_tf.training import baselines

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext

CITATION = (
    "S. Mirsamadi, E. Barsoum, C. Zhang: Automatic speech emotion recognition using recurrent neural networks with"
    " local attention. ICASSP 2017, 2227-2231"
)


def task(ledger: Ledger) -> Task:
    """Selects the four classes of §3: 4,490 utterances of IEMOCAP, or 5,531 with excited counted as happy."""
    merges = {"excited": "happy"} if ledger.happy_includes_excited else {}
    expected = {("both", False): 4490, ("both", True): 5531, (IMPROVISED, False): 2280, (IMPROVISED, True): 2943}
    number = expected.get((ledger.styles, ledger.happy_includes_excited))
    return Task(
        name="mirsamadi2017"
        + ("" if ledger.styles == "both" else f"-{ledger.styles}")
        + ("-excited" if merges else ""),
        classes=("happy", "sad", "neutral", "angry"),
        merges=merges,
        styles=() if ledger.styles == "both" else (ledger.styles,),
        expected={} if number is None else {"iemocap": number},
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Makes leave-one-session-out folds; one speaker of the training sessions is held out for early stopping."""
    every = folds.by_session(utterances, seed, ledger.stopping)
    return every if ledger.tested_sessions == "all" else every[-1:]


_EPOCH_CHOICE = {
    "speaker": "one speaker of the training sessions",
    "utterances": "a tenth of the training sessions' utterances",
}


def conditions(ledger: Ledger) -> Conditions:
    """Describes how folds are made and the epoch is chosen."""
    monitored = "lowest loss" if ledger.monitor == "loss" else "highest UA"
    fixed = f"fixed ({ledger.fixed_epochs} epochs)"
    choice = f"{monitored} on {_EPOCH_CHOICE[ledger.stopping]}" if ledger.stopping != "none" else fixed
    return {"folds": "leave one session out", "epoch_choice": choice}


# Systems and figures import TensorFlow or matplotlib, which listing and tabulating should not need.
def _fit_functionals_network(context: "FoldContext[Ledger]", which: str) -> FoldOutcome:
    from ser_tf.papers.mirsamadi2017 import systems

    return systems.fit_functionals_network(context, which)


def _fit_recurrent_network(
    context: "FoldContext[Ledger]", kind: str, aggregation: str, deep_attention: bool = False
) -> FoldOutcome:
    from ser_tf.papers.mirsamadi2017 import systems

    return systems.fit_recurrent_network(context, kind, aggregation, deep_attention)


def _fit_attention_network(context: "FoldContext[Ledger]", kind: str, deep_attention: bool = False) -> FoldOutcome:
    from ser_tf.papers.mirsamadi2017 import systems

    return systems.fit_attention_network(context, kind, deep_attention)


def _fit_svm(context: "FoldContext[Ledger]", which: str) -> FoldOutcome:
    from ser_tf.papers.mirsamadi2017 import systems

    return systems.fit_svm(context, which)


def _features(ledger: Ledger, kind: str) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.mirsamadi2017 import systems

    return systems.features(ledger, kind)


def _draw_figure2(program: str, argv: list[str]) -> int:
    from ser_tf.papers.mirsamadi2017 import fig2

    return fig2.main(program, argv)


_KINDS = {"spectral": "raw spectral", "lld": "emotion LLDs"}
_FEATURES = {kind: functools.partial(_features, kind=kind) for kind in _KINDS}
_HSFS = {"mean": "Mean", "mean_min_max": "Mean, Min, Max", "full": "Full"}
_AGGREGATIONS = {
    "frame_wise": "RNN-frame-wise (Fig. 1(b))",
    "final_frame": "RNN-final frame (Fig. 1(c))",
    "mean_pool": "RNN-mean pool (Fig. 1(d))",
    "weighted_pool": "RNN-weighted pool with attention (Fig. 1(e))",
}
_PUBLISHED = {  # WA, UA in percent: Tables 2 and 3
    "dnn_mean": (56.4, 53.4),
    "dnn_mean_min_max": (59.3, 54.9),
    "dnn_full": (58.3, 54.4),
    "svm_mean": (53.3, 49.3),
    "svm_mean_min_max": (55.4, 52.9),
    "svm_full": (57.8, 55.7),
    "spectral_frame_wise": (57.7, 53.8),
    "spectral_final_frame": (54.4, 49.7),
    "spectral_mean_pool": (56.9, 55.3),
    "spectral_weighted_pool": (61.8, 56.3),
    "lld_frame_wise": (57.2, 51.6),
    "lld_final_frame": (53.0, 54.9),
    "lld_mean_pool": (62.7, 57.2),
    "lld_weighted_pool": (63.5, 58.8),
}


def _published(key: str) -> dict[str, float]:
    wa, ua = _PUBLISHED[key]
    return {"wa": round(wa / 100, 4), "ua": round(ua / 100, 4)}


def _table2_row(classifier: str, which: str) -> System[Ledger]:
    key = f"{classifier}_{which}"
    if classifier == "dnn":
        fit = functools.partial(_fit_functionals_network, which=which)
        label = f"{_KINDS['spectral']}, DNN, {_HSFS[which]}"
        return System(key, label, _published(key), fit, _FEATURES["spectral"])
    svm = functools.partial(_fit_svm, which=which)
    return System(key, f"{_KINDS['lld']}, SVM, {_HSFS[which]}", _published(key), svm, _FEATURES["lld"], keras=False)


def _table3_row(kind: str, aggregation: str) -> System[Ledger]:
    key = f"{kind}_{aggregation}"
    fit = functools.partial(_fit_recurrent_network, kind=kind, aggregation=aggregation)
    if aggregation == "weighted_pool":
        fit = functools.partial(_fit_attention_network, kind=kind)
    return System(key, f"{_KINDS[kind]}, {_AGGREGATIONS[aggregation]}", _published(key), fit, _FEATURES[kind])


def _pooling_claims(kind: str) -> tuple[Claim, ...]:
    name = _KINDS[kind]
    pairs = (("weighted_pool", "mean_pool"), ("mean_pool", "frame_wise"), ("mean_pool", "final_frame"))
    return tuple(
        Claim(
            f"{name}: {better.replace('_', ' ')} better than {worse.replace('_', ' ')}",
            f"{kind}_{better}",
            f"{kind}_{worse}",
        )
        for better, worse in pairs
    )


def _silence_claim(kind: str) -> Measured:
    return Measured(
        f"{kind}_weighted_pool",
        "attention on silence",
        f"{_KINDS[kind]}: silent frames get less attention than their share of the time (§2.4)",
        "attention_on_silence",
        "time_in_silence",
        "less",
    )


_TABLE2_ROWS = tuple(_table2_row(classifier, which) for classifier in ("dnn", "svm") for which in _HSFS)
TABLE2 = Table(
    number=2,
    title="Hand-crafted and learned low-level descriptors with fixed functionals",
    corpora=("iemocap",),
    rows=(*_TABLE2_ROWS, *baselines.ROWS),
    claims=tuple(
        Claim(
            f"{_HSFS[which]}: learned LLDs (DNN) better than hand-crafted (SVM), WA",
            f"dnn_{which}",
            f"svm_{which}",
            "wa",
        )
        for which in _HSFS
    ),
)
_DEEP_ATTENTION = System(
    "lld_deep_attention",
    "emotion LLDs, RNN-weighted pool with deeper attention (Fig. 1(f))",
    None,
    functools.partial(_fit_attention_network, kind="lld", deep_attention=True),
    _FEATURES["lld"],
    note="described in §2.4, no number published",
    origin="beyond",
)
TABLE3 = Table(
    number=3,
    title="Recurrent networks with different temporal aggregation",
    corpora=("iemocap",),
    rows=(
        *(_table3_row(kind, aggregation) for kind in _KINDS for aggregation in _AGGREGATIONS),
        _DEEP_ATTENTION,
        dataclasses.replace(_TABLE2_ROWS[-1], note="row of Table 2, which §3 compares with the weighted pool"),
        *baselines.ROWS,
    ),
    claims=(
        *_pooling_claims("spectral"),
        *_pooling_claims("lld"),
        Claim("weighted pool better than the SVM with all functionals", "lld_weighted_pool", "svm_full"),
    ),
    measured=tuple(map(_silence_claim, _KINDS)),
)
PAPER = Paper(
    key="mirsamadi2017",
    citation=CITATION,
    ledger=Ledger(),
    task=task,
    folds=make_folds,
    tables=(TABLE2, TABLE3),
    conditions=conditions,
    figures=(Figure("fig2", "Waveform and attention weights of utterances", _draw_figure2),),
    main=("lld_weighted_pool",),
)
