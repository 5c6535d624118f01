"""From fold results to the folder of one table: summary, tables, confusion matrices, leak report, manifest."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console

from ser_tf import files
from ser_tf.corpora.base import Corpus
from ser_tf.evaluation import tables
from ser_tf.evaluation.predictions import FoldPredictions, Predictions, RowResult
from ser_tf.evaluation.schema import Summary
from ser_tf.evaluation.summary import build_summary
from ser_tf.evaluation.verdicts import corpus_kind
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import leaks, ledger, runner
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Failure, Job, Plan
from ser_tf.protocol.system import Experiment, System


def report_run(
    experiment: Experiment,
    plan: Plan,
    corpus: Corpus,
    rows: Sequence[System],
    folds: Mapping[int, Sequence[Fold]],
    jobs: Sequence[Job],
    failures: Mapping[str, Failure],
    notes: Sequence[str],
    output: Console,
) -> Summary:
    """Evaluates what is on disk for this run's jobs, writes the table's folder and prints the table.

    Args:
        experiment: The table.
        plan: What the jobs shared.
        corpus: The corpus.
        rows: The rows that were asked for.
        folds: Folds by seed.
        jobs: All jobs of the run.
        failures: By job name, those without a result.
        notes: Cautions on the corpus, one line each.
        output: Where the table is printed.

    Returns:
        The summary.

    Raises:
        UserError: the folder cannot be written.
    """
    results = {job.name: result for job in jobs if (result := runner.finished(plan, job)) is not None}
    findings = [
        finding
        for seed in folds
        for finding in leaks.inspect_folds(folds[seed], plan.utterances)
    ]  # fmt: skip
    findings += leaks.inspect_uses(list(results.values()))
    kept = {row.key for row in rows}
    summary = build_summary(
        experiment=experiment.name,
        task=plan.task.name,
        classes=plan.task.classes,
        corpus=corpus.name,
        corpus_kind=corpus_kind(is_papers=corpus.name in experiment.paper.corpora, is_whole=corpus.is_full),
        corpus_notes=[*notes, *_limits(experiment, plan, folds)],
        seeds=list(folds),
        smoke=plan.smoke,
        rows=[_row_result(row, [job for job in jobs if job.system.key == row.key], results, failures) for row in rows],
        claims=[claim for claim in experiment.claims if {claim.better, claim.worse} <= kept],
        assumptions=ledger.as_dict(plan.ledger),
        leaks=leaks.found(findings),
        seconds=sum(result.seconds for result in results.values()),
        title=experiment.title,
    )
    folder = plan.layout.experiment(experiment.name)
    _write_json(
        folder / "leaks.json", {"found": leaks.found(findings), "checks": list(map(dataclasses.asdict, findings))}
    )
    _write_json(folder / "manifest.json", _manifest(plan, folds, jobs, results))
    write_results(folder, summary)
    output.print(tables.to_rich(summary))
    lines = [
        f"left out: {job.system.key}: {why.reason}" if why.unavailable else f"failed: {job.name}: {why.reason}"
        for job in jobs
        if (why := failures.get(job.name)) is not None
    ]
    for line in dict.fromkeys(lines):  # a row that lacks something lacks it in every fold
        output.print(line, markup=False)
    output.print(f"written to {folder}", markup=False)
    return summary


def _limits(experiment: Experiment, plan: Plan, folds: Mapping[int, Sequence[Fold]]) -> list[str]:
    """What of the paper's folds this run leaves out, and which assumptions it changes."""
    everything = list(plan.utterances.values())
    lines = []
    for seed, chosen in folds.items():
        number = len(experiment.paper.folds(everything, plan.ledger, seed))
        if len(chosen) < number:
            lines.append(f"{len(chosen)} of {number} folds (seed {seed}): {', '.join(fold.name for fold in chosen)}")
    if changed := ledger.overridden(plan.ledger):
        lines.append("assumptions changed: " + ", ".join(f"{key}={value}" for key, value in changed.items()))
    return lines


def _row_result(
    row: System, jobs: Sequence[Job], results: Mapping[str, FoldResult], failures: Mapping[str, Failure]
) -> RowResult:
    """A row with its finished folds; a row with a failed fold is failed as a whole, so that no number misleads."""
    failed = [failures[job.name] for job in jobs if job.name in failures]
    if row.fit_predict is None:
        return RowResult(row.key, row.label, row.published, note=row.note, status="cited")
    if failed:
        status = "left out" if failed[0].unavailable else "failed"
        needs = row.needs if status == "left out" else ""
        return RowResult(row.key, row.label, row.published, note=failed[0].reason, status=status, needs=needs)
    folds = tuple(_fold_predictions(results[job.name]) for job in jobs)
    return RowResult(row.key, row.label, row.published, folds, note=row.note)


def _fold_predictions(result: FoldResult) -> FoldPredictions:
    predictions = Predictions(result.ids, result.speakers, np.asarray(result.truth, np.int64), result.posterior_array)
    return FoldPredictions(result.fold, result.seed, predictions, epochs=result.epochs, seconds=result.seconds)


def _manifest(
    plan: Plan, folds: Mapping[int, Sequence[Fold]], jobs: Sequence[Job], results: Mapping[str, FoldResult]
) -> dict[str, Any]:
    """Every fold's utterances with hashes, and the fold results that the table was made from."""
    return {
        "corpus": plan.layout.corpus,
        "corpus_sha256": plan.corpus_digest,
        "folds": {
            f"{fold.name}-seed{seed}": {
                part: {"sha256": digest, "utterances": list(getattr(fold, part))}
                for part, digest in fold.digests().items()
            }
            for seed in folds
            for fold in folds[seed]
        },
        "results": [
            {
                "file": str(
                    plan.layout.fold_result(job.system.key, job.fold.name, job.seed).relative_to(plan.layout.output)
                ),
                "settings_hash": results[job.name].settings_hash,
            }
            for job in jobs
            if job.name in results
        ],
    }


def _write_json(path: Any, content: Any) -> None:
    files.atomic_write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
