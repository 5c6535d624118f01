"""The command line that all tables share: parse flags, load the corpus, run the rows, evaluate, write, print."""

import argparse
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ser_tf import cli, corpora, files
from ser_tf.corpora.base import Corpus, Utterance, at_speed
from ser_tf.errors import SettingError
from ser_tf.protocol import executors, ledger, progress, runner
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.report import report_run
from ser_tf.protocol.runner import Failure, Job, Plan
from ser_tf.protocol.system import Experiment, System

SMOKE_UTTERANCES = 2
"""Utterances of each speaker and class in a smoke run."""
SMOKE_FOLDS = 2


def main_of(experiment: Experiment) -> Callable[[list[str]], int]:
    """The `main` of an experiment's module, for `ser_tf.cli.run`."""
    return lambda argv: run_experiment(experiment, argv)


def parser_of(experiment: Experiment) -> cli.ArgumentParser:
    """The flags of every table, and those of the experiment's paper."""
    parser = cli.ArgumentParser(
        prog=f"python -m experiments.{experiment.name}",
        description=f"{experiment.title}\n{experiment.paper.citation}",
        epilog="Exit status: 0 done, 1 a row failed (the others are finished and saved), 2 bad usage or bad data.",
    )
    parser.add_argument(
        "--corpus", choices=corpora.NAMES, default="synthetic", help="which corpus (default: synthetic)"
    )
    parser.add_argument("--corpus-root", type=Path, metavar="DIR", help="its folder; synthetic is generated if missing")
    parser.add_argument("--rows", nargs="+", metavar="KEY", help="rows to run (default: all; see --list)")
    parser.add_argument("--folds", nargs="+", metavar="NAME", help="folds to run (default: all)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], metavar="N", help="seeds (default: 0)")
    parser.add_argument(
        "--output", type=Path, default=Path("runs"), metavar="DIR", help="where results go (default: runs)"
    )
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="ASSUMPTION=VALUE",
        help="change assumptions (see --list)",
    )
    parser.add_argument(
        "--smoke", action="store_true", help="seconds, not science: few utterances, one epoch, two folds"
    )
    parser.add_argument("--executor", choices=("local", "ray"), default="local", help="where folds are trained")
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="folds trained at the same time (default: one a core)",
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a running Ray cluster (default: this machine)")
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs beside the fold results")
    parser.add_argument(
        "--keep-models", action="store_true", help="keep each fold's trained model, for figures and export"
    )
    for option in experiment.paper.options:
        parser.add_argument(option.flag, type=Path, metavar=option.metavar, help=option.help)
    parser.add_argument("--list", action="store_true", help="print rows, settings and assumptions; train nothing")
    return parser


def run_experiment(experiment: Experiment, argv: list[str]) -> int:
    """Runs one table from its command line.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage or bad data.
        KeyboardInterrupt: with what is finished, when the user stops the run.
    """
    flags = parser_of(experiment).parse_args(argv)
    check_numbers(flags)
    assumptions = ledger.override(experiment.paper.ledger, flags.set)
    output = progress.console()
    rows = chosen_rows(experiment.rows, flags.rows)
    if flags.list:
        print_list(output, experiment, rows, assumptions)
        return cli.DONE
    run = planned(experiment, flags, assumptions, output)
    folds = {seed: _chosen_folds(experiment, run, seed, flags) for seed in flags.seeds}
    jobs = [Job(row, fold, seed) for row in rows if row.fit_predict for seed in flags.seeds for fold in folds[seed]]
    failures = _run_jobs(run.plan, jobs, flags, output)
    report_run(experiment, run.plan, run.corpus, rows, folds, jobs, failures, run.notes, output)
    return cli.FAILED if any(not failure.unavailable for failure in failures.values()) else cli.DONE


@dataclasses.dataclass(frozen=True)
class PlannedRun:
    """What the flags of a run come to: the plan, the corpus, and what the table has to say of them."""

    plan: Plan
    corpus: Corpus
    notes: list[str]


