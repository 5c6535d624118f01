"""Sweeps: a table's rows with one assumption at a time at its other values.

A value is trained only where a row reads the assumption; the defaults are those of the run. Results lie beside the
others and are reused like them.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console

from ser_tf.errors import SettingError
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.sweep import SweptAssumption, SweptRow, Variant, build_sweep
from ser_tf.evaluation.sweep_forms import to_rich, write_sweep
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol import runner
from ser_tf.protocol.ledger import Entry
from ser_tf.protocol.material import LoadedRun, chosen_folds, load_run
from ser_tf.protocol.paper import Paper, System, Table
from ser_tf.protocol.report import fold_predictions
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Failure, Job, Run

L = TypeVar("L")
ALL = "all"
FACTORS = (0.5, 2.0)
"""A number that has no list of alternatives is swept over the default times these."""
RunJobs = Callable[[Run[Any], Sequence[Job[Any]], argparse.Namespace, Console], Mapping[str, Failure]]


def parse(ledger: object, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Reads `--sweep ASSUMPTION[=VALUE,...] ...`.

    Args:
        ledger: The run's ledger, whose values are the defaults.
        wanted: As on the command line; `all` stands for every assumption.

    Returns:
        For each assumption, the values to try besides the run's own, as the command line writes them.

    Raises:
        SettingError: an unknown assumption, or a value that is not allowed.
    """
    known = {entry.key: entry for entry in ledgers.entries(ledger)}
    names = list(known) if ALL in wanted else list(wanted)
    swept: dict[str, tuple[str, ...]] = {}
    for name in names:
        key, separator, text = name.partition("=")
        if key not in known:
            raise SettingError(f"--sweep {name}: no assumption {key}; there are {', '.join(sorted(known))}")
        entry = known[key]
        values = text.split(",") if separator else alternatives(entry)
        parsed = [ledgers.parse(entry, value) for value in values]
        swept[key] = tuple(ledgers.text(value) for value in dict.fromkeys(parsed) if value != entry.value)
    return swept


def alternatives(entry: Entry) -> list[str]:
    """All other choices of an assumption; for a number, half and twice its value within its bounds."""
    if entry.choices:
        return [ledgers.text(choice) for choice in entry.choices if choice != entry.value]
    if isinstance(entry.value, bool):
        return [ledgers.text(not entry.value)]
    if isinstance(entry.value, str):
        return []
    minimum, maximum = entry.range
    low, high = (-float("inf") if minimum is None else minimum), (float("inf") if maximum is None else maximum)
    kind = type(entry.value)
    values = [kind(min(max(entry.value * factor, low), high)) for factor in FACTORS]
    return [ledgers.text(value) for value in dict.fromkeys(values) if value != entry.value]


def run_sweep(
    paper: Paper[L],
    table: Table[L],
    loaded: LoadedRun[L],
    rows: Sequence[System[L]],
    flags: argparse.Namespace,
    run_jobs: RunJobs,
    output: Console,
) -> bool:
    """Trains every value, compares it with the run's own, writes the sweep's files and prints it.

    Args:
        paper: The paper.
        table: The table.
        loaded: The run with its own assumptions, finished.
        rows: The rows that were asked for.
        flags: Those of the table.
        run_jobs: Trains jobs that are not finished.
        output: Where progress and the sweep are printed.

    Returns:
        Whether all trainings succeeded.
    """
    swept = measure(paper, loaded, rows, flags, run_jobs, output)
    publish(paper.experiment(table), loaded, swept, flags, output)
    return swept.well


@dataclasses.dataclass(frozen=True)
class Swept:
    """What a sweep came to.

    Attributes:
        rows: Rows that read a swept assumption, with every value of it.
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
    flags: argparse.Namespace,
    run_jobs: RunJobs,
    output: Console,
) -> Swept:
    """Trains every value and puts the run's own results back in their places; arguments as for `run_sweep`."""
    swept = parse(loaded.run.ledger, flags.sweep)
    own = {row.key: _finished(paper, loaded.run, row, flags) for row in rows if row.fit is not None}
    own = {key: results for key, results in own.items() if results}
    reads = {key: {name for result in results if result.record for name in result.record.assumptions}
             for key, results in own.items()}  # fmt: skip
    unread: dict[str, list[str]] = {}
    found: dict[str, list[SweptAssumption]] = {key: [] for key in own}
    well = True
    for name, values in swept.items():
        reading = [row for row in rows if name in reads.get(row.key, ())]
        unread[name] = [key for key in own if name not in reads[key]]
        if unread[name]:
            output.print(f"{', '.join(unread[name])}: {'do' if len(unread[name]) > 1 else 'does'} not read {name}")
        variants: dict[str, list[Variant]] = {row.key: [] for row in reading}
        for value in values if reading else ():
            output.print(f"{name}={value}", markup=False)
            made, failed = _try(paper, flags, reading, f"{name}={value}", run_jobs, output)
            well = well and not failed
            for row in reading:
                folds = tuple(map(fold_predictions, made[row.key]))
                variants[row.key].append(Variant(value, folds, "" if folds else failed.get(row.key, "failed")))
        for row in reading:
            default = ledgers.text(getattr(loaded.run.ledger, name))
            found[row.key].append(SweptAssumption(name, default, tuple(variants[row.key])))
    for row in rows:  # the run's own results take their places back
        _finished(paper, loaded.run, row, flags)
    labels = {row.key: row.label for row in rows}
    measured = tuple(
        SweptRow(key, labels[key], tuple(map(fold_predictions, own[key])), tuple(assumptions))
        for key, assumptions in found.items()
        if assumptions
    )
    return Swept(measured, {name: keys for name, keys in unread.items() if keys}, well)


def publish(experiment: str, loaded: LoadedRun[Any], swept: Swept, flags: argparse.Namespace, output: Console) -> None:
    """Compares all values with the defaults, writes the sweep's files and prints it.

    Args:
        experiment: Name of the experiment, whose folder takes the files.
        loaded: The run with its own assumptions.
        swept: What was measured.
        flags: Those of the run.
        output: Where the sweep is printed.
    """
    sweep = build_sweep(
        experiment=experiment,
        corpus=loaded.corpus.name,
        smoke=loaded.run.smoke,
        classes=loaded.run.task.classes,
        rows=swept.rows,
        unread=swept.unread,
        settings=Statistics(interval=flags.interval, unit=flags.cluster),
    )
    folder = loaded.run.layout.experiment(experiment)
    write_sweep(folder, sweep)
    output.print(to_rich(sweep))
    output.print(f"written to {folder}/sweep.md, .csv, .json, .png", markup=False)


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
    paper: Paper[L],
    flags: argparse.Namespace,
    rows: Sequence[System[L]],
    assignment: str,
    run_jobs: RunJobs,
    output: Console,
) -> tuple[dict[str, list[FoldResult]], dict[str, str]]:
    """Results of rows with one assumption changed, and why rows have none."""
    ledger = ledgers.override(paper.ledger, [*flags.set, assignment])
    run = dataclasses.replace(load_run(paper, flags, ledger, output).run, keep_models=False)
    jobs = [job for row in rows for job in _jobs(paper, run, row, flags)]
    failures = run_jobs(run, jobs, flags, output)
    reasons = {job.system.key: failures[job.name].reason for job in jobs if job.name in failures}
    return {row.key: _finished(paper, run, row, flags) for row in rows}, reasons
