"""Normalisation by the mean and standard deviation of features over chosen utterances of a fold's training set."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.data.store import Frames

_ROUNDING = 1e-12
"""Far above the rounding error of float64 means, far below any variation of float32 features."""


@dataclasses.dataclass(frozen=True)
class Normaliser:
    """Per-dimension statistics.

    Attributes:
        mean: float64 (dims,).
        std: float64 (dims,), the population standard deviation; 1 where a dimension never varies, to avoid dividing by
            zero.
    """

    mean: npt.NDArray[Any]
    std: npt.NDArray[Any]

    def pooled(self) -> "Normaliser":
        """Returns one mean and deviation shared by all dimensions, treating their values as one population."""
        mean = self.mean.mean()
        std = np.sqrt(np.mean(self.std**2 + (self.mean - mean) ** 2))
        return Normaliser(np.full_like(self.mean, mean), np.full_like(self.std, std))

    def __call__(self, features: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Normalises features of shape (..., dims) to zero mean and unit deviation, as float32."""
        return ((features - self.mean) / self.std).astype(np.float32)


def fit(features: Frames, ids: Sequence[str]) -> Normaliser:
    """Fits a normaliser on all frames of the given utterances, one utterance in memory at a time.

    Args:
        features: Features (frames, dims) of utterances by id, such as a `FeatureStore`.
        ids: The utterances to fit on; no others are read.

    Raises:
        ValueError: `ids` is empty.
    """
    if not ids:
        raise ValueError("a normaliser needs at least one utterance")
    count, mean, squares = 0, 0.0, 0.0
    for utterance_id in ids:
        frames = np.asarray(features[utterance_id], np.float64)
        # Chan's update is stable where a sum of squares would cancel (large mean, small deviation).
        total = count + len(frames)
        delta = frames.mean(0) - mean
        squares = squares + ((frames - frames.mean(0)) ** 2).sum(0) + delta**2 * count * len(frames) / total
        mean = mean + delta * len(frames) / total
        count = total
    std = np.sqrt(squares / count)
    # The mean of equal float32 values is rounded in float64; a smaller deviation counts as none.
    varies = std > _ROUNDING * np.abs(mean)
    return Normaliser(np.asarray(mean), np.where(varies, std, 1.0))
