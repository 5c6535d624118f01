"""The first stage of Mao et al. 2020: SegCNN on the segments of a fold, and the embeddings of all its utterances.

Both are trained and computed once for each fold and seed and kept on disk; all seven rows read them.
"""

import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_tf import __version__
from ser_tf.data import normalisation, store
from ser_tf.features.mfcc import LogMelParams, log_mel_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.mao2020 import networks as models
from ser_tf.papers.mao2020 import segmenting, segments
from ser_tf.papers.mao2020.segmenting import SegmentParams
from ser_tf.protocol import results, runner, training
from ser_tf.protocol.context import FeatureView, FoldContext

LEARNING_RATE = 1e-3  # §4.1
DECAY_RATE = 0.8  # §4.1
DECAY_EPOCHS = 2  # §4.1
BATCH_SIZE = 128  # §4.1
PATIENCE = 3  # §4.1
UTTERANCE_SECONDS = {"casia": 2.07, "iemocap": 4.55}  # §4.1
OTHER_SECONDS = UTTERANCE_SECONDS["iemocap"]
SMOKE_SECONDS = 1.0
BAG_PREFIX = "bag_"
"""Begins the names of the assumptions that the second stage alone depends on."""


def features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """64-bin log mel spectra, window 25 ms, hop 10 ms, FFT of 512 (§2.1.1)."""
    params = LogMelParams(window_shape=ledger.window, mel_scale=ledger.mel_scale, log_floor=ledger.log_floor)
    return (log_mel_spec(params),)


def segment_params(context: FoldContext) -> SegmentParams:
    """How this corpus is cut into segments (§4.1); a smoke run takes the first second alone."""
    ledger = context.ledger
    (spec,) = features(ledger)
    corpus = next(iter(context.utterances.values())).corpus
    seconds = ledger.utterance_seconds or UTTERANCE_SECONDS.get(corpus, OTHER_SECONDS)
    if context.smoke:
        seconds = min(seconds, SMOKE_SECONDS)
    params = SegmentParams(least_frames=ledger.segment_least_frames, fill=math.log(ledger.log_floor))
    return dataclasses.replace(params, most=segmenting.segments_in(seconds, spec.params, params))


def optimiser(ledger: Any, train: tf.data.Dataset) -> keras.optimizers.Optimizer:
    """Adam with the exponential decay of §4.1, for both stages; `train` tells how many steps an epoch has."""
    decay = keras.optimizers.schedules.ExponentialDecay(
        LEARNING_RATE, DECAY_EPOCHS * int(train.cardinality()), DECAY_RATE, staircase=ledger.decay_staircase
    )
    return keras.optimizers.Adam(decay)


def class_weights(context: FoldContext) -> np.ndarray:
    """Weight of each class in the losses, float32 (classes,)."""
    number = len(context.task.classes)
    if context.ledger.class_weights == "none":
        return np.ones(number, np.float32)
    return training.balanced_class_weights(context.targets(context.fold.train), number)


@dataclasses.dataclass(frozen=True)
class Segcnn:
    """The first stage as it lies on disk.

    Attributes:
        folder: With `segcnn.keras`, `embeddings/` and `stage.json`.
        params: How frames become segments.
    """

    folder: Path
    params: SegmentParams

    def model(self) -> keras.Model:
        """Loads the trained SegCNN."""
        return keras.models.load_model(self.folder / "segcnn.keras", compile=False)

    def embeddings(self, context: FoldContext, ids: Sequence[str], purpose: str) -> FeatureView:
        """Embeddings of utterances, float32 (segments, 64) each, opened for a purpose as `FoldContext.view` does."""
        context.record(ids, purpose)
        return FeatureView(store.FeatureStore(self.folder / "embeddings"), ids)


def stage(context: FoldContext) -> Segcnn:
    """Trains SegCNN on this fold, or finds it trained; what it read is recorded in either case."""
    params = segment_params(context)
    settings = _settings_hash(context)
    with context.stage("segcnn", settings) as (folder, ready):
        if not ready:
            _make(context, params, folder)
    with context.stage("segcnn", settings) as (folder, _):  # under its final name
        for purpose, ids in json.loads((folder / "stage.json").read_text())["uses"].items():
            context.record(ids, purpose)
    return Segcnn(folder, params)


