"""CNN+LSTM of Satt et al. 2017 as compared in zhang2018 (Table II): Model1, and Model2, Model1 trained further.

Model1 is trained once for both rows.
"""

import dataclasses
import json
from pathlib import Path

import keras

from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.zhang2018 import satt2017
from ser_tf.papers.zhang2018.ledger import Ledger
from ser_tf.papers.zhang2018.systems import (
    PieceBatches,
    common,
    features,
    outcome_of_pieces,
    recipe,
    train_on_pieces,
)
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.recipe import Recipe

STAGE = "satt_model1"
_NETWORK, _TRAINED = "network.keras", "training.json"


def _spec(ledger: Ledger) -> FeatureSpec:
    """Returns the feature with windows of 20 ms, as in reference [9] (§III-A)."""
    return features(ledger, ledger.satt_window_seconds)[0]


def _recipe(ledger: Ledger) -> Recipe:
    return recipe(ledger, ledger.satt_learning_rate, ledger.class_weights)


def _make_model1(context: FoldContext[Ledger], folder: Path) -> None:
    ledger, spec = context.ledger, _spec(context.ledger)
    model = satt2017.build_cnn_lstm(
        **common(context, spec),
        lstm_units=satt2017.LSTM_UNITS // (1 if ledger.satt_lstm_width == "per_direction" else 2),
        first_stride=ledger.satt_first_stride,
        kernel_axes=ledger.satt_kernel_axes,
    )
    how = _recipe(ledger)
    trained = loop.fit(context, model, PieceBatches(context, spec, how), how)
    model.save(folder / _NETWORK)
    (folder / _TRAINED).write_text(json.dumps(dataclasses.asdict(trained)))


def _model1(context: FoldContext[Ledger]) -> tuple[keras.Model, loop.Trained]:
    """Returns Model1 trained on this fold."""
    folder = context.once(STAGE, _make_model1)
    model = keras.models.load_model(folder / _NETWORK, compile=False)
    return model, loop.Trained(**json.loads((folder / _TRAINED).read_text()))


def fit_model1(context: FoldContext[Ledger]) -> FoldOutcome:
    """Trains the CNN+LSTM on pieces of 3 s, whose posteriors are averaged."""
    model, trained = _model1(context)
    batches = PieceBatches(context, _spec(context.ledger), _recipe(context.ledger))
    return outcome_of_pieces(context, model, batches, trained)


def fit_model2(context: FoldContext[Ledger]) -> FoldOutcome:
    """Trains Model1 further for unweighted accuracy."""
    ledger = context.ledger
    model, _ = _model1(context)
    context.reseed("satt_model2")
    how = recipe(ledger, ledger.satt_further_learning_rate, ledger.satt_class_weights)
    return train_on_pieces(context, model, _spec(ledger), how)[1]
