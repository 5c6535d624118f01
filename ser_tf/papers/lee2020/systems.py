"""Training the systems of lee2020 on a fold: words and segments, the loss of eq. 13-14, the decision of eq. 15."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.data import normalisation, pipeline
from ser_tf.errors import SettingError
from ser_tf.features.mfcc import MfccParams, mfcc_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.lee2020 import aligned, vocabulary
from ser_tf.papers.lee2020 import networks as lee2020
from ser_tf.papers.lee2020 import words as lee2020_words
from ser_tf.papers.lee2020.text_audio import AudioSettings, TextSettings
from ser_tf.protocol import training
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.system import FoldOutcome

LEARNING_RATE = 1e-3  # §4.2
BATCH_SIZE = 64  # §4.2
PATIENCE = 10  # §4.2
CLIP_NORM = 1.0  # §4.2
OVERLAP = 0.1  # §3.1.2


def features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """40 MFCC, Hamming window of 25 ms, 10 ms hop (§4.2).

    Raises:
        SettingError: the ledger has fewer bands than coefficients.
    """
    needed = ledger.mfcc_first_coefficient + MfccParams.coefficients
    if ledger.mfcc_mel_bands < needed:
        raise SettingError(f"--set mfcc_mel_bands={ledger.mfcc_mel_bands}: the coefficients need {needed} bands")
    params = MfccParams(first_coefficient=ledger.mfcc_first_coefficient, bands=ledger.mfcc_mel_bands)
    return (mfcc_spec(params),)


def overlap_of(ledger: Any) -> float:
    """How much neighbouring segments overlap, as a share of a word's duration (§3.1.2)."""
    return OVERLAP * (1 if ledger.overlap_margin == "half" else 2)


def items_of(
    texts: Sequence[Sequence[Word]],
    num_frames: Sequence[int],
    spec: FeatureSpec,
    known: vocabulary.Vocabulary,
    ledger: Any,
    segmentation: str = "aligned",
) -> list[aligned.Aligned]:
    """Words and segments of utterances (§3.1).

    Args:
        texts: Words of each utterance, with times that touch each other.
        num_frames: Frames of each.
        spec: The feature.
        known: The vocabulary.
        ledger: The assumptions.
        segmentation: `aligned`, or `equal` (Table 3).
    """
    overlap = overlap_of(ledger)
    items = []
    for words, frames in zip(texts, num_frames, strict=True):
        if segmentation == "aligned":
            segments = aligned.word_segments(words, frames, spec.params, overlap)
        else:
            segments = aligned.equal_segments(len(words), frames, spec.params, overlap)
        items.append(aligned.Aligned(known.encode([word.text for word in words]), segments))
    return items


def _text_settings(context: FoldContext) -> tuple[vocabulary.Vocabulary, TextSettings]:
    """The vocabulary of the training part and the first embedding."""
    ledger = context.ledger
    context.record(context.fold.train, "vocabulary")
    words = [lee2020_words.words_of(context.utterances[one]) for one in context.fold.train]
    known = vocabulary.fit(([word.text for word in each] for each in words), ledger.vocabulary_least_count)
    embedding = vocabulary.initial_embedding(
        known, context.options.get("glove"), ledger.embedding_dims, np.random.default_rng(context.seed)
    )
    return known, TextSettings(known.words, embedding)


