"""Segments of frames under words, and batches whose padding is bounded."""

import numpy as np
import pytest

from ser_tf.corpora.base import Word
from ser_tf.data import aligned
from ser_tf.data.aligned import Aligned, BatchParams
from ser_tf.features.framing import FrameParams

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


def sizes(number=400, seed=0):
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(10, 400, number), rng.integers(1, 60, number)], axis=1)


@pytest.mark.parametrize("shuffled", [True, False])
def test_an_epoch_has_every_utterance_once_and_bounded_batches(shuffled):
    params = BatchParams(32, max_cells=50_000)
    shapes = sizes()
    batches = aligned.plan_epoch(shapes, params, np.random.default_rng(1) if shuffled else None)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(shapes)))
    for batch in batches:
        assert len(batch) <= 32
        assert len(batch) == 1 or len(batch) * shapes[batch].max(0).prod() <= 50_000


def test_an_utterance_beyond_the_bound_is_a_batch_of_its_own():
    shapes = np.asarray([[10, 5], [1000, 60], [12, 5]])
    batches = aligned.plan_epoch(shapes, BatchParams(8, max_cells=1000), None)
    assert sorted(map(sorted, (batch.tolist() for batch in batches))) == [[0, 2], [1]]


def test_buckets_keep_padding_below_that_of_random_batches():
    shapes = sizes(2000)
    bucketed = aligned.plan_epoch(shapes, BatchParams(64, max_cells=10**9), np.random.default_rng(0))
    at_random = np.array_split(np.random.default_rng(0).permutation(2000), len(bucketed))
    shares = [aligned.padded_share(shapes, shapes.prod(1), batches) for batches in (bucketed, at_random)]
    assert shares[0] < 0.5 < 0.7 < shares[1]


def test_a_single_size_is_sorted_throughout():
    shapes = sizes(500)
    shapes[:, 0] = 1
    batches = aligned.plan_epoch(shapes, BatchParams(16), None)
    assert aligned.padded_share(shapes, shapes[:, 1], batches) < 0.1


def test_no_utterances():
    assert aligned.plan_epoch(np.zeros((0, 2), int), BatchParams(4), None) == []


def items():
    return [
        Aligned(np.asarray([3, 1], np.int32), np.asarray([[0, 2], [2, 4]], np.int32)),
        Aligned(np.asarray([2], np.int32), np.asarray([[0, 3]], np.int32)),
    ]


@pytest.mark.parametrize("read", ["segments", "frames", "words"])
def test_batches_hold_words_frames_and_columns(read):
    features = Frames({"a": 6, "b": 3})
    columns = {"target": np.asarray([5, 6], np.int32)}
    (batch,) = aligned.dataset(features, ["a", "b"], items(), BatchParams(4), columns, read=read)
    batch = {key: value.numpy() for key, value in batch.items()}
    a, b = (int(np.flatnonzero(batch["position"] == row)[0]) for row in (0, 1))
    assert batch["words"][a].tolist() == [3, 1] and batch["words"][b].tolist() == [2, 0]
    assert batch["segments"][b].tolist() == [[0, 3], [0, 0]]
    assert batch["num_words"][[a, b]].tolist() == [2, 1] and batch["lengths"][[a, b]].tolist() == [6, 3]
    assert batch["features"].shape == (2, 16, 2) and batch["features"][b, 3:].max() == 0
    assert batch["features"][a, :6, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert batch["target"][[a, b]].tolist() == [5, 6]
    assert batch["words"].dtype == batch["segments"].dtype == np.int32


def test_every_epoch_has_the_same_number_of_batches():
    rng = np.random.default_rng(0)
    lengths = {str(number): int(rng.integers(5, 200)) for number in range(60)}
    words = [
        Aligned(np.ones(number, np.int32), np.tile(np.asarray([[0, 5]], np.int32), (number, 1)))
        for number in rng.integers(1, 40, 60)
    ]
    params = BatchParams(8, max_cells=700, bucket_batches=2)
    plain = {
        len(
            aligned.plan_epoch(aligned.sizes_of(words, [9] * 60, "segments"), params, np.random.default_rng([3, epoch]))
        )
        for epoch in range(20)
    }
    assert len(plain) > 1
    data = aligned.dataset(Frames(lengths), list(lengths), words, params, seed=3, num_epochs=20)
    for _ in range(20):
        batches = [batch["position"].numpy() for batch in data]
        assert len(batches) == max(plain) == data.cardinality()
        assert sorted(np.concatenate(batches).tolist()) == list(range(60))


def test_epochs_differ_and_repeat_with_the_seed():
    lengths = {str(number): 5 for number in range(40)}
    same = [Aligned(np.asarray([1], np.int32), np.asarray([[0, 5]], np.int32))] * 40

    def two_epochs(seed):
        data = aligned.dataset(Frames(lengths), list(lengths), same, BatchParams(4), seed=seed, num_epochs=2)
        return [[batch["position"].numpy().tolist() for batch in data] for _ in range(2)]

    first, second = two_epochs(0)
    assert first != second
    assert [first, second] == two_epochs(0)
    assert two_epochs(1)[0] != first
