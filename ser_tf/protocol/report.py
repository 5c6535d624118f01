"""From fold results to the folder of one table: summary, tables, confusion matrices, leak report, manifest."""

import dataclasses
import hashlib
import json
import os
import platform
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console

from ser_tf import files
from ser_tf.corpora.base import Corpus
from ser_tf.errors import UserError
from ser_tf.evaluation import tables
from ser_tf.evaluation.predictions import FoldPredictions, Predictions, Recognition, RowResult
from ser_tf.evaluation.schema import Code, Conditions, Summary
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.summary import build_summary
from ser_tf.evaluation.verdicts import corpus_kind
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import leaks, ledger, measured, runner
from ser_tf.protocol.folds import Fold, sha256_of
from ser_tf.protocol.material import LoadedRun, all_folds
from ser_tf.protocol.paper import Paper, System, Table
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Failure, Job, Run

L = TypeVar("L")
LISTENERS = "reference_listeners"
PAIRWISE_METRIC = "ua"
"""All rows are compared with each other in it; only a row that is significantly better than every other is the best."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        rows: The rows that were asked for.
        folds: Folds by seed.
        jobs: All jobs of the run.
        failures: By job name, those without a result.
    """

    rows: Sequence[System[Any]]
    folds: Mapping[int, Sequence[Fold]]
    jobs: Sequence[Job[Any]]
    failures: Mapping[str, Failure]


def report_run(
    paper: Paper[L], table: Table[L], loaded: LoadedRun[L], outcome: Outcome, statistics: Statistics, output: Console
) -> Summary:
    """Evaluates what is on disk for this run's jobs, writes the table's folder and prints the table.

    Args:
        paper: The paper.
        table: The table.
        loaded: What the jobs shared, and the corpus with its cautions.
        outcome: What the run came to.
        statistics: Unit and kind of the intervals.
        output: Where the table is printed.

    Raises:
        UserError: the folder cannot be written.
    """
    run, corpus, jobs = loaded.run, loaded.corpus, outcome.jobs
    name = paper.experiment(table)
    results = {job.name: result for job in jobs if (result := runner.finished(run, job)) is not None}
    if gone := [job.name for job in jobs if job.name not in results and job.name not in outcome.failures]:
        raise UserError(f"{gone[0]}: its result was removed or damaged while the table ran; run the table again")
    findings = [
        finding
        for seed in outcome.folds
        for finding in leaks.inspect_folds(outcome.folds[seed], run.utterances, loaded.twins)
    ]  # fmt: skip
    findings += leaks.inspect_uses(list(results.values()))
    keys = {row.key for row in outcome.rows}
    conditions = _conditions(paper, run, corpus)
    summary = build_summary(
        experiment=name,
        title=table.title,
        task=run.task.name,
        classes=run.task.classes,
        corpus=corpus.name,
        corpus_kind=corpus_kind(is_papers=corpus.name in table.corpora, is_whole=corpus.is_full),
        corpus_notes=[
            *loaded.notes,
            *_limits(paper, run, outcome.folds),
            *older_code(results.values()),
            *measured.unmeasured(table, results.values()),
        ],
        seeds=list(outcome.folds),
        smoke=run.smoke,
        rows=row_results(run, outcome, results),
        claims=[claim for claim in table.claims if {claim.better, claim.worse} <= keys],
        measurements=measured.measurements(table, jobs, results),
        assumptions=ledger.as_dict(run.ledger),
        leaks=leaks.found(findings),
        seconds=sum(result.seconds for result in results.values()),
        statistics=statistics,
        protocol=conditions,
        code=code_of(results.values()),
        machine=machine(),
        pairwise_metric=None if run.smoke else PAIRWISE_METRIC,
    )
    folder = run.layout.experiment(name)
    write_json(folder / "leaks.json", leaks.document(findings, conditions))
    write_json(folder / "manifest.json", manifest(run, outcome.folds, jobs, results))
    write_results(folder, summary)
    output.print(tables.to_rich(summary))
    for line in lines_of(jobs, outcome.failures):
        output.print(line, markup=False)
    output.print(f"written to {folder}", markup=False)
    return summary


def lines_of(jobs: Sequence[Job[Any]], failures: Mapping[str, Failure]) -> list[str]:
    """One line for each row that is left out and each job that failed."""
    lines = [
        f"left out: {job.system.key}: {why.reason}" if why.unavailable else f"failed: {job.name}: {why.reason}"
        for job in jobs
        if (why := failures.get(job.name)) is not None
    ]
    return list(dict.fromkeys(lines))  # a row that lacks something lacks it in every fold


def _limits(paper: Paper[L], run: Run[L], folds: Mapping[int, Sequence[Fold]]) -> list[str]:
    """What of the paper's folds this run leaves out, and which assumptions it changes."""
    lines = folds_left_out(paper, run, folds)
    if changed := ledger.overridden(run.ledger):
        lines.append("assumptions changed: " + ", ".join(f"{key}={value}" for key, value in changed.items()))
    return lines


def folds_left_out(paper: Paper[L], run: Run[L], folds: Mapping[int, Sequence[Fold]]) -> list[str]:
    """What of the paper's folds this run leaves out, one line a seed."""
    lines = []
    for seed, chosen in folds.items():
        number = len(all_folds(paper, run, seed))
        if len(chosen) < number:
            lines.append(f"{len(chosen)} of {number} folds (seed {seed}): {', '.join(fold.name for fold in chosen)}")
    return lines


