"""How the systems of Ando et al. 2019 are trained: encoders once for all rows, classifiers on frozen encoders.

An encoder is trained with a classifier of its own (a dominant emotion model, or an MLEE model) and kept as a stage of
the fold. Rows that freeze encoders compute each utterance's vector once and train the classifier on these vectors,
which gives the same as training the whole network with its frozen part in inference mode, in a fraction of the time.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import ANDO2019, log_spectrogram_spec
from ser_tf.papers.ando2019 import initialisation, networks
from ser_tf.papers.ando2019.labels import DOMINANT, EXISTENCE, HARD, SPEEDS
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.objective import Objective, objective
from ser_tf.papers.ando2019.targets import Examples, examples
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Recipe

BATCH_SIZE = 16  # §4.1
BASELINE_RATE = 5e-4  # §4.1
MLEE_RATE = 2e-4  # §4.1
PRETRAINED_RATE = 1e-4  # §4.1
FUSION_RATE = 5e-5  # §4.1
_NETWORK, _TRAINED, _VECTORS = "network.keras", "training.json", "vectors.npz"
Floats = npt.NDArray[np.float32]


def features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """400-d log power spectrograms, 0-4 kHz (§4.1)."""
    return (log_spectrogram_spec(dataclasses.replace(ANDO2019, log_floor=ledger.log_floor)),)


def _recipe(ledger: Ledger, learning_rate: float, max_epochs: int, goal: Objective) -> Recipe:
    """Class weights are part of the targets (§4.1): see `objective`."""
    return Recipe(
        optimiser="adam",  # §4.1
        learning_rate=learning_rate,  # §4.1
        batch_size=BATCH_SIZE,
        max_epochs=max_epochs,
        patience=ledger.patience,
        class_weights="none",
        losses={"probabilities": (goal.loss, 1.0)},
    )


@dataclasses.dataclass(frozen=True)
class Sets:
    """The training and development examples of one label type and training set."""

    train: Examples
    validation: Examples


def _sets(context: FoldContext[Ledger], labels: str, data: str) -> Sets:
    measured = data if context.ledger.development_utterances == "as_training" else DOMINANT
    return Sets(
        examples(context, context.fold.train, labels, data).at_speeds(SPEEDS),
        examples(context, context.fold.validation, labels, measured),
    )


class ExampleBatches(Batches[Ledger]):
    """Utterances with the targets of a label type; copies at other speeds among those that train."""

    def __init__(
        self, context: FoldContext[Ledger], spec: FeatureSpec, recipe: Recipe, sets: Sets, goal: Objective
    ) -> None:
        """Takes the examples and what their batches hold."""
        super().__init__(context, spec, recipe)
        self.sets, self.goal = sets, goal

    def ids(self, part: str) -> tuple[str, ...]:
        """The examples of a set."""
        return (self.sets.train if part == "train" else self.sets.validation).ids

    def columns(self, ids: Sequence[str]) -> Columns:
        """`target` and `weight` of each example."""
        return self.goal.columns(self.sets.train if tuple(ids) == self.sets.train.ids else self.sets.validation)


class VectorBatches(ExampleBatches):
    """The vectors that frozen encoders make of examples, in place of their features."""

    def __init__(
        self,
        context: FoldContext[Ledger],
        spec: FeatureSpec,
        recipe: Recipe,
        sets: Sets,
        goal: Objective,
        vectors: Mapping[str, Floats],
    ) -> None:
        """Takes the vector of each example, float32 (dims,), by id."""
        super().__init__(context, spec, recipe, sets, goal)
        self.vectors = vectors

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of `embedding`, drawn at random."""
        self.context.record(ids, purpose)
        rows = {
            "embedding": np.stack([self.vectors[utterance_id] for utterance_id in ids]),
            "position": np.arange(len(ids), dtype=np.int32),
            **(columns or {}),
        }
        data = tf.data.Dataset.from_tensor_slices(rows)
        if seed is not None:
            data = data.shuffle(len(ids), seed=seed)
        return pipeline.untuned(data.batch(self.recipe.batch_size))


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """What the training of an encoder left.

    Attributes:
        network: The encoder, and the classifier that it was trained with, as layers.
        trained: How the training went.
        vectors: What the encoder makes of each training and development example, float32 (dims,), by id.
    """

    network: keras.Model
    trained: loop.Trained
    vectors: Mapping[str, Floats]

    @property
    def encoder(self) -> keras.Model:
        """The encoder, frozen."""
        (encoder,) = [layer for layer in self.network.layers if layer.name in networks.ENCODERS]
        encoder.trainable = False
        return encoder


def pretrained(context: FoldContext[Ledger], labels: str, data: str) -> Pretrained:
    """A dominant emotion model, or an MLEE model, trained from scratch once for each fold, seed and training set."""
    # With hard targets both training sets come down to the same utterances (§4.2).
    name, data = (labels, DOMINANT) if labels == HARD else (f"{labels}_{data}", data)
    folder = context.once(name, partial(_train_from_scratch, labels=labels, data=data))
    with np.load(folder / _VECTORS) as file:
        vectors = dict(zip(file["ids"].tolist(), file["vectors"], strict=True))
    trained = loop.Trained(**json.loads((folder / _TRAINED).read_text()))
    return Pretrained(keras.models.load_model(folder / _NETWORK, compile=False), trained, vectors)


