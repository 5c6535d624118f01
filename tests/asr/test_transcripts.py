"""From transcripts to words of a dictionary, and the user's own pronunciations."""

import pytest

from ser_tf.asr import pronunciations
from ser_tf.asr.transcripts import Spoken, words_in
from ser_tf.errors import CorpusError

KNOWN = {"well", "it's", "'cause", "tv", "state", "of", "the", "art", "mother-in-law", "ok", "i"}


@pytest.mark.parametrize(
    ("text", "words", "unknown"),
    [
        ("Well, it's OK.", ("well", "it's", "ok"), ()),
        ("\u201cWell\u201d \u2014 it\u2019s\u2026ok", ("well", "it's", "ok"), ()),
        ("[LAUGHTER] well ++BREATHING++ <unk> {noise}", ("well",), ()),
        ("'cause I", ("'cause", "i"), ()),
        ("T.V.", ("tv",), ()),
        ("state-of-the-art mother-in-law", ("state", "of", "the", "art", "mother-in-law"), ()),
        ("The Xyzzy of plugh-art!", ("the", "xyzzy", "of", "plugh-art"), ("xyzzy", "plugh-art")),
        ("25 -- ok", ("25", "ok"), ("25",)),
        ("[LAUGHTER] -- ...", (), ()),
    ],
)
def test_words_of_a_transcript(text, words, unknown):
    assert words_in(text, KNOWN.__contains__) == Spoken(words, unknown)


def test_a_dictionary_of_the_users(tmp_path):
    path = tmp_path / "own.dict"
    path.write_text(";;; mine\nXyzzy  Z IH1 Z iy0\n\n# more\nplugh P L AH G\n")
    assert pronunciations.read(path) == {"xyzzy": "Z IH Z IY", "plugh": "P L AH G"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [("xyzzy", "not a word and its phones: 'xyzzy'"), ("xyzzy Z QQ", "'QQ' is none of CMU's phones")],
)
def test_a_broken_dictionary_is_named_with_its_line(tmp_path, line, problem):
    (tmp_path / "own.dict").write_text(f"plugh P L AH G\n{line}\n")
    with pytest.raises(CorpusError, match=f"own.dict:2: {problem}"):
        pronunciations.read(tmp_path / "own.dict")