def older_code(results: Collection[FoldResult]) -> list[str]:
    """Says how many results were not made by one and the same code."""
    commits = {result.record.commit if result.record else None for result in results}
    without = sum(result.record is None for result in results)
    lines = [f"{without} results name no code"] if without else []
    named = sorted(commit[:7] + commit[40:] for commit in commits if commit)
    return [*lines, *([f"results of several commits: {', '.join(named)}"] if len(named) > 1 else [])]


def code_of(results: Collection[FoldResult]) -> Code:
    """The commits that made the results, and one digest of all their code."""
    records = [result.record for result in results if result.record is not None]
    digest = hashlib.sha256("".join(sorted({record.circumstances.code for record in records})).encode()).hexdigest()
    commits = sorted({record.commit for record in records if record.commit})
    return {"commit": ", ".join(commits) or None, "digest": digest if records else None}


def machine() -> dict[str, object]:
    """The processor, its cores and the system."""
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        models = [
            line.partition(":")[2].strip() for line in information.read_text().split("\n") if "model name" in line
        ]
        processor = models[0] if models else processor
    return {"processor": processor, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def _conditions(paper: Paper[L], run: Run[L], corpus: Corpus) -> Conditions:
    """Styles, folds, the choice of the epoch and unused recordings, for the line on the protocol."""
    styles = sorted({utterance.style for utterance in run.utterances.values()})
    conditions: Conditions = {"style": " and ".join(styles), "left_out": run.task.left_out(corpus)}
    return {**conditions, **paper.conditions(run.ledger)} if paper.conditions else conditions


def row_results(run: Run[L], outcome: Outcome, results: Mapping[str, FoldResult]) -> list[RowResult]:
    """The rows, and the listeners' row where the corpus has a listening test."""
    rows = [
        _row_result(row, [job for job in outcome.jobs if job.system.key == row.key], results, outcome.failures)
        for row in outcome.rows
    ]
    listeners = _listeners(run, outcome.folds)
    return [*rows, *([listeners] if listeners else [])]


def _listeners(run: Run[L], folds: Mapping[int, Sequence[Fold]]) -> RowResult | None:
    """How human listeners recognised the very recordings that are tested; None where not all were heard."""
    ids = sorted({utterance_id for chosen in folds.values() for fold in chosen for utterance_id in fold.test})
    tested = [run.utterances[utterance_id] for utterance_id in ids]
    shares = [utterance.listener_recognition for utterance in tested]
    if not tested or None in shares:
        return None
    recognition = Recognition(
        ids=tuple(ids),
        speakers=tuple(utterance.speaker for utterance in tested),
        truth=np.asarray([run.task.class_index(utterance) for utterance in tested], np.int64),
        recognised=np.asarray(shares, np.float64),
        sessions=tuple(utterance.session for utterance in tested),
    )
    return RowResult(
        LISTENERS, "Human listeners", status="reference", origin="reference", recognition=recognition,
        note="mean recognition in the corpus's own listening test, with more answers to choose from",
    )  # fmt: skip


def _row_result(
    row: System[L], jobs: Sequence[Job[L]], results: Mapping[str, FoldResult], failures: Mapping[str, Failure]
) -> RowResult:
    """A row with its finished folds; a row with a failed fold is failed as a whole, so that no number misleads."""
    failed = [failures[job.name] for job in jobs if job.name in failures]
    if row.fit is None:
        return RowResult(row.key, row.label, row.published, note=row.note, status="cited", origin=row.origin)
    if failed:
        status = "left out" if failed[0].unavailable else "failed"
        needs = row.needs if status == "left out" else ""
        return RowResult(
            row.key, row.label, row.published, note=failed[0].reason, status=status, needs=needs, origin=row.origin
        )
    folds = tuple(fold_predictions(results[job.name]) for job in jobs if job.name in results)
    return RowResult(row.key, row.label, row.published, folds, note=row.note, origin=row.origin)


def fold_predictions(result: FoldResult) -> FoldPredictions:
    """A fold result as evaluation takes it in."""
    predictions = Predictions(
        result.ids,
        result.speakers,
        np.asarray(result.truth, np.int64),
        result.posterior_array,
        result.sessions or None,
    )
    return FoldPredictions(
        result.fold, result.seed, predictions, result.epochs, result.best_epoch, seconds=result.seconds
    )


def manifest(
    run: Run[L], folds: Mapping[int, Sequence[Fold]], jobs: Sequence[Job[L]], results: Mapping[str, FoldResult]
) -> dict[str, Any]:
    """Every fold's utterances with hashes, and the fold results that the table was made from."""
    return {
        "corpus": run.layout.corpus,
        "corpus_sha256": run.recordings,
        "folds": {
            f"{fold.name}-seed{seed}": {
                part: {"sha256": sha256_of(ids), "utterances": list(ids)} for part, ids in fold.lists().items()
            }
            for seed in folds
            for fold in folds[seed]
        },
        "results": [
            {
                "file": str(
                    run.layout.fold_result(job.system.key, job.fold.name, job.seed).relative_to(run.layout.output)
                ),
                "record": results[job.name].digest,
                "code": record.circumstances.code if (record := results[job.name].record) is not None else None,
            }
            for job in jobs
            if job.name in results
        ],
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON file for people to read."""
    files.atomic_write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
