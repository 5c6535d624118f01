"""How the systems of Mirsamadi et al. 2017 are trained and tested on a fold; the paper itself is in `mirsamadi2017`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_tf.data import normalisation, pipeline
from ser_tf.features import FeatureSpec, functionals, lld_spec, log_spectrogram_spec, spectral_spec
from ser_tf.features.lld import LldParams
from ser_tf.features.spectral import SpectralParams
from ser_tf.features.spectrogram import LogSpectrogramParams
from ser_tf.papers.mirsamadi2017 import networks as models
from ser_tf.protocol import training
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.system import FoldOutcome


def spectral_features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """257-d magnitude spectra (§3)."""
    params = SpectralParams(window_shape=ledger.window)
    if ledger.spectral_scale == "linear":
        return (spectral_spec(params),)
    return (
        log_spectrogram_spec(
            LogSpectrogramParams(
                window_seconds=params.window_seconds,
                hop_seconds=params.hop_seconds,
                window_shape=ledger.window,
                fft_samples=params.fft_samples,
                lowest_bins=params.bins,
            )
        ),
    )


def lld_features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """32 low-level descriptors (§3)."""
    defaults = LldParams()
    params = LldParams(
        pitch=dataclasses.replace(defaults.pitch, voicing_cutoff=ledger.voicing_cutoff, high_hz=ledger.f0_high_hz),
        mfcc=dataclasses.replace(defaults.mfcc, window_shape=ledger.window),
        smoothing_frames=ledger.smoothing_frames,
        delta_reach_frames=ledger.delta_reach_frames,
    )
    return (lld_spec(params),)


def _functional_names(which: str, ledger: Any) -> tuple[str, ...]:
    full = functionals.FULL if ledger.functionals == "footnote" else functionals.EXTENDED
    return {"mean": functionals.MEAN, "mean_min_max": functionals.MEAN_MIN_MAX, "full": full}[which]


def _normaliser(context: FoldContext, spec: FeatureSpec) -> normalisation.Normaliser:
    """Statistics of the neutral utterances of the training part (§3)."""
    ids = context.fold.train
    if context.ledger.normaliser_utterances == "neutral":
        ids = context.labelled(ids, "neutral")
    normaliser = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
    return normaliser if context.ledger.normaliser_statistics == "per_dimension" else normaliser.pooled()


def _optimiser(ledger: Any) -> keras.optimizers.Optimizer:
    kinds = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}
    return kinds[ledger.optimiser](ledger.learning_rate)


def _supervised(context: FoldContext, spec: FeatureSpec, part: str, purpose: str, frame_wise: bool) -> tf.data.Dataset:
    """Batches of (inputs, class, weight); for frame-wise training the class and weight of every valid frame."""
    ids = getattr(context.fold, part)
    targets = context.targets(ids)
    weights = np.ones(len(context.task.classes), np.float32)
    if context.ledger.class_weights == "balanced":
        weights = training.balanced_class_weights(context.targets(context.fold.train), len(weights))
    batches = pipeline.dataset(
        context.view(spec, ids, purpose),
        ids,
        pipeline.BatchParams(context.ledger.batch_size),
        {"target": targets, "weight": weights[targets]},
        seed=context.seed if part == "train" else None,
    )

    def split(batch: dict[str, tf.Tensor]) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        inputs = {key: batch[key] for key in ("features", "lengths")}
        target, weight = batch["target"], batch["weight"]
        if frame_wise:
            frames = tf.shape(batch["features"])[1]
            weight = weight[:, tf.newaxis] * tf.sequence_mask(batch["lengths"], frames, tf.float32)
            target = tf.repeat(target[:, tf.newaxis], frames, axis=1)
        return inputs, target, weight

    return batches.map(split)


def _fit_network(context: FoldContext, spec: FeatureSpec, model: keras.Model) -> FoldOutcome:
    """Trains a network of `ser_tf.papers.mirsamadi2017.networks` and predicts the test part."""
    frame_wise = "frame_probabilities" in model.output
    trained = keras.Model(model.input, model.output["frame_probabilities" if frame_wise else "probabilities"])
    trained.compile(
        _optimiser(context.ledger),
        keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        jit_compile=False,
    )
    epochs = training.fit(
        context,
        trained,
        _supervised(context, spec, "train", "train", frame_wise),
        _supervised(context, spec, "validation", "selection", frame_wise),
        training.FitParams(context.ledger.max_epochs, context.ledger.patience),
    )
    posteriors = training.predict(
        model, context.view(spec, context.fold.test, "predict"), context.fold.test, context.ledger.batch_size
    )
    return FoldOutcome(posteriors, epochs, model)


def fit_functionals_network(context: FoldContext, which: str) -> FoldOutcome:
    """Table 2, raw spectral: learned LLDs pooled by fixed functionals (Fig. 1(a))."""
    (spec,) = spectral_features(context.ledger)
    normaliser = _normaliser(context, spec)
    model = models.build_functionals_network(
        spec.dims,
        len(context.task.classes),
        _functional_names(which, context.ledger),
        normaliser.mean,
        normaliser.std,
    )
    return _fit_network(context, spec, model)


def fit_recurrent_network(
    context: FoldContext, kind: str, aggregation: str, deep_attention: bool = False
) -> FoldOutcome:
    """Table 3: a BLSTM with one way of temporal aggregation (Fig. 1(b)-(f))."""
    ledger = context.ledger
    (spec,) = FEATURES[kind](ledger)
    normaliser = _normaliser(context, spec)
    hidden = models.DENSE_UNITS if kind == "spectral" else models.DENSE_UNITS[:1] * ledger.lld_dense_layers
    model = models.build_recurrent_network(
        spec.dims,
        len(context.task.classes),
        aggregation,
        normaliser.mean,
        normaliser.std,
        dense_units=hidden,
        frame_decision=ledger.frame_decision,
        attention_units=(ledger.attention_hidden_units,) if deep_attention else (),
    )
    return _fit_network(context, spec, model)


def _utterance_functionals(
    context: FoldContext,
    spec: FeatureSpec,
    ids: Sequence[str],
    purpose: str,
    normaliser: normalisation.Normaliser,
    names: tuple[str, ...],
) -> np.ndarray:
    """Functionals of normalised descriptors: float32 (utterances, functionals x dims), in the order of `ids`."""
    rows: np.ndarray | None = None
    view = context.view(spec, ids, purpose)
    for batch in pipeline.dataset(view, ids, pipeline.BatchParams(context.ledger.batch_size)):
        frames = tf.constant(normaliser(batch["features"].numpy()))
        mask = tf.sequence_mask(batch["lengths"], tf.shape(frames)[1])
        pooled = functionals.functionals(frames, mask, names).numpy()
        rows = np.zeros((len(ids), pooled.shape[1]), np.float32) if rows is None else rows
        rows[batch["position"].numpy()] = pooled
    if rows is None:
        raise ValueError(f"no utterances to {purpose}")
    return rows


def fit_svm(context: FoldContext, which: str) -> FoldOutcome:
    """Table 2, emotion LLDs: a cost-sensitive SVM with RBF kernel on functionals (§3).

    It has no stopping epoch to choose, so that the validation speaker trains as well: all sessions but the tested
    one, as the paper says. Its posteriors are a softmax over the classes' decision values: their order is that of
    the SVM's decision, their size is not calibrated.
    """
    ledger = context.ledger
    (spec,) = lld_features(ledger)
    names = _functional_names(which, ledger)
    normaliser = _normaliser(context, spec)
    train_ids = context.fold.train + context.fold.validation
    machine = SVC(
        C=ledger.svm_c, gamma=ledger.svm_gamma, class_weight="balanced", decision_function_shape="ovr", break_ties=True
    )
    classifier = make_pipeline(StandardScaler(), machine) if ledger.svm_scaling == "standard" else machine
    context.report(0, 1, "functionals and SVM")
    classifier.fit(
        _utterance_functionals(context, spec, train_ids, "train", normaliser, names), context.targets(train_ids)
    )
    test = _utterance_functionals(context, spec, context.fold.test, "predict", normaliser, names)
    decision = classifier.decision_function(test)
    return FoldOutcome(training.posteriors_of_decision(decision, classifier.classes_, len(context.task.classes)))


FEATURES = {"spectral": spectral_features, "lld": lld_features}
