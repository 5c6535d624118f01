"""A row that is not in the paper: what the bare words tell, without order, vectors or a network.

A logistic regression on how often each word of the training set occurs, with scikit-learn's defaults. It chooses no
epoch, so that validation utterances train as well, as for `ser_tf.training.baselines`.
"""

from collections.abc import Sequence

import numpy as np

from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training.baselines import MAX_ITERATIONS


def fit(context: FoldContext[Ledger]) -> FoldOutcome:
    """Fits word counts and regression on training and validation utterances and predicts the test set."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train, test = context.fold.train + context.fold.validation, context.fold.test
    for ids, purpose in ((train, "vocabulary"), (train, "train"), (test, "predict")):
        context.record(ids, purpose)
    classifier = make_pipeline(CountVectorizer(analyzer=list), LogisticRegression(max_iter=MAX_ITERATIONS))
    classifier.fit(_texts(context, train), context.targets(train))
    posteriors = np.zeros((len(test), len(context.task.classes)))
    posteriors[:, classifier.classes_] = classifier.predict_proba(_texts(context, test))
    return FoldOutcome(posteriors)


def _texts(context: FoldContext[Ledger], ids: Sequence[str]) -> list[list[str]]:
    """The words of each utterance that the networks see as well."""
    fillers = context.ledger.fillers
    return [[word.text for word in words_of(context.utterances[utterance_id], fillers)] for utterance_id in ids]
