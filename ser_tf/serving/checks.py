"""Checks of the served signatures' inputs: what fails the whole call, and why single recordings cannot be used.

Every check costs a fixed number of operations on the bytes of the request, whatever numbers the request states.
"""

from typing import Any

import tensorflow as tf

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.protocol.served import ReadsWords
from ser_tf.serving import riff

MAX_WORDS, MAX_WORDS_PER_SECOND = 20, 20
"""Largest number of words of a recording: so many, and so many more for each second. Nobody speaks half as fast."""
MAX_WORD_BYTES = 256

AUDIO_SPECS = {
    "serving_default": (
        tf.TensorSpec((None, None), tf.float32, "waveform"),
        tf.TensorSpec((None,), tf.int32, "num_samples"),
    ),
    "wav_bytes": (tf.TensorSpec((None,), tf.string, "audio"),),
}
WORD_SPECS = (
    tf.TensorSpec((None, None), tf.string, "words"),
    tf.TensorSpec((None, None, 2), tf.float32, "word_seconds"),
    tf.TensorSpec((None,), tf.int32, "num_words"),
)


def require_same_rows(*inputs: tf.Tensor) -> tf.Operation:
    """Makes an operation that fails if the batch is empty or inputs differ in their batch size."""
    sizes = tf.stack([tf.shape(value)[0] for value in inputs])
    checks = [
        tf.debugging.Assert(tf.reduce_all(sizes == sizes[0]), ["the inputs differ in their batch size:", sizes]),
        tf.debugging.Assert(sizes[0] > 0, ["the batch is empty"]),
    ]
    return tf.group(checks)


def length_problems(num_samples: tf.Tensor, samples: tf.Tensor, max_seconds: float) -> tf.Tensor:
    """Explains which recordings have an impossible number of samples, or too many.

    Args:
        num_samples: int32 (batch,).
        samples: Width of the batch, int32 ().
        max_seconds: Duration of the longest recording that is accepted.

    Returns:
        string (batch,), empty for possible numbers.
    """
    seconds = tf.cast(num_samples, tf.float32) / MODEL_SAMPLE_RATE_HZ
    width = tf.strings.as_string(samples)
    number = tf.strings.join(["its num_samples is ", tf.strings.as_string(num_samples), ", not between 1 and ", width])
    long = tf.where(seconds > max_seconds, riff.too_long(seconds, max_seconds), "")
    return tf.where((num_samples >= 1) & (num_samples <= samples), long, number)


def word_problems(reads: ReadsWords[Any] | None, text: tuple[tf.Tensor, ...], duration: tf.Tensor) -> tf.Tensor:
    """Explains which recordings have words that cannot be theirs; see also `ReadsWords.refusals`.

    Args:
        reads: How the paper's models are given words.
        text: The inputs of `WORD_SPECS`.
        duration: Seconds of each recording, float64 (batch,), 0 for those without samples.

    Returns:
        string (batch,), empty for possible words.
    """
    if reads is None:
        return tf.fill(tf.shape(duration), "")
    given, word_seconds, num_words = text
    most = MAX_WORDS + tf.cast(MAX_WORDS_PER_SECOND * duration, tf.int32)
    crowded = (num_words > most) & (num_words <= tf.shape(given)[1])
    width = tf.reduce_max(most)
    given, word_seconds = given[:, :width], word_seconds[:, :width]
    number = tf.where(crowded, 0, num_words)
    long = (tf.strings.length(given) > MAX_WORD_BYTES) & tf.sequence_mask(number, tf.shape(given)[1])
    problems = tf.where(tf.reduce_any(long, axis=1), f"it has a word of more than {MAX_WORD_BYTES} bytes", "")
    problems = tf.where(problems == "", reads.refusals(given, word_seconds, number, duration), problems)
    too_many = tf.strings.join(
        ["its num_words is ", tf.strings.as_string(num_words), ", more than the ", tf.strings.as_string(most)]
    )
    return tf.where(crowded, tf.strings.join([too_many, " of a recording of its length"]), problems)


def trimmed(text: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Cuts off padding that all rows share and empties the rest of it.

    Args:
        text: The inputs of `WORD_SPECS`.

    Returns:
        The same inputs.
    """
    given, word_seconds, num_words = text
    width = tf.reduce_max(num_words)
    mask = tf.sequence_mask(num_words, width)
    return tf.where(mask, given[:, :width], ""), word_seconds[:, :width], num_words


def silence(num_texts: int) -> tuple[tf.Tensor, ...]:
    """One recording of a single silent sample without words, as the inputs of a model with so many inputs of text."""
    text = (tf.constant([[]], tf.string, (1, 0)), tf.zeros((1, 0, 2)), tf.zeros((1,), tf.int32))
    return (tf.zeros((1, 1)), tf.ones((1,), tf.int32), *text[:num_texts])
