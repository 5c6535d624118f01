import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf import corpora
from ser_tf.corpora import synthetic
from ser_tf.data import store
from ser_tf.papers.mirsamadi2017 import networks as models
from ser_tf.papers.mirsamadi2017 import paper
from ser_tf.papers.mirsamadi2017 import systems as training
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.context import FoldContext
from tests.checks import check_ledger


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    return synthetic.generate(tmp_path_factory.mktemp("generated") / "corpus")


@pytest.fixture(scope="module")
def make_context(generated, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    corpus = corpora.load("synthetic", generated)

    def make(**assumptions) -> FoldContext:
        ledger = dataclasses.replace(paper.Ledger(), **assumptions)
        task = paper.task(ledger)
        utterances = {utterance.id: utterance for utterance in task.select(corpus)}
        fold = paper.make_folds(list(utterances.values()), ledger, 0)[0]
        return FoldContext(fold, 0, ledger, task, utterances, root / "features", root / "stages")

    return make


def test_rows_are_those_of_the_tables():
    assert [row.key for row in paper.TABLE2] == [
        "dnn_mean", "dnn_mean_min_max", "dnn_full", "svm_mean", "svm_mean_min_max", "svm_full",
    ]  # fmt: skip
    assert [row.key for row in paper.TABLE3[:8]] == [
        f"{kind}_{way}" for kind in ("spectral", "lld") for way in models.AGGREGATIONS
    ]
    assert all(row.published for row in (*paper.TABLE2, *paper.TABLE3[:8]))
    assert paper.DEEP_ATTENTION.published is None


def test_claims_name_rows_of_their_table():
    for rows, claims in ((paper.TABLE2, paper.TABLE2_CLAIMS), (paper.TABLE3, paper.TABLE3_CLAIMS)):
        keys = {row.key for row in rows}
        assert {key for claim in claims for key in (claim.better, claim.worse)} <= keys


def test_excited_counts_as_happy_on_request_alone():
    assert paper.task(paper.Ledger()).merges == {}
    merged = paper.task(ledgers.override(paper.Ledger(), ["happy_includes_excited=true"]))
    assert merged.merges == {"excited": "happy"} and merged.expected["iemocap"] == 5531


@pytest.mark.parametrize(
    ("styles", "excited", "number"),
    [("both", False, 4490), ("both", True, 5531), ("improvised", False, 2280), ("improvised", True, 2943)],
)
def test_task_counts_follow_from_the_full_plan(styles, excited, number):
    assert paper.task(paper.Ledger(styles=styles, happy_includes_excited=excited)).expected == {"iemocap": number}


def test_every_assumption_has_a_reason_and_a_switch():
    check_ledger(paper.Ledger())


def test_features_follow_the_ledger():
    (default,) = training.lld_features(paper.Ledger())
    for change in ({"voicing_cutoff": 0.3}, {"f0_high_hz": 400.0}, {"window": "hann"}, {"smoothing_frames": 1}):
        (changed,) = training.lld_features(dataclasses.replace(paper.Ledger(), **change))
        assert changed.fingerprint() != default.fingerprint()
    (logarithmic,) = training.spectral_features(paper.Ledger(spectral_scale="log"))
    assert logarithmic.dims == 257 and logarithmic.name == "log_spectrogram"


def test_normaliser_reads_neutral_training_utterances_alone(make_context):
    context = make_context()
    (spec,) = training.lld_features(context.ledger)
    normaliser = training._normaliser(context, spec)
    neutral = context.labelled(context.fold.train, "neutral")
    assert context.uses["normaliser"] == set(neutral)
    features = store.ensure(context.feature_root, spec, [context.utterances[one] for one in sorted(context.utterances)])
    frames = np.concatenate([features[one] for one in neutral]).astype(np.float64)
    np.testing.assert_allclose(normaliser.mean, frames.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(normaliser.std, frames.std(0), rtol=1e-6)


def test_svm_decides_as_its_decision_function_and_trains_on_all_but_the_tested_session(make_context):
    context = make_context()
    outcome = training.fit_svm(context, "full")
    assert outcome.posteriors.shape == (len(context.fold.test), 4)
    np.testing.assert_allclose(outcome.posteriors.sum(1), 1.0)
    assert context.uses["train"] == set(context.fold.train + context.fold.validation)
    accuracy = np.mean(outcome.posteriors.argmax(1) == context.targets(context.fold.test))
    assert accuracy > 0.5  # chance is 0.25; the generated emotions differ in pitch, rate and volume


def test_frame_wise_targets_weigh_valid_frames_alone(make_context):
    context = make_context(batch_size=8)
    (spec,) = training.lld_features(context.ledger)
    inputs, targets, weights = next(iter(training._supervised(context, spec, "train", "train", frame_wise=True)))
    mask = np.arange(targets.shape[1]) < inputs["lengths"].numpy()[:, np.newaxis]
    assert targets.shape == weights.shape == mask.shape
    assert ((weights.numpy() > 0) == mask).all()
    assert (targets.numpy() == targets.numpy()[:, :1]).all()


def test_trained_attention_finds_the_salient_seconds(make_context, generated):
    """More than half of the attention lies where the generator put the emotion, on less than 40% of the time."""
    context = make_context(max_epochs=25, patience=25, learning_rate=3e-3)
    keras.utils.set_random_seed(0)
    (spec,) = training.lld_features(context.ledger)
    normaliser = training._normaliser(context, spec)
    model = models.build_recurrent_network(
        spec.dims, 4, "weighted_pool", normaliser.mean, normaliser.std, lstm_units=32
    )
    outcome = training._fit_network(context, spec, model)
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
