"""Time that training waits for data: each network of the papers trains a few steps on its own batches.

    python -m experiments.benchmark_training
    python -m experiments.benchmark_training --corpus emodb --corpus-root DIR --networks lee2020_table2:can

A network is named by its table and row; what is measured is the first network that the row trains, on the first fold,
with the paper's settings, one thread an operation as in a run. The first steps, which compile, are not counted. For
each: milliseconds that a step waits for its batch, milliseconds that it computes, the share of the waiting, the
milliseconds that a batch takes without training, and the share of frames that are padding.
"""

import argparse
import contextlib
import dataclasses
import itertools
import tempfile
import time
import unittest.mock
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich.table

from ser_tf import cli, papers
from ser_tf.errors import SettingError
from ser_tf.protocol import command, machine, progress, runner
from ser_tf.protocol.flags import parser_of
from ser_tf.protocol.material import all_folds, load_run
from ser_tf.protocol.paper import Paper, System, Table

NETWORKS = (
    "mirsamadi2017_table3:lld_weighted_pool",
    "zhang2018_table2:fcn_attention_random",
    "ando2019_table3:dominant_hard_dominant",
    "mao2020_table1:feature",
    "lee2020_table2:can",
)
MOST_WAITING = 0.1
"""Share of the time that training may wait for data."""


@dataclasses.dataclass(frozen=True)
class Measured:
    """Seconds of all measured steps together, and the cells of their batches.

    Attributes:
        batch_size: Size of the largest batch.
        steps: Number of steps measured.
        waiting_seconds: Time spent waiting for batches.
        computing_seconds: Time spent in training steps.
        reading_seconds: Time to read as many batches without training.
        frames: Frames in the batches.
        cells: Frames with padding; 0 where batches have no lengths.
    """

    batch_size: int
    steps: int
    waiting_seconds: float
    computing_seconds: float
    reading_seconds: float
    frames: int
    cells: int

    @property
    def waiting_share(self) -> float:
        """Share of the time of training that is waiting for data."""
        return self.waiting_seconds / (self.waiting_seconds + self.computing_seconds)


class _EnoughError(Exception):
    """Ends a system as soon as its first network has been measured."""

    def __init__(self, measured: Measured) -> None:
        super().__init__("measured")
        self.measured = measured


def _endless(batches: Any) -> Iterator[Any]:
    return itertools.chain.from_iterable(itertools.repeat(batches))


def measure(model: Any, batches: Any, warm_up: int, steps: int) -> Measured:
    """Trains some steps and takes the time.

    Args:
        model: A compiled Keras model.
        batches: A tf.data dataset of (inputs, targets[, weights]); begun anew when it ends.
        warm_up: Steps before the first that counts.
        steps: Steps that count.
    """
    waiting = computing = 0.0
    batch_size = frames = cells = 0
    source = _endless(batches)
    for step in range(warm_up + steps):
        asked = time.perf_counter()
        batch = next(source)
        given = time.perf_counter()
        model.train_on_batch(*batch)
        if step < warm_up:
            continue
        waiting += given - asked
        computing += time.perf_counter() - given
        inputs = batch[0]
        batch_size = max(
            batch_size, int(next(iter(inputs.values())).shape[0] if isinstance(inputs, dict) else inputs.shape[0])
        )
        if isinstance(inputs, dict) and {"features", "lengths"} <= set(inputs):
            frames += int(inputs["lengths"].numpy().sum())
            cells += inputs["features"].shape[0] * inputs["features"].shape[1]
    source = _endless(batches)
    next(source)
    started = time.perf_counter()
    for _ in range(steps):
        next(source)
    return Measured(batch_size, steps, waiting, computing, time.perf_counter() - started, frames, cells)


