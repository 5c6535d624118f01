"""The card of a served model: what it is, what it was trained on, how good it is, what it refuses, and its licences."""

from typing import Any

import numpy as np

from ser_tf import papers
from ser_tf.audio_limits import MAX_ABS_SAMPLE, MAX_SAMPLE_RATE_HZ
from ser_tf.corpora.base import Corpus
from ser_tf.evaluation import metrics
from ser_tf.protocol.models import TrainedModel
from ser_tf.serving.served import ServedModel

CARD, LABELS = "card.json", "labels.txt"
CODE_LICENCE = "Apache-2.0"
ERRORS = (
    "The output `error` is empty, or says why a recording cannot be used; then its label is empty and its probabilities"
    " are zero. Other recordings of the same batch are answered as if it were not there."
)


def card_of(model: TrainedModel, served: ServedModel, corpus: Corpus) -> dict[str, Any]:
    """Describes a model to its users as JSON values; holds no path of the machine that trained it."""
    card, result = model.card, model.result
    paper, row = card["paper"], card["row"]
    decided = result.posterior_array.argmax(axis=1)
    counts = metrics.confusion_matrix(np.asarray(result.truth), decided, len(model.classes))
    return {
        "paper": paper,
        "citation": papers.load(paper).citation,
        "row": row,
        "system": card["label"],
        "corpus": card["corpus"],
        "corpus_citation": corpus.citation,
        "task": card["task"],
        "classes": list(model.classes),
        "fold": card["fold"],
        "seed": card["seed"],
        "smoke": card["smoke"],
        "record": card["record"],
        "metrics": {
            "on": "the test set of this fold",
            "utterances": len(result.ids),
            "speakers": len(set(result.speakers)),
            "wa": metrics.weighted_accuracy(counts),
            "ua": metrics.unweighted_accuracy(counts),
        },
        "assumptions": card["settings"],
        "overridden": result.overridden,
        "versions": result.versions,
        "feature": {"name": model.spec.name, "dims": model.spec.dims} if "features" in model.model.input else None,
        "sample_rate_hz": model.spec.params.sample_rate_hz,
        "max_seconds": served.limits.max_seconds,
        "min_rate_hz": served.limits.min_rate_hz,
        "max_rate_hz": MAX_SAMPLE_RATE_HZ,
        "max_abs_sample": MAX_ABS_SAMPLE,
        "reads_words": served.reads_words,
        "errors": ERRORS,
        "licence": {
            "code": CODE_LICENCE,
            "corpus": corpus.licence,
            "note": _note(paper, row, corpus),
        },
    }


def _note(paper: str, row: str, corpus: Corpus) -> str:
    note = f"The weights were learned from {corpus.name}; its terms decide what they may be used for."
    if papers.load(paper).systems[row].needs == "weights":
        note += " They began as weights that were trained on ImageNet, whose terms hold as well."
    return note