def planned(experiment: Experiment, flags: argparse.Namespace, assumptions: Any, output: Console) -> PlannedRun:
    """Loads and checks the corpus that the flags name, and sets up the plan of the run.

    Raises:
        UserError: bad usage or bad data.
    """
    files.require_writable(flags.output)
    paths = {option.name: getattr(flags, option.name) for option in experiment.paper.options}
    prepared = experiment.paper.prepare(load_corpus(flags, output), assumptions, paths)
    corpus = prepared.corpus
    task = experiment.paper.task(assumptions).on(corpus.name)
    warning = task.check(corpus)
    corpus.check_audio()
    utterances = task.select(corpus)
    if flags.smoke:
        utterances = few(utterances, task.target_of)
    by_id = {utterance.id: utterance for utterance in utterances}
    plan = Plan(
        layout=Layout(flags.output, experiment.paper.key, corpus.name),
        task=task,
        ledger=assumptions,
        utterances=by_id,
        corpus_root=corpus.root,
        corpus_digest=runner.digest_of(by_id),
        smoke=flags.smoke,
        keep_models=flags.keep_models,
        tensorboard=flags.tensorboard,
        options=prepared.options,
        option_digests=prepared.digests,
    )
    return PlannedRun(plan, corpus, [*filter(None, [warning]), *prepared.notes])


def check_numbers(flags: argparse.Namespace) -> None:
    """Checks `--workers` and `--seeds`.

    Raises:
        SettingError: no worker, or a seed that is negative or comes twice.
    """
    if flags.workers < 1:
        raise SettingError(f"--workers {flags.workers}: at least one is needed")
    if min(flags.seeds) < 0 or len(set(flags.seeds)) < len(flags.seeds):
        raise SettingError(f"--seeds {' '.join(map(str, flags.seeds))}: expected different whole numbers from 0 on")


def chosen_rows(rows: Sequence[System], keys: Sequence[str] | None) -> tuple[System, ...]:
    """The rows that `--rows` names, in the order of the table; all without it.

    Raises:
        SettingError: there is no such row.
    """
    unknown = sorted(set(keys or ()) - {row.key for row in rows})
    if unknown:
        raise SettingError(f"--rows {unknown[0]}: no such row; there are {', '.join(row.key for row in rows)}")
    return tuple(row for row in rows if not keys or row.key in keys)


def _chosen_folds(experiment: Experiment, run: PlannedRun, seed: int, flags: argparse.Namespace) -> tuple[Fold, ...]:
    folds = experiment.paper.folds(tuple(run.plan.utterances.values()), run.plan.ledger, seed)
    unknown = sorted(set(flags.folds or ()) - {fold.name for fold in folds})
    if unknown:
        raise SettingError(f"--folds {unknown[0]}: no such fold; there are {', '.join(fold.name for fold in folds)}")
    if flags.folds:
        return tuple(fold for fold in folds if fold.name in flags.folds)
    return folds[:SMOKE_FOLDS] if flags.smoke else folds


def few(utterances: Sequence[Utterance], target_of: Callable[[Utterance], str | None]) -> tuple[Utterance, ...]:
    """For a smoke run: the first utterances of each speaker and class, those of no class counted as one."""
    counts: dict[tuple[str, str | None], int] = {}
    chosen = []
    for utterance in utterances:
        kind = (utterance.speaker, target_of(utterance))
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= SMOKE_UTTERANCES:
            chosen.append(utterance)
    return tuple(chosen)


def load_corpus(flags: argparse.Namespace, output: Console) -> Corpus:
    """Loads the corpus that `--corpus` and `--corpus-root` name; the generated one is made if it is not there.

    Raises:
        UserError: the corpus is not there or cannot be read.
    """
    root = flags.corpus_root
    if flags.corpus == "synthetic":
        root = root or flags.output / "corpora" / "synthetic"
        if not root.exists():
            from ser_tf.corpora.synthetic import generate

            with progress.bar(output, "generating the synthetic corpus", 1) as report:
                generate(root, progress=report)
    elif root is None:
        raise SettingError(f"--corpus {flags.corpus} needs --corpus-root, the folder that holds it")
    return corpora.load(flags.corpus, root)


