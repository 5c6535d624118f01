"""`ser-tf compare PAPER:ROW ...`: systems of different papers on the same recordings, classes and folds."""

import argparse
import dataclasses
from pathlib import Path

from rich.console import Console

from ser_tf import cli, files, papers
from ser_tf.compare import common, entrants
from ser_tf.compare.contest import Contest, ledgers_of, set_up
from ser_tf.compare.entrants import Wanted
from ser_tf.compare.report import report_contest
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.sweep import SweptRow
from ser_tf.protocol import listing, progress, sharing, sweep, sweep_plan
from ser_tf.protocol.command import run_jobs
from ser_tf.protocol.flags import EXIT_STATUS, add_data_flags, add_run_flags, check


def main(argv: list[str]) -> int:
    """Runs a comparison from its command line.

    Args:
        argv: The arguments.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage or bad data, or nothing is left to compare.
        KeyboardInterrupt: the user stops the run; says what is finished.
    """
    flags = _parser().parse_args(argv)
    check(flags)
    output = progress.console()
    wanted = entrants.parse(flags.systems)
    if flags.list:
        _print_list(wanted, flags, output)
        return cli.DONE
    files.require_writable(flags.output)
    with sharing.presence(flags.output, (*(each.paper.key for each in wanted), "features", common.KEY)):
        return _run(wanted, flags, output)


def _run(wanted: list[Wanted], flags: argparse.Namespace, output: Console) -> int:
    """Trains what is not finished, evaluates, writes the comparison's folder and prints it."""
    contest = set_up(wanted, flags, output)
    for line in contest.lines:
        output.print(line, markup=False)
    for part in contest.parts:
        output.print(f"{part.paper.key}: {', '.join(system.key for system in part.systems)}", markup=False)
        part.failures = run_jobs(part.loaded.run, part.jobs, part.flags, output)
    report_contest(contest, Statistics(interval=flags.interval, unit=flags.cluster), output)
    well = all(failure.unavailable for part in contest.parts for failure in part.failures.values())
    if flags.sweep:
        well = _sweep(contest, flags, output) and well
    return cli.DONE if well else cli.FAILED


def _parser() -> cli.ArgumentParser:
    parser = cli.ArgumentParser(prog="ser-tf compare", description=__doc__, epilog=EXIT_STATUS)
    parser.add_argument(
        "systems",
        nargs="*",
        metavar="PAPER:ROW",
        help="systems to compare; PAPER is its main system (default: the main system of each paper)",
    )
    parser.add_argument(
        "--folds-by", choices=tuple(common.RULES), default="session", help="what folds leave out (default: session)"
    )
    add_data_flags(parser)
    add_run_flags(parser)
    options = {option.flag: (key, option) for key in papers.keys() for option in papers.load(key).options}
    for key, option in options.values():
        parser.add_argument(option.flag, type=Path, metavar=option.metavar, help=f"{key}: {option.help}")
    return parser


def _print_list(wanted: list[Wanted], flags: argparse.Namespace, output: Console) -> None:
    """Prints the systems and the assumptions of their papers."""
    for each in wanted:
        first, *others = (f"{each.paper.key}:{system.key} ({system.label})" for system in each.candidates)
        output.print(first + "".join(f", or {other}" for other in others), markup=False)
    for key, ledger in ledgers_of(wanted, flags).items():
        listing.print_assumptions(output, ledger, f"{key}.")


def _sweep(contest: Contest, flags: argparse.Namespace, output: Console) -> bool:
    """Sweeps each paper's assumptions and writes one sweep of all; returns whether all trainings succeeded."""
    rows: list[SweptRow] = []
    unread: dict[str, list[str]] = {}
    well = True
    for part in contest.parts:
        if not part.flags.sweep:
            continue
        swept = sweep_plan.plan(part.paper, part.loaded, part.flags)
        found = sweep.measure(part.paper, part.loaded, part.systems, swept, part.flags, run_jobs, output)
        names = {system.key: (part.key(system), part.label(system)) for system in part.systems}
        for row in found.rows:
            key, label = names[row.key]
            named = tuple(dataclasses.replace(each, name=f"{part.paper.key}.{each.name}") for each in row.assumptions)
            rows.append(dataclasses.replace(row, key=key, label=label, assumptions=named))
        unread |= {f"{part.paper.key}.{name}": [names[key][0] for key in keys] for name, keys in found.unread.items()}
        well = well and found.well
    sweep.publish(common.KEY, contest.parts[0].loaded, sweep.Measured(tuple(rows), unread, well), flags, output)
    return well


if __name__ == "__main__":
    cli.run(main)
