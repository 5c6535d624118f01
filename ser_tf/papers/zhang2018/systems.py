"""How the systems of Zhang et al. 2018 are trained and tested on a fold; the paper itself is in `zhang2018`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_tf.data import normalisation, pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.features.spectrogram import LogSpectrogramParams, log_spectrogram_spec, magnitude_spectrogram_spec
from ser_tf.papers.zhang2018 import alexnet, pretrained
from ser_tf.papers.zhang2018 import networks as models
from ser_tf.papers.zhang2018.piecewise import on_pieces
from ser_tf.papers.zhang2018.subutterances import SubUtterances
from ser_tf.protocol import training
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.system import FoldOutcome, RowUnavailableError

SUBUTTERANCE_SECONDS = 3.0  # §III-C, as in its reference [9]
SMOKE_PIXELS, SMOKE_UNITS = 67, 64
BUCKET_BATCHES = 16
"""Keeps padding under 15% of the frames on EmoDB, with batches that differ from epoch to epoch."""


def features(ledger: Any) -> tuple[FeatureSpec, ...]:
    """Magnitude of 200 bins, 0-4 kHz; Hamming window of 40 ms, shift 10 ms, DFT of 800 (§III-A)."""
    if ledger.spectrum == "linear":
        return (magnitude_spectrogram_spec(),)
    return (log_spectrogram_spec(LogSpectrogramParams(log_floor=ledger.log_floor)),)


def _frames_of(seconds: float, spec: FeatureSpec) -> int:
    return round(seconds / spec.params.hop_seconds)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        learning_rate: Of the optimiser.
        class_weights: `balanced` or `none`.
        seconds: Longest piece that utterances are cut into; None leaves them whole.
    """

    learning_rate: float
    class_weights: str
    seconds: float | None = None


@dataclasses.dataclass(frozen=True)
class Reader:
    """Makes the batches of one system on one fold."""

    context: FoldContext
    recipe: Recipe

    @property
    def spec(self) -> FeatureSpec:
        """The feature."""
        return features(self.context.ledger)[0]

    def pieces(self, ids: Sequence[str], purpose: str) -> SubUtterances:
        """Utterances for a purpose, cut as the recipe says."""
        view = self.context.view(self.spec, ids, purpose)
        longest = None if self.recipe.seconds is None else _frames_of(self.recipe.seconds, self.spec)
        return SubUtterances(view, tuple(ids), longest, self.context.ledger.subutterances)

    def params(self) -> pipeline.BatchParams:
        """How batches are cut."""
        return pipeline.BatchParams(self.context.ledger.batch_size, BUCKET_BATCHES)

    def supervised(self, part: str, purpose: str) -> tf.data.Dataset:
        """Batches of (inputs, class, weight)."""
        context = self.context
        pieces = self.pieces(getattr(context.fold, part), purpose)
        targets = context.targets(pieces.utterances)[pieces.owners]
        weights = np.ones(len(context.task.classes), np.float32)
        if self.recipe.class_weights == "balanced":
            weights = training.balanced_class_weights(context.targets(context.fold.train), len(weights))
        columns = {"target": targets, "weight": weights[targets]}
        seed = context.seed if part == "train" else None
        batches = pipeline.dataset(pieces, pieces.ids, self.params(), columns, seed)
        return batches.map(
            lambda batch: ({key: batch[key] for key in ("features", "lengths")}, batch["target"], batch["weight"])
        )

    def fit(self, model: keras.Model) -> int:
        """Trains a model; returns the number of epochs."""
        ledger = self.context.ledger
        kinds = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}
        trained = keras.Model(model.input, model.output["probabilities"])
        trained.compile(
            kinds[ledger.optimiser](self.recipe.learning_rate),
            keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
            jit_compile=False,
        )
        return training.fit(
            self.context,
            trained,
            self.supervised("train", "train"),
            self.supervised("validation", "selection"),
            training.FitParams(ledger.max_epochs, ledger.patience),
        )

    def predict(self, model: keras.Model) -> np.ndarray:
        """Posteriors of the test part, averaged over the pieces of each utterance (§III-C)."""
        pieces = self.pieces(self.context.fold.test, "predict")
        decision = keras.Model(model.input, {"probabilities": model.output["probabilities"]})
        posteriors = training.predict(decision, pieces, pieces.ids, self.params().batch_size)
        return pieces.average(posteriors)

    def of_utterances(self, model: keras.Model) -> keras.Model:
        """The model to keep: it takes whole utterances and averages over their pieces itself."""
        if self.recipe.seconds is None:
            return model
        longest = _frames_of(self.recipe.seconds, self.spec)
        return on_pieces(model, longest, self.context.ledger.subutterances)

    def outcome(self, model: keras.Model, epochs: int) -> FoldOutcome:
        """What the trained model gives for the test part, and the model."""
        return FoldOutcome(self.predict(model), epochs, self.of_utterances(model))


