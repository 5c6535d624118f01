"""Word vectors: streaming, choice of words, malformed lines by name; vocabularies and first embeddings."""

import numpy as np
import pytest

from ser_tf.papers.lee2020 import glove, vocabulary
from ser_tf.papers.lee2020.glove import WordVectorError, WordVectors

GOOD = "the 0.1 0.2 -3e-1\n, 1 2 3\nat name@domain.com 4 5 6\nyes 7 8 9\nyes 0 0 0\n"


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "vectors.txt"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_keeps_the_words_that_are_asked_for(file):
    vectors = glove.read(file(GOOD), ["yes", "the", "absent"])
    assert vectors.words == ("the", "yes")
    np.testing.assert_allclose(vectors.matrix, [[0.1, 0.2, -0.3], [7, 8, 9]], rtol=1e-6)
    assert vectors.matrix.dtype == np.float32


def test_a_word_with_spaces_is_not_taken_for_its_first_part(file):
    assert glove.read(file(GOOD), ["at"]).words == ()


def test_no_word_found_keeps_the_dimension(file):
    assert glove.read(file(GOOD), []).matrix.shape == (0, 3)


@pytest.mark.parametrize("ends", ["\r\n", " \n"])
def test_line_ends(file, ends):
    assert glove.read(file(GOOD.replace("\n", ends)), ["yes"]).matrix.tolist() == [[7, 8, 9]]


def test_a_header_is_skipped(file):
    assert glove.read(file("4 3\n" + GOOD), ["the"]).matrix.shape == (1, 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD + "short 1 2\n", 6),
        (GOOD.replace("the 0.1", "the x"), 1),
        (GOOD.replace("7 8 9", "7 nan 9"), 4),
        (GOOD + "\n", 6),
        ("alone\n", 1),
        (GOOD[:-6] + "\n", 5),
    ],
)
def test_a_malformed_line_is_named(file, text, line):
    path = file(text)
    with pytest.raises(WordVectorError, match=f"^{path}:{line}: not a word and") as error:
        glove.read(path, ["yes", "the"])
    assert "\n" not in str(error.value)


def test_binary_rubbish_is_named(file):
    path = file(bytes(range(256)) * 4)
    with pytest.raises(WordVectorError, match=f"^{path}:"):
        glove.read(path, ["yes"])


def test_missing_and_empty_files(file, tmp_path):
    with pytest.raises(WordVectorError, match="cannot be read"):
        glove.read(tmp_path / "absent.txt", [])
    with pytest.raises(WordVectorError, match="is empty"):
        glove.read(file(""), [])


def test_reading_is_streamed(file):
    """Memory grows with the words that are kept, not with the file."""
    import tracemalloc

    line = " ".join(["0.123456"] * 50)
    path = file("".join(f"w{number} {line}\n" for number in range(20_000)))
    tracemalloc.start()
    glove.read(path, ["w5"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 8_000_000 and peak < 500_000


def test_digest_follows_words_and_numbers():
    one = WordVectors(("a",), np.ones((1, 2), np.float32))
    assert one.digest() == WordVectors(("a",), np.ones((1, 2), np.float32)).digest()
    assert one.digest() != WordVectors(("b",), one.matrix).digest()
    assert one.digest() != WordVectors(("a",), one.matrix * 2).digest()


def test_vocabulary_is_alphabetical_and_drops_rare_words():
    texts = [["b", "a"], ["b"], ["c"]]
    assert vocabulary.fit(texts).words == ("a", "b", "c")
    assert vocabulary.fit(texts, 2).words == ("b",)
    known = vocabulary.fit(texts)
    assert known.encode(["c", "a", "new"]).tolist() == [3, 1, vocabulary.UNKNOWN_ID]
    assert len(known) == 4


def test_first_embedding_takes_given_vectors_and_draws_the_rest():
    known = vocabulary.Vocabulary(("a", "b"))
    vectors = WordVectors(("b", "z"), np.asarray([[1, 2], [3, 4]], np.float32))
    embedding = vocabulary.initial_embedding(known, vectors, 300, np.random.default_rng(0))
    assert embedding.shape == (3, 2) and embedding.dtype == np.float32
    assert embedding[0].tolist() == [0, 0]
    assert embedding[2].tolist() == [1, 2]
    assert np.abs(embedding[1]).max() > 0
    again = vocabulary.initial_embedding(known, vectors, 300, np.random.default_rng(0))
    np.testing.assert_array_equal(embedding, again)


def test_first_embedding_without_vectors():
    embedding = vocabulary.initial_embedding(vocabulary.Vocabulary(("a",)), None, 7, np.random.default_rng(0))
    assert embedding.shape == (2, 7) and np.abs(embedding[1]).max() <= 0.05
