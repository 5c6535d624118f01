"""Table 1 of Ando et al. 2019: in how many utterances each target emotion exists, by the annotators' votes.

    python -m experiments.ando2019_table1 --corpus iemocap --corpus-root DIR

An emotion exists in an utterance when at least one outside evaluator gave it (eq. 5). `dominant` are the utterances
whose release label is a target emotion, `all` are all; `dominant by votes` are those whose most frequent vote is a
target emotion, which tells the two apart where a release's label is not its annotators' (CREMA-D's is the emotion that
was to be acted). Only votes are read, no audio: nothing is trained and a run takes seconds. The table goes to
`<output>/ando2019_table1/<corpus>/` as well. The flags are those of all tables; what concerns training changes nothing.
"""

import csv
import dataclasses
import io
import json
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from ser_tf import cli, files, labels
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.data import vote_targets
from ser_tf.errors import SettingError
from ser_tf.evaluation.summary import NO_ACCURACY
from ser_tf.papers import ando2019 as paper
from ser_tf.protocol import ledger
from ser_tf.protocol.command import load_corpus, parser_of
from ser_tf.protocol.system import Experiment, is_papers_corpus

TABLE = Experiment("ando2019_table1", "Ratio of emotion existence (Ando et al. 2019, Table 1)", paper.PAPER, (), ())
ROWS = {"dominant": "dominant", "dominant_by_votes": "dominant by votes", "all": "all"}
ORDER = ("neutral", "happy", "sad", "angry")  # Table 1
ROUNDING = 0.0005
"""The paper gives tenths of a per cent."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One set of utterances.

    Attributes:
        key: `dominant`, `dominant_by_votes` or `all`.
        utterances: How many it has.
        existence: Share of them in which each emotion exists.
        published: The same in the paper, or None.
        verdict: `matches` or `differs` on the paper's corpus, `other corpus`, or `not published`.
    """

    key: str
    utterances: int
    existence: dict[str, float]
    published: dict[str, float] | None
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """As `summary.json` has it: with the keys of every table's rows, whose accuracies do not exist here."""
        nothing: dict[str, Any] = {"published": None, "wa": NO_ACCURACY, "ua": NO_ACCURACY, "folds": []}
        shares = {"utterances": self.utterances, "existence": self.existence, "published_existence": self.published}
        return {"key": self.key, "label": ROWS[self.key], **nothing, "verdict": self.verdict, **shares}


def _dominant_by_votes(utterance: Utterance, task: Task) -> bool:
    """Whether one label has most votes, all labels counted, and is a target emotion."""
    most = vote_targets.hard(vote_targets.count(utterance.votes, labels.EMOTIONS))
    return most is not None and labels.EMOTIONS[most] in task.classes


def rows_of(corpus: Corpus, keys: Sequence[str] = tuple(ROWS)) -> list[Row]:
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
        "dominant_by_votes": [utterance for utterance in everything if _dominant_by_votes(utterance, task)],
        "all": list(everything),
    }
    papers_corpus = is_papers_corpus(paper.PAPER, corpus)
    return [_row(key, members, papers_corpus) for key, members in sets.items() if members and key in keys]


def _row(key: str, members: Sequence[Utterance], papers_corpus: bool) -> Row:
    existence = vote_targets.existence_shares([utterance.votes for utterance in members], ORDER)
    published = paper.EXISTENCE_PUBLISHED.get(key)
    verdict = "not published" if published is None else "other corpus"
    if published is not None and papers_corpus:
        same = all(abs(existence[emotion] - published[emotion]) <= ROUNDING for emotion in ORDER)
        verdict = "matches" if same else "differs"
    return Row(key, len(members), existence, published, verdict)


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
        lines.append([ROWS[row.key], f"{row.utterances:,}", *shares, row.verdict])
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
            (row.key, row.utterances, emotion, row.existence[emotion], published.get(emotion, ""), row.verdict)
            for emotion in ORDER
        )
    return text.getvalue()


def _notes(corpus: Corpus) -> list[str]:
    notes = [f"corpus: {corpus.name}; share of utterances in per cent, the paper's value on iemocap in brackets"]
    if corpus.name == "synthetic":
        notes.append("generated speech: its votes are drawn, and say nothing about people")
    if warning := paper.task(paper.Ledger()).check(corpus):
        notes.append(warning)
    if corpus.name == "crema_d":
        notes.append("votes on the voice alone; the label of `dominant` is the emotion that was to be acted")
    return notes


def _chosen(keys: Sequence[str] | None) -> tuple[str, ...]:
    if unknown := sorted(set(keys or ()) - set(ROWS)):
        raise SettingError(f"--rows {unknown[0]}: no such row; there are {', '.join(ROWS)}")
    return tuple(key for key in ROWS if not keys or key in keys)


def _listing(keys: Sequence[str], assumptions: Any) -> str:
    """Rows with what the paper has for them, and the assumptions."""
    lines = [f"{TABLE.name}: {TABLE.title}"]
    for key in keys:
        published = paper.EXISTENCE_PUBLISHED.get(key, {})
        numbers = ", ".join(f"{emotion} {100 * share:.1f}" for emotion, share in published.items()) or "not published"
        lines.append(f"row {key}: {numbers}")
    lines.append("none of the paper's assumptions changes this table:")
    return "\n".join([*lines, *(f"{entry.key}={entry.value}" for entry in ledger.entries(assumptions))])


def main(argv: list[str]) -> int:
    """Prints and writes the table; returns the exit status."""
    started = time.perf_counter()
    flags = parser_of(TABLE).parse_args(argv)
    assumptions, keys = ledger.override(paper.PAPER.ledger, flags.set), _chosen(flags.rows)
    output = Console(highlight=False, soft_wrap=True)
    if flags.list:
        output.print(_listing(keys, assumptions), markup=False)
        return cli.DONE
    files.require_writable(flags.output)
    corpus = load_corpus(flags, output)
    notes, rows = _notes(corpus), rows_of(corpus, keys)
    text = _markdown(TABLE.title, notes, _lines(rows))
    folder = flags.output / TABLE.name / corpus.name
    summary = {
        "experiment": TABLE.name,
        "corpus": corpus.name,
        "task": paper.task(assumptions).name,
        "seeds": flags.seeds,
        "smoke": flags.smoke,
        "rows": [row.as_dict() for row in rows],
        "claims": [],
        "assumptions": ledger.as_dict(assumptions),
        "leaks": [],
        "seconds": round(time.perf_counter() - started, 3),
        "notes": notes,
    }
    files.atomic_write_text(folder / "table.md", text)
    files.atomic_write_text(folder / "table.csv", _csv(rows))
    files.atomic_write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    output.print(text, markup=False)
    output.print(f"written to {folder}", markup=False)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
