"""Sweeps: a table's rows with one assumption at a time at its other values, or under other protocols.

A value is trained only where a row reads the assumption, and every row depends on what the task and the folds read;
the defaults are those of the run. Results lie beside the others and are reused like them.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console

from ser_tf.corpora.base import Corpus
from ser_tf.errors import SettingError, UserError
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.sweep import SweptAssumption, SweptRow, Variant, build_sweep
from ser_tf.evaluation.sweep_forms import to_rich, write_sweep
from ser_tf.protocol import material, runner, variants
from ser_tf.protocol.material import LoadedRun, chosen_folds
from ser_tf.protocol.paper import Paper, System
from ser_tf.protocol.record import Reads, recording
from ser_tf.protocol.report import fold_predictions
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Failure, Job, Run
from ser_tf.protocol.sweep_plan import Setting, Swept

L = TypeVar("L")
RunJobs = Callable[[Run[Any], Sequence[Job[Any]], argparse.Namespace, Console], Mapping[str, Failure]]


@dataclasses.dataclass(frozen=True)
class Measured:
    """The outcome of a sweep.

    Attributes:
        rows: Rows that read something swept, with every value of it.
        unread: By assumption, keys of rows that do not read it.
        well: Whether all trainings succeeded.
    """

    rows: tuple[SweptRow, ...]
    unread: Mapping[str, Sequence[str]]
    well: bool


def measure(
    paper: Paper[L],
    loaded: LoadedRun[L],
    rows: Sequence[System[L]],
    swept: Sequence[Swept[L]],
    flags: argparse.Namespace,
    run_jobs: RunJobs,
    output: Console,
) -> Measured:
    """Trains every value and puts the run's own results back in their places.

    Args:
        paper: The paper.
        loaded: The run with its own assumptions, finished.
        rows: The rows that were asked for.
        swept: From `plan`.
        flags: Those of the run.
        run_jobs: Trains jobs that are not finished.
        output: Where progress is printed.
    """
    trained = [row for row in rows if row.fit is not None]
    own = {row.key: _finished(paper, loaded.run, row, flags) for row in trained}
    for row in trained:
        if not own[row.key]:
            output.print(f"{row.key} has no results of its own to compare with; it is not swept", markup=False)
    reads = _reads(paper, loaded.run, {key: results for key, results in own.items() if results}, flags)
    unread = {one.name: [key for key, read in reads.items() if one.name not in read] for one in swept}
    for line in _in_words(unread):
        output.print(line, markup=False)
    found: dict[str, list[SweptAssumption]] = {key: [] for key in reads}
    corpus = material.load_corpus(flags, output)
    well = True
    for one in swept:
        reading = [row for row in trained if one.name in reads.get(row.key, ())]
        made: dict[str, list[Variant]] = {row.key: [] for row in reading}
        for setting in one.settings if reading else ():
            output.print(f"{one.name}={setting.value}", markup=False)
            tried, succeeded = _try(setting, loaded.run, corpus, flags, reading, run_jobs, output)
            well = well and succeeded
            for key, variant in tried.items():
                made[key].append(variant)
        for key, values in made.items():
            found[key].append(SweptAssumption(one.name, one.default, tuple(values)))
    for row in trained:  # the run's own results take their places back
        _finished(paper, loaded.run, row, flags)
    measured = tuple(
        SweptRow(row.key, row.label, tuple(map(fold_predictions, own[row.key])), tuple(found[row.key]))
        for row in trained
        if found.get(row.key)
    )
    return Measured(measured, {name: keys for name, keys in unread.items() if keys}, well)


def publish(
    experiment: str, loaded: LoadedRun[Any], measured: Measured, flags: argparse.Namespace, output: Console
) -> None:
    """Compares all values with the defaults, writes the sweep's files and prints it.

    Args:
        experiment: Name of the experiment, whose folder takes the files.
        loaded: The run with its own assumptions.
        measured: From `measure`.
        flags: Those of the run.
        output: Where the sweep is printed.
    """
    sweep = build_sweep(
        experiment=experiment,
        corpus=loaded.corpus.name,
        smoke=loaded.run.smoke,
        classes=loaded.run.task.classes,
        rows=measured.rows,
        unread=measured.unread,
        settings=Statistics(interval=flags.interval, unit=flags.cluster),
    )
    folder = loaded.run.layout.experiment(experiment)
    write_sweep(folder, sweep)
    output.print(to_rich(sweep))
    output.print(f"written to {folder}/sweep.md, .csv, .json, .png", markup=False)


def _reads(
    paper: Paper[L], run: Run[L], own: Mapping[str, Sequence[FoldResult]], flags: argparse.Namespace
) -> dict[str, set[str]]:
    """What each row depends on: the assumptions that it read, those that task and folds read, and the protocol."""
    reads = Reads()
    watched = recording(run.ledger, reads)
    paper.task(watched)
    for seed in flags.seeds:
        paper.folds(tuple(run.utterances.values()), watched, seed)
    shared = {variants.PROTOCOL, *reads.assumptions}
    return {
        key: shared.union(*(result.record.assumptions if result.record else result.settings for result in results))
        for key, results in own.items()
    }


def _in_words(unread: Mapping[str, Sequence[str]]) -> list[str]:
    """Says which rows read none of what is swept, rows that lack the same in one line."""
    lacking: dict[str, list[str]] = {}
    for name, keys in unread.items():
        for key in keys:
            lacking.setdefault(key, []).append(name)
    alike: dict[tuple[str, ...], list[str]] = {}
    for key, names in lacking.items():
        alike.setdefault(tuple(names), []).append(key)
    return [
        f"{', '.join(keys)} {'does' if len(keys) == 1 else 'do'} not read {', '.join(names)}: nothing is trained for it"
        for names, keys in alike.items()
    ]


def _jobs(paper: Paper[L], run: Run[L], row: System[L], flags: argparse.Namespace) -> list[Job[L]]:
    if row.fit is None:
        return []
    return [Job(row, fold, seed) for seed in flags.seeds for fold in chosen_folds(paper, run, seed, flags)]


def _finished(paper: Paper[L], run: Run[L], row: System[L], flags: argparse.Namespace) -> list[FoldResult]:
    """The row's results; none where a fold is missing, whose metrics would not be comparable."""
    jobs = _jobs(paper, run, row, flags)
    results = [result for job in jobs if (result := runner.finished(run, job)) is not None]
    return results if len(results) == len(jobs) else []


