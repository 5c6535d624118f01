"""Baseline rows, which are in no paper and appear in every table: what a network must beat.

`baseline_majority` always predicts the most frequent class of its training utterances; `baseline_logistic` is a
logistic regression on the mean and standard deviation over time of log-mel bands, with scikit-learn's defaults. Neither
chooses an epoch; both also train on the validation utterances.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ser_tf.protocol.paper import FoldOutcome, System

if TYPE_CHECKING:
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.context import FoldContext

MAX_ITERATIONS = 1000
"""scikit-learn's default of 100 does not always converge."""


def _features(ledger: object) -> "tuple[FeatureSpec, ...]":  # noqa: ARG001 - no assumption changes a baseline
    from ser_tf.features.mfcc import log_mel_spec

    return (log_mel_spec(),)


def _labelled(context: "FoldContext[Any]") -> tuple[str, ...]:
    """Returns the training and validation utterances labelled with one of the classes."""
    ids = context.fold.train + context.fold.validation
    return tuple(
        utterance_id for utterance_id in ids if context.task.target_of(context.utterances[utterance_id]) is not None
    )


def fit_majority(context: "FoldContext[Any]") -> FoldOutcome:
    """Gives every test utterance the class frequencies of the training utterances as posteriors."""
    ids = _labelled(context)
    context.record(ids, "train")
    counts = np.bincount(context.targets(ids), minlength=len(context.task.classes))
    return FoldOutcome(np.tile(counts / counts.sum(), (len(context.fold.test), 1)))


def _statistics(context: "FoldContext[Any]", ids: Sequence[str], purpose: str) -> npt.NDArray[np.float64]:
    """Computes the mean and standard deviation over time of each band, float64 (utterances, 2 x bands)."""
    (spec,) = _features(None)
    view = context.view(spec, ids, purpose)
    rows = (np.asarray(view[utterance_id], np.float64) for utterance_id in ids)
    return np.stack([np.concatenate([frames.mean(axis=0), frames.std(axis=0)]) for frames in rows])


def fit_logistic(context: "FoldContext[Any]") -> FoldOutcome:
    """Fits a multinomial logistic regression on standardised statistics and predicts the test set."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    ids = _labelled(context)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    classifier.fit(_statistics(context, ids, "train"), context.targets(ids))
    posteriors = np.zeros((len(context.fold.test), len(context.task.classes)))
    posteriors[:, classifier.classes_] = classifier.predict_proba(_statistics(context, context.fold.test, "predict"))
    return FoldOutcome(posteriors)


ROWS: tuple[System[Any], ...] = (
    System("baseline_majority", "Most frequent class", None, fit_majority, keras=False, origin="baseline"),
    System(
        "baseline_logistic",
        "Logistic regression, mean and std of log-mel bands",
        None,
        fit_logistic,
        _features,
        keras=False,
        origin="baseline",
    ),
)
