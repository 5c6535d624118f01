"""Words with their times inside a graph: numbers of a vocabulary, and the frames under each word (lee2020 §3.1).

The rules are those of `alignment.spoken_words` and of `aligned`, for batches of tensors.
"""

import dataclasses

import tensorflow as tf

from ser_tf.features.framing import FrameParams
from ser_tf.papers.lee2020.aligned import ROUNDING_FRAMES
from ser_tf.papers.lee2020.vocabulary import UNKNOWN_ID
from ser_tf.papers.lee2020.words import NO_WORD

LATEST_SECONDS = 1.0
"""So far behind the end of its recording a word may begin; aligners round, what is later is another unit."""


@dataclasses.dataclass(frozen=True)
class Words:
    """The words of a batch of recordings, padded on the right.

    Attributes:
        text: string (batch, words).
        seconds: Begin and end of each, float64 (batch, words, 2).
        number: How many each recording has, int32 (batch,).
    """

    text: tf.Tensor
    seconds: tf.Tensor
    number: tf.Tensor

    @property
    def mask(self) -> tf.Tensor:
        """True on words, bool (batch, words)."""
        return tf.sequence_mask(self.number, tf.shape(self.text)[1])

    @property
    def middles(self) -> tf.Tensor:
        """Middle of each word in seconds, float32 (batch, words)."""
        return tf.cast(tf.reduce_mean(self.seconds, axis=-1), tf.float32)


def refusals(words: tf.Tensor, word_seconds: tf.Tensor, num_words: tf.Tensor, duration: tf.Tensor) -> tf.Tensor:
    """Why the words of recordings are refused.

    Args:
        words: string (batch, words).
        word_seconds: float32 (batch, words, 2).
        num_words: int32 (batch,).
        duration: Seconds of each recording, float64 (batch,).

    Returns:
        string (batch,), empty where they are not.
    """
    width = tf.shape(words)[1]
    mask = tf.sequence_mask(num_words, width)
    begin, end = word_seconds[..., 0], word_seconds[..., 1]
    last = tf.cast(duration + LATEST_SECONDS, tf.float32)[:, tf.newaxis]
    before = tf.pad(begin, [[0, 0], [1, 0]])[:, :-1]
    cases = (
        (begin < before, "begins before the word ahead of it"),
        (tf.logical_or(begin > last, begin < 0.0), "begins outside of the recording"),
        (end < begin, "ends before it begins"),
        (tf.logical_not(tf.reduce_all(tf.math.is_finite(word_seconds), axis=-1)), "has no finite times"),
    )
    text = tf.fill(tf.shape(words), "")
    for wrong, reason in cases:
        text = tf.where(tf.logical_and(wrong, mask), reason, text)
    text = tf.pad(text, [[0, 0], [0, 1]])  # one at least, for a batch without words
    place = tf.argmax(text != "", axis=1, output_type=tf.int32)
    first = tf.gather(text, place, batch_dims=1)
    named = tf.strings.join(["its word ", tf.strings.as_string(place), " ", first])
    number = tf.strings.join(
        ["num_words is ", tf.strings.as_string(num_words), ", not between 0 and ", tf.strings.as_string(width)]
    )
    possible = tf.logical_and(num_words >= 0, num_words <= width)
    return tf.where(possible, tf.where(first == "", "", named), number)


def spoken(words: tf.Tensor, word_seconds: tf.Tensor, num_words: tf.Tensor, duration: tf.Tensor) -> Words:
    """Words in lower case whose times touch each other, as `spoken_words` makes them.

    A recording without words gets the one that stands for none (`lee2020_words.NO_WORD`) over its whole length.

    Args:
        words: string (batch, words), without tokens for silence and noises.
        word_seconds: Begin and end of each, float32 (batch, words, 2), in order.
        num_words: int32 (batch,).
        duration: Seconds of each recording, float64 (batch,).
    """
    none = num_words == 0
    wide = tf.pad(words, [[0, 0], [0, 1]])
    text = tf.where(none[:, tf.newaxis], NO_WORD, tf.strings.lower(wide, encoding="utf-8"))
    times = _as_written(tf.pad(word_seconds, [[0, 0], [0, 1], [0, 0]]))
    number = tf.maximum(num_words, 1)
    width = tf.maximum(tf.reduce_max(number), 1)
    place, last = tf.range(tf.shape(wide)[1]), number[:, tf.newaxis] - 1
    behind = tf.pad(times[:, 1:, 0], [[0, 0], [0, 1]])
    middles = (times[..., 1] + behind) / 2
    latest = tf.reduce_max(tf.where(place <= last, times[..., 1], 0.0), axis=1)
    final = tf.maximum(latest, duration)[:, tf.newaxis]
    ends = tf.where(place < last, middles, tf.where(place == last, final, 0.0))
    begins = tf.where(place <= last, tf.pad(ends, [[0, 0], [1, 0]])[:, :-1], 0.0)
    return Words(text[:, :width], tf.stack([begins, ends], axis=-1)[:, :width], number)


