"""Table 1 of Ando et al. 2019: in how many utterances each target emotion exists, by the annotators' votes.

    python -m experiments.ando2019_table1 --corpus iemocap --corpus-root DIR

An emotion exists in an utterance when at least one outside evaluator gave it (eq. 5). `dominant` are the utterances
whose release label is a target emotion, `all` are all; `dominant by votes` are those whose most frequent vote is a
target emotion, which tells the two apart where a release's label is not its annotators' (CREMA-D's is the emotion that
was to be acted). Only votes are read, no audio: nothing is trained and a run takes seconds. The table goes to
`<output>/ando2019_table1/<corpus>/` as well.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ser_tf import cli, corpora, files, labels
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.data import vote_targets
from ser_tf.errors import SettingError
from ser_tf.papers import ando2019 as paper
from ser_tf.protocol.command import load_corpus
from ser_tf.protocol.system import is_papers_corpus

NAME = "ando2019_table1"
ORDER = ("neutral", "happy", "sad", "angry")  # Table 1
ROUNDING = 0.0005
"""The paper gives tenths of a per cent."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One set of utterances.

    Attributes:
        name: `dominant`, `dominant by votes` or `all`.
        utterances: How many it has.
        existence: Share of them in which each emotion exists.
        published: The same in the paper, or None.
        verdict: `matches` or `differs` on the paper's corpus, else `other corpus`.
    """

    name: str
    utterances: int
    existence: dict[str, float]
    published: dict[str, float] | None
    verdict: str


def _parser() -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog=f"python -m experiments.{NAME}", description=__doc__)
    parser.add_argument(
        "--corpus", choices=corpora.NAMES, default="synthetic", help="which corpus (default: synthetic)"
    )
    parser.add_argument("--corpus-root", type=Path, metavar="DIR", help="its folder; synthetic is generated if missing")
    parser.add_argument("--output", type=Path, default=Path("runs"), metavar="DIR", help="where results go")
    parser.add_argument("--smoke", action="store_true", help="as without it: nothing is trained")
    return parser


def _dominant_by_votes(utterance: Utterance, task: Task) -> bool:
    """Whether one label has most votes, all labels counted, and is a target emotion."""
    most = vote_targets.hard(vote_targets.count(utterance.votes, labels.EMOTIONS))
    return most is not None and labels.EMOTIONS[most] in task.classes


def rows_of(corpus: Corpus) -> list[Row]:
    """The rows of the table.

    Raises:
        SettingError: the corpus has no votes of single annotators.
    """
    task = paper.task(paper.Ledger())
    everything = task.select(corpus)
    if not any(utterance.votes for utterance in everything):
        raise SettingError(
            f"--corpus {corpus.name}: it has no votes of single annotators; iemocap, crema_d and synthetic have"
        )
    sets = {
        "dominant": [utterance for utterance in everything if task.target_of(utterance) is not None],
        "dominant by votes": [utterance for utterance in everything if _dominant_by_votes(utterance, task)],
        "all": list(everything),
    }
    return [_row(name, members, is_papers_corpus(paper.PAPER, corpus)) for name, members in sets.items() if members]


def _row(name: str, members: Sequence[Utterance], papers_corpus: bool) -> Row:
    existence = vote_targets.existence_shares([utterance.votes for utterance in members], ORDER)
    published = paper.EXISTENCE_PUBLISHED.get(name)
    verdict = "" if published is None else "other corpus"
    if published is not None and papers_corpus:
        same = all(abs(existence[emotion] - published[emotion]) <= ROUNDING for emotion in ORDER)
        verdict = "matches" if same else "differs"
    return Row(name, len(members), existence, published, verdict)


def _lines(rows: Sequence[Row]) -> list[list[str]]:
    """Cells of the table, the head first; shares in per cent, the paper's in brackets."""
    lines = [["set", "utterances", *(f"{emotion} (paper)" for emotion in ORDER), "verdict"]]
    for row in rows:
        published = row.published or {}
        shares = (
            f"{100 * row.existence[emotion]:.1f}"
            + (f" ({100 * published[emotion]:.1f})" if emotion in published else "")
            for emotion in ORDER
        )
        lines.append([row.name, f"{row.utterances:,}", *shares, row.verdict])
    return lines


def _markdown(title: str, notes: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head, *body = ("| " + " | ".join(line) + " |" for line in lines)
    ruler = "|" + " :-- |" + " --: |" * (len(lines[0]) - 2) + " :-- |"
    return "\n".join([f"# {title}", "", *(f"- {note}" for note in notes), "", head, ruler, *body, ""])


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("set", "utterances", "emotion", "existence", "published", "verdict"))
    for row in rows:
        published = row.published or {}
        lines.writerows(
            (row.name, row.utterances, emotion, row.existence[emotion], published.get(emotion, ""), row.verdict)
            for emotion in ORDER
        )
    return text.getvalue()


def _notes(corpus: Corpus) -> list[str]:
    notes = [f"corpus: {corpus.name}; share of utterances in per cent, the paper's value on iemocap in brackets"]
    if corpus.name == "synthetic":
        notes.append("generated speech: its votes are drawn, and say nothing about people")
    if not corpus.is_full:
        notes.append(f"partial: {len(corpus.utterances):,} of {corpus.expected['utterances']:,} utterances")
    if corpus.name == "crema_d":
        notes.append("votes on the voice alone; the label of `dominant` is the emotion that was to be acted")
    return notes


def main(argv: list[str]) -> int:
    """Prints and writes the table; returns the exit status."""
    flags = _parser().parse_args(argv)
    output = Console(highlight=False, soft_wrap=True)
    files.require_writable(flags.output)
    corpus = load_corpus(flags, output)
    rows, notes = rows_of(corpus), _notes(corpus)
    text = _markdown("Ratio of emotion existence (Ando et al. 2019, Table 1)", notes, _lines(rows))
    folder = flags.output / NAME / corpus.name
    summary = {"experiment": NAME, "corpus": corpus.name, "notes": notes, "rows": list(map(dataclasses.asdict, rows))}
    files.atomic_write_text(folder / "table.md", text)
    files.atomic_write_text(folder / "table.csv", _csv(rows))
    files.atomic_write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    output.print(text, markup=False)
    output.print(f"written to {folder}", markup=False)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
