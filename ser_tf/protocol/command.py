"""The command line of a table: parse flags, load the corpus, run the rows, evaluate, write, print."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console

from ser_tf import cli, files
from ser_tf.corpora.base import at_speed
from ser_tf.errors import SettingError
from ser_tf.evaluation import tables
from ser_tf.evaluation.data_summary import build_data_summary
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.verdicts import corpus_kind
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import (
    cross_corpus,
    executors,
    ledger,
    listing,
    machine,
    progress,
    runner,
    sharing,
    sweep,
    sweep_plan,
)
from ser_tf.protocol.arrangement import arranged
from ser_tf.protocol.flags import check, chosen_rows, parser_of
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.material import chosen_folds, load_corpus, load_run
from ser_tf.protocol.paper import DataTable, Paper, System, Table
from ser_tf.protocol.report import Outcome, report_run
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Failure, Job, Run

L = TypeVar("L")


def main_of(paper: Paper[L], number: int) -> Callable[[list[str]], int]:
    """The `main` of a table's page in `experiments`, for `ser_tf.cli.run`."""
    return lambda argv: run_table(paper, paper.table(number), argv)


def run_table(paper: Paper[L], table: Table[L], argv: list[str], program: str | None = None) -> int:
    """Runs one table from its command line.

    Args:
        paper: The paper.
        table: The table.
        argv: The arguments.
        program: How the command is called; by default the table's page in `experiments`.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage or bad data.
        KeyboardInterrupt: the user stops the run; says what is finished.
    """
    flags = parser_of(paper, table, program).parse_args(argv)
    check(flags)
    assumptions = ledger.override(paper.ledger, flags.set)
    output = progress.console()
    rows = chosen_rows(table.rows, flags.rows)
    if flags.list:
        listing.print_list(output, paper, table, rows, assumptions)
        return cli.DONE
    files.require_writable(flags.output)
    with sharing.presence(flags.output, (paper.key, "features", paper.experiment(table))):
        if isinstance(table, DataTable):
            return _run_data_table(paper, table, flags, assumptions, output)
        return _run_trainings(paper, table, rows, flags, assumptions, output)


def _run_trainings(
    paper: Paper[L],
    table: Table[L],
    rows: Sequence[System[L]],
    flags: argparse.Namespace,
    assumptions: L,
    output: Console,
) -> int:
    """Trains what is not finished, evaluates, writes the table's folder and prints it."""
    paper = arranged(paper, flags)
    loaded = load_run(paper, flags, assumptions, output)
    folds = {seed: chosen_folds(paper, loaded.run, seed, flags) for seed in flags.seeds}
    jobs = [Job(row, fold, seed) for row in rows if row.fit for seed in flags.seeds for fold in folds[seed]]
    swept = sweep_plan.plan(paper, loaded, flags)
    failures = run_jobs(loaded.run, jobs, flags, output)
    statistics = Statistics(interval=flags.interval, unit=flags.cluster)
    report_run(paper, table, loaded, Outcome(rows, folds, jobs, failures), statistics, output)
    well = all(failure.unavailable for failure in failures.values())
    if swept:
        measured = sweep.measure(paper, loaded, rows, swept, flags, run_jobs, output)
        sweep.publish(paper.experiment(table), loaded, measured, flags, output)
        well = measured.well and well
    return cli.DONE if well else cli.FAILED


