"""How the systems of Ando et al. 2019 are trained: encoders once for all rows, classifiers on frozen encoders.

An encoder is trained with a classifier of its own (a dominant emotion model, or an MLEE model) and kept as a stage of
the fold. Rows that freeze encoders compute each utterance's vector once and train the classifier on these vectors,
which gives the same as training the whole network with its frozen part in inference mode, in a fraction of the time.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_tf import __version__
from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import ANDO2019, log_spectrogram_spec
from ser_tf.papers.ando2019 import networks as models
from ser_tf.papers.ando2019.objective import objective
from ser_tf.papers.ando2019.targets import EXISTENCE, HARD, Examples, examples
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol import results, training
from ser_tf.protocol.context import FeatureView, FoldContext
from ser_tf.protocol.runner import digest_of, seed_of
from ser_tf.protocol.system import FoldOutcome

BATCH_SIZE = 16  # §4.1
SPEEDS = (0.9, 1.1)  # §4.1: copies of training utterances
BASELINE_RATE = 5e-4  # §4.1
MLEE_RATE = 2e-4  # §4.1
PRETRAINED_RATE = 1e-4  # §4.1
FUSION_RATE = 5e-5  # §4.1
_NETWORK, _CARD, _VECTORS = "network.keras", "training.json", "vectors.npy"


def features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """400-d log power spectrograms, 0-4 kHz (§4.1)."""
    return (log_spectrogram_spec(dataclasses.replace(ANDO2019, log_floor=ledger.log_floor)),)


def _compiled(model: keras.Model, rate: float, loss: Any) -> keras.Model:
    trained = keras.Model(model.input, model.output["probabilities"])
    trained.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
    return trained


@dataclasses.dataclass(frozen=True)
class _Parts:
    """The training and development examples of one label type and training set, with their features."""

    train: Examples
    validation: Examples
    train_view: FeatureView
    validation_view: FeatureView

    @property
    def both(self) -> tuple[tuple[FeatureView, Examples], tuple[FeatureView, Examples]]:
        """Features and examples, to train and to develop."""
        return (self.train_view, self.train), (self.validation_view, self.validation)


def _parts(context: FoldContext, labels: str, data: str) -> _Parts:
    (spec,) = features(context.ledger)
    train = examples(context, context.fold.train, labels, data).at_speeds(SPEEDS)
    measured = data if context.ledger.development_utterances == "as_training" else "dominant"
    validation = examples(context, context.fold.validation, labels, measured)
    context.record(train.ids, "normaliser")
    return _Parts(
        train,
        validation,
        context.view(spec, train.ids, "train"),
        context.view(spec, validation.ids, "selection"),
    )


def _batches(view: FeatureView, ids: Sequence[str], columns: dict[str, np.ndarray], seed: int | None = None) -> Any:
    batches = pipeline.dataset(view, ids, pipeline.BatchParams(BATCH_SIZE), columns, seed)
    return batches.map(
        lambda batch: ({key: batch[key] for key in ("features", "lengths")}, batch["target"], batch["weight"])
    )


def _stage_hash(context: FoldContext, labels: str, data: str, parts: _Parts) -> str:
    """SHA-256 of all that an encoder depends on besides fold and seed."""
    (spec,) = features(context.ledger)
    read = {one: context.utterances[one] for one in (*context.fold.train, *context.fold.validation)}
    targets = hashlib.sha256(parts.train.targets.tobytes() + parts.validation.targets.tobytes())
    return results.hash_of(
        {
            "version": __version__,
            "labels": [labels, data],
            "features": spec.fingerprint(),
            "ids": [parts.train.ids, parts.validation.ids],
            "targets": targets.hexdigest(),
            "recordings": digest_of(read),
            "ledger": ledgers.as_dict(context.ledger),
            "smoke": context.smoke,
        }
    )


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """What the training of an encoder left.

    Attributes:
        network: The encoder, and the classifier that it was trained with, as layers.
        epochs: That it was trained.
        vectors: What the encoder makes of each training and development utterance, float32 (dims,), by id.
    """

    network: keras.Model
    epochs: int
    vectors: Mapping[str, np.ndarray]

    @property
    def encoder(self) -> keras.Model:
        """The encoder, frozen."""
        (encoder,) = [layer for layer in self.network.layers if layer.name in models.ENCODERS]
        encoder.trainable = False
        return encoder

    def vectors_of(self, ids: Sequence[str]) -> np.ndarray:
        """Vectors of utterances, float32 (utterances, dims)."""
        return np.stack([self.vectors[one] for one in ids])


def pretrained(context: FoldContext, labels: str, data: str) -> Pretrained:
    """A dominant emotion model, or an MLEE model, trained from scratch once for each fold, seed and training set."""
    # With hard targets both training sets come down to the same utterances (§4.2).
    name = labels if labels == HARD else f"{labels}_{data}"
    parts = _parts(context, labels, data)
    with context.stage(name, _stage_hash(context, labels, "" if labels == HARD else data, parts)) as (folder, ready):
        if not ready:
            _train_from_scratch(context, labels, name, parts, folder)
        network = keras.models.load_model(folder / _NETWORK, compile=False)
        epochs = json.loads((folder / _CARD).read_text())["epochs"]
        vectors = np.load(folder / _VECTORS)
    return Pretrained(network, epochs, dict(zip(parts.train.ids + parts.validation.ids, vectors, strict=True)))


def _train_from_scratch(context: FoldContext, labels: str, name: str, parts: _Parts, folder: Path) -> None:
    keras.utils.set_random_seed(seed_of(context.seed, context.fold.name, name))
    ledger = context.ledger
    statistics = normalisation.fit(parts.train_view, parts.train.ids)
    if ledger.normaliser_statistics == "single":
        statistics = statistics.pooled()
    encoder = models.build_encoder(
        parts.train_view.dims,
        statistics.mean,
        statistics.std,
        models.MLEE_ENCODER if labels == EXISTENCE else models.DOMINANT_ENCODER,
        lstm_units=models.LSTM_UNITS if ledger.lstm_width == "per_direction" else models.LSTM_UNITS // 2,
        attention_units=ledger.attention_units,
        kernel_axes=ledger.kernel_axes,
    )
    activation = "sigmoid" if labels == EXISTENCE else "softmax"
    classifier = models.build_classifier(encoder.output["embedding"].shape[-1], len(context.task.classes), activation)
    network = models.build_network([encoder], classifier)
    goal = objective(labels, parts.train, context.ledger.soft_class_frequency)
    epochs = training.fit(
        context,
        _compiled(network, MLEE_RATE if labels == EXISTENCE else BASELINE_RATE, goal.loss),
        _batches(parts.train_view, parts.train.ids, goal.columns(parts.train), context.seed),
        _batches(parts.validation_view, parts.validation.ids, goal.columns(parts.validation)),
        training.FitParams(ledger.max_epochs, ledger.patience),
    )
    network.save(folder / _NETWORK)
    vectors = [embed(encoder, view, these.ids) for view, these in parts.both]
    np.save(folder / _VECTORS, np.concatenate(vectors))
    (folder / _CARD).write_text(json.dumps({"epochs": epochs}))


def _outcome(context: FoldContext, network: keras.Model, epochs: int) -> FoldOutcome:
    (spec,) = features(context.ledger)
    test = context.fold.test
    return FoldOutcome(
        training.predict(network, context.view(spec, test, "predict"), test, BATCH_SIZE), epochs, network
    )


def fit_from_scratch(context: FoldContext, labels: str, data: str) -> FoldOutcome:
    """Dominant emotion recognition with hard or soft targets (§2), or MLEE alone, which decides by eq. 7."""
    done = pretrained(context, labels, data)
    return _outcome(context, done.network, done.epochs)


def embed(encoder: keras.Model, view: FeatureView, ids: Sequence[str]) -> np.ndarray:
    """An encoder's vectors of utterances, in inference mode: float32 (utterances, dims), in the order of `ids`."""
    vectors = np.zeros((len(ids), encoder.output["embedding"].shape[-1]), np.float32)
    for batch in pipeline.dataset(view, ids, pipeline.BatchParams(BATCH_SIZE)):
        outputs = encoder.predict_on_batch({key: batch[key] for key in ("features", "lengths")})
        vectors[batch["position"].numpy()] = outputs["embedding"]
    return vectors


