"""Batches of a fold: what they hold, and that every class has its share of the loss."""

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.papers.mirsamadi2017.spectral import spectral_spec
from ser_tf.protocol import folds
from ser_tf.training.batches import Batches, balanced_class_weights
from ser_tf.training.recipe import Recipe, cross_entropy
from tests.contexts import fold_context
from tests.protocol import toy


def recipe(**changes):
    settings = {
        "optimiser": "adam", "learning_rate": 1e-3, "batch_size": 8, "max_epochs": 3, "patience": 2,
        "class_weights": "balanced", "losses": {"probabilities": (cross_entropy, 1.0)},
    }  # fmt: skip
    return Recipe(**settings | changes)


class FrameBatches(Batches):
    """The loss counts frames."""

    def units(self, ids):
        view = self.context.view(self.spec, ids, "train")
        return np.array([view.num_frames(one) for one in ids])

    def expand(self, batch):
        frames = tf.shape(batch["features"])[1]
        valid = tf.sequence_mask(batch["lengths"], frames, tf.float32)
        target = tf.repeat(batch["target"][:, tf.newaxis], frames, axis=1)
        return {**batch, "target": target, "weight": batch["weight"][:, tf.newaxis] * valid}


@pytest.fixture
def context(emodb, tmp_path):
    by_id = {utterance.id: utterance for utterance in emodb.utterances}
    fold = folds.by_session(list(by_id.values()), 0)[0]
    # Unequal classes: two of three angry utterances are left out.
    angry = [one for one in fold.train if by_id[one].label == "angry"]
    left_out = set(angry[::3] + angry[1::3])
    fold = folds.Fold(fold.name, tuple(one for one in fold.train if one not in left_out), fold.validation, fold.test)
    return fold_context(tmp_path, fold, toy.task(None), toy.Ledger(), by_id)


def shares(batches, classes):
    """Each class's share of the summed weights of an epoch, and the mean of the batches' sums."""
    totals, sums = np.zeros(classes), []
    for batch in batches.supervised("train"):
        target, weight = batch["target"].numpy().ravel(), batch["weight"].numpy().ravel()
        totals += np.bincount(target, weight, classes)
        sums.append(weight.sum())
    return totals / totals.sum(), np.mean(sums)


@pytest.mark.parametrize("kind", [Batches, FrameBatches])
@pytest.mark.parametrize("batch_size", [3, 8, 64])
def test_every_class_has_its_share_of_the_loss_whatever_the_batches(context, kind, batch_size):
    batches = kind(context, spectral_spec(), recipe(batch_size=batch_size))
    found, mean = shares(batches, 4)
    np.testing.assert_allclose(found, 0.25, atol=0.005)
    assert mean == pytest.approx(1.0, rel=1e-5)


def test_counting_utterances_where_the_loss_counts_frames_shifts_the_shares(context):
    batches = FrameBatches(context, spectral_spec(), recipe(class_counts="utterances"))
    assert np.abs(shares(batches, 4)[0] - 0.25).max() > 0.005


def test_without_class_weights_units_count_the_same(context):
    found, mean = shares(Batches(context, spectral_spec(), recipe(class_weights="none")), 4)
    np.testing.assert_allclose(found, np.bincount(context.targets(context.fold.train)) / len(context.fold.train))
    assert mean == pytest.approx(1.0, rel=1e-5)


def test_validation_is_read_once_in_order_with_unscaled_weights(context):
    batches = Batches(context, spectral_spec(), recipe())
    weights = batches.class_weights()
    positions = []
    for batch in batches.supervised("validation"):
        np.testing.assert_allclose(batch["weight"], weights[batch["target"]])
        positions += batch["position"].numpy().tolist()
    assert sorted(positions) == list(range(len(context.fold.validation)))
    assert context.reads.utterances.keys() == {"selection"}


def test_balanced_weights_have_mean_one_and_leave_absent_classes_out():
    weights = balanced_class_weights(np.array([0, 0, 0, 2], np.int32), 3)
    np.testing.assert_allclose(weights, [2 / 3, 0, 2])
    weights = balanced_class_weights(np.array([0, 1], np.int32), 2, np.array([30, 10]))
    np.testing.assert_allclose(weights * [30, 10], 20)
