"""Word times from the JSON of Whisper and its relatives."""

import json

import pytest

from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020.alignment import read_alignments
from ser_tf.papers.lee2020.whisper import parse_whisper

WORDS = [{"word": " Kids", "start": 0.5, "end": 0.9}, {"word": " are,", "start": 0.9, "end": 1.1}]
EXPECTED = (Word("Kids", 0.5, 0.9), Word("are", 0.9, 1.1))


@pytest.mark.parametrize(
    "document",
    [
        {"text": " Kids are,", "segments": [{"text": " Kids are,", "words": WORDS}], "language": "en"},
        {"segments": [{"words": WORDS[:1]}, {"words": WORDS[1:]}]},
        {"words": WORDS, "segments": [{"text": "Kids are,"}]},
        {"segments": [{"words": [{"text": word["word"], **word, "confidence": 0.9} for word in WORDS]}]},
        {"chunks": [{"text": word["word"], "timestamp": [word["start"], word["end"]]} for word in WORDS]},
    ],
)
def test_forms_of_word_times(document):
    assert parse_whisper(json.dumps(document), "a.json") == EXPECTED


def test_a_word_without_times_lies_between_its_neighbours_and_punctuation_is_no_word():
    words = [WORDS[0], {"word": "25."}, {"word": " - "}, WORDS[1]]
    found = parse_whisper(json.dumps({"segments": [{"words": words}]}), "a.json")
    assert found == (EXPECTED[0], Word("25", 0.9, 0.9), EXPECTED[1])
    assert parse_whisper('{"segments": []}', "a.json") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON as Whisper writes it"),
        ("[" * 100_000, "not JSON as Whisper writes it"),
        ("[]", "not Whisper's JSON, it has no segments"),
        ('{"segments": 3}', "its words are no list of objects"),
        ('{"segments": [{"text": " Kids are"}]}', "the segment 'Kids are' has no word times; let Whisper write them"),
        ('{"words": [{"start": 0, "end": 1}]}', "a word has no text"),
        ('{"words": [{"word": "a", "start": "0", "end": 1}]}', "word 1: '0' is not a time"),
        ('{"words": [{"word": "a", "start": NaN, "end": 1}]}', "word 1: 'nan' is not a time"),
        ('{"words": [{"word": "a", "start": true, "end": 1}]}', "word 1: 'True' is not a time"),
        ('{"words": [{"word": "a", "start": 1, "end": 0.5}]}', "'a' begins at 1.0 s and ends before"),
        ('{"chunks": [{"text": "a", "timestamp": 3}]}', "'a' has no start and end"),
    ],
)
def test_broken_files_are_named(text, problem):
    with pytest.raises(CorpusError, match=f"^a.json: .*{problem}|^a.json: {problem}"):
        parse_whisper(text, "a.json")


def test_whispers_file_is_an_alignment_of_its_recording(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps({"words": WORDS}))
    (tmp_path / "two.wdseg").write_text(" SFrm  EFrm    SegAScr Word\n    0    49  -10 YES\n Total score: -10\n")
    (tmp_path / ".hidden.json").write_text("{")
    assert read_alignments(tmp_path) == {"one": EXPECTED, "two": (Word("YES", 0.0, 0.5),)}
