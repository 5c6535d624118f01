"""Tables 1 to 4 of Lee et al. 2020: task, folds, rows with their published numbers, and claims."""

import dataclasses
import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.claims import Claim
from ser_tf.evaluation.schema import Conditions
from ser_tf.papers.lee2020 import bag_of_words, recognised, table1, words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.protocol import folds
from ser_tf.protocol.paper import Figure, FoldOutcome, Material, Measured, Paper, System, Table
from ser_tf.training import baselines

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext
    from ser_tf.protocol.served import Served

CITATION = (
    "Y. Lee, S. Yoon, K. Jung: Multimodal speech emotion recognition using cross attention with aligned audio and"
    " text. Interspeech 2020, 2717-2721"
)
NUM_FOLDS = 10  # §4.1
NUM_HEADS = 4  # §4.2


def task(ledger: Ledger) -> Task:  # noqa: ARG001 - the seven classes are stated
    """Selects the seven classes of §4.1: 7,486 utterances of IEMOCAP."""
    return Task(
        name="lee2020",
        classes=("angry", "excited", "happy", "sad", "frustrated", "surprise", "neutral"),
        expected={"iemocap": 7486},
        needs_alignment=True,
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Makes ten folds of 8:1:1 (§4.1).

    A class with fewer utterances than folds is merged with the next larger ones for stratification, since not every
    fold can have one of its utterances.
    """
    if ledger.split == "random":
        return folds.k_fold(utterances, seed, NUM_FOLDS, lambda _: "")
    counts = Counter(str(utterance.label) for utterance in utterances)
    stratum: dict[str, str] = {}
    small: list[str] = []
    for label in sorted(counts, key=lambda label: (counts[label], label)):
        small.append(label)
        if sum(counts[name] for name in small) >= NUM_FOLDS:
            stratum |= dict.fromkeys(small, label)
            small = []
    group = (lambda utterance: utterance.speaker) if ledger.split == "speaker" else None
    return folds.k_fold(utterances, seed, NUM_FOLDS, lambda utterance: stratum.get(str(utterance.label), ""), group)


_FOLDS = {
    "utterance": "8:1:1, utterances drawn with every class spread evenly",
    "random": "8:1:1, utterances drawn at random",
    "speaker": "8:1:1, speakers kept apart",
}


def conditions(ledger: Ledger) -> Conditions:
    """How folds are made and what chooses the epoch."""
    monitored = "lowest loss" if ledger.monitor == "loss" else "highest UA"
    return {"folds": _FOLDS[ledger.split], "epoch_choice": f"{monitored} on the validation utterances"}


def prepare(corpus: Corpus, chosen: Task, ledger: Ledger, paths: Mapping[str, Path | None]) -> Material:
    """Reads alignments and word vectors from the user's files, and makes the table's notes on words."""
    return words.prepare(corpus, chosen, ledger, paths, NUM_FOLDS)


# Systems, figures and serving import TensorFlow or matplotlib, which listing and tabulating should not need.
def _frame_features(ledger: Ledger) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.lee2020 import systems

    return systems.frame_features(ledger)


def _segment_features(ledger: Ledger) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.lee2020 import systems

    return systems.segment_features(ledger)


def _fit_text(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.lee2020 import systems

    return systems.fit_text(context)


def _fit_audio(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.lee2020 import systems

    return systems.fit_audio(context)


def _fit_yoon2019(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.lee2020 import systems

    return systems.fit_yoon2019(context)


def _fit_xu2019(context: "FoldContext[Ledger]") -> FoldOutcome:
    from ser_tf.papers.lee2020 import systems

    return systems.fit_xu2019(context)


def _fit_cross_attention(
    context: "FoldContext[Ledger]",
    segmentation: str = "aligned",
    stop_gradient: bool = True,
    align_loss: bool = True,
    cross_attention: bool = True,
) -> FoldOutcome:
    from ser_tf.papers.lee2020 import systems

    return systems.fit_cross_attention(context, segmentation, stop_gradient, align_loss, cross_attention)


def _draw_attention(program: str, argv: list[str]) -> int:
    from ser_tf.papers.lee2020 import attention

    return attention.main(program, argv)


def _served() -> "Served[Ledger]":
    from ser_tf.papers.lee2020 import served

    return served.SERVED


def _published(wa: float, wa_std: float, ua: float, ua_std: float) -> dict[str, float]:
    return {"wa": wa, "wa_std": wa_std, "ua": ua, "ua_std": ua_std}


def _claims(rows: Sequence[System[Ledger]], text: str) -> tuple[Claim, ...]:
    return tuple(Claim(text.format(row.label), "can", row.key) for row in rows if row.key != "can")


_BASELINES: tuple[System[Ledger], ...] = (
    *baselines.ROWS,
    System(
        "baseline_bag_of_words",
        "Logistic regression, bag of words",
        None,
        bag_of_words.fit,
        keras=False,
        origin="baseline",
    ),
)
_CAN = System("can", "CAN", _published(0.579, 0.019, 0.487, 0.017), _fit_cross_attention, _segment_features)
_CAN_ASR = System(
    "can_asr",
    "CAN, words recognised",
    None,
    recognised.fit,
    _segment_features,
    needs="recognised words",
    note="trained on reference words, tested on those that a recogniser heard",
    origin="beyond",
)
_TABLE2_ROWS = (
    System("text", "TextModel", _published(0.513, 0.015, 0.443, 0.015), _fit_text, _frame_features),
    System("audio", "AudioModel", _published(0.431, 0.017, 0.323, 0.015), _fit_audio, _frame_features, words=False),
    System(
        "yoon2019",
        "Yoon et al. 2019",
        _published(0.564, 0.020, 0.472, 0.017),
        _fit_yoon2019,
        _frame_features,
        note="without the original's vector of prosodic features, which lee2020 does not mention",
    ),
    System("xu2019", "Xu et al. 2019", _published(0.560, 0.028, 0.450, 0.028), _fit_xu2019, _frame_features),
    _CAN,
)
_HEADS = tuple(
    Measured(
        "can",
        f"entropy, {modality} head {head}",
        f"CAN: entropy in bits of {modality} attention, head {head} of {NUM_HEADS} from sharp to even, against even"
        " weights",
        f"{modality}_head_{head}_bits",
        "even_bits",
        form="number",
    )
    for modality in ("text", "audio")
    for head in range(1, NUM_HEADS + 1)
)
TABLE2 = Table(
    number=2,
    title="Systems on aligned audio and text",
    corpora=("iemocap",),
    rows=(*_TABLE2_ROWS, _CAN_ASR, *_BASELINES),
    claims=_claims(_TABLE2_ROWS, "CAN better than {}"),
    measured=_HEADS,
)
TABLE3 = Table(
    number=3,
    title="Aligned and equal segmentation of the audio",
    corpora=("iemocap",),
    rows=(
        dataclasses.replace(_CAN, label="Aligned"),
        System(
            "can_equal",
            "Equal",
            _published(0.568, 0.022, 0.467, 0.021),
            functools.partial(_fit_cross_attention, segmentation="equal"),
            _segment_features,
        ),
        *_BASELINES,
    ),
    claims=(Claim("aligned segments better than equal ones", "can", "can_equal"),),
)


def _ablation(
    key: str,
    label: str,
    published: dict[str, float],
    stop_gradient: bool = False,
    align_loss: bool = False,
    cross_attention: bool = True,
) -> System[Ledger]:
    fit = functools.partial(
        _fit_cross_attention, stop_gradient=stop_gradient, align_loss=align_loss, cross_attention=cross_attention
    )
    return System(key, label, published, fit, _segment_features)


_TABLE4_ROWS = (
    _CAN,
    _ablation("no_stop_gradient", "- stop-gradient", _published(0.570, 0.018, 0.469, 0.023), align_loss=True),
    _ablation("no_align_loss", "- L_align", _published(0.573, 0.015, 0.484, 0.017), stop_gradient=True),
    _ablation("no_stop_gradient_no_align_loss", "- stop-gradient, L_align", _published(0.563, 0.015, 0.479, 0.024)),
    _ablation(  # §4.3.3: neither stop-gradient nor L_align
        "no_cross_attention", "- cross attention", _published(0.556, 0.013, 0.458, 0.015), cross_attention=False
    ),
)
TABLE4 = Table(
    number=4,
    title="The cross attention network without some of its parts",
    corpora=("iemocap",),
    rows=(*_TABLE4_ROWS, *_BASELINES),
    claims=(
        *_claims(_TABLE4_ROWS, "CAN better than CAN without a part: {}"),
        *(
            Claim(f"{row.label} better than - cross attention", row.key, "no_cross_attention")  # §4.3.3, last sentence
            for row in _TABLE4_ROWS[1:-1]
        ),
    ),
)
PAPER = Paper(
    key="lee2020",
    citation=CITATION,
    ledger=Ledger(),
    task=task,
    folds=make_folds,
    tables=(table1.TABLE, TABLE2, TABLE3, TABLE4),
    figures=(Figure("attention", "Text and audio attention over the words of utterances", _draw_attention),),
    options=words.OPTIONS,
    prepare=prepare,
    conditions=conditions,
    served=_served,
    main=("can", "audio"),
)
