"""Mutated alignments are read or refused in one line, and words that are read have times that follow one another."""

from collections.abc import Iterable, Mapping

import pytest

from ser_tf.corpora import iemocap_format
from ser_tf.corpora.base import Word
from ser_tf.papers.lee2020 import alignment
from tests.corpora import fuzzing, trees
from tests.papers.lee2020 import test_alignment

CTM = ";; comment\nutt1 1 0.50 0.25 HELLO 0.98\nutt2 A 0.0 0.1 yes\n\nutt1 1 0.10 0.30 <sil>\nutt1 1 0.75 0.2 you\n"


def check_spoken(words: Iterable[Word]) -> None:
    fuzzing.check_words(words)
    spoken = alignment.spoken_words(tuple(words), 10.0)
    fuzzing.check_words(spoken)
    assert all(before.end_seconds == word.start_seconds for before, word in zip(spoken, spoken[1:], strict=False))


def check_all(alignments: Mapping[str, Iterable[Word]]) -> None:
    for words in alignments.values():
        check_spoken(words)


TARGETS = {
    "textgrid": fuzzing.of_text(test_alignment.LONG, alignment.parse_textgrid, check_spoken),
    "short textgrid": fuzzing.of_text(test_alignment.SHORT, alignment.parse_textgrid, check_spoken),
    "ctm": fuzzing.of_text(CTM, alignment.parse_ctm, check_all),
    "wdseg": fuzzing.of_text(trees.WDSEG, iemocap_format.parse_wdseg, check_spoken, "latin-1"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_alignments_are_read_or_refused_in_one_line(name, tmp_path):
    fuzzing.run(name, TARGETS[name], tmp_path, seconds=fuzzing.seconds() / 10)
