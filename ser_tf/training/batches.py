"""The batches of inputs, targets and weights that a network reads on a fold."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.data import pipeline
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol.context import FoldContext
from ser_tf.training.recipe import Recipe

L = TypeVar("L")
Columns = Mapping[str, npt.NDArray[Any]]
Batch = dict[str, tf.Tensor]


class Batches(Generic[L]):
    """Batches of whole utterances with their classes. Papers that read something else override a method.

    Attributes:
        context: The fold.
        spec: The feature.
        recipe: Sets the batch size and the class weights.
    """

    def __init__(self, context: FoldContext[L], spec: FeatureSpec, recipe: Recipe) -> None:
        """Prepares batches without making any yet."""
        self.context, self.spec, self.recipe = context, spec, recipe

    @property
    def params(self) -> pipeline.BatchParams:
        """Returns how batches are cut."""
        return pipeline.BatchParams(self.recipe.batch_size)

    def read(
        self, ids: Sequence[str], purpose: str, columns: Columns | None = None, seed: int | None = None
    ) -> tf.data.Dataset:
        """Makes batches as dictionaries: the model's inputs, `position` in `ids`, and the columns.

        Args:
            ids: The utterances.
            purpose: As for `FoldContext.view`.
            columns: Further values of each row.
            seed: Seed for shuffling each epoch anew; None keeps one order.
        """
        return pipeline.dataset(self.context.view(self.spec, ids, purpose), ids, self.params, columns, seed)

    def ids(self, part: str) -> tuple[str, ...]:
        """Returns the usable utterances of a set (`train`, `validation`)."""
        ids: tuple[str, ...] = getattr(self.context.fold, part)
        return ids

    def units(self, ids: Sequence[str]) -> npt.NDArray[np.integer[Any]]:
        """Returns the number of units each utterance contributes to the loss: 1, or its frames, pieces or segments."""
        return np.ones(len(ids), np.int64)

    def class_weights(self) -> npt.NDArray[np.float32]:
        """Returns the weight of each class in the loss, float32 (classes,), with mean 1 over the units counted."""
        ids, number = self.context.fold.train, len(self.context.task.classes)
        if self.recipe.class_weights == "none":
            return np.ones(number, np.float32)
        counted = self.units(ids) if self.recipe.class_counts == "units" else np.ones(len(ids), np.int64)
        return balanced_class_weights(self.context.targets(ids), number, counted)

    def columns(self, ids: Sequence[str]) -> Columns:
        """Returns `target` and `weight` of each utterance."""
        targets = self.context.targets(ids)
        return {"target": targets, "weight": self.class_weights()[targets]}

    def supervised(self, part: str) -> tf.data.Dataset:
        """Makes batches of a set with `target` and `weight`, shuffled anew in each epoch of training.

        Training weights are scaled to make a batch's sum of weighted losses equal, on average, to the mean over the
        set: a unit counts the same whatever batch it is in.
        """
        ids = self.ids(part)
        columns = self.columns(ids)
        if part != "train":
            return self.read(ids, "selection", columns).map(self.expand)
        weights, units = columns["weight"], self.units(ids)
        # Where an utterance gives several rows (its pieces), each row is a unit.
        total = float(np.sum(weights * units) if len(units) == len(weights) else np.sum(weights))
        batches = int(self.read(ids, "train", columns).cardinality())
        scaled = {**columns, "weight": (columns["weight"] * (batches / total)).astype(np.float32)}
        return self.read(ids, "train", scaled, self.context.seed).map(self.expand)

    def expand(self, batch: Batch) -> Batch:
        """Changes a supervised batch inside the pipeline; by default returns it unchanged."""
        return batch

    def combine(self, ids: Sequence[str], posteriors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Reduces posteriors in the order of `position` to one per utterance; by default they already are."""
        if len(posteriors) != len(ids):
            raise ValueError(f"{len(posteriors)} posteriors of {len(ids)} utterances")
        return posteriors


def balanced_class_weights(
    targets: npt.NDArray[np.int32], num_classes: int, units: npt.NDArray[np.integer[Any]] | None = None
) -> npt.NDArray[np.float32]:
    """Returns weights inverse to class frequency with mean 1 over what is counted, float32 (classes,).

    Classes without utterances get weight 0.

    Args:
        targets: Class index of each utterance.
        num_classes: Number of classes.
        units: Number of times each utterance counts, by default once.
    """
    counts = np.bincount(targets, None if units is None else units, num_classes)
    present = counts > 0
    weights = np.zeros(num_classes, np.float32)
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights
