"""CNN+LSTM of Satt et al. 2017 as zhang2018 shows it (Table II): Model1, and Model2, which is Model1 trained further.

Model1 is trained once for both rows.
"""

import dataclasses
import json

import keras

from ser_tf import __version__
from ser_tf.papers.zhang2018 import satt2017
from ser_tf.papers.zhang2018.systems import SUBUTTERANCE_SECONDS, Reader, Recipe, common, features
from ser_tf.protocol import results, runner
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.system import FoldOutcome

STAGE = "satt_model1"
_NETWORK, _CARD = "network.keras", "training.json"


def _model1(context: FoldContext, reader: Reader) -> tuple[keras.Model, int]:
    """Model1 trained on this fold and its number of epochs; what its training read is recorded in either case."""
    with context.stage(STAGE, _settings_hash(context)) as (folder, ready):
        if not ready:
            # Whichever row comes first trains it; the seed must not be that row's.
            keras.utils.set_random_seed(runner.seed_of(context.seed, context.fold.name, STAGE))
            ledger = context.ledger
            model = satt2017.build_cnn_lstm(
                **common(context),
                lstm_units=satt2017.LSTM_UNITS // (1 if ledger.satt_lstm_width == "per_direction" else 2),
                first_stride=ledger.satt_first_stride,
                kernel_axes=ledger.satt_kernel_axes,
            )
            epochs = reader.fit(model)
            model.save(folder / _NETWORK)
            uses = {purpose: sorted(ids) for purpose, ids in context.uses.items()}
            (folder / _CARD).write_text(json.dumps({"epochs": epochs, "uses": uses}))
        card = json.loads((folder / _CARD).read_text())
        model = keras.models.load_model(folder / _NETWORK, compile=False)
    for purpose, ids in card["uses"].items():
        context.record(ids, purpose)
    return model, card["epochs"]


def _settings_hash(context: FoldContext) -> str:
    """SHA-256 over all that Model1 depends on besides fold and seed."""
    (spec,) = features(context.ledger)
    return results.hash_of(
        {
            "version": __version__,
            "features": spec.fingerprint(),
            "utterances": runner.digest_of(context.utterances),
            "task": [context.task.classes, sorted(context.task.merges.items())],
            "ledger": dataclasses.asdict(context.ledger),
            "smoke": context.smoke,
        }
    )


def _reader(context: FoldContext, learning_rate: float, class_weights: str) -> Reader:
    return Reader(context, Recipe(learning_rate, class_weights, SUBUTTERANCE_SECONDS))


def fit_model1(context: FoldContext) -> FoldOutcome:
    """CNN+LSTM on pieces of 3 s, posteriors averaged."""
    reader = _reader(context, context.ledger.satt_learning_rate, context.ledger.class_weights)
    return reader.outcome(*_model1(context, reader))


def fit_model2(context: FoldContext) -> FoldOutcome:
    """Model1 trained further for the unweighted accuracy."""
    ledger = context.ledger
    model, _ = _model1(context, _reader(context, ledger.satt_learning_rate, ledger.class_weights))
    keras.utils.set_random_seed(runner.seed_of(context.seed, context.fold.name, "satt_model2"))
    reader = _reader(context, ledger.finetuning_learning_rate, ledger.satt_class_weights)
    return reader.outcome(model, reader.fit(model))
