"""Lee, Yoon and Jung, Interspeech 2020: cross attention with aligned audio and text.

Set-up (§4.1-4.2): IEMOCAP, seven classes, 7,486 utterances with a word alignment; ten folds of 8:1:1. Table 1 is an
alignment, Table 2 compares systems, Table 3 ways to segment the audio, Table 4 leaves out parts of the network. The
cross attention network (`can`) is trained once for all tables.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.summary import Claim
from ser_tf.papers.lee2020 import networks as lee2020
from ser_tf.papers.lee2020 import words as lee2020_words
from ser_tf.papers.lee2020 import xu2019, yoon2019
from ser_tf.papers.lee2020.systems import features, fit_network
from ser_tf.protocol import folds
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.system import Paper, Prepared, System

CITATION = (
    "Y. Lee, S. Yoon, K. Jung: Multimodal speech emotion recognition using cross attention with aligned audio and"
    " text. Interspeech 2020, 2717-2721"
)
NUM_FOLDS = 10  # §4.1


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    split: str = assumption(
        "utterance",
        "§4.1 draws 8:1:1 without naming speakers: single utterances, stratified by class; speaker keeps each speaker"
        " in one part",
        ("utterance", "speaker"),
    )
    overlap_margin: str = assumption(
        "half", "§3.1.2: neighbours overlap by 10%: each side longer by half of it (5% of the word), or by all",
        ("half", "full"),
    )  # fmt: skip
    mfcc_first_coefficient: int = assumption(0, "40 coefficients from c0, or from c1, which takes 41 bands", (0, 1))
    mfcc_mel_bands: int = assumption(40, "mel bands under the 40 coefficients")
    mfcc_normaliser: str = assumption(
        "train", "mean and deviation of each coefficient over the training part, or none", ("train", "none")
    )
    embedding_dims: int = assumption(300, "of the random embedding without --glove; §4.2 has 300 from GloVe")
    vocabulary_least_count: int = assumption(1, "rarer words of the training part are unknown words")
    head_projection: bool = assumption(
        True,
        "four heads by a projection of the states to 4 x 64, one query a head; false splits the states as they are",
    )
    clipping: str = assumption(
        "global", "norm 1.0 over all gradients together, or for each weight by itself", ("global", "each")
    )
    baseline_lstm_units: int = assumption(128, "in each direction, of the models in Table 2 that are re-implemented")
    class_weights: str = assumption("none", "weights in the loss; none is stated", ("none", "balanced"))
    max_epochs: int = assumption(100, "epochs at most; §4.2 states the patience alone")


def task(ledger: Ledger) -> Task:
    """The seven classes of §4.1; 7,486 utterances of IEMOCAP."""
    del ledger
    return Task(
        name="lee2020",
        classes=("angry", "excited", "happy", "sad", "frustrated", "surprise", "neutral"),
        expected={"iemocap": 7486},
        needs_alignment=True,
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Ten folds of 8:1:1 (§4.1).

    A class with fewer utterances than folds is drawn together with the next larger ones: no fold rule can give each
    fold one of them.
    """
    counts = Counter(str(utterance.label) for utterance in utterances)
    stratum: dict[str, str] = {}
    small: list[str] = []
    for label in sorted(counts, key=lambda label: (counts[label], label)):
        small.append(label)
        if sum(counts[one] for one in small) >= NUM_FOLDS:
            stratum |= dict.fromkeys(small, label)
            small = []
    group = (lambda utterance: utterance.speaker) if ledger.split == "speaker" else None
    number = NUM_FOLDS
    return folds.k_fold(utterances, seed, number, lambda one: stratum.get(str(one.label), ""), group)


def prepare(corpus: Corpus, ledger: Ledger, paths: Mapping[str, Path | None]) -> Prepared:
    """Alignments and word vectors from the user's files, and what the table says of the words."""
    return lee2020_words.prepare(corpus, task(ledger), paths, NUM_FOLDS)


PAPER = Paper(
    "lee2020", CITATION, ("iemocap",), Ledger(), task, make_folds, options=lee2020_words.OPTIONS, prepare=prepare
)


ALIGNMENT_PUBLISHED = (  # Table 1: start and end in units of 10 ms
    (0, 51, "<s>"),
    (52, 75, "i"),
    (76, 88, "like"),
    (89, 140, "<sil>"),
    (141, 143, "apple"),
    (144, 177, "</s>"),
)


def _published(wa: float, wa_std: float, ua: float, ua_std: float) -> dict[str, float]:
    return {"wa": wa, "wa_std": wa_std, "ua": ua, "ua_std": ua_std}


def _row(key: str, label: str, published: tuple[float, ...], build: Callable, read: str, **variant: Any) -> System:
    fit = functools.partial(fit_network, build=build, read=read, **variant)
    return System(key, label, _published(*published), fit, features)


_CAN = functools.partial(_row, build=lee2020.build_cross_attention_network, read="segments")
CAN = _CAN("can", "CAN", (0.579, 0.019, 0.487, 0.017))
TABLE2 = (
    _row("text", "TextModel", (0.513, 0.015, 0.443, 0.015), lee2020.build_text_network, "words"),
    _row("audio", "AudioModel", (0.431, 0.017, 0.323, 0.015), lee2020.build_audio_network, "frames"),
    _row("yoon2019", "Yoon et al. 2019", (0.564, 0.020, 0.472, 0.017), yoon2019.build_multi_hop_network, "frames"),
    _row("xu2019", "Xu et al. 2019", (0.560, 0.028, 0.450, 0.028), xu2019.build_alignment_network, "frames"),
    CAN,
)
TABLE3 = (
    dataclasses.replace(CAN, label="Aligned"),
    _CAN("can_equal", "Equal", (0.568, 0.022, 0.467, 0.021), segmentation="equal"),
)
TABLE4 = (
    CAN,
    _CAN("no_stop_gradient", "- stop-gradient", (0.570, 0.018, 0.469, 0.023), stop_gradient=False),
    _CAN("no_align_loss", "- L_align", (0.573, 0.015, 0.484, 0.017), align_weight=0.0),
    _CAN(
        "no_stop_gradient_no_align_loss",
        "- stop-gradient, L_align",
        (0.563, 0.015, 0.479, 0.024),
        stop_gradient=False,
        align_weight=0.0,
    ),
    _CAN(
        "no_cross_attention",
        "- cross attention",
        (0.556, 0.013, 0.458, 0.015),
        stop_gradient=False,
        align_weight=0.0,
        cross_attention=False,
    ),
)


def _claims(rows: Sequence[System], worse: str) -> tuple[Claim, ...]:
    return tuple(Claim(worse.format(row.label), "can", row.key) for row in rows if row.key != "can")


TABLE2_CLAIMS = _claims(TABLE2, "CAN better than {}")
TABLE3_CLAIMS = (Claim("aligned segments better than equal ones", "can", "can_equal"),)
TABLE4_CLAIMS = _claims(TABLE4, "CAN better than CAN without a part: {}")
SYSTEMS = (*TABLE2, *TABLE3[1:], *TABLE4[1:])
