"""The second stage of Mao et al. 2020: an utterance's class from its segments' embeddings.

The rows differ here alone: a random forest on pooled embeddings (§4.2.1-4.2.2), or a network that learns pooling and
decision together (§2.2, §4.2.3-4.2.4).
"""

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf
from sklearn.ensemble import RandomForestClassifier

from ser_tf.data import pipeline
from ser_tf.papers.mao2020 import networks as models
from ser_tf.papers.mao2020 import segcnn as mao2020_segcnn
from ser_tf.papers.mao2020.segcnn import BATCH_SIZE, PATIENCE, Segcnn
from ser_tf.protocol import runner, training
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.system import FoldOutcome

FOREST_POOLINGS: Mapping[str, Callable[..., np.ndarray]] = {"max": np.max, "mean": np.mean}


def _seed(context: FoldContext, row: str) -> int:
    """The second stage's own seed, so that nothing depends on whether this row trained SegCNN or found it."""
    return runner.seed_of(context.seed, context.fold.name, row, "second stage")


def _pooled(context: FoldContext, segcnn: Segcnn, ids: Sequence[str], purpose: str, pooling: str) -> np.ndarray:
    """Embeddings pooled over the utterance (eq. 7): float32 (utterances, 64)."""
    view = segcnn.embeddings(context, ids, purpose)
    rows = []
    for one in ids:
        bag = view[one]
        if context.ledger.bag_padding == "zeros":
            bag = np.pad(bag, ((0, segcnn.params.most - len(bag)), (0, 0)))
        rows.append(FOREST_POOLINGS[pooling](bag, axis=0))
    return np.asarray(rows, np.float32)


def fit_forest(context: FoldContext, pooling: str) -> FoldOutcome:
    """CNN-MAX-RF and CNN-AVG-RF: a random forest on pooled embeddings.

    It has no stopping epoch to choose, so that the validation part trains as well.
    """
    segcnn = mao2020_segcnn.stage(context)
    ids = context.fold.train + context.fold.validation
    forest = RandomForestClassifier(
        context.ledger.bag_forest_trees, random_state=_seed(context, f"forest-{pooling}"), n_jobs=1
    )
    context.report(0, 1, "random forest")
    forest.fit(_pooled(context, segcnn, ids, "train", pooling), context.targets(ids))
    posteriors = np.zeros((len(context.fold.test), len(context.task.classes)))
    test = _pooled(context, segcnn, context.fold.test, "predict", pooling)
    posteriors[:, forest.classes_] = forest.predict_proba(test)
    return FoldOutcome(posteriors)


def _parts(context: FoldContext) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids that train the second stage and ids that choose its stopping epoch; none is of the test part."""
    fold = context.fold
    if context.ledger.bag_validation == "fold":
        return fold.train, fold.validation
    known = sorted(fold.train + fold.validation)
    rng = np.random.default_rng(_seed(context, "validation"))
    drawn = set(rng.choice(known, size=max(1, len(known) // 10), replace=False).tolist())
    return tuple(one for one in known if one not in drawn), tuple(sorted(drawn))


def _supervised(context: FoldContext, segcnn: Segcnn, ids: Sequence[str], purpose: str) -> tf.data.Dataset:
    """Batches of (bags, targets, weights)."""
    targets = context.targets(ids)
    columns = {"target": targets, "weight": mao2020_segcnn.class_weights(context)[targets]}
    if context.ledger.bag_loss == "binary":
        columns["target"] = np.eye(len(context.task.classes), dtype=np.float32)[targets]
    view = segcnn.embeddings(context, ids, purpose)
    seed = context.seed if purpose == "train" else None
    batches = pipeline.dataset(view, ids, pipeline.BatchParams(BATCH_SIZE), columns, seed)
    return batches.map(
        lambda batch: ({key: batch[key] for key in ("features", "lengths")}, batch["target"], batch["weight"])
    )


def fit_bag_network(context: FoldContext, pooling: str) -> FoldOutcome:
    """CNN-MP, CNN-AP and the three attention networks: trained on bags of SegCNN's embeddings.

    Args:
        context: The fold.
        pooling: One of `ser_tf.papers.mao2020.networks.POOLINGS`.

    Returns:
        The posteriors, and the model that goes from log mel frames through SegCNN to them.
    """
    ledger = context.ledger
    segcnn = mao2020_segcnn.stage(context)
    keras.utils.set_random_seed(_seed(context, pooling))
    network = models.build_bag_network(
        len(context.task.classes),
        pooling,
        attention_dims=ledger.bag_attention_dims,
        dropout=ledger.bag_dropout,
        batch_norm=ledger.bag_batch_norm,
        instance_activation=ledger.bag_instance_activation,
        pad_to=segcnn.params.most if ledger.bag_padding == "zeros" else None,
    )
    binary = ledger.bag_loss == "binary"
    trained = keras.Model(network.input, network.output["bag_prediction" if binary else "probabilities"])
    train_ids, validation_ids = _parts(context)
    train = _supervised(context, segcnn, train_ids, "train")
    train = train.repeat(-(-ledger.bag_least_steps // int(train.cardinality())))
    loss = keras.losses.BinaryCrossentropy if binary else keras.losses.SparseCategoricalCrossentropy
    trained.compile(
        mao2020_segcnn.optimiser(ledger, train), loss(reduction="mean_with_sample_weight"), jit_compile=False
    )
    epochs = training.fit(
        context,
        trained,
        train,
        _supervised(context, segcnn, validation_ids, "selection"),
        training.FitParams(ledger.bag_max_epochs, PATIENCE),
    )
    test = context.fold.test
    posteriors = training.predict(network, segcnn.embeddings(context, test, "predict"), test, BATCH_SIZE)
    return FoldOutcome(posteriors, epochs, models.compose(segcnn.model(), network, segcnn.params))
