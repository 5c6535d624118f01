"""Mean and standard deviation of features over chosen utterances of a fold's training part."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_tf.data.store import Frames


@dataclasses.dataclass(frozen=True)
class Normaliser:
    """Per-dimension statistics.

    Attributes:
        mean: float64 (dims,).
        std: float64 (dims,), the population's; 1 where a dimension never varies, so that it stays finite.
    """

    mean: np.ndarray
    std: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
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
    return Normaliser(np.asarray(mean), np.where(std > 0, std, 1.0))
