"""A summary with rows of every kind, for the tests of summary, tables and files."""

import numpy as np

from ser_tf.evaluation.predictions import Recognition, RowResult
from ser_tf.evaluation.summary import Claim, build_summary
from tests.evaluation.simulated import CLASSES, simulated_folds

HEARD = Recognition(
    tuple("abcdefgh"), tuple("SSSSTTTT"), np.tile(np.arange(4), 2), np.array([0.9, 0.8, 0.7, 1, 0.8, 0.6, 0.7, 0.9])
)
ROWS = (
    RowResult("frame", "Frame-wise, 100% of LLD_frames & <more>", {"wa": 0.577, "ua": 0.538}, simulated_folds(0.4, 1)),
    RowResult("weighted", "Weighted | pooling", {"wa": 0.635, "ua": 0.588, "ua_std": 0.017}, simulated_folds(0.7, 2)),
    RowResult("deep", "Deeper #2 $x^2$", None, simulated_folds(0.6, 3), origin="beyond"),
    RowResult("satt", "Satt 2017", {"ua": 0.594}, status="cited", note="published value, not run here"),
    RowResult(
        "alexnet", "AlexNet", {"wa": 0.679, "ua": 0.573}, status="left out", needs="weights", note="get_them {so}"
    ),
    RowResult("svm", "SVM", {"wa": 0.578, "ua": 0.557}, simulated_folds(0.5, 4)[:2], "no memory", status="failed"),
    RowResult("ears", "Listeners", status="reference", origin="reference", recognition=HEARD),
)
CLAIMS = (
    Claim("weighted > frame-wise", "weighted", "frame"),
    Claim("frame-wise > weighted", "frame", "weighted", "wa"),
    Claim("weighted > SVM", "weighted", "svm"),
    Claim("weighted > absent", "weighted", "absent"),
)


def summary_of(**changes):
    """A summary on the paper's corpus unless changed."""
    settings = {
        "experiment": "mirsamadi2017_table3",
        "task": "iemocap4",
        "classes": CLASSES,
        "corpus": "iemocap",
        "corpus_kind": "papers",
        "corpus_notes": [],
        "seeds": (0,),
        "smoke": False,
        "rows": ROWS,
        "claims": CLAIMS,
        "assumptions": {"window_seconds": 0.025},
        "leaks": [],
        "seconds": 12.5,
    }
    return build_summary(**settings | changes)
