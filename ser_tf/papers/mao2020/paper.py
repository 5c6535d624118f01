"""Mao, Ching, Kuo and Lee, Interspeech 2020: multiple-instance learning with attention over segments.

Set-up (§3, §4.1): CASIA, six classes, ten folds; IEMOCAP, four classes with excited counted as happy, one session
left out. SegCNN learns segments that inherit their utterance's label; seven systems decide on the utterance from its
embeddings. Both tables have the same rows, Table 1 on CASIA and Table 2 on IEMOCAP.
"""

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Sequence

from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.summary import Claim
from ser_tf.papers.mao2020.segcnn import features
from ser_tf.papers.mao2020.systems import fit_bag_network, fit_forest
from ser_tf.protocol import folds
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.system import Paper, System

CITATION = (
    "S. Mao, P. C. Ching, C.-C. J. Kuo, T. Lee: Advancing multiple instance learning with attention modeling for"
    " categorical speech emotion recognition. Interspeech 2020, 2357-2361"
)
CASIA_FOLDS = 10  # §4.1
SIX = ("angry", "fear", "happy", "neutral", "sad", "surprise")  # §3, CASIA
FOUR = ("angry", "happy", "neutral", "sad")  # §3, IEMOCAP


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state. Names that begin with `bag_` concern the second stage alone."""

    classes: str = assumption(
        "corpus", "§3: six on CASIA, four on IEMOCAP; on other corpora four", ("corpus", "four", "six")
    )
    casia_split: str = assumption(
        "utterance",
        "§4.1's ten folds of CASIA: single utterances, stratified by emotion within speaker; speaker leaves one speaker"
        " out, text keeps each sentence in one fold",
        ("utterance", "speaker", "text"),
    )
    stopping: str = assumption(
        "speaker",
        "what chooses the stopping epoch where a session is left out: one speaker of the others, or a tenth of their"
        " utterances",
        ("speaker", "utterances"),
    )
    utterance_seconds: float = assumption(
        0.0, "longest utterance; 0 is §4.1's: 2.07 s on CASIA, 4.55 s on IEMOCAP, which other corpora take", least=0
    )
    segment_least_frames: int = assumption(
        32,
        "frames of speech that a segment has at least; §4.1 counts segments before it speaks of padding: whole ones. 1"
        " leaves out segments of padding alone",
        least=1,
        most=32,
    )
    window: str = assumption("hann", "window of the 25 ms frames", ("hann", "hamming"))
    mel_scale: str = assumption("slaney", "mel scale of the 64 filters; librosa's default", ("slaney", "htk"))
    log_floor: float = assumption(1e-10, "band powers below it count as this value", least=1e-30, most=1)
    normaliser: str = assumption(
        "per_band", "mean and deviation over the training part: of each mel band, one for all, or none",
        ("per_band", "global", "none"),
    )  # fmt: skip
    cnn_body: str = assumption(
        "vgg",
        "§4.1 cites SegCNN's convolutions: 3x3, 64 | 128 | 256, 256 | 512, 512, batch norm, ReLU, max-pool 2x2; compact"
        " has half the filters",
        ("vgg", "compact"),
    )
    cnn_dropout: float = assumption(0.5, "after SegCNN's dense layers", least=0, most=0.95)
    cnn_batch_norm_momentum: float = assumption(0.9, "of the moving averages of batch norm", least=0, most=0.9999)
    cnn_max_epochs: int = assumption(50, "epochs of SegCNN at most; §4.1 states the patience alone", least=1)
    decay_staircase: bool = assumption(
        True, "§4.1's decay by 0.8 every two epochs: in steps, or a little at every step"
    )
    class_weights: str = assumption("none", "weights in both stages' losses; none is stated", ("none", "balanced"))
    bag_validation: str = assumption(
        "fold",
        "§4.1's second cross-validation: the validation part that stopped SegCNN stops the second stage as well, or a"
        " tenth of all training utterances does",
        ("fold", "split"),
    )
    bag_padding: str = assumption(
        "masked", "§4.1 pads with zeros: without effect, or as segments with embeddings of zero", ("masked", "zeros")
    )
    bag_attention_dims: int = assumption(120, "D of feature-level attention; H is 120 (§2.2)", least=1)
    bag_batch_norm: bool = assumption(True, "batch normalisation of the two FC layers")
    bag_dropout: float = assumption(0.5, "after each of the two FC layers", least=0, most=0.95)
    bag_instance_activation: str = assumption(
        "softmax", "of the instance-level decisions f in [0, 1] (§2.2.1)", ("softmax", "sigmoid")
    )
    bag_loss: str = assumption(
        "categorical",
        "cross-entropy of F(B) divided by its sum, or of each class of F(B) by itself",
        ("categorical", "binary"),
    )
    bag_max_epochs: int = assumption(100, "epochs of the second stage at most", least=1)
    bag_least_steps: int = assumption(
        30,
        "§4.1 counts decay and patience in epochs, which have 32 steps or more on IEMOCAP and CASIA; a smaller corpus"
        " is gone through several times in an epoch to have as many",
        least=1,
    )
    bag_forest_trees: int = assumption(100, "trees of the random forests; scikit-learn's default", least=1)


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
        return folds.k_fold(utterances, seed, CASIA_FOLDS, lambda one: str(one.label), lambda one: str(one.sentence))
    return folds.k_fold(utterances, seed, CASIA_FOLDS, _finest_stratum(utterances))


def _finest_stratum(utterances: Sequence[Utterance]) -> Callable[[Utterance], str]:
    """Emotion within speaker where each fold can have one of every kind, else emotion, else nothing."""
    strata: tuple[Callable[[Utterance], str], ...] = (
        lambda one: f"{one.speaker} {one.label}",
        lambda one: str(one.label),
    )
    for stratum in strata:
        if min(Counter(map(stratum, utterances)).values()) >= CASIA_FOLDS:
            return stratum
    return lambda one: ""


CASIA = Paper("mao2020", CITATION, ("casia",), Ledger(), task, make_folds)
IEMOCAP = dataclasses.replace(CASIA, corpora=("iemocap",))

_LABELS = {
    "max_rf": "CNN-MAX-RF (baseline)",
    "avg_rf": "CNN-AVG-RF (baseline)",
    "mp": "CNN-MP (baseline)",
    "ap": "CNN-AP (baseline)",
    "d_single": "CNN-D-Single-Att.",
    "d_multi": "CNN-D-Multi-Att.",
    "feature": "CNN-Feature-Att.",
}
_FITS = {
    "max_rf": functools.partial(fit_forest, pooling="max"),
    "avg_rf": functools.partial(fit_forest, pooling="mean"),
    "mp": functools.partial(fit_bag_network, pooling="max"),
    "ap": functools.partial(fit_bag_network, pooling="mean"),
    "d_single": functools.partial(fit_bag_network, pooling="single"),
    "d_multi": functools.partial(fit_bag_network, pooling="multi"),
    "feature": functools.partial(fit_bag_network, pooling="feature"),
}


def _rows(*ua_percent: float) -> tuple[System, ...]:
    """The seven rows with a table's published UA."""
    return tuple(
        System(key, label, {"ua": round(ua / 100, 4)}, _FITS[key], features, has_model=not key.endswith("rf"))
        for (key, label), ua in zip(_LABELS.items(), ua_percent, strict=True)
    )


