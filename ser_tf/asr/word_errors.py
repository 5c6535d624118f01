"""Errors of recognised words against reference words, counted by jiwer."""

import dataclasses
from collections.abc import Sequence

from ser_tf.asr import extra


@dataclasses.dataclass(frozen=True)
class WordErrors:
    """Counts over some recordings.

    Attributes:
        words: Reference words.
        substitutions: Words recognised as others.
        deletions: Words not recognised.
        insertions: Words recognised that were not spoken.
        exact: Recordings without an error.
        recordings: All recordings.
    """

    words: int
    substitutions: int
    deletions: int
    insertions: int
    exact: int
    recordings: int

    @property
    def rate(self) -> float:
        """Word error rate; above 1 where more words are wrong than there are."""
        return (self.substitutions + self.deletions + self.insertions) / max(self.words, 1)

    @property
    def text(self) -> str:
        """In one line."""
        return (
            f"word error rate {100 * self.rate:.1f}% over {self.words:,} words ({self.substitutions:,} substituted,"
            f" {self.deletions:,} deleted, {self.insertions:,} inserted); {self.exact:,} of {self.recordings:,}"
            " recordings without an error"
        )


def count(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> WordErrors:
    """Counts the errors of recordings.

    Args:
        pairs: Reference words and recognised words of each; recordings without reference words are left out.

    Raises:
        SettingError: jiwer is not installed.
    """
    extra.require("a word error rate", "jiwer")
    import jiwer

    pairs = [(reference, heard) for reference, heard in pairs if reference]
    if not pairs:
        return WordErrors(0, 0, 0, 0, 0, 0)
    references, hypotheses = ([" ".join(words) for words in side] for side in zip(*pairs, strict=True))
    found = jiwer.process_words(references, hypotheses)
    exact = sum(all(chunk.type == "equal" for chunk in alignment) for alignment in found.alignments)
    words = sum(len(reference) for reference, _ in pairs)
    return WordErrors(words, found.substitutions, found.deletions, found.insertions, exact, len(pairs))
