"""Cutting utterances into pieces of limited length, each trained and predicted like an utterance."""

import dataclasses
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.data.store import Frames

EQUAL, FIXED = "equal", "fixed"
RULES = (EQUAL, FIXED)


def cut(num_frames: int, longest: int | None, rule: str = EQUAL) -> list[tuple[int, int]]:
    """Cuts an utterance.

    Args:
        num_frames: Length of the utterance.
        longest: Maximum frames in a piece; None leaves the utterance whole.
        rule: `equal` makes as few pieces as possible, with lengths that differ by at most one frame; `fixed` makes
            pieces of `longest` frames and one of the remainder.

    Returns:
        First frame and number of frames of each piece, together covering every frame once.

    Raises:
        ValueError: the rule is unknown.
    """
    if rule not in RULES:
        raise ValueError(f"rule {rule!r} is none of {', '.join(RULES)}")
    if longest is None or num_frames <= longest:
        return [(0, num_frames)]
    number = -(-num_frames // longest)
    if rule == EQUAL:
        edges = [place * num_frames // number for place in range(number + 1)]
    else:
        edges = [min(place * longest, num_frames) for place in range(number + 1)]
    return [(first, after - first) for first, after in zip(edges[:-1], edges[1:], strict=True)]


@dataclasses.dataclass(frozen=True)
class SubUtterances:
    """Features of pieces by id: the utterance's id and the piece's first frame, as in `03a01Fa#300`.

    Attributes:
        whole: Features of the utterances.
        utterances: Ids of the utterances.
        longest: Maximum frames in a piece; None leaves utterances whole.
        rule: Cutting rule, see `cut`.
    """

    whole: Frames
    utterances: tuple[str, ...]
    longest: int | None = None
    rule: str = EQUAL

    @functools.cached_property
    def _pieces(self) -> dict[str, tuple[int, int, int]]:
        """Each piece's utterance (its index), first frame and number of frames."""
        return {
            f"{utterance}#{first}": (place, first, frames)
            for place, utterance in enumerate(self.utterances)
            for first, frames in cut(self.whole.num_frames(utterance), self.longest, self.rule)
        }

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all pieces, utterance by utterance in order."""
        return tuple(self._pieces)

    @property
    def owners(self) -> npt.NDArray[Any]:
        """Returns each piece's index into `utterances`, int64 (pieces,)."""
        return np.asarray([place for place, _, _ in self._pieces.values()])

    @property
    def dims(self) -> int:
        """Size of a frame."""
        return self.whole.dims

    def num_frames(self, piece: str) -> int:
        """Returns the number of frames of one piece."""
        return self._pieces[piece][2]

    def __getitem__(self, piece: str) -> npt.NDArray[Any]:
        """Returns the features of one piece, float32 (frames, dims)."""
        place, first, frames = self._pieces[piece]
        return self.whole[self.utterances[place]][first : first + frames]

    def average(self, posteriors: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Averages over each utterance's pieces.

        Args:
            posteriors: Posteriors of the pieces, float (pieces, classes), in the order of `ids`.

        Returns:
            Posteriors of the utterances, float64 (utterances, classes), in the order of `utterances`.
        """
        sums = np.zeros((len(self.utterances), posteriors.shape[1]))
        np.add.at(sums, self.owners, posteriors)
        return sums / np.bincount(self.owners, minlength=len(self.utterances))[:, np.newaxis]