def _audio_settings(context: FoldContext, spec: FeatureSpec) -> AudioSettings:
    if context.ledger.mfcc_normaliser == "none":
        return AudioSettings(np.zeros(spec.dims), np.ones(spec.dims))
    statistics = normalisation.fit(context.view(spec, context.fold.train, "normaliser"), context.fold.train)
    return AudioSettings(statistics.mean, statistics.std)


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Makes the batches of one system on one fold."""

    context: FoldContext
    spec: FeatureSpec
    known: vocabulary.Vocabulary
    segmentation: str
    read: str

    def batches(
        self, ids: Sequence[str], purpose: str, columns: Any = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of utterances for a purpose."""
        context = self.context
        view = context.view(self.spec, ids, purpose)
        texts = [lee2020_words.words_of(context.utterances[one]) for one in ids]
        num_frames = [view.num_frames(one) for one in ids]
        items = items_of(texts, num_frames, self.spec, self.known, context.ledger, self.segmentation)
        return aligned.dataset(view, ids, items, pipeline.BatchParams(BATCH_SIZE), columns, seed, self.read)

    def supervised(self, part: str, purpose: str, inputs: Sequence[str], outputs: Sequence[str]) -> tf.data.Dataset:
        """Batches of (inputs, the class for each output, weights)."""
        context = self.context
        ids = getattr(context.fold, part)
        targets = context.targets(ids)
        weights = np.ones(len(context.task.classes), np.float32)
        if context.ledger.class_weights == "balanced":
            weights = training.balanced_class_weights(context.targets(context.fold.train), len(weights))
        columns = {"target": targets, "weight": weights[targets]}
        batches = self.batches(ids, purpose, columns, context.seed if part == "train" else None)
        return batches.map(
            lambda batch: (
                {name: batch[name] for name in inputs},
                {name: batch["target"] for name in outputs},
                {name: batch["weight"] for name in outputs},
            )
        )


def _fit(context: FoldContext, model: keras.Model, reader: _Reader) -> FoldOutcome:
    """Trains with eq. 13-14 and predicts the test part with eq. 15 (§3.3, §4.2)."""
    losses = {"probabilities": 1.0}
    if "joint_probabilities" in model.output:
        losses = {
            "joint_probabilities": 1.0,
            "text_probabilities": lee2020.ALIGN_WEIGHT,
            "audio_probabilities": lee2020.ALIGN_WEIGHT,
        }
    clipping = "global_clipnorm" if context.ledger.clipping == "global" else "clipnorm"
    trained = keras.Model(model.input, {name: model.output[name] for name in losses})
    trained.compile(
        keras.optimizers.Adam(LEARNING_RATE, **{clipping: CLIP_NORM}),
        {
            name: keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight", name=name)
            for name in losses
        },
        loss_weights=losses,
        jit_compile=False,
    )
    inputs = tuple(model.input)
    epochs = training.fit(
        context,
        trained,
        reader.supervised("train", "train", inputs, tuple(losses)),
        reader.supervised("validation", "selection", inputs, tuple(losses)),
        training.FitParams(context.ledger.max_epochs, PATIENCE),
    )
    posteriors = np.zeros((len(context.fold.test), len(context.task.classes)), np.float32)
    decision = keras.Model(model.input, {"probabilities": model.output["probabilities"]})
    for batch in reader.batches(context.fold.test, "predict"):
        outputs = decision.predict_on_batch({name: batch[name] for name in inputs})
        posteriors[batch["position"].numpy()] = outputs["probabilities"]
    return FoldOutcome(posteriors, epochs, model)


def fit_network(
    context: FoldContext,
    build: Callable[..., keras.Model],
    read: str,
    segmentation: str = "aligned",
    **variant: Any,
) -> FoldOutcome:
    """Trains and tests one system.

    Args:
        context: The fold.
        build: Takes text and audio settings (by the names `text` and `audio`, those that it needs), the number of
            classes and the variant.
        read: What the network reads: `words`, `frames` or `segments`; decides which utterances share a batch.
        segmentation: `aligned`, or `equal` (Table 3).
        **variant: Further arguments of `build`.
    """
    (spec,) = features(context.ledger)
    known, text = _text_settings(context)
    settings: dict[str, Any] = {"num_classes": len(context.task.classes), **variant}
    if build is lee2020.build_cross_attention_network:
        settings["project_heads"] = context.ledger.head_projection
    else:
        settings["lstm_units"] = context.ledger.baseline_lstm_units
    if build is not lee2020.build_audio_network:
        settings["text"] = text
    if build is not lee2020.build_text_network:
        settings["audio"] = _audio_settings(context, spec)
    return _fit(context, build(**settings), _Reader(context, spec, known, segmentation, read))