def _vector_batches(vectors: np.ndarray, columns: dict[str, np.ndarray], seed: int | None = None) -> tf.data.Dataset:
    data = tf.data.Dataset.from_tensor_slices(({"embedding": vectors}, columns["target"], columns["weight"]))
    if seed is not None:
        data = data.shuffle(len(vectors), seed=seed)
    return pipeline.untuned(data.batch(BATCH_SIZE))


def fit_on_frozen(context: FoldContext, labels: str, data: str, fusion: bool) -> FoldOutcome:
    """MLEE pre-training (§3.2.2) or its fusion with a dominant emotion encoder (§3.2.3).

    Args:
        context: The fold.
        labels: Targets of the dominant emotion model, hard or soft.
        data: The training set.
        fusion: Whether the encoder of the dominant emotion model is there as well.
    """
    kinds = [labels, EXISTENCE] if fusion else [EXISTENCE]
    encoded = [pretrained(context, kind, data) for kind in kinds]
    keras.utils.set_random_seed(seed_of(context.seed, context.fold.name, labels, data, fusion))
    parts = _parts(context, labels, data)
    train, validation = (np.concatenate([each.vectors_of(these.ids) for each in encoded], 1) for _, these in parts.both)
    classifier = models.build_classifier(train.shape[1], len(context.task.classes))
    goal = objective(labels, parts.train, context.ledger.soft_class_frequency)
    epochs = training.fit(
        context,
        _compiled(classifier, FUSION_RATE if fusion else PRETRAINED_RATE, goal.loss),
        _vector_batches(train, goal.columns(parts.train), context.seed),
        _vector_batches(validation, goal.columns(parts.validation)),
        training.FitParams(context.ledger.max_classifier_epochs, context.ledger.patience),
    )
    return _outcome(context, models.build_network([each.encoder for each in encoded], classifier), epochs)
