"""The training loop against NumPy, and its refusals."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.mirsamadi2017.spectral import spectral_spec
from ser_tf.training import loop
from ser_tf.training.batches import Batches
from ser_tf.training.recipe import Decay, cross_entropy
from tests.protocol import toy
from tests.training.test_batches import context, recipe  # noqa: F401 - a fixture

SPEC = spectral_spec()


def model():
    keras.utils.set_random_seed(0)
    return toy._build(SPEC.dims, 4, np.full(SPEC.dims, 0.1), np.ones(SPEC.dims))


def numpy_loss(network, batches):
    """The weighted mean of the validation set's cross-entropy, from the definition."""
    ids = batches.context.fold.validation
    posteriors = loop.outputs(network, batches, ids, "selection", "probabilities").astype(np.float64)
    targets = batches.context.targets(ids)
    weights = batches.class_weights()[targets]
    return -(weights * np.log(posteriors[np.arange(len(ids)), targets])).sum() / weights.sum()


def _logs(context, network, given):  # noqa: F811
    reports = []
    context.report = lambda done, maximum, text: reports.append(text)
    trained = loop.fit(context, network, Batches(context, SPEC, given), given)
    return trained, reports


@pytest.mark.parametrize("batch_size", [3, 8, 64])
def test_the_validation_loss_is_the_sets_weighted_mean(context, batch_size):  # noqa: F811
    network, given = model(), recipe(batch_size=batch_size, max_epochs=1)
    _, reports = _logs(context, network, given)
    loss = float(reports[-1].rpartition(" ")[2])
    assert loss == pytest.approx(numpy_loss(network, Batches(context, SPEC, given)), abs=6e-4)


def test_the_best_epochs_weights_are_kept_and_both_epochs_are_told(context):  # noqa: F811
    network, given = model(), recipe(max_epochs=12, patience=2, learning_rate=0.05)
    trained, reports = _logs(context, network, given)
    losses = [float(text.rpartition(" ")[2]) for text in reports[1:]]
    assert trained.epochs == len(losses) and losses[trained.best_epoch - 1] == min(losses)
    assert numpy_loss(network, Batches(context, SPEC, given)) == pytest.approx(min(losses), abs=6e-4)


def test_one_step_is_that_of_the_weighted_mean(context):  # noqa: F811
    """All utterances in one batch: plain gradient descent on the weighted mean over the training set."""
    network = keras.models.clone_model(model())
    dense = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert len(dense) == 1
    dense[0].rate = 0.0
    given = recipe(optimiser="sgd", learning_rate=0.1, batch_size=1000, max_epochs=1)
    batches = Batches(context, SPEC, given)
    (batch,) = list(batches.supervised("train"))
    before = [tf.Variable(value) for value in network.trainable_variables]
    with tf.GradientTape() as tape:
        outputs = network({name: batch[name] for name in network.input}, training=True)["probabilities"]
        weights = batches.class_weights()[batch["target"].numpy()]
        losses = cross_entropy(batch["target"], outputs)
        loss = tf.reduce_sum(weights * losses) / weights.sum()
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    loop.fit(context, network, batches, given)
    for old, gradient, new in zip(before, gradients, network.trainable_variables, strict=True):
        np.testing.assert_allclose(new, old - 0.1 * gradient, atol=2e-6)


def test_monitoring_ua_keeps_the_epoch_with_the_best_ua(context):  # noqa: F811
    network, given = model(), recipe(max_epochs=6, patience=6, learning_rate=0.02, monitor="ua")
    trained = loop.fit(context, network, Batches(context, SPEC, given), given)
    assert 1 <= trained.best_epoch <= trained.epochs == 6


@pytest.mark.parametrize("names", [("probabilities",), ("probabilities", "beside")])
def test_each_step_is_traced_once(context, monkeypatch, names):  # noqa: F811
    """Tracing takes seconds: not again for variables of optimiser and losses, and not again in every epoch."""
    traced = {"train_step": 0, "predict_step": 0}

    def count(name):
        step = getattr(keras.Model, name)

        def counted(self, data):
            traced[name] += 1
            return step(self, data)

        monkeypatch.setattr(keras.Model, name, counted)

    for name in traced:
        count(name)
    given = recipe(max_epochs=3, patience=3, monitor="ua", losses=dict.fromkeys(names, (cross_entropy, 1.0)))
    one = model()
    network = keras.Model(one.input, {name: keras.layers.Identity()(one.output["probabilities"]) for name in names})
    trained = loop.fit(context, network, Batches(context, SPEC, given), given)
    assert trained.epochs == 3 and traced == {"train_step": 1, "predict_step": 1}


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_loss_that_is_not_finite_is_an_error(context, part):  # noqa: F811
    network = model()

    class Spoiled(Batches):
        def supervised(self, which):
            data = super().supervised(which)
            bad = np.nan if which == ("train" if part == "training" else "validation") else 1.0
            return data.map(lambda batch: {**batch, "weight": batch["weight"] * bad})

    given = recipe(max_epochs=2)
    with pytest.raises(FloatingPointError, match=f"the {part} loss is not finite"):
        loop.fit(context, network, Spoiled(context, SPEC, given), given)


def test_without_a_validation_set_all_epochs_are_trained(context):  # noqa: F811
    context.fold = dataclasses.replace(context.fold, validation=())
    given = recipe(max_epochs=4, patience=0)
    assert loop.fit(context, model(), Batches(context, SPEC, given), given) == loop.Trained(4, 4)


def test_the_learning_rate_decays_by_epochs():
    optimiser = recipe(decay=Decay(0.8, 2)).make_optimiser(10)
    rates = [float(optimiser._learning_rate(step)) for step in (0, 19, 20, 40)]
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 8e-4, 6.4e-4], rtol=1e-6)


@pytest.mark.parametrize(("each", "name"), [(False, "global_clipnorm"), (True, "clipnorm")])
def test_gradients_are_clipped_together_or_each(each, name):
    assert getattr(recipe(clip_norm=1.0, clip_each=each).make_optimiser(1), name) == 1.0
