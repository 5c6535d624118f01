"""How the systems of Mirsamadi et al. 2017 are trained and tested on a fold."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import LogSpectrogramParams, log_spectrogram_spec
from ser_tf.papers.mirsamadi2017 import functionals, networks
from ser_tf.papers.mirsamadi2017.ledger import Ledger
from ser_tf.papers.mirsamadi2017.lld import LldParams, lld_spec
from ser_tf.papers.mirsamadi2017.spectral import SpectralParams, spectral_spec
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import attention, loop
from ser_tf.training.batches import Batch, Batches
from ser_tf.training.recipe import Recipe, cross_entropy

FUNCTIONALS_BATCH = 32
"""Utterances at a time; the functionals do not depend on it."""


def features(ledger: Ledger, kind: str) -> tuple[FeatureSpec, ...]:
    """257-d magnitude spectra (`spectral`), or 32 low-level descriptors (`lld`), §3."""
    return (_spectral_features(ledger) if kind == "spectral" else _lld_features(ledger),)


def _spectral_features(ledger: Ledger) -> FeatureSpec:
    params = SpectralParams(window_shape=ledger.window)
    if ledger.spectral_scale == "linear":
        return spectral_spec(params)
    return log_spectrogram_spec(
        LogSpectrogramParams(
            window_seconds=params.window_seconds,
            hop_seconds=params.hop_seconds,
            window_shape=ledger.window,
            fft_samples=params.fft_samples,
            lowest_bins=params.bins,
        )
    )


def _lld_features(ledger: Ledger) -> FeatureSpec:
    defaults = LldParams()
    pitch = dataclasses.replace(
        defaults.pitch,
        analysis_seconds=ledger.f0_window_seconds,
        low_hz=ledger.f0_low_hz,
        high_hz=ledger.f0_high_hz,
        voicing_cutoff=ledger.voicing_cutoff,
        octave_cost=ledger.f0_octave_cost,
        min_run_frames=ledger.f0_min_run_frames,
    )
    mfcc = dataclasses.replace(
        defaults.mfcc,
        window_shape=ledger.window,
        bands=ledger.mel_bands,
        mel_scale=ledger.mel_scale,
        high_hz=ledger.mel_high_hz,
        pre_emphasis=ledger.pre_emphasis,
        lifter=ledger.cepstral_lifter,
    )
    return lld_spec(
        LldParams(
            pitch=pitch,
            mfcc=mfcc,
            energy=ledger.energy,
            smoothing_frames=ledger.smoothing_frames,
            delta_reach_frames=ledger.delta_reach_frames,
        )
    )


def _functional_names(which: str, ledger: Ledger) -> tuple[str, ...]:
    full = functionals.FULL if ledger.functionals == "footnote" else functionals.EXTENDED
    return {"mean": functionals.MEAN, "mean_min_max": functionals.MEAN_MIN_MAX, "full": full}[which]


def _normaliser(context: FoldContext[Ledger], spec: FeatureSpec) -> normalisation.Normaliser:
    """Statistics of the neutral training utterances (§3)."""
    ids = context.fold.train
    if context.ledger.normaliser_utterances == "neutral":
        ids = context.labelled(ids, "neutral")
    normaliser = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
    return normaliser if context.ledger.normaliser_statistics == "per_dimension" else normaliser.pooled()


def _recipe(ledger: Ledger, output: str) -> Recipe:
    """The paper states none of it: all from the ledger."""
    return Recipe(
        optimiser=ledger.optimiser,
        learning_rate=ledger.learning_rate,
        batch_size=ledger.batch_size,
        max_epochs=ledger.fixed_epochs if ledger.stopping == "none" else ledger.max_epochs,
        patience=ledger.patience,
        class_weights=ledger.class_weights,
        class_counts=ledger.class_counts,
        monitor=ledger.monitor,
        losses={output: (cross_entropy, 1.0)},
    )


class _FrameWiseBatches(Batches[Ledger]):
    """The utterance's class and weight on every valid frame (Fig. 1(b))."""

    def units(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Frames of each utterance."""
        view = self.context.view(self.spec, ids, "train")
        return np.asarray([view.num_frames(utterance_id) for utterance_id in ids], np.int64)

    def expand(self, batch: Batch) -> Batch:
        """Repeats targets and weights over time, weight 0 on padding: (batch,) -> (batch, frames)."""
        frames = tf.shape(batch["features"])[1]
        valid = tf.sequence_mask(batch["lengths"], frames, tf.float32)
        target = tf.repeat(batch["target"][:, tf.newaxis], frames, axis=1)
        return {**batch, "target": target, "weight": batch["weight"][:, tf.newaxis] * valid}


def fit_functionals_network(context: FoldContext[Ledger], which: str) -> FoldOutcome:
    """Table 2, raw spectral: learned LLDs pooled by fixed functionals (Fig. 1(a)).

    Args:
        context: The fold.
        which: `mean`, `mean_min_max` or `full`.
    """
    (spec,) = features(context.ledger, "spectral")
    normaliser = _normaliser(context, spec)
    model = networks.build_functionals_network(
        spec.dims,
        len(context.task.classes),
        _functional_names(which, context.ledger),
        normaliser.mean,
        normaliser.std,
        dropout_place=context.ledger.dropout_place,
    )
    recipe = _recipe(context.ledger, "probabilities")
    return loop.train(context, model, Batches(context, spec, recipe), recipe)


def fit_recurrent_network(
    context: FoldContext[Ledger], kind: str, aggregation: str, deep_attention: bool = False
) -> FoldOutcome:
    """Table 3: a BLSTM with one way of temporal aggregation (Fig. 1(b)-(f)).

    Args:
        context: The fold.
        kind: `spectral` or `lld`.
        aggregation: As for `networks.build_recurrent_network`.
        deep_attention: Whether the attention has a hidden layer (Fig. 1(f)).
    """
    ledger = context.ledger
    (spec,) = features(ledger, kind)
    normaliser = _normaliser(context, spec)
    hidden = networks.DENSE_UNITS if kind == "spectral" else networks.DENSE_UNITS[:1] * ledger.lld_dense_layers
    model = networks.build_recurrent_network(
        spec.dims,
        len(context.task.classes),
        aggregation,
        normaliser.mean,
        normaliser.std,
        dense_units=hidden,
        lstm_units=networks.LSTM_UNITS // (1 if ledger.lstm_width == "per_direction" else 2),
        dropout_place=ledger.dropout_place,
        frame_decision=ledger.frame_decision if aggregation == "frame_wise" else networks.FRAME_DECISIONS[0],
        attention_units=(ledger.attention_hidden_units,) if deep_attention else (),
    )
    frame_wise = aggregation == "frame_wise"
    recipe = _recipe(ledger, "frame_probabilities" if frame_wise else "probabilities")
    batches = _FrameWiseBatches if frame_wise else Batches
    return loop.train(context, model, batches(context, spec, recipe), recipe)


def fit_attention_network(context: FoldContext[Ledger], kind: str, deep_attention: bool = False) -> FoldOutcome:
    """Table 3: weighted pooling with local attention (Fig. 1(e)-(f)), whose share on silence is measured (§2.4).

    Args:
        context: The fold.
        kind: `spectral` or `lld`.
        deep_attention: Whether the attention has a hidden layer (Fig. 1(f)).
    """
    outcome = fit_recurrent_network(context, kind, "weighted_pool", deep_attention)
    if not isinstance(outcome.model, keras.Model):
        raise TypeError("a recurrent network that is no Keras model")
    (spec,) = features(context.ledger, kind)
    batches = Batches(context, spec, _recipe(context.ledger, "probabilities"))
    return dataclasses.replace(outcome, measured=attention.over_silence(outcome.model, batches))


def _utterance_functionals(
    context: FoldContext[Ledger],
    spec: FeatureSpec,
    ids: Sequence[str],
    purpose: str,
    normaliser: normalisation.Normaliser,
    names: tuple[str, ...],
) -> npt.NDArray[np.float32]:
    """Functionals of normalised descriptors: float32 (utterances, functionals x dims), in the order of `ids`."""
    rows: dict[int, npt.NDArray[np.float32]] = {}
    view = context.view(spec, ids, purpose)
    for batch in pipeline.dataset(view, ids, pipeline.BatchParams(FUNCTIONALS_BATCH)):
        frames = tf.constant(normaliser(batch["features"].numpy()))
        mask = tf.sequence_mask(batch["lengths"], tf.shape(frames)[1])
        pooled = functionals.functionals(frames, mask, names).numpy()
        rows |= dict(zip(batch["position"].numpy().tolist(), pooled, strict=True))
    return np.stack([rows[place] for place in range(len(ids))])


def fit_svm(context: FoldContext[Ledger], which: str) -> FoldOutcome:
    """Table 2, emotion LLDs: a cost-sensitive SVM with RBF kernel on functionals (§3).

    It has no stopping epoch to choose, so the validation speaker trains as well: all sessions but the tested one, as
    the paper says. Its posteriors are a softmax over the classes' decision values: their order is that of the SVM's
    decision, their size is not calibrated.

    Args:
        context: The fold.
        which: `mean`, `mean_min_max` or `full`.
    """
    ledger = context.ledger
    (spec,) = features(ledger, "lld")
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
    return FoldOutcome(posteriors_of_decision(decision, classifier.classes_, len(context.task.classes)))


def posteriors_of_decision(
    decision: npt.NDArray[np.floating[Any]], classes: npt.NDArray[np.integer[Any]], num_classes: int
) -> npt.NDArray[np.float64]:
    """A softmax over decision values, float64 (utterances, num_classes); the largest value stays the largest.

    Args:
        decision: Decision values of a scikit-learn classifier: (utterances, classes), or (utterances,) when it knows
            two classes.
        classes: Class index of each column.
        num_classes: Number of all classes; those that the classifier never saw get probability 0.
    """
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1)
    exponentials = np.exp(decision - decision.max(axis=1, keepdims=True))
    posteriors = np.zeros((len(decision), num_classes))
    posteriors[:, classes] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return posteriors