def _as_written(seconds: tf.Tensor) -> tf.Tensor:
    """Float32 times as the decimal fractions that they were rounded from, float64.

    What lies on the edge of a frame must lie on it still; six decimals survive float32 up to 16 seconds, five up to
    128.
    """
    exact = tf.cast(seconds, tf.float64)
    per_second = tf.where(exact < 16.0, tf.constant(1e6, tf.float64), tf.constant(1e5, tf.float64))
    return tf.round(exact * per_second) / per_second


def word_segments(words: Words, num_frames: tf.Tensor, params: FrameParams, overlap: float) -> tf.Tensor:
    """Frames under each word; see `ser_tf.papers.lee2020.aligned.word_segments`.

    Args:
        words: Words whose times touch each other.
        num_frames: int32 (batch,).
        params: The time axis of the frames.
        overlap: Of neighbours, as a share of a word's duration.

    Returns:
        First frame and number of frames, int32 (batch, words, 2), zero for padding.
    """
    hop, window = params.hop_seconds, params.window_seconds
    margin = overlap / 2 * (words.seconds[..., 1] - words.seconds[..., 0])
    start, end = words.seconds[..., 0] - margin, words.seconds[..., 1] + margin
    first = tf.math.ceil(start / hop - ROUNDING_FRAMES)
    last = tf.floor((end - window) / hop + ROUNDING_FRAMES)
    nearest = tf.round(((start + end) / 2 - window / 2) / hop)
    short = last < first
    final = tf.cast(num_frames, tf.float64)[:, tf.newaxis] - 1
    first = tf.clip_by_value(tf.where(short, nearest, first), 0.0, final)
    last = tf.clip_by_value(tf.where(short, nearest, last), 0.0, final)
    segments = tf.cast(tf.stack([first, last - first + 1], axis=-1), tf.int32)
    return tf.where(words.mask[..., tf.newaxis], segments, 0)


def equal_segments(words: Words, num_frames: tf.Tensor, params: FrameParams, overlap: float) -> tf.Tensor:
    """As many segments of equal length as there are words; see `ser_tf.papers.lee2020.aligned.equal_segments`."""
    frames = tf.cast(num_frames, tf.float64)[:, tf.newaxis]
    duration = (frames - 1) * params.hop_seconds + params.window_seconds
    length = duration / tf.cast(words.number, tf.float64)[:, tf.newaxis]
    place = tf.cast(tf.range(tf.shape(words.text)[1]), tf.float64)
    edges = tf.stack([place * length, (place + 1) * length], axis=-1)
    return word_segments(dataclasses.replace(words, seconds=edges), num_frames, params, overlap)


class Vocabulary(tf.Module):
    """Numbers of words, looked up in the graph."""

    def __init__(self, words: tuple[str, ...]) -> None:
        """Takes the known words; the number of `words[i]` is `i + 1`."""
        super().__init__()
        numbers = range(UNKNOWN_ID + 1, UNKNOWN_ID + 1 + len(words))
        known = tf.lookup.KeyValueTensorInitializer(tf.constant(words, tf.string), tf.constant(list(numbers), tf.int64))
        self._table = tf.lookup.StaticHashTable(known, UNKNOWN_ID)

    def __call__(self, words: tf.Tensor) -> tf.Tensor:
        """Strings of any shape as int32 of the same shape."""
        return tf.cast(self._table.lookup(words), tf.int32)
