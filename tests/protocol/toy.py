"""A paper of cheap systems that do what real ones do, and misbehave on demand: `python -m tests.protocol.toy`.

Systems that shall wait or die find out from files in the folder `TOY_FOLDER`, so that worker processes know as well.
"""

import dataclasses
import functools
import os
import signal
import time
from pathlib import Path

import keras
import numpy as np

from ser_tf.corpora.task import Task
from ser_tf.data import normalisation
from ser_tf.evaluation.claims import Claim
from ser_tf.papers.mirsamadi2017.spectral import spectral_spec
from ser_tf.protocol import folds
from ser_tf.protocol.command import run_table
from ser_tf.protocol.ledger import assumption
from ser_tf.protocol.paper import FoldOutcome, Paper, RowUnavailableError, System, Table
from ser_tf.training import loop
from ser_tf.training.batches import Batches
from ser_tf.training.recipe import Recipe, cross_entropy


@dataclasses.dataclass(frozen=True)
class Ledger:
    """One assumption of each type."""

    bins: int = assumption(60, "spectral bins that are looked at", minimum=1, maximum=257)
    shrink: float = assumption(1.0, "divides the distances", minimum=1e-3)
    centre: bool = assumption(True, "subtract the mean")
    distance: str = assumption("squared", "between centroids", ("squared", "absolute"))


def task(ledger):
    del ledger
    return Task("toy", ("happy", "sad", "neutral", "angry"))


def make_folds(utterances, ledger, seed):
    del ledger
    return folds.by_session(utterances, seed)


def features(ledger):
    del ledger
    return (spectral_spec(),)


def _means(context, ids, purpose):
    view = context.view(spectral_spec(), ids, purpose)
    return np.stack([np.log(view[one][:, : context.ledger.bins] + 1e-3).mean(0) for one in ids])


def fit_centroids(context):
    """Nearest centroid: no model, no epochs, nothing random."""
    train, targets = _means(context, context.fold.train, "train"), context.targets(context.fold.train)
    centroids = np.stack([train[targets == k].mean(0) for k in range(len(context.task.classes))])
    apart = _means(context, context.fold.test, "predict")[:, np.newaxis] - centroids
    distances = (apart**2 if context.ledger.distance == "squared" else np.abs(apart)).mean(-1) / context.ledger.shrink
    posteriors = np.exp(-distances)
    return FoldOutcome(posteriors / posteriors.sum(1, keepdims=True))


def _build(dims, classes, mean, std):
    inputs = {"features": keras.Input((None, dims), name="features"), "lengths": keras.Input((), name="lengths")}
    frames = keras.layers.Normalization(mean=mean, variance=std**2)(inputs["features"])
    frames = keras.layers.Dropout(0.5)(keras.layers.Dense(16, "relu")(frames))
    pooled = keras.layers.GlobalMaxPooling1D()(frames)
    return keras.Model(inputs, {"probabilities": keras.layers.Dense(classes, "softmax", name="probabilities")(pooled)})


def fit_network(context, wait_in=None):
    """Random weights, dropout, shuffling, early stopping: everything that could make two runs differ."""
    if wait_in == context.fold.name:
        wait_for_the_end(context)
    spec, fold = spectral_spec(), context.fold
    statistics = normalisation.fit(context.view(spec, fold.train, "normaliser"), fold.train)
    model = _build(spec.dims, len(context.task.classes), statistics.mean, statistics.std)
    recipe = Recipe("adam", 1e-3, 16, 3, 2, "none", {"probabilities": (cross_entropy, 1.0)})
    return loop.train(context, model, Batches(context, spec, recipe), recipe)


def wait_for_the_end(context):
    """Says that the job has begun, and goes on only where the test's folder says so."""
    folder = Path(os.environ.get("TOY_FOLDER", "/nowhere"))
    if not folder.is_dir():
        return
    (folder / f"waiting-{context.fold.name}").write_text("")
    for _ in range(1200):
        time.sleep(0.1)


def _make_centroids(context, folder):
    np.save(folder / "posteriors.npy", fit_centroids(context).posteriors)
    with open(context.places.stages / "made.txt", "a") as file:
        file.write(f"{context.fold.name}\n")


def fit_with_stage(context, factor):
    """Centroids that a first stage computes once for all rows; each row only scales them."""
    folder = context.once("centroids", _make_centroids)
    return FoldOutcome(np.load(folder / "posteriors.npy") ** factor)


def fit_and_break(context, fold):
    if context.fold.name == fold and "TOY_MENDED" not in os.environ:
        raise ArithmeticError(f"no convergence\nin {context.fold.name}")
    return fit_centroids(context)


def fit_without_weights(context):
    raise RowUnavailableError("needs weights: give --weights FILE")


def fit_on_test(context, purpose):
    _means(context, context.fold.test, purpose)
    return fit_centroids(context)


def fit_wrongly(context, how):
    posteriors = fit_centroids(context).posteriors
    if how == "nan":
        posteriors[0, 0] = np.nan
    return FoldOutcome(posteriors[:-1] if how == "short" else posteriors)


def fit_and_die(context):
    os.kill(os.getpid(), signal.SIGKILL)


def _row(key, fit, keras=False, published=None):
    return System(key, f"Toy {key}", published, fit, features, needs="weights", keras=keras)


FIRST, SECOND = "pair-03-08", "pair-10-09"
ROWS = {
    row.key: row
    for row in (
        _row("centroids", fit_centroids, published={"wa": 0.5, "ua": 0.4}),
        _row("network", fit_network, keras=True),
        _row("slow", functools.partial(fit_network, wait_in=SECOND), keras=True),
        _row("stage_one", functools.partial(fit_with_stage, factor=1.0)),
        _row("stage_two", functools.partial(fit_with_stage, factor=0.5)),
        _row("broken", functools.partial(fit_and_break, fold=SECOND)),
        _row("unavailable", fit_without_weights, published={"wa": 0.6, "ua": None}),
        _row("leaky_train", functools.partial(fit_on_test, purpose="train")),
        _row("short", functools.partial(fit_wrongly, how="short")),
        _row("nan", functools.partial(fit_wrongly, how="nan")),
        _row("dying", fit_and_die),
        System("cited", "Somebody 2015", {"wa": 0.55, "ua": 0.5}, None),
    )
}


def paper(*keys, claims=(), number=1):
    """A paper whose table has some of the rows."""
    table = Table(number, "A table of toys", ("iemocap",), tuple(ROWS[key] for key in keys or ROWS), tuple(claims))
    return Paper("toy2000", "A. Toy: A paper. 2000", Ledger(), task, make_folds, (table,))


CLAIMS = (Claim("network better than centroids", "network", "centroids"),)


def main(*keys, claims=(), number=1):
    """The command line of a table with some of the rows."""
    made = paper(*keys, claims=claims, number=number)
    return lambda argv: run_table(made, made.tables[0], argv, "toy")


if __name__ == "__main__":
    from ser_tf import cli
    from tests.protocol import toy

    cli.run(toy.main(claims=toy.CLAIMS))
