"""Word vectors: streaming, choice of words, contractions, malformed lines by name, hostile files."""

import gzip
import pickle
import zipfile

import numpy as np
import pytest

from ser_tf.papers.lee2020 import glove
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


def test_binary_content_is_named(file):
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


def test_gzip_is_read_as_plain_text_is(file):
    plain = glove.read(file(GOOD), ["yes", "the"])
    packed = glove.read(file(gzip.compress(GOOD.encode())), ["yes", "the"])
    assert packed.words == plain.words and packed.digest() == plain.digest()


def _refusal(path):
    with pytest.raises(WordVectorError, match=f"^{path}:") as error:
        glove.read(path, ["yes"])
    assert "\n" not in str(error.value) and len(str(error.value)) < 300 + len(str(path))
    return str(error.value)


def test_a_gzip_bomb_is_refused_without_unpacking_it(file):
    import tracemalloc

    path = file(gzip.compress(bytes(200_000_000), 1))
    tracemalloc.start()
    assert ":1: a line of over 262,144 bytes" in _refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size < 2_000_000 and peak < 5_000_000


def test_endless_lines_are_refused(file, monkeypatch):
    monkeypatch.setattr(glove, "MAX_LINES", 1000)
    assert ":1001: too many lines" in _refusal(file(gzip.compress(b"a 1\n" * 2000)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(GOOD.encode(), mtime=0)[:-9], "damaged gzip file"),
        (gzip.compress(GOOD.encode(), mtime=0)[:12] + b"damaged" * 9, "damaged gzip file"),
        (pickle.dumps({"yes": [1.0, 2.0]}), "not a word and"),
        (pickle.dumps(np.zeros(9), 0), "not a word and"),
        (b"\x00" * 500_000, "a line of over"),
        (b"yes " + b"1 " * 5000, "5,000 numbers on a line"),
        (b"yes 1e39 2\n", "not a word and 2 finite numbers"),
        (b"yes 1 2\nyes\n", "not a word and 2 finite numbers"),
    ],
    ids=["cut", "damaged", "pickle", "pickled_array", "zeros", "many_numbers", "too_large", "no_numbers"],
)
def test_other_content_is_refused_in_one_line(file, content, reason):
    assert reason in _refusal(file(content))


def test_a_zip_archive_says_what_to_do(tmp_path):
    with zipfile.ZipFile(tmp_path / "glove.840B.300d.zip", "w") as archive:
        archive.writestr("glove.840B.300d.txt", GOOD)
    assert "a zip archive; give the text file that lies in it" in _refusal(tmp_path / "glove.840B.300d.zip")


def test_a_folder_is_refused(tmp_path):
    assert "cannot be read (Is a directory)" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("don't", ("do", "n't")),
        ("i'm", ("i", "'m")),
        ("it's", ("it", "'s")),
        ("couldn't've", ("could", "n't", "'ve")),
        ("they'd", ("they", "'d")),
        ("yes", ()),
        ("n't", ()),
        ("'s", ()),
        ("o'clock", ()),
    ],
)
def test_parts_of_contractions(word, parts):
    assert glove.parts_of(word) == parts


CONTRACTED = "do 1 2\nn't 3 6\nit's 5 5\nit 7 7\n's 9 9\n"


def test_a_contraction_without_a_vector_has_the_mean_of_its_parts(file):
    vectors = glove.read(file(CONTRACTED), ["don't", "it's", "we're", "do"])
    assert vectors.words == ("'s", "do", "it", "it's", "n't") and vectors.asked == ("do", "don't", "it's", "we're")
    assert glove.vector_of(vectors, "don't").tolist() == [2, 4]
    assert glove.vector_of(vectors, "it's").tolist() == [5, 5]  # the file's own
    assert glove.vector_of(vectors, "we're") is None
    assert glove.vector_of(vectors, "don't", "whole") is None
    assert sorted(glove.vectors_of(vectors, "parts")) == ["do", "don't", "it's"]
    assert sorted(glove.vectors_of(vectors, "whole")) == ["do", "it's"]


def test_the_first_lower_case_words_of_a_file(file):
    path = file("the 1 2\nThe 3 4\nof x 5\nand 5 6\n")
    with pytest.raises(WordVectorError, match=":3: "):
        glove.read_first(path, 2)
    path.write_text("the 1 2\nThe 3 4\nand 5 6\nto 7 8\n")
    assert glove.read_first(path, 2).words == ("and", "the")
    assert glove.read_first(path, 10).words == ("and", "the", "to")
