"""Timed words inside a served graph, and the times of attention over words and frames.

The rules of `alignment.spoken_words`, `vocabulary` and `aligned`, applied to batches of tensors.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.features.framing import FrameParams
from ser_tf.features.spec import FeatureSpec
from ser_tf.papers.lee2020 import client_words, systems
from ser_tf.papers.lee2020.aligned import ROUNDING_FRAMES
from ser_tf.papers.lee2020.alignment import spoken_words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.vocabulary import UNKNOWN_ID
from ser_tf.papers.lee2020.words import NO_WORD
from ser_tf.protocol.models import TrainedModel
from ser_tf.protocol.served import Analysed, Served, Words, frame_centres, placed

LATEST_SECONDS = 1.0
"""Maximum time after the end of its recording at which a word may begin. Aligners round; later times suggest a
different unit."""
_HASHES = 2**62
"""Number of distinct word hashes."""


class ServedWords:
    """Turns the words of a request into a model's inputs (`ser_tf.protocol.served.ReadsWords`)."""

    def said(self, tokens: Sequence[Word], duration_seconds: float | None, ledger: Ledger) -> tuple[Word, ...]:
        """Extracts the words to send in a request from an alignment as written; empty if nothing was spoken.

        Args:
            tokens: The alignment as written, in temporal order.
            duration_seconds: Length of the recording; by default it ends with the last token.
            ledger: The assumptions the model was trained under.
        """
        return spoken_words(tokens, duration_seconds, ledger.fillers)

    def with_vectors(self, trained: TrainedModel, path: Path) -> TrainedModel:
        """Extends a model by the words of a file of word vectors; see `client_words.with_vectors`."""
        return client_words.with_vectors(trained, path)

    def refusals(self, words: tf.Tensor, seconds: tf.Tensor, number: tf.Tensor, duration: tf.Tensor) -> tf.Tensor:
        """Explains why the words of recordings are refused.

        Args:
            words: string (batch, words).
            seconds: Start and end of each word, float32 (batch, words, 2).
            number: Number of words of each recording, int32 (batch,).
            duration: Seconds of each recording, float64 (batch,).

        Returns:
            string (batch,), empty for recordings whose words are accepted.
        """
        width = tf.shape(words)[1]
        mask = tf.sequence_mask(number, width)
        begin, end = seconds[..., 0], seconds[..., 1]
        last = tf.cast(duration + LATEST_SECONDS, tf.float32)[:, tf.newaxis]
        before = tf.pad(begin, [[0, 0], [1, 0]])[:, :-1]
        cases = (
            (begin < before, "begins before the word ahead of it"),
            (tf.logical_or(begin > last, begin < 0.0), "begins outside of the recording"),
            (end < begin, "ends before it begins"),
            (tf.logical_not(tf.reduce_all(tf.math.is_finite(seconds), axis=-1)), "has no finite times"),
        )
        text = tf.fill(tf.shape(words), "")
        for wrong, reason in cases:
            text = tf.where(tf.logical_and(wrong, mask), reason, text)
        text = tf.pad(text, [[0, 0], [0, 1]])  # at least one, for a batch without words
        place = tf.argmax(text != "", axis=1, output_type=tf.int32)
        first = tf.gather(text, place, batch_dims=1)
        named = tf.strings.join(["its word ", tf.strings.as_string(place), " ", first])
        outside = tf.strings.join(
            ["num_words is ", tf.strings.as_string(number), ", not between 0 and ", tf.strings.as_string(width)]
        )
        possible = tf.logical_and(number >= 0, number <= width)
        return tf.where(possible, tf.where(first == "", "", named), outside)

    def spoken(self, words: tf.Tensor, seconds: tf.Tensor, number: tf.Tensor, duration: tf.Tensor) -> Words:
        """Makes lower-case words with contiguous times, as `spoken_words` does.

        A recording without words gets `NO_WORD` over its whole length.

        Args:
            words: string (batch, words), without tokens for silence and noises.
            seconds: Start and end of each word, float32 (batch, words, 2), in order.
            number: Number of words of each recording, int32 (batch,).
            duration: Seconds of each recording, float64 (batch,).
        """
        none = number == 0
        wide = tf.pad(words, [[0, 0], [0, 1]])
        text = tf.where(none[:, tf.newaxis], NO_WORD, tf.strings.lower(wide, encoding="utf-8"))
        times = _as_written(tf.pad(seconds, [[0, 0], [0, 1], [0, 0]]))
        number = tf.maximum(number, 1)
        width = tf.maximum(tf.reduce_max(number), 1)
        place, last = tf.range(tf.shape(wide)[1]), number[:, tf.newaxis] - 1
        following = tf.pad(times[:, 1:, 0], [[0, 0], [0, 1]])
        middles = (times[..., 1] + following) / 2
        latest = tf.reduce_max(tf.where(place <= last, times[..., 1], 0.0), axis=1)
        final = tf.maximum(latest, duration)[:, tf.newaxis]
        ends = tf.where(place < last, middles, tf.where(place == last, final, 0.0))
        begins = tf.where(place <= last, tf.pad(ends, [[0, 0], [1, 0]])[:, :-1], 0.0)
        return Words(text[:, :width], tf.stack([begins, ends], axis=-1)[:, :width], number)

    def inputs(
        self, words: Words, lengths: tf.Tensor, model: keras.Model, row: str, spec: FeatureSpec, ledger: Ledger
    ) -> dict[str, tf.Tensor]:
        """Returns the indices of words, their number, and the segments under them."""
        known = tuple(model.get_layer("word_embedding").vocabulary)
        cut = equal_segments if row == "can_equal" else word_segments
        return {
            "words": tf.where(words.mask, numbers_of(words.text, known), 0),
            "num_words": words.number,
            "segments": cut(words, lengths, spec.params, systems.overlap_of(ledger)),
        }


