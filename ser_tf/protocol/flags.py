"""The flags shared by all tables, and their checks."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from ser_tf import cli, corpora
from ser_tf.errors import SettingError
from ser_tf.protocol.folds import NORMALISE, SOURCE
from ser_tf.protocol.paper import DataTable, Paper, System, Table

L = TypeVar("L")
EXIT_STATUS = "Exit status: 0 done, 1 a row failed (the others are finished and saved), 2 bad usage or bad data."


def parser_of(paper: Paper[Any], table: Table[Any], program: str | None = None) -> cli.ArgumentParser:
    """Makes a parser of the flags common to all tables and those of the paper and table.

    Args:
        paper: The paper.
        table: The table.
        program: How the command is called; by default `python -m experiments.<name>`.
    """
    parser = cli.ArgumentParser(
        prog=program or f"python -m experiments.{paper.experiment(table)}",
        description=f"{table.title}\n{paper.citation}",
        epilog=EXIT_STATUS,
    )
    add_data_flags(parser)
    parser.add_argument("--rows", nargs="+", metavar="KEY", help="rows to run (default: all; see --list)")
    add_run_flags(parser)
    for option in paper.options:
        parser.add_argument(option.flag, type=Path, metavar=option.metavar, help=option.help)
    if isinstance(table, DataTable) and table.add_flags is not None:
        table.add_flags(parser)
    return parser


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags for recordings and classes, and for training and test sets."""
    add = parser.add_argument
    add("--corpus", choices=corpora.NAMES, default="synthetic", help="corpus to run on (default: synthetic)")
    add("--corpus-root", type=Path, metavar="DIR",
        help="folder of the corpus (synthetic: generated if missing); for table, the table file")  # fmt: skip
    add(
        "--audio-root", type=Path, metavar="DIR", help="for table: folder of the recordings (default: that of the file)"
    )
    add("--columns", nargs="+", default=[], metavar="OURS=THEIRS",
        help="for table: columns with other than the usual names, such as speaker=spk label=emo")  # fmt: skip
    add("--classes", nargs="+", metavar="NAME",
        help="use these classes, or all in the corpus; not on the paper's own corpus")  # fmt: skip
    add("--split", choices=("column",), help="for table: one fold, of the sets that its split column names")
    add("--test-corpus", choices=corpora.NAMES, help="train on --corpus and test on this one")
    add("--test-corpus-root", type=Path, metavar="DIR", help="its folder or file")
    add("--test-audio-root", type=Path, metavar="DIR", help="as --audio-root, of the tested corpus")
    add("--test-columns", nargs="+", default=[], metavar="OURS=THEIRS", help="as --columns, of the tested corpus")
    add("--normalise", choices=NORMALISE, default=SOURCE,
        help="with --test-corpus: features by the statistics of training (source, the default), or those of the tested"
        " corpus by those of its own unlabelled recordings (target)")  # fmt: skip


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags for folds, seeds, assumptions, output and executors."""
    add = parser.add_argument
    add("--folds", nargs="+", metavar="NAME", help="folds to run (default: all)")
    add("--seeds", nargs="+", type=int, default=[0], metavar="N", help="seeds (default: 0)")
    add("--output", type=Path, default=Path("runs"), metavar="DIR", help="folder for results (default: runs)")
    add("--set", nargs="+", action="extend", default=[], metavar="ASSUMPTION=VALUE",
        help="change assumptions (see --list)")  # fmt: skip
    add("--sweep", nargs="+", default=[], metavar="ASSUMPTION[=VALUE,...]",
        help="also train with other values of these assumptions, one at a time (all: every one; protocol: happy with"
        " and without excited, all or improvised speech, the paper's or random folds)")  # fmt: skip
    add("--smoke", action="store_true", help="quick check that everything runs: few utterances, one epoch, two folds")
    add(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="where to train folds: processes on this machine, or Ray (default: local)",
    )
    add("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
        help="number of folds to train in parallel (default: one per core)")  # fmt: skip
    add(
        "--ray-address", metavar="ADDRESS", help="address of a running Ray cluster (default: start Ray on this machine)"
    )
    add("--tensorboard", action="store_true", help="write TensorBoard logs next to the fold results")
    add("--keep-models", action="store_true", help="keep each fold's trained model, for figures and export")
    add(
        "--reuse-older-code",
        action="store_true",
        help="reuse results made by other code; the table is marked accordingly",
    )
    add("--cluster", choices=("speaker", "session"), default="speaker",
        help="sampling unit of intervals and tests (default: speaker)")  # fmt: skip
    add(
        "--interval",
        choices=("jackknife", "bootstrap"),
        default="jackknife",
        help="kind of interval (default: jackknife)",
    )
    add("--list", action="store_true", help="print rows, settings and assumptions; train nothing")


def check(flags: argparse.Namespace) -> None:
    """Checks flags that no parser checks, and those that need or exclude each other.

    Raises:
        SettingError: no workers, a seed that is negative or given twice, or flags that exclude each other.
    """
    if flags.workers < 1:
        raise SettingError(f"--workers {flags.workers}: at least one is needed")
    if min(flags.seeds) < 0 or len(set(flags.seeds)) < len(flags.seeds):
        raise SettingError(f"--seeds {' '.join(map(str, flags.seeds))}: expected distinct whole numbers, 0 or more")
    if flags.test_corpus is None:
        given = {
            "--test-corpus-root": flags.test_corpus_root,
            "--test-audio-root": flags.test_audio_root,
            "--test-columns": flags.test_columns,
            "--normalise target": flags.normalise != SOURCE,
        }
        if alone := [name for name, value in given.items() if value]:
            raise SettingError(f"{alone[0]}: needs --test-corpus NAME")
    elif flags.split:
        raise SettingError("--split column: cannot be combined with --test-corpus, which makes a fold of its own")
    if flags.normalise != SOURCE and flags.keep_models:
        raise SettingError(
            "--keep-models: a model normalises by its training corpus, and would not give the results of --normalise"
            " target; leave one of them out"
        )


def chosen_rows(rows: Sequence[System[L]], keys: Sequence[str] | None) -> tuple[System[L], ...]:
    """Returns the rows named by `--rows` in the order of the table, or all rows without it.

    Raises:
        SettingError: there is no such row.
    """
    unknown = sorted(set(keys or ()) - {row.key for row in rows})
    if unknown:
        raise SettingError(f"--rows {unknown[0]}: no such row; there are {', '.join(row.key for row in rows)}")
    return tuple(row for row in rows if not keys or row.key in keys)