def _cited(key: str, label: str, ua_percent: float, note: str = "") -> System:
    """A row of another paper, shown as published."""
    return System(key, label, {"ua": round(ua_percent / 100, 4)}, None, has_model=False, note=note)


TABLE1 = (
    _cited("elm_decision_tree", "ELM-Decision Tree", 89.60),
    _cited("dnn_hmm", "DNN-HMM", 91.32),
    _cited("lstm_tf_att", "LSTM-TF-Att.", 92.80),
    *_rows(91.10, 91.75, 92.11, 92.36, 93.75, 94.57, 95.32),
)
TABLE2 = (
    _cited("cnn_lstm", "CNN-LSTM", 59.40, "to run it: row satt_model1 of experiments.zhang2018_table2"),
    _cited("dnn_hmm", "DNN-HMM", 62.23),
    _cited("fcn_att", "FCN-Att.", 63.90, "to run it: row fcn_attention of experiments.zhang2018_table2"),
    *_rows(61.08, 61.40, 62.11, 62.74, 63.34, 65.82, 66.74),
)
CLAIMS = tuple(
    Claim(f"{_LABELS[better]} better than {_LABELS[worse]}", better, worse)
    for worse, better in zip(list(_LABELS), list(_LABELS)[1:], strict=False)
)[::-1]