def _train_from_scratch(context: FoldContext[Ledger], folder: Path, labels: str, data: str) -> None:
    ledger = context.ledger
    (spec,) = features(ledger)
    sets = _sets(context, labels, data)
    statistics = normalisation.fit(context.view(spec, sets.train.ids, "normaliser"), sets.train.ids)
    if ledger.normaliser_statistics == "single":
        statistics = statistics.pooled()
    encoder = networks.build_encoder(
        spec.dims,
        statistics.mean,
        statistics.std,
        networks.MLEE_ENCODER if labels == EXISTENCE else networks.DOMINANT_ENCODER,
        lstm_units=networks.LSTM_UNITS // (1 if ledger.lstm_width == "per_direction" else 2),
        attention_units=ledger.attention_units,
        kernel_axes=ledger.kernel_axes,
    )
    network = networks.build_network([encoder], _classifier(context, encoder.output["embedding"].shape[-1], labels))
    if ledger.initialisation == "pytorch":
        initialisation.like_pytorch(network)
    goal = objective(labels, sets.train, ledger.soft_class_frequency)
    recipe = _recipe(ledger, MLEE_RATE if labels == EXISTENCE else BASELINE_RATE, ledger.max_epochs, goal)
    batches = ExampleBatches(context, spec, recipe, sets, goal)
    trained = loop.fit(context, network, batches, recipe)
    network.save(folder / _NETWORK)
    vectors = [
        loop.outputs(encoder, batches, these.ids, purpose, "embedding")
        for these, purpose in ((sets.train, "train"), (sets.validation, "selection"))
    ]
    np.savez(folder / _VECTORS, ids=np.asarray(sets.train.ids + sets.validation.ids), vectors=np.concatenate(vectors))
    (folder / _TRAINED).write_text(json.dumps(dataclasses.asdict(trained)))


def _classifier(context: FoldContext[Ledger], dims: int, labels: str) -> keras.Model:
    activation = "sigmoid" if labels == EXISTENCE else "softmax"
    return networks.build_classifier(
        dims, len(context.task.classes), activation, dense_activation=context.ledger.dense_activation
    )


def _outcome(context: FoldContext[Ledger], network: keras.Model, trained: loop.Trained, recipe: Recipe) -> FoldOutcome:
    batches = Batches(context, features(context.ledger)[0], recipe)
    return FoldOutcome(loop.predict(network, batches), trained.epochs, trained.best_epoch, network)


def fit_from_scratch(context: FoldContext[Ledger], labels: str, data: str) -> FoldOutcome:
    """Dominant emotion recognition with hard or soft targets (§2), or MLEE alone, which decides by eq. 7."""
    done = pretrained(context, labels, data)
    goal = objective(labels, _sets(context, labels, data).train, context.ledger.soft_class_frequency)
    recipe = _recipe(context.ledger, BASELINE_RATE, context.ledger.max_epochs, goal)  # it only predicts here
    return _outcome(context, done.network, done.trained, recipe)


def fit_on_frozen(context: FoldContext[Ledger], labels: str, data: str, fusion: bool) -> FoldOutcome:
    """MLEE pre-training (§3.2.2) or its fusion with a dominant emotion encoder (§3.2.3).

    Args:
        context: The fold.
        labels: Targets of the dominant emotion model, hard or soft.
        data: The training set.
        fusion: Whether the encoder of the dominant emotion model is there as well.
    """
    ledger = context.ledger
    encoded = [pretrained(context, kind, data) for kind in ([labels, EXISTENCE] if fusion else [EXISTENCE])]
    context.reseed(labels, data, fusion)
    sets = _sets(context, labels, data)
    ids = sets.train.ids + sets.validation.ids
    vectors = {utterance_id: np.concatenate([each.vectors[utterance_id] for each in encoded]) for utterance_id in ids}
    classifier = _classifier(context, len(vectors[ids[0]]), labels)
    if ledger.initialisation == "pytorch":
        initialisation.like_pytorch(classifier)
    if ledger.classifier_start == "mlee" and not fusion:
        (own,) = [layer for layer in encoded[-1].network.layers if layer.name == classifier.name]
        classifier.set_weights(own.get_weights())
    goal = objective(labels, sets.train, ledger.soft_class_frequency)
    recipe = _recipe(ledger, FUSION_RATE if fusion else PRETRAINED_RATE, ledger.max_classifier_epochs, goal)
    (spec,) = features(ledger)
    trained = loop.fit(context, classifier, VectorBatches(context, spec, recipe, sets, goal, vectors), recipe)
    network = networks.build_network([each.encoder for each in encoded], classifier)
    return _outcome(context, network, trained, recipe)
