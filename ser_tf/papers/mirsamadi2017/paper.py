"""Mirsamadi, Barsoum and Zhang, ICASSP 2017: recurrent networks with local attention.

Set-up (§3): IEMOCAP, happy, sad, neutral and angry; four sessions train and one is tested; features normalised by
mean and standard deviation of the neutral speech in the training set. Table 2 compares fixed functionals on learned
and on hand-crafted descriptors, Table 3 ways from a recurrent network's frames to one decision.
"""

import dataclasses
import functools
from collections.abc import Sequence

from ser_tf.corpora.base import IMPROVISED, SCRIPTED, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.summary import Claim
from ser_tf.papers.mirsamadi2017.systems import (
    FEATURES,
    fit_functionals_network,
    fit_recurrent_network,
    fit_svm,
    lld_features,
    spectral_features,
)
from ser_tf.protocol import folds
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.system import Paper, System

CITATION = (
    "S. Mirsamadi, E. Barsoum, C. Zhang: Automatic speech emotion recognition using recurrent neural networks with"
    " local attention. ICASSP 2017, 2227-2231"
)


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    styles: str = assumption(
        "both", "§3 names scripted and improvised speech and excludes neither", ("both", IMPROVISED, SCRIPTED)
    )
    happy_includes_excited: bool = assumption(False, "§3 says happy; later work often counts excited as happy")
    stopping: str = assumption(
        "speaker",
        "what chooses the stopping epoch: one speaker of the training sessions, or a tenth of their utterances",
        ("speaker", "utterances"),
    )
    tested_sessions: str = assumption(
        "all", "§3 tests 'the remaining session' without naming it; all in turn, or the last", ("all", "last")
    )
    normaliser_utterances: str = assumption(
        "neutral", "§3 states neutral speech; all utterances is the usual alternative", ("neutral", "all")
    )
    normaliser_statistics: str = assumption(
        "per_dimension",
        "§3's global mean and deviation: of each dimension, or one for all",
        ("per_dimension", "single"),
    )
    window: str = assumption("hamming", "window of the 25 ms frames", ("hamming", "hann"))
    spectral_scale: str = assumption("linear", "magnitude spectra as they are, or their logarithm", ("linear", "log"))
    f0_high_hz: float = assumption(500.0, "highest F0; openSMILE's IS09 set", least=100, most=2000)
    voicing_cutoff: float = assumption(
        0.55, "voicing probability of the least voiced frame; as in IS09", least=0, most=1
    )
    smoothing_frames: int = assumption(3, "moving average over the descriptors; openSMILE's IS09 set", (1, 3, 5, 7))
    delta_reach_frames: int = assumption(2, "frames to both sides in the deltas; openSMILE's IS09 set", least=1)
    functionals: str = assumption(
        "footnote", "Full is mean, std, min, max, range, skewness, kurtosis by Table 2; §3 lists further ones",
        ("footnote", "section3"),
    )  # fmt: skip
    svm_c: float = assumption(1.0, "cost of the SVM; scikit-learn's default, nothing is searched", least=1e-9)
    svm_gamma: str = assumption("scale", "width of the RBF kernel; scikit-learn's default", ("scale", "auto"))
    svm_scaling: str = assumption(
        "standard", "functionals enter the SVM standardised by the training part, or as they are", ("standard", "none")
    )
    lld_dense_layers: int = assumption(
        0, "ReLU layers of 512 between LLDs and BLSTM; Table 3's hand-crafted rows have none", least=0
    )
    frame_decision: str = assumption(
        "mean_posterior",
        "how frame-wise posteriors decide on the utterance (Fig. 1(b))",
        ("mean_posterior", "mean_log_posterior"),
    )
    attention_hidden_units: int = assumption(64, "tanh units of the deeper attention model, Fig. 1(f)", least=1)
    optimiser: str = assumption("adam", "the optimiser is not named", ("adam", "rmsprop", "sgd"))
    learning_rate: float = assumption(1e-3, "initial learning rate; Keras's default for Adam", least=1e-9)
    batch_size: int = assumption(32, "utterances in a batch", least=1)
    max_epochs: int = assumption(60, "epochs at most", least=1)
    patience: int = assumption(5, "epochs without a lower validation loss before training stops", least=0)
    class_weights: str = assumption(
        "balanced", "§3 states cost-sensitive training for the SVM; the networks' loss likewise", ("balanced", "none")
    )


def task(ledger: Ledger) -> Task:
    """The four classes of §3; 4,490 utterances of IEMOCAP, 5,531 with excited counted as happy."""
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
    """Leave-one-session-out; one speaker of the training sessions chooses the stopping epoch."""
    every = folds.by_session(utterances, seed, ledger.stopping)
    return every if ledger.tested_sessions == "all" else every[-1:]


PAPER = Paper("mirsamadi2017", CITATION, ("iemocap",), Ledger(), task, make_folds)


_KINDS = {"spectral": "raw spectral", "lld": "emotion LLDs"}
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


def _table2_row(classifier: str, which: str) -> System:
    key = f"{classifier}_{which}"
    if classifier == "dnn":
        fit = functools.partial(fit_functionals_network, which=which)
        return System(key, f"{_KINDS['spectral']}, DNN, {_HSFS[which]}", _published(key), fit, spectral_features)
    fit = functools.partial(fit_svm, which=which)
    return System(key, f"{_KINDS['lld']}, SVM, {_HSFS[which]}", _published(key), fit, lld_features, has_model=False)


def _table3_row(kind: str, aggregation: str) -> System:
    key = f"{kind}_{aggregation}"
    fit = functools.partial(fit_recurrent_network, kind=kind, aggregation=aggregation)
    return System(key, f"{_KINDS[kind]}, {_AGGREGATIONS[aggregation]}", _published(key), fit, FEATURES[kind])


TABLE2 = tuple(_table2_row(classifier, which) for classifier in ("dnn", "svm") for which in _HSFS)
DEEP_ATTENTION = System(
    "lld_deep_attention",
    "emotion LLDs, RNN-weighted pool with deeper attention (Fig. 1(f))",
    None,
    functools.partial(fit_recurrent_network, kind="lld", aggregation="weighted_pool", deep_attention=True),
    lld_features,
    note="described in §2.4, no number published",
)
SVM_FULL = dataclasses.replace(TABLE2[-1], note="row of Table 2, which §3 compares with the weighted pool")
TABLE3 = (
    *(_table3_row(kind, aggregation) for kind in FEATURES for aggregation in _AGGREGATIONS),
    DEEP_ATTENTION,
    SVM_FULL,
)


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


TABLE2_CLAIMS = tuple(
    Claim(
        f"{_HSFS[which]}: learned LLDs (DNN) better than hand-crafted (SVM), WA", f"dnn_{which}", f"svm_{which}", "wa"
    )
    for which in _HSFS
)
TABLE3_CLAIMS = (
    *_pooling_claims("spectral"),
    *_pooling_claims("lld"),
    Claim("weighted pool better than the SVM with all functionals", "lld_weighted_pool", "svm_full"),
)
