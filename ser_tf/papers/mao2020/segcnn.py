"""The first stage of Mao et al. 2020: SegCNN on the segments of a fold, and the embeddings of all its utterances.

Both are made once for each fold and seed and kept on disk; all seven rows read them.
"""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data import normalisation, store
from ser_tf.features.mfcc import LogMelParams, log_mel_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.mao2020 import networks, segmenting, segments
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.segmenting import SegmentParams
from ser_tf.protocol.context import FeatureView, FoldContext
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Decay, Recipe, cross_entropy

UTTERANCE_SECONDS = {"casia": 2.07, "iemocap": 4.55}  # §4.1
OTHER_SECONDS = UTTERANCE_SECONDS["iemocap"]
SMOKE_SECONDS = 1.0


def features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """64-bin log mel spectra, window 25 ms, hop 10 ms, FFT of 512 (§2.1.1)."""
    params = LogMelParams(window_shape=ledger.window, mel_scale=ledger.mel_scale, log_floor=ledger.log_floor)
    return (log_mel_spec(params),)


def segment_params(context: FoldContext[Ledger]) -> SegmentParams:
    """How this corpus is cut into segments (§4.1); a smoke run takes only the first second."""
    ledger = context.ledger
    (spec,) = features(ledger)
    corpus = next(iter(context.utterances.values())).corpus
    seconds = ledger.utterance_seconds or UTTERANCE_SECONDS.get(corpus, OTHER_SECONDS)
    if context.smoke:
        seconds = min(seconds, SMOKE_SECONDS)
    params = SegmentParams(min_frames=ledger.segment_min_frames, fill=math.log(ledger.log_floor))
    return dataclasses.replace(params, max_segments=segmenting.segments_in(seconds, spec.params, params))


def recipe(ledger: Ledger) -> Recipe:
    """Single-instance learning (§2.1.2): each segment inherits the class of its utterance."""
    return Recipe(
        optimiser="adam",  # §4.1
        learning_rate=1e-3,  # §4.1
        decay=Decay(rate=0.8, epochs=2, staircase=ledger.decay_staircase),  # §4.1
        batch_size=128,  # §4.1, segments
        max_epochs=ledger.cnn_max_epochs,
        patience=3,  # §4.1
        class_weights=ledger.class_weights,
        losses={"probabilities": (cross_entropy, 1.0)},
    )


class _SegmentBatches(Batches[Ledger]):
    """Segments of all utterances in random order."""

    def __init__(self, context: FoldContext[Ledger], spec: FeatureSpec, recipe: Recipe, params: SegmentParams) -> None:
        super().__init__(context, spec, recipe)
        self._segments = params

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of `segments`; arguments as for `Batches.read`."""
        view = self.context.view(self.spec, ids, purpose)
        return segments.dataset(view, ids, self._segments, self.recipe.batch_size, columns or {}, seed)


@dataclasses.dataclass(frozen=True)
class Segcnn:
    """The first stage as it lies on disk.

    Attributes:
        folder: With `segcnn.keras` and `embeddings/`.
        params: How frames become segments.
    """

    folder: Path
    params: SegmentParams

    def model(self) -> keras.Model:
        """Loads the trained SegCNN."""
        return keras.models.load_model(self.folder / "segcnn.keras", compile=False)

    def embeddings(self, context: FoldContext[Ledger], ids: Sequence[str], purpose: str) -> FeatureView:
        """Embeddings of utterances, float32 (segments, 64) each, opened for a purpose as `FoldContext.view` does."""
        context.record(ids, purpose)
        return FeatureView(store.FeatureStore(self.folder / "embeddings"), ids)


def stage(context: FoldContext[Ledger]) -> Segcnn:
    """Trains SegCNN on this fold, or finds it trained."""
    return Segcnn(context.once("segcnn", make), segment_params(context))


def make(context: FoldContext[Ledger], folder: Path) -> None:
    """Trains SegCNN and writes it with the embeddings of all utterances of the fold."""
    (spec,) = features(context.ledger)
    params = segment_params(context)
    model = _build(context, spec)
    training = recipe(context.ledger)
    loop.fit(context, model, _SegmentBatches(context, spec, training, params), training)
    model.save(folder / "segcnn.keras")
    (folder / "embeddings").mkdir()
    embeddings = _embeddings(context, model, spec, params)
    store.fill(folder / "embeddings", "segcnn_embedding", networks.DENSE_UNITS[-1], embeddings)


def _build(context: FoldContext[Ledger], spec: FeatureSpec) -> keras.Model:
    ledger = context.ledger
    statistics = normalisation.Normaliser(np.zeros(spec.dims), np.ones(spec.dims))
    if ledger.normaliser != "none":
        ids = context.fold.train
        statistics = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
        statistics = statistics if ledger.normaliser == "per_band" else statistics.pooled()
    return networks.build_segcnn(
        len(context.task.classes),
        statistics.mean,
        statistics.std,
        networks.BODIES[ledger.cnn_body],
        dropout=ledger.cnn_dropout,
        batch_norm_momentum=ledger.cnn_batch_norm_momentum,
    )


def _embeddings(
    context: FoldContext[Ledger], model: keras.Model, spec: FeatureSpec, params: SegmentParams
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Id and embeddings (segments, 64) of each utterance of the fold, one after the other."""

    @tf.function(input_signature=[tf.TensorSpec((None, spec.dims), tf.float32)])
    def embed(frames: tf.Tensor) -> Any:
        cut, _ = segmenting.cut(frames[tf.newaxis], tf.shape(frames)[:1], params)
        return model(cut, training=False)["embedding"]

    fold = context.fold
    for ids, purpose in ((fold.train, "train"), (fold.validation, "selection"), (fold.test, "predict")):
        view = context.view(spec, ids, purpose)
        for utterance_id in ids:
            yield utterance_id, embed(tf.constant(view[utterance_id])).numpy()
