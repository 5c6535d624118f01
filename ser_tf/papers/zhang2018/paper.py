"""Tables I and II of Zhang et al. 2018: task, folds, rows with their published numbers, and claims."""

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser_tf.corpora.base import ACTED, IMPROVISED, Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.claims import Claim
from ser_tf.evaluation.schema import Conditions
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.protocol import folds
from ser_tf.protocol.paper import Figure, FoldOutcome, Material, Measured, Option, Paper, System, Table
from ser_tf.protocol.record import UserInput
from ser_tf.training import baselines

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext
    from ser_tf.protocol.served import Served

CITATION = (
    "Y. Zhang, J. Du, Z. Wang, J. Zhang, Y. Tu: Attention based fully convolutional network for speech emotion"
    " recognition. APSIPA ASC 2018, 1771-1775"
)


def task(ledger: Ledger) -> Task:
    """Selects four classes of improvised speech (§III-A): 2,280 utterances of IEMOCAP. Acted corpora are used whole."""
    del ledger
    return Task(
        name="zhang2018",
        classes=("happy", "sad", "angry", "neutral"),
        styles=(IMPROVISED, ACTED),
        expected={"iemocap": 2280},
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Makes leave-one-session-out folds: one actor of the held-out session validates, the other is tested (§III-A)."""
    every = folds.by_session_actor(utterances, seed)
    if ledger.tested_actors == "both":
        return every
    session = {utterance.id: utterance.session for utterance in utterances}
    first: dict[str, folds.Fold] = {}
    for fold in every:
        first.setdefault(session[fold.test[0]], fold)
    return tuple(first.values())


def conditions(ledger: Ledger) -> Conditions:
    """Describes how folds are made and the epoch is chosen."""
    monitored = "lowest loss" if ledger.monitor == "loss" else "highest UA"
    return {
        "folds": "leave one session out, one of its actors is tested",
        "epoch_choice": f"{monitored} on the session's other actor",
    }


OPTIONS = tuple(
    Option(f"{network}_weights", "FILE", f"ImageNet's weights of {name}; without them its finetuned rows are left out")
    for network, name in (("alexnet", "AlexNet (see zhang2018.convert_alexnet)"), ("vgg16", "VGGNet-16 (Keras)"))
)


def prepare(corpus: Corpus, chosen: Task, ledger: Ledger, paths: Mapping[str, Path | None]) -> Material:
    """Checks the weight files before anything is trained.

    Raises:
        UserError: a file does not hold the expected weights.
    """
    del chosen, ledger
    given = {name: path.resolve() for name, path in paths.items() if path is not None}
    if not given:
        return Material(corpus)
    from ser_tf.papers.zhang2018 import pretrained

    readers = {"alexnet_weights": pretrained.read_alexnet, "vgg16_weights": pretrained.read_vgg16}
    inputs = {name: UserInput(path, pretrained.digest(readers[name](path))) for name, path in given.items()}
    return Material(corpus, inputs, tuple(f"{path.name} as pretrained weights" for path in given.values()))


# Systems and figures import TensorFlow or matplotlib, which listing and tabulating should not need.
def _fit_attention_fcn(context: "FoldContext[Ledger]", **variant: Any) -> FoldOutcome:
    from ser_tf.papers.zhang2018 import systems

    return systems.fit_attention_fcn(context, **variant)


def _fit_classifier(context: "FoldContext[Ledger]", network: str, finetuning: bool) -> FoldOutcome:
    from ser_tf.papers.zhang2018 import systems

    return systems.fit_classifier(context, network, finetuning)


def _fit_satt_model1(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.zhang2018 import satt

    return satt.fit_model1(context)


def _fit_satt_model2(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.zhang2018 import satt

    return satt.fit_model2(context)


def _features(ledger: Ledger, window_seconds: float = 0.04) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.zhang2018 import systems

    return systems.features(ledger, window_seconds)


def _satt_features(ledger: Ledger) -> "tuple[FeatureSpec, ...]":
    return _features(ledger, ledger.satt_window_seconds)


def _served() -> "Served[Ledger]":
    from ser_tf.papers.zhang2018 import served

    return served.SERVED


def _draw_figure4(program: str, argv: list[str]) -> int:
    from ser_tf.papers.zhang2018 import fig4

    return fig4.main(program, argv)


_NETWORKS = {"alexnet": "AlexNet", "vgg16": "VGGNet-16"}
_PUBLISHED = {  # WA, UA: Tables I and II
    "alexnet_random": (0.665, 0.548),
    "alexnet_finetuned": (0.679, 0.573),
    "vgg16_random": (0.653, 0.548),
    "vgg16_finetuned": (0.668, 0.567),
    "fcn_attention": (0.704, 0.639),
    "satt_model1": (0.688, 0.594),
    "satt_model2": (0.673, 0.620),
}


def _row(key: str, label: str, fit: Callable[["FoldContext[Ledger]"], FoldOutcome], **more: Any) -> System[Ledger]:
    """Makes a row with its published numbers."""
    published = dict(zip(("wa", "ua"), _PUBLISHED[key], strict=True))
    return System(key, label, published, fit, **{"features": _features, **more})


def _beyond(key: str, label: str, note: str, **variant: Any) -> System[Ledger]:
    """Makes a randomly initialised row that the paper describes without giving a number."""
    window = variant.get("window_seconds")
    features = functools.partial(_features, window_seconds=window) if window else _features
    fit = functools.partial(_fit_attention_fcn, finetuning=False, **variant)
    return System(key, label, None, fit, features, note=note, origin="beyond")


def _classifier(network: str, finetuned: bool) -> System[Ledger]:
    fit = functools.partial(_fit_classifier, network=network, finetuning=finetuned)
    key, label = ("finetuned", "Finetuning") if finetuned else ("random", "Random-init")
    needs, option = ("weights", f"{network}_weights") if finetuned else ("", "")
    return _row(f"{network}_{key}", f"{_NETWORKS[network]} {label}", fit, needs=needs, option=option)


def _attention_claims(row: str, name: str) -> tuple[Measured, ...]:
    """Lists the claims of §III-C about Figure 4."""
    return (
        Measured(
            row, "attention on silence",
            f"{name}: silent frames get less attention than their share of the time (§III-C)",
            "attention_on_silence", "time_in_silence", "less",
        ),
        Measured(
            row, "attention above 2 kHz",
            f"{name}: 2-4 kHz get less attention than their share of the spectrum (§III-C)",
            "attention_above_2khz", "spectrum_above_2khz", "less",
        ),
    )  # fmt: skip


TABLE1 = Table(
    number=1,
    title="AlexNet and VGGNet-16 on pieces of 3 s, random and pretrained weights",
    corpora=("iemocap",),
    rows=(
        *(_classifier(network, finetuned) for network in _NETWORKS for finetuned in (False, True)),
        *baselines.ROWS,
    ),
    claims=(
        *(
            Claim(
                f"{name}: finetuned better than random initialisation, {metric.upper()}",
                f"{key}_finetuned",
                f"{key}_random",
                metric,
            )
            for key, name in _NETWORKS.items()
            for metric in ("wa", "ua")
        ),
        # Both have the same UA with random initialisation.
        Claim("AlexNet better than VGGNet-16, random initialisation, WA", "alexnet_random", "vgg16_random", "wa"),
        *(
            Claim(
                f"AlexNet better than VGGNet-16, finetuned, {metric.upper()}",
                "alexnet_finetuned",
                "vgg16_finetuned",
                metric,
            )
            for metric in ("wa", "ua")
        ),
    ),
)
TABLE2 = Table(
    number=2,
    title="Attention based fully convolutional network and CNN+LSTM",
    corpora=("iemocap",),
    rows=(
        _row(
            "fcn_attention",
            "Our FCN+Attention",
            functools.partial(_fit_attention_fcn, finetuning=True),
            needs="weights",
            option="alexnet_weights",
        ),
        _beyond("fcn_attention_random", "FCN+Attention, random initialisation", "without ImageNet's weights"),
        _beyond(
            "fcn_lambda0_random", "FCN, lambda = 0, random initialisation", "§II-B: lambda = 0 is average pooling",
            attention_scale=0.0,
        ),
        _beyond(
            "fcn_lambda1_random", "FCN+Attention, lambda = 1, random initialisation", "§II-B: lambda = 1",
            attention_scale=1.0,
        ),
        _beyond(
            "fcn_20ms_random", "FCN+Attention, 20 ms windows, random initialisation", "§III-A: 40 ms is better",
            window_seconds=0.02,
        ),
        _row("satt_model1", "CNN+LSTM Model1 in [9]", _fit_satt_model1, features=_satt_features),
        _row("satt_model2", "CNN+LSTM Model2 in [9]", _fit_satt_model2, features=_satt_features),
        *baselines.ROWS,
    ),
    claims=tuple(
        Claim(f"FCN+Attention better than CNN+LSTM {name}, {metric.upper()}", "fcn_attention", f"satt_{key}", metric)
        for key, name in (("model1", "Model1"), ("model2", "Model2"))
        for metric in ("wa", "ua")
    ),
    measured=(
        *_attention_claims("fcn_attention", "FCN+Attention"),
        *_attention_claims("fcn_attention_random", "FCN+Attention, random initialisation"),
    ),
)  # fmt: skip
PAPER = Paper(
    key="zhang2018",
    citation=CITATION,
    ledger=Ledger(),
    task=task,
    folds=make_folds,
    tables=(TABLE1, TABLE2),
    figures=(Figure("fig4", "Spectrograms and attention over time and frequency", _draw_figure4),),
    options=OPTIONS,
    prepare=prepare,
    conditions=conditions,
    served=_served,
    main=("fcn_attention", "fcn_attention_random"),
)
