"""Table 1 of Lee et al. 2020: the word alignment of one utterance, in units of 10 ms.

    python -m experiments.lee2020_table1 --corpus iemocap --corpus-root DIR --utterance Ses01F_impro01_F000

Prints the alignment as the release writes it, as in the paper, and beside it the words that the networks see: special
tokens removed and their time divided between the neighbours (§4.2). Nothing is trained; a run takes seconds.
`--alignment DIR` shows TextGrid or CTM alignments in place of the corpus's own. The same goes to
`<output>/lee2020_table1/<corpus>/`, as `<utterance>.csv`.
"""

import argparse
import csv
import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ser_tf import cli, corpora, files
from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.errors import SettingError
from ser_tf.papers import lee2020 as paper
from ser_tf.papers import lee2020_words
from ser_tf.protocol.command import load_corpus

UNITS_PER_SECOND = 100
NAME = "lee2020_table1"
Row = tuple[int, int, str]
"""First and last unit of 10 ms, inclusive as in the release, and the word."""


def _parser() -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog=f"python -m experiments.{NAME}", description=__doc__)
    parser.add_argument(
        "--corpus", choices=corpora.NAMES, default="synthetic", help="which corpus (default: synthetic)"
    )
    parser.add_argument("--corpus-root", type=Path, metavar="DIR", help="its folder; synthetic is generated if missing")
    parser.add_argument("--utterance", metavar="ID", help="which utterance (default: the first one with words)")
    parser.add_argument("--output", type=Path, default=Path("runs"), metavar="DIR", help="where results go")
    parser.add_argument("--smoke", action="store_true", help="as without it: nothing is trained")
    for option in paper.PAPER.options:
        if option.name == "alignment":
            parser.add_argument(option.flag, type=Path, metavar=option.metavar, help=option.help)
    return parser


def rows_of(words: Sequence[Word]) -> list[Row]:
    """Words with their times as in Table 1."""
    return [
        (
            round(word.start_seconds * UNITS_PER_SECOND),
            round(word.end_seconds * UNITS_PER_SECOND) - 1,
            word.text.lower(),
        )
        for word in words
    ]


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


def _csv(written: Sequence[Row], spoken: Sequence[Row]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("alignment", "start", "end", "word"))
    lines.writerows(("as written", *row) for row in written)
    lines.writerows(("special tokens removed", *row) for row in spoken)
    return text.getvalue()


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table("start", "end", "word", title=title)
    for start, end, word in rows:
        table.add_row(str(start), str(end), word.replace("[", "\\["))
    return table


def _corpus(flags: argparse.Namespace, output: Console) -> Corpus:
    corpus = load_corpus(flags, output)
    return lee2020_words.with_alignments(corpus, flags.alignment) if flags.alignment else corpus


def main(argv: list[str]) -> int:
    """Prints and writes the alignment; returns the exit status."""
    flags = _parser().parse_args(argv)
    output = Console(highlight=False, soft_wrap=True)
    utterance = _chosen(_corpus(flags, output), flags.utterance)
    written, spoken = rows_of(utterance.words or ()), rows_of(lee2020_words.words_of(utterance))
    output.print(f"{utterance.id} ({utterance.corpus}), in units of 10 ms", markup=False)
    output.print(_table("as written", written))
    output.print(_table("special tokens removed", spoken))
    path = flags.output / NAME / utterance.corpus / f"{utterance.id}.csv"
    files.atomic_write_text(path, _csv(written, spoken))
    output.print(f"written to {path}", markup=False)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
