"""Table 1 of Lee et al. 2020: the word alignment of one utterance, in units of 10 ms.

Shows the paper's example, the alignment as released, and the words that the networks see, with special tokens removed
and their time divided between the neighbours (§4.2).
"""

import argparse
from collections.abc import Sequence

from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.errors import SettingError
from ser_tf.evaluation.data_summary import DataRow
from ser_tf.papers.lee2020 import words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.protocol.paper import DataTable, Shown, System

UNITS_PER_SECOND = 100
COLUMNS = ("Alignment", "start", "end", "word")
LABELS = {"paper": "the paper's example", "as_written": "as written", "spoken": "special tokens removed"}
Line = tuple[int, int, str]
"""First and last unit of 10 ms, both inclusive as in the release, and the word."""
PUBLISHED: tuple[Line, ...] = (
    (0, 51, "<s>"),
    (52, 75, "i"),
    (76, 88, "like"),
    (89, 140, "<sil>"),
    (141, 143, "apple"),
    (144, 177, "</s>"),
)


def lines_of(tokens: Sequence[Word]) -> list[Line]:
    """Lists words with their times as in Table 1."""
    return [
        (
            round(token.start_seconds * UNITS_PER_SECOND),
            round(token.end_seconds * UNITS_PER_SECOND) - 1,
            token.text.lower(),
        )
        for token in tokens
    ]


def _row(key: str, lines: Sequence[Line]) -> DataRow:
    values = [dict(zip(COLUMNS[1:], line, strict=True)) for line in lines]
    cells = tuple((str(start), str(end), word) for start, end, word in lines)
    return DataRow(key, LABELS[key], cells, {"words": values}, cited=key == "paper")


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


def show(corpus: Corpus, ledger: Ledger, flags: argparse.Namespace) -> Shown:
    """Shows the paper's example, and both alignments of the utterance.

    Raises:
        UserError: the utterance does not exist or has no alignment, or a file of `--alignment` cannot be read.
    """
    notes = [words.REMARKS[corpus.name]] if corpus.name in words.REMARKS else []
    if flags.alignment:
        corpus = words.with_alignments(corpus, flags.alignment)
        notes.append(words.alignment_note(flags.alignment))
    utterance = _chosen(corpus, flags.utterance)
    rows = {
        "paper": PUBLISHED,
        "as_written": lines_of(utterance.words or ()),
        "spoken": lines_of(words.words_of(utterance, ledger.fillers)),
    }
    return Shown(tuple(_row(key, lines) for key, lines in rows.items()), (f"utterance {utterance.id}", *notes))


def _add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--utterance", metavar="ID", help="which utterance (default: the first one with words)")


TABLE: DataTable[Ledger] = DataTable(
    number=1,
    title="Word alignment of one utterance, in units of 10 ms",
    corpora=("iemocap",),
    rows=tuple(System(key, label, None, None) for key, label in LABELS.items()),
    columns=COLUMNS,
    show=show,
    add_flags=_add_flags,
)