def find(name: str) -> tuple[Paper[Any], Table[Any], System[Any]]:
    """The paper, table and row of a network's name.

    Raises:
        SettingError: there is no such table or row.
    """
    table_name, _, key = name.partition(":")
    paper_key, _, number = table_name.partition("_table")
    if paper_key not in papers.keys() or not number.isdigit():
        raise SettingError(f"--networks {name}: no table {table_name}; expected TABLE:ROW such as {NETWORKS[0]}")
    paper = papers.load(paper_key)
    table = paper.table(int(number))
    rows = {row.key: row for row in table.rows}
    if key not in rows:
        raise SettingError(f"--networks {name}: no such row; there are {', '.join(rows)}")
    return paper, table, rows[key]


def measure_row(name: str, flags: argparse.Namespace, folder: Path) -> Measured:
    """Measures the first network that a row trains.

    Args:
        name: `TABLE:ROW`.
        flags: Flags of this script.
        folder: For features and first stages.

    Raises:
        SettingError: the row trains no network, or what it needs is not there.
    """
    from ser_tf.training import loop

    paper, table, row = find(name)
    console = progress.console()
    arguments = ["--corpus", flags.corpus, "--output", str(folder), *(["--smoke"] if flags.smoke else [])]
    if flags.corpus_root is not None:
        arguments += ["--corpus-root", str(flags.corpus_root)]
    run = load_run(paper, parser_of(paper, table).parse_args(arguments), paper.ledger, console).run
    job = runner.Job(row, all_folds(paper, run, 0)[0], 0)
    command.ensure_features(run, [job], console)

    def stop(context: Any, model: Any, batches: Any, recipe: Any) -> None:
        del context
        compiled, data = loop.prepared(model, batches, recipe)
        raise _EnoughError(measure(compiled, data, flags.warm_up, flags.steps))

    context = runner.context_of(run, job, print)
    if row.fit is None:
        raise SettingError(f"--networks {name}: the row is only cited")
    try:
        with unittest.mock.patch.object(loop, "fit", stop):
            row.fit(context)
    except _EnoughError as done:
        return done.measured
    raise SettingError(f"--networks {name}: the row trains no network")


def parse(argv: list[str]) -> argparse.Namespace:
    """Reads the command line.

    Raises:
        SettingError: bad usage.
    """
    parser = cli.ArgumentParser(prog="python -m experiments.benchmark_training", description=__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="TABLE:ROW", help="which (default: all)")
    parser.add_argument("--corpus", default="synthetic", metavar="NAME", help="which corpus (default: synthetic)")
    parser.add_argument("--corpus-root", type=Path, metavar="DIR", help="its folder")
    parser.add_argument("--steps", type=int, default=40, metavar="N", help="steps that are measured (default: 40)")
    parser.add_argument("--warm-up", type=int, default=10, metavar="N", help="steps before them (default: 10)")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where features are kept (default: a folder that goes again)"
    )
    parser.add_argument("--smoke", action="store_true", help="few utterances: shows that it runs")
    flags = parser.parse_args(argv)
    for name in ("steps", "warm_up"):
        if getattr(flags, name) < 1:
            raise SettingError(f"--{name.replace('_', '-')} {getattr(flags, name)}: at least one is needed")
    return flags


def main(argv: list[str]) -> int:
    """Measures and prints the table."""
    flags = parse(argv)
    for name in flags.networks:
        find(name)
    machine.configure_tensorflow()
    table = rich.table.Table(title=f"Milliseconds a training step, {flags.steps} steps on {flags.corpus}")
    for heading in ("network", "batch", "waits", "computes", "waiting share", "under 10%", "a batch alone", "padding"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    with contextlib.ExitStack() as stack:
        folder = flags.output or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name in flags.networks:
            measured = measure_row(name, flags, folder)
            times = (measured.waiting_seconds, measured.computing_seconds, measured.reading_seconds)
            waits, computes, alone = (f"{1000 * seconds / measured.steps:.1f}" for seconds in times)
            share = measured.waiting_share
            padding = f"{1 - measured.frames / measured.cells:.1%}" if measured.cells else "-"
            verdict = "yes" if share < MOST_WAITING else "NO"
            table.add_row(name, str(measured.batch_size), waits, computes, f"{share:.1%}", verdict, alone, padding)
    progress.console().print(table)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
