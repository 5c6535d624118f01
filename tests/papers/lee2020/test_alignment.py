"""Readers of alignments, and the way from an alignment to the words that were spoken."""

import pytest

from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020 import alignment

TOKENS = (
    Word("<s>", 0.0, 0.4),
    Word("I", 0.4, 0.6),
    Word("LIKE(2)", 0.6, 0.8),
    Word("<sil>", 0.8, 1.0),
    Word("++LAUGHTER++", 1.0, 1.2),
    Word("APPLE", 1.2, 1.5),
    Word("</s>", 1.5, 2.0),
)

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2
        intervals: size = 4
        intervals [1]:
            xmin = 0.0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.9
            text = "he said 5 ""no"" = text"
        intervals [3]:
            xmin = 0.9
            xmax = 1.5e0
            text = "<exists>"
        intervals [4]:
            xmin = 1.5
            xmax = 2
            text = "grün"
    item [2]:
        class = "TextTier"
        name = "marks"
        xmin = 0
        xmax = 2
        points: size = 1
        points [1]:
            number = 0.7
            mark = "x"
    item [3]:
        class = "IntervalTier"
        name = "phones"
        xmin = 0
        xmax = 2
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 2
            text = "sil"
"""
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
2
<exists>
1
"IntervalTier"
"Ann - words"
0
2
2
0
0.5
""
0.5
2
"yes"
"""


def test_special_tokens_give_their_time_to_the_neighbours():
    words = alignment.spoken_words(TOKENS)
    assert [word.text for word in words] == ["i", "like", "apple"]
    times = [(word.start_seconds, word.end_seconds) for word in words]
    assert times[0] == pytest.approx((0.0, 0.6))  # the whole of <s>
    assert times[1] == pytest.approx((0.6, 1.0))  # half of <sil> and laughter together
    assert times[2] == pytest.approx((1.0, 2.0))


def test_gaps_and_overlaps_are_divided_too():
    words = alignment.spoken_words((Word("a", 0.2, 0.6), Word("b", 0.5, 0.8), Word("c", 1.0, 1.1)), 1.5)
    assert [word.start_seconds for word in words] == pytest.approx([0.0, 0.55, 0.9])
    assert [word.end_seconds for word in words] == pytest.approx([0.55, 0.9, 1.5])


def test_fillers_are_special_or_words():
    tokens = (Word("<s>", 0.0, 0.2), Word("++LAUGHTER++", 0.2, 0.6), Word("YES", 0.6, 1.0))
    assert alignment.spoken_words(tokens) == (Word("yes", 0.0, 1.0),)
    words = alignment.spoken_words(tokens, fillers="words")
    assert words == (Word("++laughter++", 0.0, 0.6), Word("yes", 0.6, 1.0))


@pytest.mark.parametrize(
    ("token", "word"),
    [
        ("++GARBAGE++", "++garbage++"),
        ("[noise]", "[noise]"),
        ("{LG}", "{lg}"),
        ("[sil]", None),
        ("{SL}", None),
        ("<sil>", None),
        ("sp", None),
        ("", None),
        ("LIKE(2)", "like"),
    ],
)
def test_fillers_that_are_words(token, word):
    assert alignment.plain_word(token, "words") == word


def test_nothing_spoken():
    assert alignment.spoken_words((Word("<s>", 0, 1), Word("++BREATHING++", 1, 2)), 2.0) == ()


@pytest.mark.parametrize("token", ["", "sil", "SP", "<eps>", "[noise]", "{NS}", "++GARBAGE++", "</s>"])
def test_special_tokens(token):
    assert alignment.plain_word(token) is None


@pytest.mark.parametrize(("token", "word"), [("LIKE(2)", "like"), ("<unk>", "<unk>"), ("Don't", "don't"), ("5", "5")])
def test_words(token, word):
    assert alignment.plain_word(token) == word


def test_textgrid_long_format_with_quotes_numbers_and_flags_in_labels():
    words = alignment.parse_textgrid(LONG, "a.TextGrid")
    assert words == (
        Word("", 0.0, 0.5),
        Word('he said 5 "no" = text', 0.5, 0.9),
        Word("<exists>", 0.9, 1.5),
        Word("grün", 1.5, 2.0),
    )


