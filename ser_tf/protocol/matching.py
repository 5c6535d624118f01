"""Features of a tested corpus with the statistics of the one that trains, from its unlabelled recordings.

A model normalises by its training set. Where the tested corpus sounds different (another microphone, another room), its
own statistics can take their place: each dimension of its features is shifted and scaled to the mean and deviation of
training, after which the model's normaliser acts like the corpus's own. No label is read.
"""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from ser_tf.data.normalisation import Normaliser, fit
from ser_tf.data.store import Frames


class MatchedFrames:
    """Frames in which some utterances have the statistics of others.

    Attributes:
        dims: Size of a frame.
    """

    def __init__(self, frames: Frames, source: Collection[str], target: Collection[str]) -> None:
        """Fits both statistics, over all frames.

        Args:
            frames: Gives the features of an utterance by its id.
            source: Utterances whose statistics the others get.
            target: Utterances that get them.
        """
        self.dims = frames.dims
        self._frames, self._target = frames, frozenset(target)
        self._to: Normaliser = fit(frames, sorted(source))
        self._own: Normaliser = fit(frames, sorted(target))

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames of one utterance."""
        return self._frames.num_frames(utterance_id)

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Features of one utterance, float32 (frames, dims)."""
        frames = self._frames[utterance_id]
        if utterance_id not in self._target:
            return frames
        standard = (frames - self._own.mean) / self._own.std
        return (standard * self._to.std + self._to.mean).astype(np.float32)