def _run_data_table(
    paper: Paper[L], table: DataTable[L], flags: argparse.Namespace, assumptions: L, output: Console
) -> int:
    """Makes a table that trains nothing, writes its folder and prints it."""
    if flags.test_corpus or flags.split:
        raise SettingError(f"{'--test-corpus' if flags.test_corpus else '--split'}: this table trains nothing")
    started = time.perf_counter()
    corpus = load_corpus(flags, output)
    if table.show is None:
        raise ValueError(f"table {table.number} of {paper.key} shows nothing")
    shown = table.show(corpus, assumptions, flags)
    keys = {row.key for row in chosen_rows(table.rows, flags.rows)}
    name = paper.experiment(table)
    summary = build_data_summary(
        experiment=name,
        title=table.title,
        task=paper.task(assumptions).name,
        corpus=corpus.name,
        corpus_kind=corpus_kind(is_papers=corpus.name in table.corpora, is_whole=corpus.is_full),
        corpus_notes=shown.notes,
        seeds=flags.seeds,
        smoke=flags.smoke,
        columns=table.columns,
        rows=[row for row in shown.rows if row.key in keys],
        assumptions=ledger.as_dict(assumptions),
        seconds=time.perf_counter() - started,
    )
    folder = Layout(flags.output, paper.key, corpus.name, cross_corpus.place_of(corpus)).experiment(name)
    write_results(folder, summary)
    output.print(tables.to_rich(summary))
    output.print(f"written to {folder}", markup=False)
    return cli.DONE


def run_jobs(run: Run[L], jobs: Sequence[Job[L]], flags: argparse.Namespace, output: Console) -> Mapping[str, Failure]:
    """Runs what is not finished yet; returns the failures by job name."""
    waiting = [job for job in jobs if runner.finished(run, job) is None]
    if len(waiting) < len(jobs):
        output.print(f"{len(jobs) - len(waiting)} of {len(jobs)} fold results are reused", markup=False)
    if reasons := runner.reasons_to_train(run, waiting):
        output.print(f"results made anew: {reasons}", markup=False)
    if not waiting:
        return {}
    machine.configure_tensorflow()
    ensure_features(run, waiting, output)
    executor = _executor(flags, len(waiting))
    failures: dict[str, Failure] = {}
    outcomes = None
    try:
        with progress.RunProgress(output, len(waiting)) as display:
            outcomes = executors.run_jobs(executor, run, waiting, display.epoch)
            for job, outcome in outcomes:
                display.finished(job.name, _in_words(outcome))
                if isinstance(outcome, Failure):
                    failures[job.name] = outcome
    except KeyboardInterrupt:
        done = sum(runner.finished(run, job) is not None for job in jobs)
        raise KeyboardInterrupt(
            f"{done} of {len(jobs)} fold results are finished and kept in {run.layout.root};"
            " the same command goes on from there"
        ) from None
    finally:
        if outcomes is not None:
            outcomes.close()
    return failures


def _executor(flags: argparse.Namespace, jobs: int) -> executors.Executor:
    if flags.executor == "ray":
        return executors.RayCluster(flags.workers, flags.ray_address)
    if min(flags.workers, jobs) > 1:
        return executors.LocalProcesses(flags.workers)
    return executors.InProcess()


def _in_words(outcome: FoldResult | Failure) -> str:
    if isinstance(outcome, Failure):
        return outcome.reason
    epochs = f"{outcome.epochs} epochs, " if outcome.epochs else ""
    stages = [
        f"{name} {seconds:.1f} s" if seconds else f"{name} reused" for name, seconds in outcome.stage_seconds.items()
    ]
    return f"{epochs}{outcome.seconds:.1f} s" + (f" ({', '.join(stages)})" if stages else "")


def ensure_features(run: Run[L], jobs: Sequence[Job[L]], output: Console) -> None:
    """Computes the feature stores that the jobs read before any of them starts, with progress shown."""
    from ser_tf.data import store

    wanted: dict[tuple[str, float], Any] = {}
    for job in jobs:
        for spec in job.system.features(run.ledger) if job.system.features else ():
            wanted |= {(spec.fingerprint(), speed): spec for speed in job.system.speeds}
    for (_, speed), spec in wanted.items():
        everything = [at_speed(run.utterances[utterance_id], speed) for utterance_id in sorted(run.utterances)]
        what = f"{spec.name} features" + ("" if speed == 1 else f" at speed {speed:g}")
        with progress.bar(output, what, len(everything)) as report:
            store.ensure(run.layout.features, spec, everything, report)
