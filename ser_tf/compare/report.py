"""The table of a comparison: every system, the baselines and the listeners, and all pairs tested."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from ser_tf.compare import common
from ser_tf.compare.contest import Contest, Part
from ser_tf.evaluation import tables
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.schema import Summary
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.summary import build_summary
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import leaks, ledger, report, runner
from ser_tf.protocol.report import LISTENERS, Outcome
from ser_tf.protocol.results import FoldResult

TITLE = "Systems of different papers on the same recordings, classes and folds"


def report_contest(contest: Contest, statistics: Statistics, output: Console) -> Summary:
    """Evaluates what is on disk for the comparison, writes its folder and prints the table.

    Args:
        contest: The comparison, its jobs run.
        statistics: Unit and kind of the intervals.
        output: Where the table is printed.

    Raises:
        UserError: the folder cannot be written.
    """
    results = [_results(part) for part in contest.parts]
    everything = [result for found in results for result in found.values()]
    first = contest.parts[0]
    run, conditions = first.loaded.run, contest.conditions
    findings = []
    for chosen in first.folds.values():
        findings += leaks.inspect_folds(chosen, run.utterances, first.loaded.twins)
    findings += leaks.inspect_uses(everything)
    summary = build_summary(
        experiment=common.KEY,
        title=TITLE,
        task=run.task.name,
        classes=run.task.classes,
        corpus=first.loaded.corpus.name,
        corpus_kind="unpublished",
        corpus_notes=[*_notes(contest), *report.older_code(everything)],
        seeds=list(first.folds),
        smoke=run.smoke,
        rows=_rows(contest, results),
        claims=(),
        assumptions={key: value for part in contest.parts for key, value in part.assumptions.items()},
        leaks=leaks.found(findings),
        seconds=sum(result.seconds for result in everything),
        statistics=statistics,
        protocol=conditions,
        code=report.code_of(everything),
        machine=report.machine(),
        pairwise_metric=report.PAIRWISE_METRIC,
    )
    folder = run.layout.experiment(common.KEY)
    report.write_json(folder / "leaks.json", leaks.document(findings, conditions))
    report.write_json(folder / "manifest.json", _manifest(contest, results))
    write_results(folder, summary)
    output.print(tables.to_rich(summary))
    for part in contest.parts:
        for line in report.lines_of(part.jobs, part.failures):
            output.print(f"{part.paper.key}: {line}", markup=False)
    output.print(f"written to {folder}", markup=False)
    return summary


def _results(part: Part) -> dict[str, FoldResult]:
    """A part's results by job name."""
    return {job.name: result for job in part.jobs if (result := runner.finished(part.loaded.run, job)) is not None}


def _notes(contest: Contest) -> list[str]:
    """Cautions of all papers, each once, and the assumptions that were changed."""
    first = contest.parts[0]
    notes = [note for part in contest.parts for note in part.loaded.notes]
    notes += report.folds_left_out(first.paper, first.loaded.run, first.folds)
    changed = [
        f"{part.paper.key}.{key}={value}"
        for part in contest.parts
        for key, value in ledger.overridden(part.loaded.run.ledger).items()
    ]
    return list(dict.fromkeys([*notes, *([f"assumptions changed: {', '.join(changed)}"] if changed else [])]))


def _rows(contest: Contest, results: list[dict[str, FoldResult]]) -> list[RowResult]:
    """All systems, those that were left out, the baselines, and the listeners where the corpus has them."""
    rows: list[RowResult] = []
    listeners: list[RowResult] = []
    for part, found in zip(contest.parts, results, strict=True):
        if part.paper.key == common.KEY:
            rows += [_left_out(contest, place) for place in range(len(contest.left_out))]
        outcome = Outcome(part.systems, part.folds, part.jobs, part.failures)
        own = report.row_results(part.loaded.run, outcome, found)
        names = {system.key: (part.key(system), part.label(system)) for system in part.systems}
        rows += [_renamed(row, names) for row in own if row.key in names]
        listeners = [row for row in own if row.key == LISTENERS]
    return [*rows, *listeners]


def _renamed(row: RowResult, names: Mapping[str, tuple[str, str]]) -> RowResult:
    """A row under its name in the comparison, without the paper's numbers, which are of other folds."""
    key, label = names[row.key]
    origin = row.origin if row.origin == "baseline" else "paper"
    return dataclasses.replace(row, key=key, label=label, published=None, origin=origin)


def _left_out(contest: Contest, place: int) -> RowResult:
    entrant = contest.left_out[place]
    return RowResult(
        f"{entrant.paper.key}.{entrant.system.key}",
        f"{entrant.paper.key}: {entrant.system.label}",
        note=entrant.lacks,
        status="left out",
        needs=entrant.system.needs,
    )


def _manifest(contest: Contest, results: list[dict[str, FoldResult]]) -> dict[str, Any]:
    """Every fold's utterances with hashes, and the fold results of all papers."""
    manifests = [
        report.manifest(part.loaded.run, part.folds, part.jobs, found)
        for part, found in zip(contest.parts, results, strict=True)
    ]
    return {**manifests[0], "results": [entry for each in manifests for entry in each["results"]]}
