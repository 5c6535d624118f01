"""How the systems of Ando et al. 2019 are trained: encoders once for all rows, classifiers on frozen encoders.

An encoder is trained with a classifier of its own (a dominant emotion model, or an MLEE model) and kept as a stage of
the fold. Rows that freeze encoders compute each utterance's vector once and train the classifier on these vectors,
which gives the same as training the whole network with its frozen part in inference mode, in a fraction of the time.
"""

import dataclasses
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora.base import source_of
from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import ANDO2019, log_spectrogram_spec
from ser_tf.papers.ando2019 import initialisation, networks, overlap
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.papers.ando2019.objective import objective
from ser_tf.papers.ando2019.splits import DOMINANT, EXISTENCE, HARD, SOFT, SPEEDS
from ser_tf.papers.ando2019.targets import examples
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Loss, Recipe

RATES = {"dominant": 5e-4, "mlee": 2e-4, "pretrain": 1e-4, "fusion": 5e-5}  # §4.1
_NETWORK, _TRAINED, _VECTORS = "network.keras", "training.json", "vectors.npz"
Floats = npt.NDArray[np.float32]


def features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """400-d log power spectrograms, 0-4 kHz (§4.1)."""
    return (log_spectrogram_spec(dataclasses.replace(ANDO2019, log_floor=ledger.log_floor)),)


def recipe(ledger: Ledger, system: str, loss: Loss) -> Recipe:
    """How the systems of Table 3 are trained; all but the rates is common to them (§4.1).

    Args:
        ledger: The assumptions.
        system: A key of `RATES`.
        loss: The loss of its label type; with the examples' weights it holds the class weights (§4.1), see
            `objective`.
    """
    from_scratch = system in ("dominant", "mlee")
    return Recipe(
        optimiser="adam",  # §4.1
        learning_rate=RATES[system],
        batch_size=16,  # §4.1
        max_epochs=ledger.max_epochs if from_scratch else ledger.max_classifier_epochs,
        patience=ledger.patience,
        monitor="loss",  # §4.1: of the development set
        class_weights="none",  # these would be of classes of utterances; soft targets and existences have their own
        losses={"probabilities": (loss, 1.0)},
    )


class ExampleBatches(Batches[Ledger]):
    """Utterances with the targets of a label type; copies at other speeds are among those that train.

    Attributes:
        sets: The examples of each set.
    """

    def __init__(self, context: FoldContext[Ledger], system: str, labels: str, data: str) -> None:
        """Finds the examples and their class weights.

        Args:
            context: The fold.
            system: A key of `RATES`.
            labels: The label type.
            data: The training set.

        Raises:
            RowUnavailableError: the corpus has no votes, and the labels need them; or nothing is left to train on.
        """
        ledger, fold = context.ledger, context.fold
        (spec,) = features(ledger)
        measured = data if ledger.development_utterances == "as_training" else DOMINANT
        self.sets = {
            "train": examples(context, fold.train, labels, data).at_speeds(SPEEDS),
            "validation": examples(context, fold.validation, labels, measured),
        }
        self._objective = objective(labels, self.sets["train"], ledger.soft_class_frequency)
        self._targets = {key: row for these in self.sets.values() for key, row in these.by_id().items()}
        super().__init__(context, spec, recipe(ledger, system, self._objective.loss))

    def ids(self, part: str) -> tuple[str, ...]:
        """The examples of a set."""
        return self.sets[part].ids

    def columns(self, ids: Sequence[str]) -> Columns:
        """`target` and `weight` of each example."""
        return self._objective.columns(np.stack([self._targets[utterance_id] for utterance_id in ids]))


