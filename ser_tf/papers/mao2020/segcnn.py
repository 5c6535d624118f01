"""The first stage of Mao et al. 2020: SegCNN on the segments of a fold, and the embeddings of all its utterances.

It is computed once for each fold and seed and kept on disk; all seven rows read it. `second_cv` assigns utterances to
SegCNNs.
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
from ser_tf.protocol.context import FoldContext
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Decay, Recipe, cross_entropy

UTTERANCE_SECONDS = {"casia": 2.07, "iemocap": 4.55}  # §4.1
OTHER_SECONDS = UTTERANCE_SECONDS["iemocap"]
SMOKE_SECONDS = 1.0
MODEL, EMBEDDINGS = "segcnn.keras", "embeddings"
"""Files in the stage's folder."""


def features(ledger: Ledger) -> tuple[FeatureSpec, ...]:
    """Returns the feature: 64-bin log mel spectra, window 25 ms, hop 10 ms, FFT of 512 (§2.1.1)."""
    params = LogMelParams(
        window_shape=ledger.window,
        low_hz=ledger.mel_low_hz,
        high_hz=ledger.mel_high_hz,
        mel_scale=ledger.mel_scale,
        unit_area=ledger.mel_unit_area,
        log_floor=ledger.log_floor,
    )
    return (log_mel_spec(params),)


def segment_params(context: FoldContext[Ledger]) -> SegmentParams:
    """Returns how SegCNN's training utterances are cut (§4.1); a smoke run uses only the first second."""
    ledger = context.ledger
    (spec,) = features(ledger)
    corpus = next(iter(context.utterances.values())).corpus
    seconds = ledger.utterance_seconds or UTTERANCE_SECONDS.get(corpus, OTHER_SECONDS)
    if context.smoke:
        seconds = min(seconds, SMOKE_SECONDS)
    params = SegmentParams(min_frames=ledger.segment_min_frames, fill=math.log(ledger.log_floor))
    return dataclasses.replace(params, max_segments=segmenting.segments_in(seconds, spec.params, params))


def recipe(ledger: Ledger) -> Recipe:
    """Returns the recipe of single-instance learning (§2.1.2): each segment inherits the class of its utterance."""
    return Recipe(
        optimiser="adam",  # §4.1
        learning_rate=1e-3,  # §4.1
        decay=Decay(rate=0.8, epochs=2, staircase=ledger.decay_staircase),  # §4.1
        batch_size=128,  # §4.1, segments
        max_epochs=ledger.cnn_max_epochs,  # not stated; see ledger
        patience=3,  # §4.1
        monitor=ledger.monitor,  # not stated; see ledger
        class_weights=ledger.class_weights,  # not stated; see ledger
        class_counts=ledger.class_counts,  # not stated; see ledger
        losses={"probabilities": (cross_entropy, 1.0)},
    )


class SegmentBatches(Batches[Ledger]):
    """Segments of all utterances in random order."""

    def __init__(self, context: FoldContext[Ledger], spec: FeatureSpec, recipe: Recipe, params: SegmentParams) -> None:
        """Prepares batches without making any yet."""
        super().__init__(context, spec, recipe)
        self._segments = params

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Makes batches of `segments`; arguments as for `Batches.read`."""
        view = self.context.view(self.spec, ids, purpose)
        return segments.dataset(view, ids, self._segments, self.recipe.batch_size, columns or {}, seed)

    def _counts(self, ids: Sequence[str], purpose: str) -> npt.NDArray[np.int64]:
        view = self.context.view(self.spec, ids, purpose)
        counts = [segmenting.num_segments(view.num_frames(utterance_id), self._segments) for utterance_id in ids]
        return np.asarray(counts, np.int64)

    def units(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Returns the number of segments of each training utterance."""
        return self._counts(ids, "train")

    def combine(self, ids: Sequence[str], posteriors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Averages the posteriors of each validation utterance's segments."""
        counts = self._counts(ids, "selection")
        sums = np.add.reduceat(posteriors, np.cumsum(counts) - counts, axis=0)
        return (sums / counts[:, np.newaxis]).astype(np.float32)


def make(context: FoldContext[Ledger], folder: Path) -> None:
    """Trains SegCNN and saves it with the embeddings of all utterances of the fold.

    Args:
        context: The fold.
        folder: Folder for `MODEL` and `EMBEDDINGS`, a store of float32 (`max_segments`, 64) for each utterance, padded
            with silence; segments after the utterance's end have the embedding of silence.
    """
    (spec,) = features(context.ledger)
    params = segment_params(context)
    model = _build(context, spec)
    training = recipe(context.ledger)
    loop.fit(context, model, SegmentBatches(context, spec, training, params), training)
    model.save(folder / MODEL)
    (folder / EMBEDDINGS).mkdir()
    embeddings = _embeddings(context, model, spec, dataclasses.replace(params, padded=True))
    store.fill(folder / EMBEDDINGS, "segcnn_embedding", networks.DENSE_UNITS[-1], embeddings)


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
        embedding_after_relu=ledger.cnn_embedding == "after_relu",
    )


def _embeddings(
    context: FoldContext[Ledger], model: keras.Model, spec: FeatureSpec, params: SegmentParams
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Yields id and embeddings (segments, 64) of each utterance of the fold."""

    @tf.function(input_signature=[tf.TensorSpec((None, spec.dims), tf.float32)])
    def embed(frames: tf.Tensor) -> Any:
        cut, _ = segmenting.cut(frames[tf.newaxis], tf.shape(frames)[:1], params)
        return model(cut, training=False)["embedding"]

    fold = context.fold
    for ids, purpose in ((fold.train, "train"), (fold.validation, "selection"), (fold.test, "predict")):
        view = context.view(spec, ids, purpose)
        for utterance_id in ids:
            yield utterance_id, embed(tf.constant(view[utterance_id])).numpy()