def common(context: FoldContext) -> dict[str, Any]:
    """Arguments that all networks take: bins, classes, statistics of the training part."""
    (spec,) = features(context.ledger)
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


def _weights(context: FoldContext, network: str) -> pretrained.Weights:
    """ImageNet's weights of a network.

    Raises:
        RowUnavailableError: the user gave none, or they are of another network than the ledger's.
    """
    if network == "alexnet" and context.ledger.alexnet != "bvlc":
        raise RowUnavailableError(f"--set alexnet={context.ledger.alexnet}: weights can be had for alexnet=bvlc alone")
    read, how = {
        "alexnet": (pretrained.read_alexnet, pretrained.HOW_TO_GET_ALEXNET),
        "vgg16": (pretrained.read_vgg16, pretrained.HOW_TO_GET_VGG16),
    }[network]
    path = context.options.get(f"{network}_weights")
    if path is None:
        raise RowUnavailableError(how)
    return read(path)


def _recipe(context: FoldContext, finetuning: bool, seconds: float | None = None) -> Recipe:
    ledger = context.ledger
    rate = ledger.finetuning_learning_rate if finetuning else ledger.learning_rate
    return Recipe(rate, ledger.class_weights, seconds)


def fit_attention_fcn(context: FoldContext, finetuning: bool) -> FoldOutcome:
    """Table II: AlexNet's convolutions with attention, on whole utterances (§II)."""
    ledger = context.ledger
    weights = _weights(context, "alexnet") if finetuning else None
    table = models.convolutions(ledger.pool5, ledger.alexnet)
    model = models.build_attention_fcn(
        **common(context),
        table=table,
        attention_units=ledger.attention_units,
        input_scale=ledger.pixel_deviation if finetuning else 1.0,
        kernel_initializer=ledger.initialisation,
        pooling=ledger.pooling,
    )
    if weights is not None:
        pretrained.initialise(model, weights, [convolution.name for convolution in table], ledger.one_channel)
    reader = Reader(context, _recipe(context, finetuning))
    return reader.outcome(model, reader.fit(model))


def fit_classifier(context: FoldContext, network: str, finetuning: bool) -> FoldOutcome:
    """Table I: AlexNet or VGGNet-16 on pieces of 3 s, posteriors averaged (§III-C).

    A smoke run has fewer pixels and units, and with pretrained weights takes those of the convolutions alone.
    """
    ledger = context.ledger
    weights = _weights(context, network) if finetuning else None
    reader = Reader(context, _recipe(context, finetuning, SUBUTTERANCE_SECONDS))
    pixels: int | None = SMOKE_PIXELS if context.smoke else models.NETWORKS[network]
    if ledger.classifier_input == "native":
        pixels = None
    model = models.build_classifier(
        network,
        **common(context),
        frames=_frames_of(SUBUTTERANCE_SECONDS, reader.spec),
        pixels=pixels,
        table=alexnet.VARIANTS[ledger.alexnet],
        units=SMOKE_UNITS if context.smoke else alexnet.DENSE_UNITS,
        dropout=ledger.classifier_dropout,
        input_scale=ledger.pixel_deviation if finetuning else 1.0,
        kernel_initializer=ledger.initialisation if network == "alexnet" else ledger.vgg16_initialisation,
        pooling=ledger.pooling,
    )
    if weights is not None:
        with_dense = pixels == models.NETWORKS[network]
        layers = [name for name, (kernel, _) in weights.items() if kernel.ndim == 4 or with_dense]
        pretrained.initialise(model, weights, [name for name in layers if name != "fc8"], ledger.one_channel)
    return reader.outcome(model, reader.fit(model))
