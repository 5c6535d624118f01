"""How the networks of Zhang et al. 2018 are trained and tested on a fold; CNN+LSTM is in `satt`."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import (
    LogSpectrogramParams,
    SpectrogramParams,
    log_spectrogram_spec,
    magnitude_spectrogram_spec,
)
from ser_tf.papers.zhang2018 import alexnet, attended, networks, pretrained
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.papers.zhang2018.piecewise import on_pieces
from ser_tf.papers.zhang2018.subutterances import SubUtterances
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome, RowUnavailableError
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns
from ser_tf.training.recipe import Recipe, cross_entropy

SUBUTTERANCE_SECONDS = 3.0  # §III-C, as in its reference [9]
WINDOW_SECONDS = 0.04  # §III-A
SMOKE_PIXELS, SMOKE_UNITS = 67, 64


def features(ledger: Ledger, window_seconds: float = WINDOW_SECONDS) -> tuple[FeatureSpec, ...]:
    """Magnitude of 200 bins, 0-4 kHz; Hamming window of 40 ms, shift 10 ms, DFT of 800 (§III-A)."""
    if ledger.spectrum == "linear":
        return (magnitude_spectrogram_spec(SpectrogramParams(window_seconds=window_seconds)),)
    return (log_spectrogram_spec(LogSpectrogramParams(window_seconds=window_seconds, log_floor=ledger.log_floor)),)


def recipe(ledger: Ledger, learning_rate: float, class_weights: str) -> Recipe:
    """The paper states none of it: all from the ledger."""
    return Recipe(
        optimiser=ledger.optimiser,
        learning_rate=learning_rate,
        batch_size=ledger.batch_size,
        max_epochs=ledger.max_epochs,
        patience=ledger.patience,
        class_weights=class_weights,
        class_counts=ledger.class_counts if class_weights == "balanced" else "units",
        monitor=ledger.monitor,
        losses={"probabilities": (cross_entropy, 1.0)},
    )


class PieceBatches(Batches[Ledger]):
    """Pieces of at most 3 s, each of which is trained like an utterance; posteriors are averaged (§III-C)."""

    def _pieces(self, ids: Sequence[str], purpose: str) -> SubUtterances:
        frames = round(SUBUTTERANCE_SECONDS / self.spec.params.hop_seconds)
        return SubUtterances(
            self.context.view(self.spec, ids, purpose), tuple(ids), frames, self.context.ledger.subutterances
        )

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Batches of pieces; `position` counts pieces."""
        pieces = self._pieces(ids, purpose)
        return pipeline.dataset(pieces, pieces.ids, self.params, columns, seed)

    def units(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Pieces of each utterance."""
        return np.bincount(self._pieces(ids, "train").owners, minlength=len(ids))

    def columns(self, ids: Sequence[str]) -> Columns:
        """`target` and `weight` of each piece."""
        purpose = "train" if tuple(ids) == self.context.fold.train else "selection"
        targets = self.context.targets(ids)[self._pieces(ids, purpose).owners]
        return {"target": targets, "weight": self.class_weights()[targets]}

    def combine(self, ids: Sequence[str], posteriors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The mean over the pieces of each utterance."""
        purpose = "predict" if tuple(ids) == self.context.fold.test else "selection"
        return self._pieces(ids, purpose).average(posteriors).astype(np.float32)


def train_on_pieces(
    context: FoldContext[Ledger], model: keras.Model, spec: FeatureSpec, how: Recipe
) -> tuple[loop.Trained, FoldOutcome]:
    """Trains a network of pieces and predicts whole utterances; the model that is kept cuts them itself."""
    batches = PieceBatches(context, spec, how)
    trained = loop.fit(context, model, batches, how)
    return trained, outcome_of_pieces(context, model, batches, trained)


def outcome_of_pieces(
    context: FoldContext[Ledger], model: keras.Model, batches: PieceBatches, trained: loop.Trained
) -> FoldOutcome:
    """Posteriors of the test set, and the model of whole utterances."""
    frames = round(SUBUTTERANCE_SECONDS / batches.spec.params.hop_seconds)
    whole = on_pieces(model, frames, context.ledger.subutterances)
    return FoldOutcome(loop.predict(model, batches), trained.epochs, trained.best_epoch, whole)


def common(context: FoldContext[Ledger], spec: FeatureSpec) -> dict[str, Any]:
    """Arguments that all networks take: bins, classes, statistics of the training utterances."""
    ids = context.fold.train
    statistics = normalisation.fit(context.view(spec, ids, "normaliser"), ids)
    if context.ledger.normaliser_statistics == "single":
        statistics = statistics.pooled()
    return {
        "bins": spec.dims,
        "num_classes": len(context.task.classes),
        "mean": statistics.mean,
        "std": statistics.std,
    }


def _image(context: FoldContext[Ledger], statistics: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the networks that read spectrograms as images, for random and pretrained rows alike."""
    ledger = context.ledger
    fill = None
    if ledger.filling == "silence":
        floor = math.log(ledger.log_floor) if ledger.spectrum == "log" else 0.0
        fill = (floor - statistics["mean"]) / statistics["std"]
    return {
        "input_scale": ledger.pixel_deviation if ledger.input_scale == "pixels" else 1.0,
        "pooling": ledger.pooling,
        "flipped": ledger.flipped,
        "fill": fill,
        "classifier_initializer": ledger.classifier_initialisation,
    }


def _weights(context: FoldContext[Ledger], network: str) -> pretrained.Weights:
    """ImageNet's weights of a network.

    Raises:
        RowUnavailableError: the user gave none, or they are of another network than the ledger's.
    """
    if network == "alexnet" and context.ledger.alexnet != "bvlc":
        raise RowUnavailableError(
            f"--set alexnet={context.ledger.alexnet}: pretrained weights exist only for alexnet=bvlc"
        )
    read, how = {
        "alexnet": (pretrained.read_alexnet, pretrained.HOW_TO_GET_ALEXNET),
        "vgg16": (pretrained.read_vgg16, pretrained.HOW_TO_GET_VGG16),
    }[network]
    path = context.inputs.get(f"{network}_weights")
    if path is None:
        raise RowUnavailableError(how)
    return read(path)


def _rate(ledger: Ledger, finetuning: bool) -> float:
    return ledger.learning_rate * (ledger.finetuning_rate_factor if finetuning else 1.0)


def build_attention_fcn(
    context: FoldContext[Ledger],
    spec: FeatureSpec,
    finetuning: bool,
    attention_scale: float = networks.ATTENTION_SCALE,
) -> keras.Model:
    """The attention network of a fold, before training; with pretrained weights it differs in nothing else."""
    ledger = context.ledger
    weights = _weights(context, "alexnet") if finetuning else None
    table = networks.convolutions(ledger.pool5, ledger.alexnet)
    statistics = common(context, spec)
    model = networks.build_attention_fcn(
        **statistics,
        **_image(context, statistics),
        table=table,
        attention_units=ledger.attention_units,
        attention_scale=attention_scale,
        kernel_initializer=ledger.initialisation,
    )
    if weights is not None:
        pretrained.initialise(model, weights, [convolution.name for convolution in table], ledger.one_channel)
    return model


def fit_attention_fcn(
    context: FoldContext[Ledger],
    finetuning: bool,
    attention_scale: float = networks.ATTENTION_SCALE,
    window_seconds: float = WINDOW_SECONDS,
) -> FoldOutcome:
    """Table II: AlexNet's convolutions with attention, which is measured, on whole utterances (§II).

    Args:
        context: The fold.
        finetuning: Whether it starts from ImageNet's weights.
        attention_scale: lambda of eq. 3.
        window_seconds: Window of the spectrogram.
    """
    (spec,) = features(context.ledger, window_seconds)
    model = build_attention_fcn(context, spec, finetuning, attention_scale)
    how = recipe(context.ledger, _rate(context.ledger, finetuning), context.ledger.class_weights)
    batches = Batches(context, spec, how)
    outcome = loop.train(context, model, batches, how)
    return dataclasses.replace(outcome, measured=attended.measure_attention(model, batches))


def fit_classifier(context: FoldContext[Ledger], network: str, finetuning: bool) -> FoldOutcome:
    """Table I: AlexNet or VGGNet-16 on pieces of 3 s, posteriors averaged (§III-C).

    A smoke run has fewer pixels and units, and with pretrained weights takes only those of the convolutions.

    Args:
        context: The fold.
        network: `alexnet` or `vgg16`.
        finetuning: Whether it starts from ImageNet's weights.
    """
    ledger = context.ledger
    weights = _weights(context, network) if finetuning else None
    (spec,) = features(ledger)
    pixels: int | None = SMOKE_PIXELS if context.smoke else networks.NETWORKS[network]
    if ledger.classifier_input == "native":
        pixels = None
    statistics = common(context, spec)
    model = networks.build_classifier(
        network,
        **statistics,
        **_image(context, statistics),
        frames=round(SUBUTTERANCE_SECONDS / spec.params.hop_seconds),
        pixels=pixels,
        table=alexnet.VARIANTS[ledger.alexnet],
        units=SMOKE_UNITS if context.smoke else alexnet.DENSE_UNITS,
        dropout=ledger.classifier_dropout,
        kernel_initializer=ledger.initialisation if network == "alexnet" else ledger.vgg16_initialisation,
    )
    if weights is not None:
        with_dense = pixels == networks.NETWORKS[network]
        if with_dense and network == "vgg16" and not set(pretrained.VGG16_DENSE_LAYERS) <= weights.keys():
            raise RowUnavailableError(
                "--vgg16-weights: the file has no fully connected layers (notop); give the full file, or"
                " --set classifier_input=native"
            )
        layers = [name for name, (kernel, _) in weights.items() if kernel.ndim == 4 or with_dense]
        pretrained.initialise(model, weights, [name for name in layers if name != "fc8"], ledger.one_channel)
    how = recipe(ledger, _rate(ledger, finetuning), ledger.class_weights)
    return train_on_pieces(context, model, spec, how)[1]
