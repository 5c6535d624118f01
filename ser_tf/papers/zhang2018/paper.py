"""Zhang, Du, Wang, Zhang and Tu, APSIPA 2018: a fully convolutional network with attention over time and frequency.

Set-up (§III-A): IEMOCAP's improvised speech, happy, sad, angry and neutral, 2,280 utterances; four sessions train, of
the remaining one an actor validates and the other is tested. Table I compares AlexNet and VGGNet-16 with random and
pretrained weights, Table II the attention network with CNN+LSTM.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_tf.corpora.base import ACTED, IMPROVISED, Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.evaluation.summary import Claim
from ser_tf.papers.zhang2018 import pretrained
from ser_tf.papers.zhang2018.satt import fit_model1, fit_model2
from ser_tf.papers.zhang2018.systems import features, fit_attention_fcn, fit_classifier
from ser_tf.protocol import folds
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.system import Option, Paper, Prepared, System

CITATION = (
    "Y. Zhang, J. Du, Z. Wang, J. Zhang, Y. Tu: Attention based fully convolutional network for speech emotion"
    " recognition. APSIPA ASC 2018, 1771-1775"
)


@dataclasses.dataclass(frozen=True)
class Ledger:
    """What the paper does not state."""

    tested_actors: str = assumption(
        "both",
        "§III-A: of the remaining session one actor validates, the other is tested: both orders, or the first alone",
        ("both", "first"),
    )
    spectrum: str = assumption(
        "log", "§III-A: magnitudes of the transform, as logarithms or as they are", ("log", "linear")
    )
    log_floor: float = assumption(
        1e-5, "smaller magnitudes count as this one under the logarithm; full scale is about 170", least=1e-30
    )
    normaliser_statistics: str = assumption(
        "per_bin", "mean and deviation over the training part: of each bin, or one for all", ("per_bin", "single")
    )
    subutterances: str = assumption(
        "equal",
        "§III-C splits utterances as its reference [9]: into as few equal parts of at most 3 s, or every 3 s",
        ("equal", "fixed"),
    )
    alexnet: str = assumption(
        "bvlc",
        "AlexNet as its authors and Caffe have it, whose weights can be had; torchvision's is narrower, with no groups"
        " and no normalisation",
        ("bvlc", "torchvision"),
    )
    pool5: bool = assumption(True, "§II-A removes the fully connected layers; the last pooling stays")
    attention_units: int = assumption(256, "rows of W in eq. 2; as many as channels", least=1)
    pooling: str = assumption(
        "valid",
        "pooling windows within the input, or also one that its end cuts off, as Caffe has it",
        ("valid", "ceil"),
    )
    initialisation: str = assumption(
        "he_normal", "of AlexNet's kernels where they start at random", ("he_normal", "glorot_uniform")
    )
    vgg16_initialisation: str = assumption(
        "glorot_uniform",
        "of VGGNet-16's kernels where they start at random; that of keras.applications",
        ("glorot_uniform", "he_normal"),
    )
    one_channel: str = assumption(
        "sum",
        "how pretrained kernels for red, green and blue read a spectrogram: their sum, as if it were all three, or"
        " their mean",
        ("sum", "mean"),
    )
    pixel_deviation: float = assumption(
        58.0,
        "pretrained networks get normalised spectrograms times the deviation of ImageNet's pixels; their mean is 0",
        least=1e-3,
    )
    classifier_input: str = assumption(
        "resize",
        "how 200 x 300 meets FC6 (Table I): resized to the network's pixels, or as it is, with FC6 and FC7 at random",
        ("resize", "native"),
    )
    classifier_dropout: float = assumption(0.5, "behind FC6 and FC7 (Table I), as AlexNet has it", least=0, most=0.99)
    satt_first_stride: int = assumption(1, "of the first convolution of CNN+LSTM", (1, 2))
    satt_kernel_axes: str = assumption(
        "frequency_time",
        "kernels of CNN+LSTM such as 12x16: bins x frames, as the height of an image, or frames x bins",
        ("frequency_time", "time_frequency"),
    )
    satt_lstm_width: str = assumption(
        "per_direction", "128 units of each direction, or of both together", ("per_direction", "both")
    )
    satt_learning_rate: float = assumption(1e-3, "of Model1; Keras's default for Adam", least=1e-9)
    satt_class_weights: str = assumption("balanced", "Model2 is Model1 trained further for UA", ("balanced", "none"))
    optimiser: str = assumption("adam", "not named; sgd has no momentum here", ("adam", "rmsprop", "sgd"))
    learning_rate: float = assumption(1e-4, "of AlexNet and VGGNet-16 where they start at random", least=1e-9)
    finetuning_learning_rate: float = assumption(5e-5, "of pretrained networks, and of Model2", least=1e-9)
    batch_size: int = assumption(8, "utterances, or pieces of 3 s, in a batch", least=1)
    max_epochs: int = assumption(60, "epochs at most", least=1)
    patience: int = assumption(5, "epochs without a lower validation loss before training stops", least=0)
    class_weights: str = assumption("none", "weights in the loss; none is stated", ("none", "balanced"))


def task(ledger: Ledger) -> Task:
    """The four classes of improvised speech (§III-A); 2,280 utterances of IEMOCAP. Acted corpora are taken whole."""
    del ledger
    return Task(
        name="zhang2018",
        classes=("happy", "sad", "angry", "neutral"),
        styles=(IMPROVISED, ACTED),
        expected={"iemocap": 2280},
    )


def make_folds(utterances: Sequence[Utterance], ledger: Ledger, seed: int) -> tuple[folds.Fold, ...]:
    """Leave-one-session-out; of that session one actor validates and the other is tested (§III-A)."""
    every = folds.by_session_actor(utterances, seed)
    if ledger.tested_actors == "both":
        return every
    session = {utterance.id: utterance.session for utterance in utterances}
    first: dict[str, folds.Fold] = {}
    for fold in every:
        first.setdefault(session[fold.test[0]], fold)
    return tuple(first.values())


OPTIONS = tuple(
    Option(f"{network}_weights", "FILE", f"ImageNet's weights of {name}; without them its finetuned rows are left out")
    for network, name in (
        ("alexnet", "AlexNet (see zhang2018.convert_alexnet)"),
        ("vgg16", "VGGNet-16 (Keras)"),
    )
)
_READERS = {"alexnet_weights": pretrained.read_alexnet, "vgg16_weights": pretrained.read_vgg16}


def prepare(corpus: Corpus, ledger: Ledger, paths: Mapping[str, Path | None]) -> Prepared:
    """Checks the files of weights before anything is trained.

    Raises:
        UserError: a file is not what it should be.
    """
    del ledger
    given = {name: path.resolve() for name, path in paths.items() if path is not None}
    digests = {name: pretrained.digest(_READERS[name](path)) for name, path in given.items()}
    return Prepared(corpus, given, digests, tuple(f"{path.name} as pretrained weights" for path in given.values()))


PAPER = Paper("zhang2018", CITATION, ("iemocap",), Ledger(), task, make_folds, OPTIONS, prepare)

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


def _row(key: str, label: str, fit: Callable, weights: str | None = None, **more: Any) -> System:
    """A row; `weights` names the option with the pretrained weights that it starts from."""
    published = dict(zip(("wa", "ua"), _PUBLISHED[key], strict=True)) if key in _PUBLISHED else None
    needs, depends_on = ("", ()) if weights is None else ("weights", (weights,))
    return System(key, label, published, fit, features, needs=needs, depends_on=depends_on, **more)


def _classifier(network: str, finetuned: bool) -> System:
    fit = functools.partial(fit_classifier, network=network, finetuning=finetuned)
    key, label = ("finetuned", "Finetuning") if finetuned else ("random", "Random-init")
    weights = f"{network}_weights" if finetuned else None
    return _row(f"{network}_{key}", f"{_NETWORKS[network]} {label}", fit, weights)


TABLE1 = tuple(_classifier(network, finetuned) for network in _NETWORKS for finetuned in (False, True))
TABLE2 = (
    _row(
        "fcn_attention",
        "Our FCN+Attention",
        functools.partial(fit_attention_fcn, finetuning=True),
        "alexnet_weights",
    ),
    _row(
        "fcn_attention_random",
        "FCN+Attention, random initialisation",
        functools.partial(fit_attention_fcn, finetuning=False),
        note="without ImageNet's weights; no number published",
    ),
    _row("satt_model1", "CNN+LSTM Model1 in [9]", fit_model1),
    _row("satt_model2", "CNN+LSTM Model2 in [9]", fit_model2),
)
TABLE1_CLAIMS = (
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
)
TABLE2_CLAIMS = tuple(
    Claim(f"FCN+Attention better than CNN+LSTM {name}, {metric.upper()}", "fcn_attention", f"satt_{key}", metric)
    for key, name in (("model1", "Model1"), ("model2", "Model2"))
    for metric in ("wa", "ua")
)
