"""The second stage of Mao et al. 2020: an utterance's class from its segments' embeddings.

The rows differ only here: a random forest on pooled embeddings (§4.2.1-4.2.2), or a network that learns pooling and
decision together (§2.2, §4.2.3-4.2.4).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from sklearn.ensemble import RandomForestClassifier

from ser_tf.data import pipeline
from ser_tf.papers.mao2020 import networks, segcnn
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.second_cv import SecondStageInputs
from ser_tf.protocol.context import FoldContext, seed_of
from ser_tf.protocol.paper import FoldOutcome
from ser_tf.training import loop
from ser_tf.training.batches import Batches, Columns, balanced_class_weights
from ser_tf.training.recipe import Decay, Recipe, cross_entropy

FOREST_POOLINGS: Mapping[str, Callable[..., npt.NDArray[np.float32]]] = {"max": np.max, "mean": np.mean}


def _seed(context: FoldContext[Ledger], row: str) -> int:
    """Returns the second stage's own seed, independent of whether this row trained SegCNN or loaded it."""
    return seed_of(context.seed, context.fold.name, row, "second stage")


def _pooled(
    inputs: SecondStageInputs, ids: Sequence[str], purpose: str, pooling: str, padded: bool
) -> npt.NDArray[np.float32]:
    """Pools embeddings over each utterance (eq. 7): float32 (utterances, 64)."""
    view = inputs.view(ids, purpose)
    rows = []
    for utterance_id in ids:
        bag = view[utterance_id]
        if padded:
            bag = np.pad(bag, ((0, inputs.params.max_segments - len(bag)), (0, 0)))
        rows.append(FOREST_POOLINGS[pooling](bag, axis=0))
    return np.asarray(rows, np.float32)


def fit_forest(context: FoldContext[Ledger], pooling: str) -> FoldOutcome:
    """Fits CNN-MAX-RF or CNN-AVG-RF, a random forest on pooled embeddings.

    There is no stopping epoch to choose; the validation set is used for training too.

    Args:
        context: The fold.
        pooling: `max` (§4.2.1) or `mean` (§4.2.2).
    """
    inputs = SecondStageInputs(context)
    padded = context.ledger.bag_padding == "zeros"
    ids = context.fold.train + context.fold.validation
    forest = RandomForestClassifier(
        context.ledger.bag_forest_trees, random_state=_seed(context, f"forest-{pooling}"), n_jobs=1
    )
    context.report(0, 1, "random forest")
    forest.fit(_pooled(inputs, ids, "train", pooling, padded), context.targets(ids))
    posteriors = np.zeros((len(context.fold.test), len(context.task.classes)))
    test = _pooled(inputs, context.fold.test, "predict", pooling, padded)
    posteriors[:, forest.classes_] = forest.predict_proba(test)
    return FoldOutcome(posteriors)


def recipe(ledger: Ledger) -> Recipe:
    """Returns the recipe of the second stage's networks (§4.1: 'for both CNN and attention neural networks')."""
    binary = {"bag_prediction": (keras.losses.binary_crossentropy, 1.0)}
    categorical = {"probabilities": (cross_entropy, 1.0)}
    return Recipe(
        optimiser="adam",  # §4.1
        learning_rate=1e-3,  # §4.1
        decay=Decay(rate=0.8, epochs=2, staircase=ledger.decay_staircase),  # §4.1
        batch_size=128,  # §4.1, utterances
        max_epochs=ledger.bag_max_epochs,  # not stated; see ledger
        patience=3,  # §4.1
        monitor=ledger.monitor,  # not stated; see ledger
        class_weights=ledger.class_weights,  # not stated; see ledger
        losses=binary if ledger.bag_loss == "binary" else categorical,  # not stated; see ledger
        min_steps=ledger.bag_min_steps,  # not stated; see ledger
    )


class BagBatches(Batches[Ledger]):
    """Bags of embeddings, with the validation set chosen in the ledger."""

    def __init__(self, context: FoldContext[Ledger], inputs: SecondStageInputs, recipe: Recipe) -> None:
        """Prepares batches without making any yet."""
        super().__init__(context, segcnn.features(context.ledger)[0], recipe)
        self._inputs = inputs

    def ids(self, part: str) -> tuple[str, ...]:
        """Returns the utterances that train the second stage or select its epoch, never from the test set."""
        if self.context.ledger.bag_validation == "fold":
            return super().ids(part)
        known = sorted(self.context.fold.train + self.context.fold.validation)
        rng = np.random.default_rng(_seed(self.context, "validation"))
        drawn = set(rng.choice(known, size=max(1, len(known) // 10), replace=False).tolist())
        return tuple(utterance_id for utterance_id in known if (utterance_id in drawn) == (part == "validation"))

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Makes batches of bags; arguments as for `Batches.read`."""
        return pipeline.dataset(self._inputs.view(ids, purpose), ids, self.params, columns, seed)

    def class_weights(self) -> npt.NDArray[np.float32]:
        """Returns the weight of each class in the loss, from the second stage's training utterances."""
        if self.recipe.class_weights == "none":
            return super().class_weights()
        return balanced_class_weights(self.context.targets(self.ids("train")), len(self.context.task.classes))

    def columns(self, ids: Sequence[str]) -> Columns:
        """Returns `target` and `weight` of each utterance; targets are one-hot for the binary loss."""
        columns: dict[str, npt.NDArray[Any]] = dict(super().columns(ids))
        if self.context.ledger.bag_loss == "binary":
            columns["target"] = np.eye(len(self.context.task.classes), dtype=np.float32)[columns["target"]]
        return columns


def fit_bag_network(context: FoldContext[Ledger], pooling: str) -> FoldOutcome:
    """Trains CNN-MP, CNN-AP or one of the three attention networks on bags of SegCNN's embeddings.

    Args:
        context: The fold.
        pooling: One of `networks.POOLINGS`.

    Returns:
        The posteriors, and the model that maps log mel frames through SegCNN to them.
    """
    ledger = context.ledger
    inputs = SecondStageInputs(context)
    context.reseed(pooling, "second stage")
    network = networks.build_bag_network(
        len(context.task.classes),
        pooling,
        attention_dims=ledger.bag_attention_dims,
        dropout=ledger.bag_dropout,
        batch_norm=ledger.bag_batch_norm,
        instance_activation=ledger.bag_instance_activation,
        attention_softmax=ledger.bag_attention_softmax,
        mapping_activation=ledger.bag_mapping,
        pad_to=inputs.params.max_segments if ledger.bag_padding == "zeros" else None,
    )
    training = recipe(ledger)
    batches = BagBatches(context, inputs, training)
    trained = loop.fit(context, network, batches, training)
    posteriors = loop.predict(network, batches)
    model = networks.compose(inputs.outer_segcnn(), network, inputs.params)
    return FoldOutcome(posteriors, trained.epochs, trained.best_epoch, model)
