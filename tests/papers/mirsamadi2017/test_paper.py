import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf import corpora
from ser_tf.corpora import synthetic
from ser_tf.data import store
from ser_tf.papers.mirsamadi2017 import networks, paper, systems
from ser_tf.papers.mirsamadi2017.ledger import Ledger
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.context import FoldContext
from ser_tf.training import loop
from ser_tf.training.batches import Batches
from tests.checks import check_ledger
from tests.contexts import fold_context

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    return synthetic.generate(tmp_path_factory.mktemp("generated") / "corpus")


@pytest.fixture(scope="module")
def make_context(generated, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    corpus = corpora.load("synthetic", generated)

    def make(**assumptions) -> FoldContext:
        ledger = dataclasses.replace(Ledger(), **assumptions)
        task = paper.task(ledger)
        utterances = {utterance.id: utterance for utterance in task.select(corpus)}
        fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
        return fold_context(root, fold, task, ledger, utterances)

    return make


def test_rows_are_those_of_the_tables():
    own = [row for row in paper.TABLE2.rows if row.origin == "paper"]
    assert [row.key for row in own] == [
        "dnn_mean", "dnn_mean_min_max", "dnn_full", "svm_mean", "svm_mean_min_max", "svm_full",
    ]  # fmt: skip
    assert [row.key for row in paper.TABLE3.rows[:8]] == [
        f"{kind}_{way}" for kind in ("spectral", "lld") for way in networks.AGGREGATIONS
    ]
    assert all(row.published for row in (*own, *paper.TABLE3.rows[:8]))
    assert paper.PAPER.systems["lld_deep_attention"].published is None


def test_claims_name_rows_of_their_table():
    for table in paper.PAPER.tables:
        keys = {row.key for row in table.rows}
        assert {key for claim in table.claims for key in (claim.better, claim.worse)} <= keys


def test_excited_counts_as_happy_on_request_alone():
    assert paper.task(Ledger()).merges == {}
    merged = paper.task(ledgers.override(Ledger(), ["happy_includes_excited=true"]))
    assert merged.merges == {"excited": "happy"} and merged.expected["iemocap"] == 5531


@pytest.mark.parametrize(
    ("styles", "excited", "number"),
    [("both", False, 4490), ("both", True, 5531), ("improvised", False, 2280), ("improvised", True, 2943)],
)
def test_task_counts_follow_from_the_full_plan(styles, excited, number):
    assert paper.task(Ledger(styles=styles, happy_includes_excited=excited)).expected == {"iemocap": number}


def test_every_assumption_has_a_reason_and_a_switch():
    check_ledger(Ledger())


def test_features_follow_the_ledger():
    (default,) = systems.features(Ledger(), "lld")
    changes = (
        {"voicing_cutoff": 0.3}, {"f0_high_hz": 400.0}, {"window": "hann"}, {"smoothing_frames": 1},
        {"f0_window_seconds": 0.065}, {"f0_low_hz": 60.0}, {"f0_octave_cost": 0.0}, {"f0_min_run_frames": 1},
        {"energy": "log"}, {"mel_bands": 40}, {"mel_scale": "slaney"}, {"mel_high_hz": 4000.0}, {"pre_emphasis": 0.0},
        {"cepstral_lifter": 0}, {"delta_reach_frames": 1},
    )  # fmt: skip
    for change in changes:
        (changed,) = systems.features(dataclasses.replace(Ledger(), **change), "lld")
        assert changed.fingerprint() != default.fingerprint()
    (logarithmic,) = systems.features(Ledger(spectral_scale="log"), "spectral")
    assert logarithmic.dims == 257 and logarithmic.name == "log_spectrogram"


def test_frame_wise_weights_count_frames(make_context):
    """Balanced by utterances, the longer utterances of sad speech would have more than their share of the loss."""
    shares = {}
    for counts in ("units", "utterances"):
        context = make_context(class_counts=counts)
        (spec,) = systems.features(context.ledger, "lld")
        batches = systems._FrameWiseBatches(context, spec, systems._recipe(context.ledger, "frame_probabilities"))
        totals = np.zeros(4)
        for batch in batches.supervised("train"):
            totals += np.bincount(batch["target"].numpy().ravel(), batch["weight"].numpy().ravel(), 4)
        shares[counts] = totals / totals.sum()
    np.testing.assert_allclose(shares["units"], 0.25, atol=0.005)
    assert np.abs(shares["utterances"] - 0.25).max() > 0.02


def test_without_a_validation_set_four_sessions_train_for_the_fixed_epochs(make_context):
    context = make_context(stopping="none", fixed_epochs=2)
    assert context.fold.validation == () and len({context.utterances[one].session for one in context.fold.train}) == 4
    outcome = systems.fit_functionals_network(context, "mean")
    assert (outcome.epochs, outcome.best_epoch) == (2, 2)


@pytest.mark.parametrize("place", networks.DROPOUT_PLACES)
def test_dropout_lies_where_the_ledger_says(place):
    model = networks.build_recurrent_network(4, 3, "mean_pool", np.zeros(4), np.ones(4), (5,), dropout_place=place)
    order = [layer.name for layer in model.layers]
    before = order.index("blstm_dropout") < order.index("blstm")
    assert before == (place == "inputs") == (order.index("lld_1_dropout") < order.index("lld_1"))
    assert (model.get_layer("blstm").forward_layer.recurrent_dropout > 0) == (place == "recurrent")


def test_the_stated_25_ms_hold_for_f0_as_well():
    (spec,) = systems.features(Ledger(), "lld")
    assert spec.params.pitch.analysis_seconds == spec.params.window_seconds == 0.025


def test_normaliser_reads_neutral_training_utterances_alone(make_context):
    context = make_context()
    (spec,) = systems.features(context.ledger, "lld")
    normaliser = systems._normaliser(context, spec)
    neutral = context.labelled(context.fold.train, "neutral")
    assert context.reads.utterances["normaliser"] == set(neutral)
    features = store.ensure(
        context.places.features, spec, [context.utterances[one] for one in sorted(context.utterances)]
    )
    frames = np.concatenate([features[one] for one in neutral]).astype(np.float64)
    np.testing.assert_allclose(normaliser.mean, frames.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(normaliser.std, frames.std(0), rtol=1e-6)


def test_svm_decides_as_its_decision_function_and_trains_on_all_but_the_tested_session(make_context):
    context = make_context()
    outcome = systems.fit_svm(context, "full")
    assert outcome.posteriors.shape == (len(context.fold.test), 4)
    np.testing.assert_allclose(outcome.posteriors.sum(1), 1.0)
    assert context.reads.utterances["train"] == set(context.fold.train + context.fold.validation)
    accuracy = np.mean(outcome.posteriors.argmax(1) == context.targets(context.fold.test))
    assert accuracy > 0.5  # chance is 0.25; the generated emotions differ in pitch, rate and volume


def test_frame_wise_targets_weigh_valid_frames_alone(make_context):
    context = make_context(batch_size=8)
    (spec,) = systems.features(context.ledger, "lld")
    batches = systems._FrameWiseBatches(context, spec, systems._recipe(context.ledger, "frame_probabilities"))
    batch = next(iter(batches.supervised("train")))
    targets, weights = batch["target"], batch["weight"]
    mask = np.arange(targets.shape[1]) < batch["lengths"].numpy()[:, np.newaxis]
    assert targets.shape == weights.shape == mask.shape
    assert ((weights.numpy() > 0) == mask).all()
    assert (targets.numpy() == targets.numpy()[:, :1]).all()


def test_trained_attention_finds_the_salient_seconds(make_context, generated):
    """More than half of the attention lies where the generator put the emotion, on less than 40% of the time."""
    context = make_context(max_epochs=25, patience=25, learning_rate=3e-3)
    keras.utils.set_random_seed(0)
    (spec,) = systems.features(context.ledger, "lld")
    normaliser = systems._normaliser(context, spec)
    model = networks.build_recurrent_network(
        spec.dims, 4, "weighted_pool", normaliser.mean, normaliser.std, lstm_units=32
    )
    recipe = systems._recipe(context.ledger, "probabilities")
    outcome = loop.train(context, model, Batches(context, spec, recipe), recipe)
    assert np.mean(outcome.posteriors.argmax(1) == context.targets(context.fold.test)) > 0.6

    salience = synthetic.read_salience(generated)
    attend = tf.function(lambda inputs: model(inputs)["attention"], reduce_retracing=True)
    view = context.view(spec, context.fold.test, "predict")
    attention_inside, time_inside = [], []
    for one in context.fold.test:
        weights = attend({"features": np.array(view[one])[np.newaxis], "lengths": np.array([view.num_frames(one)])})
        seconds = np.arange(view.num_frames(one)) * spec.params.hop_seconds + spec.params.window_seconds / 2
        inside = np.any([(seconds >= start) & (seconds < end) for start, end in salience[one]] or [seconds < 0], axis=0)
        if 0 < inside.mean() < 0.4:
            attention_inside.append(weights.numpy()[0, inside].sum())
            time_inside.append(inside.mean())  # what mean pooling gives these frames, by construction
    assert len(attention_inside) > 15
    assert np.mean(attention_inside) > 0.5 > 0.4 > np.mean(time_inside)
