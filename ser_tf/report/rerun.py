"""The command that makes a table again, from its summary."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from ser_tf.errors import SettingError
from ser_tf.evaluation.schema import DataSummary, Summary
from ser_tf.evaluation.statistics import DEFAULT
from ser_tf.evaluation.sweep import SweepSummary
from ser_tf.protocol import ledger, variants
from ser_tf.protocol.ledger import Entry
from ser_tf.protocol.paper import Paper, Table
from ser_tf.report import assumptions
from ser_tf.report.document import Command, Part

SOME_FOLDS = re.compile(r"\b\d+ of \d+ folds \(seed \d+\)")
"""The beginning of a summary's note that folds were left out."""


def part(
    paper: Paper[Any], table: Table[Any], summary: Summary | DataSummary, sweep: SweepSummary | None, place: str
) -> Part:
    """Shows how to run a table again, and its sweep.

    Args:
        paper: The paper.
        table: The table.
        summary: The content of `summary.json`.
        sweep: That of `sweep.json`, or None.
        place: Id of the part.
    """
    keys = [row["key"] for row in summary["rows"]]
    known = [row.key for row in table.rows]
    rows = [key for key in known if key in keys]
    settings, notes = _settings(ledger.entries(paper.ledger), summary)
    flags = _run_flags(summary, settings)
    start = ["python", "-m", "ser_tf", "table", paper.key, str(table.number)]
    chosen = ["--rows", *rows] if rows != known else []
    commands = [Command(shlex.join([*start, *flags, *chosen]), "This table")]
    if sweep and sweep["rows"]:
        swept = [*start, *flags, "--rows", *_swept_rows(sweep, known), "--sweep", *_swept(sweep)]
        commands.append(Command(shlex.join(swept), "Its sweep"))
    lost = [row["key"] for row in summary["rows"] if row["key"] not in known and not _is_reference(row)]
    notes += [f"Rows that this version does not have: {', '.join(lost)}."] if lost else []
    if paper.options:
        given = ", ".join(f"{option.flag} {option.metavar}" for option in paper.options)
        notes.append(f"Files of yours that the run may have read are not recorded: {given}.")
    if summary["corpus"] != "synthetic":
        notes.insert(0, f"--corpus-root is the folder that holds {summary['corpus']}.")
    return Part(place, "Run it again", commands=tuple(commands), notes=tuple(notes))


def comparison(summary: Summary, sweep: SweepSummary | None, entries: tuple[Entry, ...], place: str) -> Part:
    """Shows how to run a comparison of several papers' systems again, and its sweep.

    Args:
        summary: The content of `summary.json`.
        sweep: That of `sweep.json`, or None.
        entries: The assumptions of its papers as `paper.assumption`.
        place: Id of the part.
    """
    origins = ("baseline", "reference")
    rows = [row["key"].replace(".", ":", 1) for row in summary["rows"] if row["origin"] not in origins]
    settings, notes = _settings(entries, summary)
    start = ["python", "-m", "ser_tf", "compare", *rows, *_run_flags(summary, settings)]
    commands = [Command(shlex.join(start), "This comparison")]
    if sweep and sweep["rows"]:
        commands.append(Command(shlex.join([*start, "--sweep", *_swept(sweep)]), "Its sweep"))
    return Part(place, "Run it again", commands=tuple(commands), notes=tuple(notes))


def _run_flags(summary: Summary | DataSummary, settings: Sequence[str]) -> list[str]:
    """Returns all flags but those that choose rows."""
    flags = [*_data_flags(summary), *(["--smoke"] if summary["smoke"] else []), *settings]
    if "columns" in summary:
        return flags
    folds = _folds(summary)
    flags += ["--seeds", *map(str, summary["seeds"])] if summary["seeds"] != [0] else []
    flags += ["--folds", *folds] if folds else []
    return [*flags, *_statistics_flags(summary)]


def _data_flags(summary: Summary | DataSummary) -> list[str]:
    """The corpus, or the two, and whatever else chose recordings, classes and folds."""
    given = [] if "columns" in summary else summary["protocol"].get("flags", [])
    corpus = summary["corpus"]
    if "--test-corpus" in given:
        corpus = corpus.removesuffix(f"-to-{given[given.index('--test-corpus') + 1]}")
    return ["--corpus", corpus, *([] if corpus == "synthetic" else ["--corpus-root", "DIR"]), *given]


def _settings(entries: tuple[Entry, ...], summary: Summary | DataSummary) -> tuple[list[str], list[str]]:
    """`--set` with every changed assumption, and notes on values that are no longer allowed."""
    given, notes = [], []
    for entry in assumptions.changed(entries, summary["assumptions"]):
        value = assumptions.text(summary["assumptions"][entry.key])
        try:
            ledger.parse(entry, value)
        except SettingError:
            notes.append(f"{entry.key} = {value} is no longer possible; the command takes the default.")
        else:
            given.append(f"{entry.key}={value}")
    return (["--set", *given] if given else []), notes


def _folds(summary: Summary | DataSummary) -> list[str]:
    """Names of the folds that were run, where some were left out that a run would not leave out by itself."""
    if "columns" in summary or summary["smoke"] or not SOME_FOLDS.search(summary["corpus_note"]):
        return []
    return list(dict.fromkeys(fold for row in summary["rows"] for fold in row["folds"]))


def _statistics_flags(summary: Summary) -> list[str]:
    used = summary["statistics"]
    unit = ["--cluster", used["unit"]] if used["unit"] != DEFAULT.unit else []
    return [*unit, *(["--interval", used["interval"]] if used["interval"] != DEFAULT.interval else [])]


def _is_reference(row: Any) -> bool:
    return row.get("origin") == "reference"


def _swept_rows(sweep: SweepSummary, known: list[str]) -> list[str]:
    asked = {row["key"] for row in sweep["rows"]} | {key for keys in sweep["unread"].values() for key in keys}
    return [key for key in known if key in asked]


def _swept(sweep: SweepSummary) -> list[str]:
    """`ASSUMPTION=VALUE,...` for every assumption; `protocol` stands for all its combinations."""
    values: dict[str, list[str]] = {}
    for row in sweep["rows"]:
        for swept in row["assumptions"]:
            values.setdefault(swept["name"], []).extend(value["value"] for value in swept["values"])
    return [
        name if name == variants.PROTOCOL else f"{name}={','.join(dict.fromkeys(found))}"
        for name, found in values.items()
    ]