def _settings_hash(context: FoldContext) -> str:
    """SHA-256 over all that SegCNN depends on besides fold and seed."""
    (spec,) = features(context.ledger)
    ledger = dataclasses.asdict(context.ledger)
    return results.hash_of(
        {
            "version": __version__,
            "features": spec.fingerprint(),
            "utterances": runner.digest_of(context.utterances),
            "task": [context.task.classes, sorted(context.task.merges.items())],
            "ledger": {key: value for key, value in ledger.items() if not key.startswith(BAG_PREFIX)},
            "smoke": context.smoke,
        }
    )


def _make(context: FoldContext, params: SegmentParams, folder: Path) -> None:
    """Trains SegCNN and writes it, the embeddings of all utterances of the fold, and what was read."""
    # Whichever row comes first trains it; the seed must not be that row's.
    keras.utils.set_random_seed(runner.seed_of(context.seed, context.fold.name, "segcnn"))
    model = _build(context)
    epochs = _fit(context, model, params)
    model.save(folder / "segcnn.keras")
    (folder / "embeddings").mkdir()
    store.fill(folder / "embeddings", "segcnn_embedding", models.DENSE_UNITS[-1], _embeddings(context, model, params))
    uses = {purpose: sorted(ids) for purpose, ids in context.uses.items()}
    (folder / "stage.json").write_text(json.dumps({"epochs": epochs, "uses": uses}))


def _build(context: FoldContext) -> keras.Model:
    ledger = context.ledger
    (spec,) = features(ledger)
    statistics = normalisation.Normaliser(np.zeros(spec.dims), np.ones(spec.dims))
    if ledger.normaliser != "none":
        ids = context.fold.train
        statistics = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
        statistics = statistics if ledger.normaliser == "per_band" else statistics.pooled()
    return models.build_segcnn(
        len(context.task.classes),
        statistics.mean,
        statistics.std,
        models.BODIES[ledger.cnn_body],
        dropout=ledger.cnn_dropout,
        batch_norm_momentum=ledger.cnn_batch_norm_momentum,
    )


def _fit(context: FoldContext, model: keras.Model, params: SegmentParams) -> int:
    """Single-instance learning (§2.1.2): each segment inherits the class of its utterance."""
    weights = class_weights(context)

    def supervised(part: str, purpose: str) -> tf.data.Dataset:
        (spec,) = features(context.ledger)
        ids = getattr(context.fold, part)
        targets = context.targets(ids)
        columns = {"target": targets, "weight": weights[targets]}
        view = context.view(spec, ids, purpose)
        batches = segments.dataset(view, ids, params, BATCH_SIZE, columns, context.seed if part == "train" else None)
        return batches.map(lambda batch: (batch["segments"], batch["target"], batch["weight"]))

    train = supervised("train", "train")
    trained = keras.Model(model.input, model.output["probabilities"])
    trained.compile(
        optimiser(context.ledger, train),
        keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        jit_compile=False,
    )
    validation = supervised("validation", "selection")
    return training.fit(
        context, trained, train, validation, training.FitParams(context.ledger.cnn_max_epochs, PATIENCE)
    )


def _embeddings(context: FoldContext, model: keras.Model, params: SegmentParams) -> Iterator[tuple[str, np.ndarray]]:
    """Id and embeddings (segments, 64) of each utterance of the fold, one after the other."""
    (spec,) = features(context.ledger)

    @tf.function(input_signature=[tf.TensorSpec((None, spec.dims), tf.float32)])
    def embed(frames: tf.Tensor) -> tf.Tensor:
        cut, _ = segmenting.cut(frames[tf.newaxis], tf.shape(frames)[:1], params)
        return model(cut, training=False)["embedding"]

    fold = context.fold
    for ids, purpose in ((fold.train, "train"), (fold.validation, "selection"), (fold.test, "predict")):
        view = context.view(spec, ids, purpose)
        for one in ids:
            yield one, embed(tf.constant(view[one])).numpy()
