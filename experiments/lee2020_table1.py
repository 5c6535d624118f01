"""Table 1 of Lee et al. 2020: the word alignment of one utterance, in units of 10 ms.

The paper's example says "i like apple" with a pause of 0.52 s before the last word; it does not name the utterance.

    python -m experiments.lee2020_table1 --corpus iemocap --corpus-root DIR --utterance Ses01F_impro01_F000

Shows the alignment as the release writes it, as in the paper, and the words that the networks see: special tokens
removed and their time divided between the neighbours (§4.2). `--alignment DIR` shows TextGrid or CTM alignments in
place of the corpus's own. Nothing is trained and a run takes seconds. The flags are those of all tables, and what
concerns training changes nothing; the files are those of all tables but leaks.json and manifest.json, since there are
no folds.
"""

import argparse
from collections.abc import Sequence
from typing import Any

from ser_tf import cli
from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.errors import SettingError
from ser_tf.evaluation.data_summary import DataRow
from ser_tf.papers.lee2020 import paper
from ser_tf.papers.lee2020 import words as lee2020_words
from ser_tf.protocol.command import parser_of
from ser_tf.protocol.data_table import Shown, run_data_table
from ser_tf.protocol.system import Experiment, System

UNITS_PER_SECOND = 100
COLUMNS = ("Alignment", "start", "end", "word")
LABELS = {"paper": "the paper's example", "as_written": "as written", "spoken": "special tokens removed"}
TABLE = Experiment(
    name="lee2020_table1",
    title="Word alignment of one utterance, in units of 10 ms",
    paper=paper.PAPER,
    rows=tuple(System(key, label, None, None) for key, label in LABELS.items()),
    claims=(),
)
Line = tuple[int, int, str]
"""First and last unit of 10 ms, inclusive as in the release, and the word."""


def lines_of(words: Sequence[Word]) -> list[Line]:
    """Words with their times as in Table 1."""
    return [
        (
            round(word.start_seconds * UNITS_PER_SECOND),
            round(word.end_seconds * UNITS_PER_SECOND) - 1,
            word.text.lower(),
        )
        for word in words
    ]


def _row(key: str, lines: Sequence[Line]) -> DataRow:
    words = [dict(zip(COLUMNS[1:], line, strict=True)) for line in lines]
    cells = tuple((str(start), str(end), word) for start, end, word in lines)
    return DataRow(key, LABELS[key], cells, {"words": words}, cited=key == "paper")


def _chosen(corpus: Corpus, utterance_id: str | None) -> Utterance:
    aligned = [utterance for utterance in corpus.utterances if utterance.words]
    if not aligned:
        raise SettingError(f"{corpus.root}: no utterance has a word alignment; give one with --alignment DIR")
    if utterance_id is None:
        return aligned[0]
    for utterance in corpus.utterances:
        if utterance.id == utterance_id:
            if not utterance.words:
                raise SettingError(f"--utterance {utterance_id}: it has no word alignment")
            return utterance
    raise SettingError(f"--utterance {utterance_id}: not in {corpus.name}; there is, for instance, {aligned[0].id}")


def show(corpus: Corpus, ledger: Any, flags: argparse.Namespace) -> Shown:
    """The paper's example, and both alignments of the utterance.

    Raises:
        UserError: the utterance is not there or has no alignment, or a file of `--alignment` cannot be read.
    """
    del ledger
    notes = [lee2020_words.REMARKS[corpus.name]] if corpus.name in lee2020_words.REMARKS else []
    if flags.alignment:
        corpus = lee2020_words.with_alignments(corpus, flags.alignment)
        notes.append(lee2020_words.alignment_note(flags.alignment))
    utterance = _chosen(corpus, flags.utterance)
    rows = {
        "paper": paper.ALIGNMENT_PUBLISHED,
        "as_written": lines_of(utterance.words or ()),
        "spoken": lines_of(lee2020_words.words_of(utterance)),
    }
    return Shown(tuple(_row(key, lines) for key, lines in rows.items()), (f"utterance {utterance.id}", *notes))


def main(argv: list[str]) -> int:
    """Prints and writes the table; returns the exit status."""
    parser = parser_of(TABLE)
    parser.add_argument("--utterance", metavar="ID", help="which utterance (default: the first one with words)")
    return run_data_table(TABLE, COLUMNS, show, parser.parse_args(argv))


if __name__ == "__main__":
    cli.run(main)
