"""Segments of frames under words, and batches of both."""

import numpy as np
import pytest

from ser_tf.corpora.base import Word
from ser_tf.data.pipeline import BatchParams
from ser_tf.features.framing import FrameParams
from ser_tf.papers.lee2020 import aligned, segment_mfcc
from ser_tf.papers.lee2020.aligned import Aligned

PARAMS = FrameParams()  # 25 ms windows every 10 ms


class Frames:
    """Features in memory: frame i of an utterance holds the number i."""

    dims = 2

    def __init__(self, lengths):
        self.lengths = lengths

    def num_frames(self, key):
        return self.lengths[key]

    def __getitem__(self, key):
        return np.repeat(np.arange(self.lengths[key], dtype=np.float32)[:, np.newaxis], 2, axis=1)


def words_of(*edges):
    return [Word("w", start, end) for start, end in zip(edges, edges[1:], strict=False)]


def test_a_segment_has_the_frames_that_lie_inside_of_the_word():
    segments = aligned.word_segments(words_of(0.0, 0.1, 0.3), 28, PARAMS, overlap=0.0)
    # Frame i covers 10i to 10i + 25 ms: frames 0-7 lie in the first 100 ms, 10-27 in 100-300 ms.
    assert segments.tolist() == [[0, 8], [10, 18]]


def test_overlap_extends_both_sides():
    plain = aligned.word_segments(words_of(0.0, 0.4, 0.8, 1.2), 118, PARAMS, overlap=0.0)
    wide = aligned.word_segments(words_of(0.0, 0.4, 0.8, 1.2), 118, PARAMS, overlap=0.1)
    assert plain[1].tolist() == [40, 38]
    assert wide[1].tolist() == [38, 42]  # 5% of 400 ms on each side
    assert wide[0].tolist() == [0, 40]  # nothing before the beginning
    assert wide[2].tolist() == [78, 40]  # nor behind the last frame


def test_a_word_shorter_than_a_window_has_the_frame_at_its_middle():
    segments = aligned.word_segments(
        [Word("a", 0.0, 0.2), Word("b", 0.2, 0.21), Word("c", 0.21, 0.21)], 60, PARAMS, 0.1
    )
    assert segments[1].tolist() == [19, 1]  # its window is centred on 202.5 ms
    assert segments[2, 1] == 1


def test_segments_never_leave_the_utterance():
    segments = aligned.word_segments(words_of(0.0, 0.5, 5.0, 9.0), 30, PARAMS, 0.1)
    assert segments[:, 1].min() >= 1
    assert (segments[:, 0] + segments[:, 1]).max() <= 30 and segments[:, 0].min() >= 0


def test_equal_segments_cover_the_utterance_with_equal_lengths():
    segments = aligned.equal_segments(4, 398, PARAMS, 0.0)
    assert len(segments) == 4 and segments[0, 0] == 0 and segments[-1].sum() == 398
    assert np.ptp(segments[:, 1]) <= 1


def items():
    return [
        Aligned(np.asarray([3, 1], np.int32), np.asarray([[0, 2], [2, 4]], np.int32)),
        Aligned(np.asarray([2], np.int32), np.asarray([[0, 3]], np.int32)),
    ]


@pytest.mark.parametrize("reads", ["segments", "frames"])
def test_batches_hold_words_frames_and_columns(reads):
    features = Frames({"a": 6, "b": 3})
    columns = {"target": np.asarray([5, 6], np.int32)}
    (batch,) = aligned.dataset(features, ["a", "b"], items(), BatchParams(4), columns, reads=reads)
    batch = {key: value.numpy() for key, value in batch.items()}
    a, b = (int(np.flatnonzero(batch["position"] == row)[0]) for row in (0, 1))
    assert batch["words"][a].tolist() == [3, 1] and batch["words"][b].tolist() == [2, 0]
    assert batch["segments"][b].tolist() == [[0, 3], [0, 0]]
    assert batch["num_words"][[a, b]].tolist() == [2, 1] and batch["lengths"][[a, b]].tolist() == [6, 3]
    assert batch["features"].shape == (2, 16, 2) and batch["features"][b, 3:].max() == 0
    assert batch["features"][a, :6, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert batch["target"][[a, b]].tolist() == [5, 6]
    assert batch["words"].dtype == batch["segments"].dtype == np.int32


def test_a_model_of_words_is_given_no_frames():
    (batch,) = aligned.dataset(None, ["a", "b"], items(), BatchParams(4), {"target": np.asarray([5, 6])}, reads="words")
    assert sorted(batch) == ["num_words", "position", "target", "words"]
    assert sorted(batch["num_words"].numpy().tolist()) == [1, 2]


def test_where_a_frame_is_a_sample_a_segment_has_the_words_samples():
    segments = aligned.word_segments(words_of(0.0, 0.1, 0.30001, 0.9), 14400, segment_mfcc.WAVEFORM.params, 0.0)
    assert segments.tolist() == [[0, 1600], [1600, 3200], [4801, 9599]]
    wide = aligned.word_segments(words_of(0.0, 0.4, 0.8), 12800, segment_mfcc.WAVEFORM.params, 0.1)
    assert wide.tolist() == [[0, 6720], [6080, 6720]]  # 5% of 400 ms on each side


def test_epochs_differ_and_repeat_with_the_seed():
    lengths = {str(number): 5 for number in range(40)}
    same = [Aligned(np.asarray([1], np.int32), np.asarray([[0, 5]], np.int32))] * 40

    def two_epochs(seed):
        data = aligned.dataset(Frames(lengths), list(lengths), same, BatchParams(4), seed=seed)
        return [[batch["position"].numpy().tolist() for batch in data] for _ in range(2)]

    first, second = two_epochs(0)
    assert first != second
    assert [first, second] == two_epochs(0)
    assert two_epochs(1)[0] != first
