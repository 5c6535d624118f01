"""Mean and standard deviation of features over chosen utterances of a fold's training set."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.data.store import Frames

_ROUNDING = 1e-12
"""Far above the rounding of float64 means, far below what float32 features can vary by."""


@dataclasses.dataclass(frozen=True)
class Normaliser:
    """Per-dimension statistics.

    Attributes:
        mean: float64 (dims,).
        std: float64 (dims,), the population's; 1 where a dimension never varies, so that it stays finite.
    """

    mean: npt.NDArray[Any]
    std: npt.NDArray[Any]

    def pooled(self) -> "Normaliser":
        """One mean and one deviation for all dimensions, as if their values were of one kind."""
        mean = self.mean.mean()
        std = np.sqrt(np.mean(self.std**2 + (self.mean - mean) ** 2))
        return Normaliser(np.full_like(self.mean, mean), np.full_like(self.std, std))

    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Normalises features of shape (..., dims) to zero mean and unit deviation, as float32."""
        return ((features - self.mean) / self.std).astype(np.float32)


def fit(features: Frames, ids: Sequence[str]) -> Normaliser:
    """Fits a normaliser on all frames of the given utterances, one utterance in memory at a time.

    Args:
        features: Gives the features (frames, dims) of an utterance by its id, as a `FeatureStore` does.
        ids: The utterances to fit on; these and no others are read.

    Raises:
        ValueError: `ids` is empty.
    """
    if not ids:
        raise ValueError("a normaliser needs at least one utterance")
    count, mean, squares = 0, 0.0, 0.0
    for utterance_id in ids:
        frames = np.asarray(features[utterance_id], np.float64)
        # Chan's update: stable where a sum of squares would cancel (large mean, small deviation).
        total = count + len(frames)
        delta = frames.mean(0) - mean
        squares = squares + ((frames - frames.mean(0)) ** 2).sum(0) + delta**2 * count * len(frames) / total
        mean = mean + delta * len(frames) / total
        count = total
    std = np.sqrt(squares / count)
    # The mean of equal float32 values is rounded in float64; what varies by less than that does not vary.
    varies = std > _ROUNDING * np.abs(mean)
    return Normaliser(np.asarray(mean), np.where(varies, std, 1.0))
