"""Segments under words, masked states and maxima, the embedding with its vocabulary."""

import numpy as np

from ser_tf.layers.segments import CutSegments, GroupByUtterance, LastStates, MaskedMax, WordEmbedding

RNG = np.random.default_rng(3)
FEATURES = RNG.normal(size=(2, 9, 4)).astype(np.float32)
SEGMENTS = np.asarray([[[0, 3], [2, 6], [8, 1]], [[4, 2], [0, 0], [0, 0]]], np.int32)


def test_segments_of_all_utterances_come_one_after_the_other():
    frames, mask = CutSegments()(FEATURES, SEGMENTS)
    assert frames.shape == (4, 6, 4) and mask.shape == (4, 6)
    wanted = [FEATURES[0, 0:3], FEATURES[0, 2:8], FEATURES[0, 8:9], FEATURES[1, 4:6]]
    for row, segment in enumerate(wanted):
        np.testing.assert_array_equal(frames[row, : len(segment)], segment)
        assert np.all(frames[row, len(segment) :].numpy() == 0)
        assert mask.numpy()[row].tolist() == [place < len(segment) for place in range(6)]


def test_vectors_go_back_to_their_words():
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2) + 1
    grouped = GroupByUtterance()(vectors, SEGMENTS).numpy()
    np.testing.assert_array_equal(grouped[0], vectors[:3])
    np.testing.assert_array_equal(grouped[1], [vectors[3], [0, 0], [0, 0]])


def test_last_states_are_those_of_the_valid_steps():
    states = RNG.normal(size=(2, 5, 6)).astype(np.float32)
    last = LastStates()(states, np.asarray([5, 2])).numpy()
    np.testing.assert_array_equal(last[:, :3], [states[0, 4, :3], states[1, 1, :3]])
    np.testing.assert_array_equal(last[:, 3:], states[:, 0, 3:])


def test_masked_maximum_ignores_padding():
    states = -np.ones((1, 3, 2), np.float32)
    states[0, 2] = 5.0
    np.testing.assert_array_equal(MaskedMax()(states, np.asarray([[True, True, False]])), [[-1.0, -1.0]])


def test_embedding_keeps_its_vocabulary():
    embedding = WordEmbedding(("no", "yes"), 5, name="words")
    again = WordEmbedding.from_config(embedding.get_config())
    assert again.vocabulary == ("no", "yes") and again.input_dim == 3 and again.output_dim == 5
    assert embedding(np.asarray([[0, 2]])).shape == (1, 2, 5)