def test_textgrid_short_format_with_a_speakers_tier():
    assert alignment.parse_textgrid(SHORT, "a.TextGrid") == (Word("", 0.0, 0.5), Word("yes", 0.5, 2.0))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nothing", ":1: not a complete TextGrid"),
        (LONG.replace('"words"', '"syllables"'), ": no tier of words"),
        (LONG.replace('"phones"', '"word"'), r": 2 tiers \('words, word'\) of words"),
        (LONG[: LONG.index("item [3]")], ":39: not a complete TextGrid"),
        (LONG.replace("xmax = 0.9", "xmax = 0.1"), ":21: .* begins at 0.5 s and ends before, at 0.1 s"),
        (LONG.replace("xmax = 0.9", "xmax = nan"), ":21: 'nan' is not a time"),
        (LONG.replace("xmax = 0.9", "xmax = -inf"), ":21: '-inf' is not a time"),
        (LONG.replace("xmax = 0.9", "xmax = --undefined--"), ":21: '--undefined--' is not a time"),
        (LONG.replace("xmax = 0.9", "xmax = 1e999"), ":21: time '1e999' is longer than a day"),
        (LONG.replace("xmin = 0.5", "xmin = -0.5"), ":20: negative time '-0.5'"),
        (LONG.replace("xmin = 1.5", "xmin = 0.2"), ":29: 'grün' at 0.2 s begins before the word ahead of it"),
        (LONG.replace("intervals: size = 4", "intervals: size = 1e999"), ":14: '1e999' is not a number of"),
        (LONG.replace("intervals: size = 4", "intervals: size = -4"), ":14: '-4' is not a number of"),
        (LONG.replace("size = 3", "size = 999999999"), ":49: not a complete TextGrid"),
        ('"' * 300_001, ":1: not a complete TextGrid"),
    ],
)
def test_broken_textgrids_are_named(text, problem):
    with pytest.raises(CorpusError, match=f"^a.TextGrid{problem}"):
        alignment.parse_textgrid(text, "a.TextGrid")


def test_ctm():
    text = ";; comment\nutt1 1 0.50 0.25 HELLO 0.98\nutt2 A 0.0 0.1 yes\n\nutt1 1 0.10 0.30 <sil>\n"
    assert alignment.parse_ctm(text, "a.ctm") == {
        "utt1": (Word("<sil>", 0.1, 0.4), Word("HELLO", 0.5, 0.75)),
        "utt2": (Word("yes", 0.0, 0.1),),
    }


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("utt 1 0.5 word", "not a row of utterance, channel, start, length, word: 'utt 1 0.5 word'"),
        ("utt 1 x 0.2 word", "'x' is not a time in seconds"),
        ("utt 1 nan 0.2 word", "'nan' is not a time"),
        ("utt 1 0.5 inf word", "'inf' is not a time"),
        ("utt 1 1e999 0.2 word", "time '1e999' is longer than a day"),
        ("utt 1 0_5 0.2 word", "'0_5' is not a time"),
        ("utt 1 -0.5 0.2 word", "negative time '-0.5'"),
        ("utt 1 0.5 -0.2 word", "negative time '-0.2'"),
        ("utt 1 0.5 0.1 word", "'word' ends at 0.6 s, before the word ahead of it ends"),
    ],
)
def test_broken_ctm_rows_are_named_with_their_line(row, problem):
    with pytest.raises(CorpusError, match=f"^a.ctm:2: {problem}"):
        alignment.parse_ctm(f"utt 1 0 1 a\n{row}\n", "a.ctm")


def test_folder_of_both_formats(tmp_path):
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "one.TextGrid").write_text(LONG, "utf-16")
    (tmp_path / "rest.ctm").write_text("two 1 0 1 yes\n")
    alignments = alignment.read_alignments(tmp_path)
    assert sorted(alignments) == ["one", "two"]
    assert alignments["one"][-1].text == "grün"


def test_an_utterance_in_two_files_is_an_error(tmp_path):
    (tmp_path / "a.ctm").write_text("one 1 0 1 yes\n")
    (tmp_path / "one.TextGrid").write_text(LONG)
    with pytest.raises(CorpusError, match="one.TextGrid: the alignment of one comes twice, also in .*a.ctm"):
        alignment.read_alignments(tmp_path)


def test_folder_without_alignments(tmp_path):
    with pytest.raises(CorpusError, match="no such folder"):
        alignment.read_alignments(tmp_path / "absent")
    with pytest.raises(CorpusError, match="has no file"):
        alignment.read_alignments(tmp_path)


def test_text_that_is_not_utf8(tmp_path):
    (tmp_path / "a.ctm").write_bytes(b"one 1 0 1 gr\xfcn\n")
    with pytest.raises(CorpusError, match="a.ctm:1: not UTF-8 text at byte 12"):
        alignment.read_alignments(tmp_path)
