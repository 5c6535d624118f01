"""Vocabularies, first embeddings, and the layer that carries both."""

import numpy as np

from ser_tf.papers.lee2020 import vocabulary
from ser_tf.papers.lee2020.vocabulary import UNKNOWN_ID, Vocabulary, WordEmbedding

GIVEN = {"b": np.asarray([1, 2], np.float32), "z": np.asarray([3, 4], np.float32)}


def rng():
    return np.random.default_rng(0)


def test_vocabulary_is_alphabetical_and_drops_rare_words():
    texts = [["b", "a"], ["b"], ["c"]]
    assert vocabulary.fit(texts).words == ("a", "b", "c")
    assert vocabulary.fit(texts, 2).words == ("b",)
    known = vocabulary.fit(texts)
    assert known.encode(["c", "a", "new"]).tolist() == [3, 1, UNKNOWN_ID]
    assert len(known) == 4


def test_first_embedding_takes_given_vectors_and_draws_the_rest():
    embedded = vocabulary.given_embedding(Vocabulary(("a", "b")), GIVEN, 2, rng(), "random")
    matrix = embedded.matrix
    assert matrix.shape == (3, 2) and matrix.dtype == np.float32
    assert matrix[0].tolist() == [0, 0]
    assert matrix[2].tolist() == [1, 2]
    assert np.abs(matrix[1]).max() > 0
    again = vocabulary.given_embedding(Vocabulary(("a", "b")), GIVEN, 2, rng(), "random")
    np.testing.assert_array_equal(matrix, again.matrix)


def test_words_without_a_vector_are_zero_on_request():
    matrix = vocabulary.given_embedding(Vocabulary(("a", "b")), GIVEN, 2, rng(), "zero").matrix
    assert matrix.tolist() == [[0, 0], [0, 0], [1, 2]]


def test_drawn_vectors_have_the_deviation_of_the_given_ones():
    known = Vocabulary(tuple(f"w{number:04d}" for number in range(2000)))
    given = {f"w{number:04d}": rng().normal(0, 0.4, 50).astype(np.float32) for number in range(1000)}
    drawn = vocabulary.given_embedding(known, given, 50, rng(), "random").matrix[1001:]
    assert abs(drawn.std() / np.std(list(given.values())) - 1) < 0.02


def test_vectors_of_words_outside_of_the_vocabulary_change_nothing_in_it():
    """Which other words a corpus has, such as those of the test set, must not reach training."""
    known = Vocabulary(("a", "b"))
    more = GIVEN | {"y": np.asarray([90, -90], np.float32)}
    np.testing.assert_array_equal(
        vocabulary.given_embedding(known, GIVEN, 2, rng(), "random").matrix,
        vocabulary.given_embedding(known, more, 2, rng(), "random").matrix,
    )


def test_an_extended_vocabulary_keeps_its_numbers_and_adds_vectors():
    embedded = vocabulary.given_embedding(Vocabulary(("a", "b")), GIVEN, 2, rng(), "random")
    longer = embedded.extended(GIVEN | {"m": np.asarray([5, 6], np.float32)})
    assert longer.known.words == ("a", "b", "m", "z")
    np.testing.assert_array_equal(longer.matrix[:3], embedded.matrix)
    assert longer.matrix[3:].tolist() == [[5, 6], [3, 4]] and longer.matrix.dtype == np.float32
    assert longer.extended(GIVEN) is longer


def test_first_embedding_without_vectors():
    matrix = vocabulary.random_embedding(Vocabulary(("a",)), 7, rng()).matrix
    assert matrix.shape == (2, 7) and np.abs(matrix[1]).max() <= 0.05 and not matrix[0].any()


def test_embedding_layer_keeps_its_vocabulary():
    embedding = WordEmbedding(("no", "yes"), 5, name="words")
    again = WordEmbedding.from_config(embedding.get_config())
    assert again.vocabulary == ("no", "yes") and again.input_dim == 3 and again.output_dim == 5
    assert embedding(np.asarray([[0, 2]])).shape == (1, 2, 5)