def _run_jobs(plan: Plan, jobs: Sequence[Job], flags: argparse.Namespace, output: Console) -> dict[str, Failure]:
    """Runs what is not finished yet; returns the failures by job name."""
    waiting = [job for job in jobs if runner.finished(plan, job) is None]
    if len(waiting) < len(jobs):
        output.print(
            f"{len(jobs) - len(waiting)} of {len(jobs)} fold results are there already, with the same settings"
        )
    if not waiting:
        return {}
    runner.configure_tensorflow()
    ensure_features(plan, waiting, output)
    if flags.executor == "ray":
        executor: executors.Executor = executors.RayCluster(flags.workers, flags.ray_address)
    elif min(flags.workers, len(waiting)) > 1:
        executor = executors.LocalProcesses(flags.workers)
    else:
        executor = executors.InProcess()
    failures: dict[str, Failure] = {}
    outcomes = None
    try:
        with progress.RunProgress(output, len(waiting)) as display:
            outcomes = executor.run(plan, waiting, display.epoch)
            for job, outcome in outcomes:
                display.finished(job.name, _in_words(outcome))
                if isinstance(outcome, Failure):
                    failures[job.name] = outcome
    except KeyboardInterrupt:
        done = sum(runner.finished(plan, job) is not None for job in jobs)
        raise KeyboardInterrupt(
            f"{done} of {len(jobs)} fold results are finished and kept in {plan.layout.root};"
            " the same command goes on from there"
        ) from None
    finally:
        if outcomes is not None:
            outcomes.close()  # type: ignore[attr-defined]
    return failures


def _in_words(outcome: Any) -> str:
    if isinstance(outcome, Failure):
        return outcome.reason
    epochs = f"{outcome.epochs} epochs, " if outcome.epochs else ""
    stages = [
        f"{name} {seconds:.1f} s" if seconds else f"{name} reused" for name, seconds in outcome.stage_seconds.items()
    ]
    return f"{epochs}{outcome.seconds:.1f} s" + (f" ({', '.join(stages)})" if stages else "")


def ensure_features(plan: Plan, jobs: Sequence[Job], output: Console) -> None:
    """Computes the feature stores that the jobs read before any of them starts, with progress shown."""
    from ser_tf.data import store

    wanted = {
        (spec.fingerprint(), speed): spec
        for job in jobs
        for spec in job.system.features(plan.ledger)
        for speed in job.system.speeds
    }
    for (_, speed), spec in wanted.items():
        everything = [at_speed(plan.utterances[one], speed) for one in sorted(plan.utterances)]
        what = f"{spec.name} features" + ("" if speed == 1 else f" at speed {speed:g}")
        with progress.bar(output, what, len(everything)) as report:
            store.ensure(plan.layout.features, spec, everything, report)


def print_list(output: Console, experiment: Experiment, rows: Sequence[System], assumptions: Any) -> None:
    """Prints the rows and the assumptions, as `--list` does."""
    output.print(f"{experiment.name}: {experiment.title}", markup=False)
    table = Table("row", "system", "published WA / UA", "note")
    for row in rows:
        numbers = row.published or {}
        both = " / ".join(f"{100 * numbers[key]:.1f}" if numbers.get(key) is not None else "-" for key in ("wa", "ua"))
        table.add_row(row.key, row.label, both, row.note)
    output.print(table)
    table = Table("assumption", "value", "alternatives", "why")
    for entry in ledger.entries(assumptions):
        changed = "" if entry.value == entry.default else f" (default {entry.default})"
        alternatives = ", ".join(map(str, entry.choices)) or type(entry.default).__name__
        table.add_row(entry.key, f"{entry.value}{changed}", alternatives, entry.why)
    output.print(table)
