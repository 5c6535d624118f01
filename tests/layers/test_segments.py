"""Masked states and maxima, the embedding with its vocabulary."""

import numpy as np

from ser_tf.layers.segments import LastStates, MaskedMax, WordEmbedding

RNG = np.random.default_rng(3)


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
