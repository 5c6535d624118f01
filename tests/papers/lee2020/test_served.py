"""Words inside a graph: the same numbers, times and segments as the training path's, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.features.mfcc import MFCC
from ser_tf.papers.lee2020 import aligned, served
from ser_tf.papers.lee2020.alignment import spoken_words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.segment_mfcc import WAVEFORM
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
    return served.ServedWords().spoken(
        *(tf.constant(value) for value in inputs.values()), tf.constant(seconds, tf.float64)
    )


@pytest.mark.parametrize("spec", [MFCC, WAVEFORM], ids=["frames", "samples"])
@pytest.mark.parametrize("decimals", [2, 3, 6])
def test_times_and_segments_are_those_of_the_training_path(decimals, spec):
    rng = np.random.default_rng(decimals)
    texts = [made_up(rng, decimals, gaps) for gaps in (True, False) for _ in range(40)]
    seconds = [text[-1].end_seconds + round(rng.uniform(0, 0.5), 3) for text in texts]
    num_frames = [spec.num_frames(round(duration * 16_000)) for duration in seconds]
    spoken = in_graph(texts, seconds)
    frames = tf.constant(num_frames)
    segments = served.word_segments(spoken, frames, spec.params, OVERLAP).numpy()
    equal = served.equal_segments(spoken, frames, spec.params, OVERLAP).numpy()
    for row, (text, duration) in enumerate(zip(texts, seconds, strict=True)):
        expected = spoken_words(text, duration)
        number = len(expected)
        times = [(word.start_seconds, word.end_seconds) for word in expected]
        np.testing.assert_allclose(spoken.seconds[row, :number], times, atol=2e-6)
        assert [one.decode() for one in spoken.text[row, :number].numpy()] == [word.text for word in expected]
        wanted = aligned.word_segments(expected, num_frames[row], spec.params, OVERLAP)
        np.testing.assert_array_equal(segments[row, :number], wanted)
        wanted = aligned.equal_segments(number, num_frames[row], spec.params, OVERLAP)
        np.testing.assert_array_equal(equal[row, :number], wanted)
        assert not segments[row, number:].any() and not equal[row, number:].any()


def test_words_whose_times_touch_stay_as_they_are():
    once = spoken_words(made_up(np.random.default_rng(0), 2), 15.0)
    spoken = in_graph([once], [15.0])
    np.testing.assert_allclose(spoken.seconds[0], [(one.start_seconds, one.end_seconds) for one in once], atol=1e-6)


def test_a_word_on_the_edge_of_a_frame_has_that_frame():
    text = (Word("a", 0.0, 1.23), Word("b", 1.23, 2.46))  # 1.23 is no float32
    segments = served.word_segments(in_graph([text], [2.46]), tf.constant([244]), MFCC.params, 0.0)
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
    found = served.numbers_of(tf.constant([asked]), known)
    np.testing.assert_array_equal(found[0], Vocabulary(known).encode(asked))
    spoken = in_graph([(Word("ÄHM", 0.0, 0.5), Word("Yes", 0.5, 1.0))], [1.0])
    np.testing.assert_array_equal(served.numbers_of(spoken.text, known), [[1, 3]])


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
    found = served.ServedWords().refusals(
        tf.constant([["a", "b"]]),
        tf.constant([seconds], tf.float32),
        tf.constant([number]),
        tf.constant([1.0], tf.float64),
    )
    text = found.numpy()[0].decode()
    assert (reason in text) if reason else text == ""


def test_numbers_of_many_words_in_a_saved_graph(tmp_path):
    """Without a table that a loaded model would have to initialise."""
    known = tuple(f"word{number}" for number in range(50_000, 0, -1))

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.string)])
    def lookup(words):
        return served.numbers_of(words, known)

    asked = [["word50000", "word1", "nobody"], ["", "word2", "WORD2"]]
    module = tf.Module()
    module.lookup = lookup
    tf.saved_model.save(module, str(tmp_path), {"serving_default": lookup})
    again = tf.saved_model.load(str(tmp_path)).lookup(tf.constant(asked))
    assert again.numpy().tolist() == [[1, 50_000, 0], [0, 49_999, 0]]
    assert served.numbers_of(tf.constant(asked), ()).numpy().tolist() == [[0, 0, 0], [0, 0, 0]]


def test_a_request_sends_the_words_that_training_saw():
    tokens = (Word("<s>", 0.0, 0.2), Word("++LAUGHTER++", 0.2, 0.6), Word("YES", 0.6, 1.0))
    words = served.SERVED.words
    assert words.said(tokens, 1.2, Ledger()) == (Word("yes", 0.0, 1.2),)
    assert [word.text for word in words.said(tokens, 1.2, Ledger(fillers="words"))] == ["++laughter++", "yes"]