class VectorBatches(ExampleBatches):
    """The vectors that frozen encoders make of examples, in place of their features."""

    def __init__(
        self, context: FoldContext[Ledger], system: str, labels: str, data: str, encoders: Sequence["Pretrained"]
    ) -> None:
        """Takes the encoders whose vectors are concatenated; other arguments and errors as for `ExampleBatches`."""
        super().__init__(context, system, labels, data)
        self._encoders = encoders
        self.dims = sum(encoder.dims for encoder in encoders)

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of `embedding`, drawn at random; arguments as for `Batches.read`."""
        self.context.record(ids, purpose)
        vectors = [np.stack([encoder.vectors[utterance_id] for utterance_id in ids]) for encoder in self._encoders]
        position = np.arange(len(ids), dtype=np.int32)
        rows = {"embedding": np.concatenate(vectors, axis=1), "position": position, **(columns or {})}
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

    @property
    def dims(self) -> int:
        """Size of a vector."""
        return len(next(iter(self.vectors.values())))


def pretrained(context: FoldContext[Ledger], labels: str, data: str) -> Pretrained:
    """A dominant emotion model, or an MLEE model, trained from scratch once for each fold, seed and training set."""
    # With hard targets both training sets come down to the same utterances (§4.2).
    name, data = (labels, DOMINANT) if labels == HARD else (f"{labels}_{data}", data)
    folder = context.once(name, functools.partial(_train_from_scratch, labels=labels, data=data))
    with np.load(folder / _VECTORS) as file:
        vectors = dict(zip(file["ids"].tolist(), file["vectors"], strict=True))
    trained = loop.Trained(**json.loads((folder / _TRAINED).read_text(encoding="utf-8")))
    return Pretrained(keras.models.load_model(folder / _NETWORK, compile=False), trained, vectors)


def _train_from_scratch(context: FoldContext[Ledger], folder: Path, labels: str, data: str) -> None:
    batches = ExampleBatches(context, _system_of(labels), labels, data)
    encoder = _encoder(context, batches, labels)
    network = networks.build_network([encoder], _classifier(context, encoder.output["embedding"].shape[-1], labels))
    if context.ledger.initialisation == "pytorch":
        initialisation.like_pytorch(network)
    trained = loop.fit(context, network, batches, batches.recipe)
    network.save(folder / _NETWORK)
    vectors = [
        loop.outputs(encoder, batches, batches.ids(part), purpose, "embedding")
        for part, purpose in (("train", "train"), ("validation", "selection"))
    ]
    ids = np.asarray(batches.ids("train") + batches.ids("validation"))
    np.savez(folder / _VECTORS, ids=ids, vectors=np.concatenate(vectors))
    (folder / _TRAINED).write_text(json.dumps(dataclasses.asdict(trained)), encoding="utf-8")


def _system_of(labels: str) -> str:
    return "mlee" if labels == EXISTENCE else "dominant"


def _encoder(context: FoldContext[Ledger], batches: ExampleBatches, labels: str) -> keras.Model:
    ledger, ids = context.ledger, batches.ids("train")
    if not ledger.normaliser_copies:
        ids = tuple(utterance_id for utterance_id in ids if source_of(utterance_id) == utterance_id)
    statistics = normalisation.fit(context.view(batches.spec, ids, "normaliser"), ids)
    if ledger.normaliser_statistics == "single":
        statistics = statistics.pooled()
    return networks.build_encoder(
        batches.spec.dims,
        statistics.mean,
        statistics.std,
        networks.MLEE_ENCODER if labels == EXISTENCE else networks.DOMINANT_ENCODER,
        lstm_units=networks.LSTM_UNITS // (1 if ledger.lstm_width == "per_direction" else 2),
        attention_units=ledger.attention_units,
        kernel_axes=ledger.kernel_axes,
        padding=ledger.convolution_padding,
    )


def _classifier(context: FoldContext[Ledger], dims: int, labels: str) -> keras.Model:
    activation = "sigmoid" if labels == EXISTENCE else "softmax"
    return networks.build_classifier(
        dims, len(context.task.classes), activation, dense_activation=context.ledger.dense_activation
    )


def _outcome(
    context: FoldContext[Ledger], network: keras.Model, trained: loop.Trained, batches: ExampleBatches
) -> FoldOutcome:
    on_features = Batches(context, batches.spec, batches.recipe)
    return FoldOutcome(loop.predict(network, on_features), trained.epochs, trained.best_epoch, network)


def fit_from_scratch(context: FoldContext[Ledger], labels: str, data: str) -> FoldOutcome:
    """Dominant emotion recognition with hard or soft targets (§2), or MLEE only, which decides by eq. 7."""
    done = pretrained(context, labels, data)
    return _outcome(context, done.network, done.trained, ExampleBatches(context, _system_of(labels), labels, data))


def fit_on_frozen(context: FoldContext[Ledger], labels: str, data: str, fusion: bool) -> FoldOutcome:
    """MLEE pre-training (§3.2.2) or its fusion with a dominant emotion encoder (§3.2.3).

    Args:
        context: The fold.
        labels: Targets of the dominant emotion model, hard or soft.
        data: The training set.
        fusion: Whether the encoder of the dominant emotion model is there as well.
    """
    ledger = context.ledger
    encoded = [pretrained(context, kind, data) for kind in ((labels, EXISTENCE) if fusion else (EXISTENCE,))]
    context.reseed(labels, data, fusion)
    batches = VectorBatches(context, "fusion" if fusion else "pretrain", labels, data, encoded)
    classifier = _classifier(context, batches.dims, labels)
    if ledger.classifier_start == "mlee" and not fusion:
        classifier.set_weights(encoded[0].network.get_layer(classifier.name).get_weights())
    elif ledger.initialisation == "pytorch":
        initialisation.like_pytorch(classifier)
    trained = loop.fit(context, classifier, batches, batches.recipe)
    network = networks.build_network([each.encoder for each in encoded], classifier)
    return _outcome(context, network, trained, batches)


def fit_fusion(context: FoldContext[Ledger], labels: str, data: str) -> FoldOutcome:
    """MLEE pre-training fusion (§3.2.3); how far the attention of the fused encoders overlaps is measured (§4.2).

    With hard targets it is measured with that of the soft model as well, so that one row has the three models of Figure
    3; they are stages that the table's other rows train anyway.

    Args:
        context: The fold.
        labels: Targets of the dominant emotion model, hard or soft.
        data: The training set.
    """
    outcome = fit_on_frozen(context, labels, data, fusion=True)
    kinds = (HARD, SOFT, EXISTENCE) if labels == HARD else (labels, EXISTENCE)
    encoders = {kind: pretrained(context, kind, data).encoder for kind in kinds}
    batches = ExampleBatches(context, "fusion", labels, data)
    on_features = Batches(context, batches.spec, batches.recipe)
    return dataclasses.replace(outcome, measured=overlap.measure_overlaps(encoders, on_features))
