"""Tables 1 and 2 of Mao et al. 2020: rows with their published numbers, claims and figures.

Both tables have the same rows, Table 1 on CASIA and Table 2 on IEMOCAP.
"""

import functools
from typing import TYPE_CHECKING

from ser_tf.evaluation.claims import Claim
from ser_tf.evaluation.schema import Conditions
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.splits import make_folds, task
from ser_tf.protocol.paper import Figure, FoldOutcome, Paper, System, Table
from ser_tf.training import baselines

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext
    from ser_tf.protocol.served import Served

CITATION = (
    "S. Mao, P. C. Ching, C.-C. J. Kuo, T. Lee: Advancing multiple instance learning with attention modeling for"
    " categorical speech emotion recognition. Interspeech 2020, 2357-2361"
)


_EPOCH_CHOICE = {
    "speaker": "one speaker of the training sessions (CASIA: the next fold)",
    "utterances": "a tenth of the training sessions' utterances (CASIA: the next fold)",
}


def conditions(ledger: Ledger) -> Conditions:
    """Describes how folds are made and the epoch is chosen."""
    units = {"utterance": "ten folds of utterances", "speaker": "one speaker", "text": "ten folds of sentences"}
    monitored = "lowest loss" if ledger.monitor == "loss" else "highest UA"
    return {
        "folds": f"leave one session out (CASIA: {units[ledger.casia_split]})",
        "epoch_choice": f"{monitored} on {_EPOCH_CHOICE[ledger.stopping]}",
    }


# Systems and figures import TensorFlow or matplotlib, which listing and tabulating should not need.
def _fit_forest(context: "FoldContext[Ledger]", pooling: str) -> FoldOutcome:
    from ser_tf.papers.mao2020 import systems

    return systems.fit_forest(context, pooling)


def _fit_bag_network(context: "FoldContext[Ledger]", pooling: str) -> FoldOutcome:
    from ser_tf.papers.mao2020 import systems

    return systems.fit_bag_network(context, pooling)


def _features(ledger: Ledger) -> "tuple[FeatureSpec, ...]":
    from ser_tf.papers.mao2020 import segcnn

    return segcnn.features(ledger)


def _served() -> "Served[Ledger]":
    from ser_tf.papers.mao2020 import served

    return served.SERVED


def _draw_figure2(program: str, argv: list[str]) -> int:
    from ser_tf.papers.mao2020 import fig2

    return fig2.main(program, argv)


def _draw_figure4(program: str, argv: list[str]) -> int:
    from ser_tf.papers.mao2020 import fig4

    return fig4.main(program, argv)


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
    "max_rf": functools.partial(_fit_forest, pooling="max"),
    "avg_rf": functools.partial(_fit_forest, pooling="mean"),
    "mp": functools.partial(_fit_bag_network, pooling="max"),
    "ap": functools.partial(_fit_bag_network, pooling="mean"),
    "d_single": functools.partial(_fit_bag_network, pooling="single"),
    "d_multi": functools.partial(_fit_bag_network, pooling="multi"),
    "feature": functools.partial(_fit_bag_network, pooling="feature"),
}


def _rows(*ua_percent: float) -> tuple[System[Ledger], ...]:
    """Makes the seven rows with a table's published UA."""
    return tuple(
        System(key, label, {"ua": round(ua / 100, 4)}, _FITS[key], _features, keras=not key.endswith("rf"))
        for (key, label), ua in zip(_LABELS.items(), ua_percent, strict=True)
    )


def _cited(key: str, label: str, ua_percent: float, note: str = "") -> System[Ledger]:
    """Makes a row cited from another paper, shown as published."""
    return System(key, label, {"ua": round(ua_percent / 100, 4)}, None, keras=False, note=note)


CLAIMS = tuple(
    Claim(f"{_LABELS[better]} better than {_LABELS[worse]}", better, worse)
    for worse, better in zip(list(_LABELS), list(_LABELS)[1:], strict=False)
)[::-1]
TABLE1 = Table(
    number=1,
    title="Multiple-instance learning with attention over segments, CASIA",
    corpora=("casia",),
    rows=(
        _cited("elm_decision_tree", "ELM-Decision Tree", 89.60),
        _cited("dnn_hmm", "DNN-HMM", 91.32),
        _cited("lstm_tf_att", "LSTM-TF-Att.", 92.80),
        *_rows(91.10, 91.75, 92.11, 92.36, 93.75, 94.57, 95.32),
        *baselines.ROWS,
    ),
    claims=CLAIMS,
)
TABLE2 = Table(
    number=2,
    title="Multiple-instance learning with attention over segments, IEMOCAP",
    corpora=("iemocap",),
    rows=(
        _cited("cnn_lstm", "CNN-LSTM", 59.40, "to run it: row satt_model1 of experiments.zhang2018_table2"),
        _cited("dnn_hmm", "DNN-HMM", 62.23),
        _cited("fcn_att", "FCN-Att.", 63.90, "to run it: row fcn_attention of experiments.zhang2018_table2"),
        *_rows(61.08, 61.40, 62.11, 62.74, 63.34, 65.82, 66.74),
        *baselines.ROWS,
    ),
    claims=CLAIMS,
)
PAPER = Paper(
    key="mao2020",
    citation=CITATION,
    ledger=Ledger(),
    task=task,
    folds=make_folds,
    tables=(TABLE1, TABLE2),
    conditions=conditions,
    figures=(
        Figure("fig2", "Class posteriors of the segments of an utterance", _draw_figure2),
        Figure("fig4", "Confusion matrices of feature-level attention, tables side by side", _draw_figure4),
    ),
    served=_served,
    main=("feature",),
)
