"""Windows of long recordings, and the words in each."""

from collections.abc import Sequence

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora.base import Word


def cut(num_samples: int, window_seconds: float | None, hop_seconds: float | None = None) -> list[tuple[int, int]]:
    """Gives first sample and end of each window; the last one is moved back to be whole.

    Args:
        num_samples: Length of the recording.
        window_seconds: Length of a window; None, or more than the recording has: the whole is one window.
        hop_seconds: From the beginning of a window to that of the next; None: one after the other.
    """
    length = num_samples if window_seconds is None else round(window_seconds * MODEL_SAMPLE_RATE_HZ)
    if num_samples <= length:
        return [(0, num_samples)]
    hop = length if hop_seconds is None else round(hop_seconds * MODEL_SAMPLE_RATE_HZ)
    starts = [*range(0, num_samples - length, hop), num_samples - length]
    return [(start, start + length) for start in starts]


def is_inside(word: Word, start_seconds: float, end_seconds: float) -> bool:
    """Whether the middle of a word lies in a window."""
    return start_seconds <= (word.start_seconds + word.end_seconds) / 2 < end_seconds


def words_inside(words: Sequence[Word], start_seconds: float, end_seconds: float) -> tuple[Word, ...]:
    """Selects the words whose middle lies in a window, with the window's times."""
    return tuple(
        Word(
            word.text,
            max(word.start_seconds, start_seconds) - start_seconds,
            min(word.end_seconds, end_seconds) - start_seconds,
        )
        for word in words
        if is_inside(word, start_seconds, end_seconds)
    )
