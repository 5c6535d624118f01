"""Words inside a graph: the same numbers, times and segments as the training path's, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.features.mfcc import MFCC
from ser_tf.papers.lee2020 import aligned
from ser_tf.papers.lee2020 import served_words as words
from ser_tf.papers.lee2020.alignment import spoken_words
from ser_tf.papers.lee2020.vocabulary import Vocabulary
from ser_tf.papers.lee2020.words import NO_WORD
from ser_tf.serving import requests

OVERLAP = 0.1


def made_up(rng, decimals, gaps=True):
    """An alignment as an aligner writes it: words with times of so many decimals, and gaps between some."""
    edges = np.sort(rng.uniform(0, 14.0, 2 * rng.integers(1, 12)).round(decimals)).reshape(-1, 2)
    if not gaps:
        edges[1:, 0] = edges[:-1, 1]
    return tuple(Word(f"Word{place}", *pair) for place, pair in enumerate(edges.tolist()))


def in_graph(texts, seconds):
    inputs = requests.of_words(texts)
    return words.spoken(*(tf.constant(value) for value in inputs.values()), tf.constant(seconds, tf.float64))


@pytest.mark.parametrize("decimals", [2, 3, 6])
def test_times_and_segments_are_those_of_the_training_path(decimals):
    rng = np.random.default_rng(decimals)
    texts = [made_up(rng, decimals, gaps) for gaps in (True, False) for _ in range(40)]
    seconds = [text[-1].end_seconds + round(rng.uniform(0, 0.5), 3) for text in texts]
    num_frames = [MFCC.num_frames(round(duration * 16_000)) for duration in seconds]
    spoken = in_graph(texts, seconds)
    frames = tf.constant(num_frames)
    segments = words.word_segments(spoken, frames, MFCC.params, OVERLAP).numpy()
    equal = words.equal_segments(spoken, frames, MFCC.params, OVERLAP).numpy()
    for row, (text, duration) in enumerate(zip(texts, seconds, strict=True)):
        expected = spoken_words(text, duration)
        number = len(expected)
        times = [(word.start_seconds, word.end_seconds) for word in expected]
        np.testing.assert_allclose(spoken.seconds[row, :number], times, atol=2e-6)
        assert [one.decode() for one in spoken.text[row, :number].numpy()] == [word.text for word in expected]
        wanted = aligned.word_segments(expected, num_frames[row], MFCC.params, OVERLAP)
        np.testing.assert_array_equal(segments[row, :number], wanted)
        wanted = aligned.equal_segments(number, num_frames[row], MFCC.params, OVERLAP)
        np.testing.assert_array_equal(equal[row, :number], wanted)
        assert not segments[row, number:].any() and not equal[row, number:].any()


def test_words_whose_times_touch_stay_as_they_are():
    once = spoken_words(made_up(np.random.default_rng(0), 2), 15.0)
    spoken = in_graph([once], [15.0])
    np.testing.assert_allclose(spoken.seconds[0], [(one.start_seconds, one.end_seconds) for one in once], atol=1e-6)


def test_a_word_on_the_edge_of_a_frame_has_that_frame():
    text = (Word("a", 0.0, 1.23), Word("b", 1.23, 2.46))  # 1.23 is no float32
    segments = words.word_segments(in_graph([text], [2.46]), tf.constant([244]), MFCC.params, 0.0)
    np.testing.assert_array_equal(segments[0], aligned.word_segments(text, 244, MFCC.params, 0.0))
    assert int(segments[0, 1, 0]) == 123


def test_a_recording_without_words_has_the_one_that_stands_for_none():
    spoken = in_graph([(), (Word("Yes", 0.1, 0.3), Word("no", 0.4, 0.5))], [0.7, 1.0])
    assert spoken.number.numpy().tolist() == [1, 2]
    assert spoken.text.numpy()[0, 0].decode() == NO_WORD
    np.testing.assert_allclose(spoken.seconds[0, 0], [0.0, 0.7])
    assert in_graph([()], [0.5]).text.shape == (1, 1)


def test_numbers_are_the_vocabularys():
    known = ("ähm", "no", "yes", NO_WORD)
    asked = ["yes", "never heard", NO_WORD, "ähm", "no"]
    found = words.Vocabulary(known)(tf.constant([asked]))
    np.testing.assert_array_equal(found[0], Vocabulary(known).encode(asked))
    spoken = in_graph([(Word("ÄHM", 0.0, 0.5), Word("Yes", 0.5, 1.0))], [1.0])
    np.testing.assert_array_equal(words.Vocabulary(known)(spoken.text), [[1, 3]])


@pytest.mark.parametrize(
    ("seconds", "number", "reason"),
    [
        ([(0.0, 0.5), (0.5, 1.0)], 2, ""),
        ([(0.0, 0.5), (0.5, np.nan)], 1, ""),  # padding
        ([(0.0, 0.5), (0.5, 1.0)], 3, "num_words is 3, not between 0 and 2"),
        ([(0.0, 0.5), (0.5, 1.0)], -1, "num_words is -1"),
        ([(0.0, 0.5), (0.7, 0.6)], 2, "word 1 ends before it begins"),
        ([(0.5, 0.7), (0.1, 0.9)], 2, "word 1 begins before the word ahead of it"),
        ([(-0.1, 0.7), (0.1, 0.9)], 2, "word 0 begins outside of the recording"),
        ([(0.0, 500.0), (500.0, 1000.0)], 2, "word 1 begins outside of the recording"),
        ([(0.0, np.inf), (0.5, 1.0)], 2, "word 0 has no finite times"),
    ],
)
def test_impossible_words_are_named(seconds, number, reason):
    found = words.refusals(
        tf.constant([["a", "b"]]),
        tf.constant([seconds], tf.float32),
        tf.constant([number]),
        tf.constant([1.0], tf.float64),
    )
    text = found.numpy()[0].decode()
    assert (reason in text) if reason else text == ""