def _try(
    setting: Setting[L],
    own: Run[L],
    corpus: Corpus,
    flags: argparse.Namespace,
    rows: Sequence[System[L]],
    run_jobs: RunJobs,
    output: Console,
) -> tuple[dict[str, Variant], bool]:
    """Each row's results with one setting, or why it has none, and whether every training succeeded.

    A value that the corpus or other flags rule out (no utterance of a style, no fold of a name) is noted as such.
    """
    try:
        run = dataclasses.replace(
            material.load_run(setting.paper, flags, setting.ledger, output, corpus).run, keep_models=False
        )
        if run.task.classes != own.task.classes:
            raise SettingError(f"other classes than the run's: {', '.join(run.task.classes)}")
        jobs = [job for row in rows for job in _jobs(setting.paper, run, row, flags)]
    except UserError as error:
        output.print(f"left out: {error}", markup=False)
        return {row.key: Variant(setting.value, (), str(error)) for row in rows}, True
    failures = run_jobs(run, jobs, flags, output)
    reasons = {job.system.key: failures[job.name].reason for job in jobs if job.name in failures}
    tried = {}
    for row in rows:
        folds = tuple(map(fold_predictions, _finished(setting.paper, run, row, flags)))
        tried[row.key] = Variant(setting.value, folds, "" if folds else reasons.get(row.key, "failed"))
    return tried, not failures