def _as_written(seconds: tf.Tensor) -> tf.Tensor:
    """Restores the decimal fractions that float32 times were rounded from, float64.

    A time on the edge of a frame must stay on it. Six decimals survive float32 up to 16 seconds, five up to 128.
    """
    exact = tf.cast(seconds, tf.float64)
    per_second = tf.where(exact < 16.0, tf.constant(1e6, tf.float64), tf.constant(1e5, tf.float64))
    return tf.round(exact * per_second) / per_second


def numbers_of(words: tf.Tensor, known: tuple[str, ...]) -> tf.Tensor:
    """Encodes words like `vocabulary.Vocabulary`, by searching among hashes, without a table to initialise.

    Args:
        words: string of any shape.
        known: The vocabulary.

    Returns:
        int32 of the same shape.

    Raises:
        ValueError: two words of the vocabulary share a hash.
    """
    if not known:
        return tf.fill(tf.shape(words), UNKNOWN_ID)
    with tf.init_scope():
        hashes = tf.strings.to_hash_bucket_fast(tf.constant(known), _HASHES).numpy()
    order = np.argsort(hashes)
    if len(np.unique(hashes)) < len(known):
        raise ValueError("two words of the vocabulary have one hash")
    wanted = tf.reshape(words, (-1,))
    place = tf.searchsorted(tf.constant(hashes[order]), tf.strings.to_hash_bucket_fast(wanted, _HASHES))
    place = tf.gather(tf.constant(order, tf.int32), tf.minimum(place, len(known) - 1))
    found = tf.gather(tf.constant(known), place) == wanted
    return tf.reshape(tf.where(found, place + UNKNOWN_ID + 1, UNKNOWN_ID), tf.shape(words))


def word_segments(words: Words, num_frames: tf.Tensor, params: FrameParams, overlap: float) -> tf.Tensor:
    """Returns the frames under each word; see `ser_tf.papers.lee2020.aligned.word_segments`.

    Args:
        words: Words with contiguous times.
        num_frames: int32 (batch,).
        params: The time axis of the frames.
        overlap: Overlap of neighbours as a fraction of a word's duration.

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
    """Returns one equal segment per word; see `ser_tf.papers.lee2020.aligned.equal_segments`."""
    frames = tf.cast(num_frames, tf.float64)[:, tf.newaxis]
    duration = (frames - 1) * params.hop_seconds + params.window_seconds
    length = duration / tf.cast(words.number, tf.float64)[:, tf.newaxis]
    place = tf.cast(tf.range(tf.shape(words.text)[1]), tf.float64)
    edges = tf.stack([place * length, (place + 1) * length], axis=-1)
    return word_segments(dataclasses.replace(words, seconds=edges), num_frames, params, overlap)


def attention_of(batch: Analysed[Ledger]) -> dict[str, tf.Tensor]:
    """Returns the weights of words, of frames, or of both; `attention` is one of them or their mean.

    A cross attention network has weights of words for each head from text and from audio: `attention` is the mean of
    all. A multi-hop network has weights of words and of frames: `attention` holds those of frames, its last hop. An
    alignment network has weights of frames for each word: `attention` is their mean over words.
    """
    outputs, words = batch.outputs, batch.words
    both = {name: outputs[name] for name in ("text_attention", "audio_attention", "alignment") if name in outputs}
    of_words = False
    if "attention" in outputs:
        weights, of_words = outputs["attention"], "features" not in batch.model.input
    elif "alignment" in both and words is not None:
        valid = tf.cast(words.mask, tf.float32)[..., tf.newaxis]
        number = tf.cast(words.number, tf.float32)[:, tf.newaxis]
        weights = tf.reduce_sum(both["alignment"] * valid, axis=1) / number
    elif both["text_attention"].shape.rank == 3:
        weights = tf.reduce_mean(tf.concat([both["text_attention"], both["audio_attention"]], axis=1), axis=1)
        of_words = True
    else:
        weights = both["audio_attention"]
    if of_words and words is not None:
        seconds = placed(words.middles, words.number)
    else:
        seconds = placed(frame_centres(tf.shape(weights)[1], batch.spec.params), batch.lengths)
    return {"attention": weights, "attention_seconds": seconds, **both}


SERVED: Served[Ledger] = Served(attention_of, ServedWords())
