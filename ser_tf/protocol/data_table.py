"""The command of a table that shows data and trains nothing: the flags and files of every table, without folds.

It writes `summary.json`, `table.md`, `table.csv` and `table.tex`. There is no `leaks.json` and no `manifest.json`:
without folds nothing can leak and there is nothing to list.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

from ser_tf import cli, files
from ser_tf.corpora.base import Corpus
from ser_tf.evaluation import tables
from ser_tf.evaluation.data_summary import DataRow, build_data_summary
from ser_tf.evaluation.verdicts import corpus_kind
from ser_tf.evaluation.write import write_results
from ser_tf.protocol import command, ledger, progress
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.system import Experiment


@dataclasses.dataclass(frozen=True)
class Shown:
    """What the table shows of a corpus.

    Attributes:
        rows: All rows of the table that the corpus can fill.
        notes: Cautions on the corpus, one line each.
    """

    rows: tuple[DataRow, ...]
    notes: tuple[str, ...] = ()


def run_data_table(
    table: Experiment,
    columns: Sequence[str],
    show: Callable[[Corpus, Any, argparse.Namespace], Shown],
    flags: argparse.Namespace,
) -> int:
    """Makes the table, writes its folder and prints it.

    Args:
        table: The table; its rows are those of `show`, without `fit_predict`.
        columns: Heads of the table: of the labels, then of the cells of each line.
        show: Gives the rows for the corpus, the ledger and the flags.
        flags: Of the parser that `ser_tf.protocol.command.parser_of` gives for the table.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage or bad data.
    """
    started = time.perf_counter()
    command.check_numbers(flags)
    assumptions = ledger.override(table.paper.ledger, flags.set)
    chosen = command.chosen_rows(table.rows, flags.rows)
    output = progress.console()
    if flags.list:
        command.print_list(output, table, chosen, assumptions)
        output.print("nothing is trained; none of the assumptions changes this table", markup=False)
        return cli.DONE
    files.require_writable(flags.output)
    corpus = command.load_corpus(flags, output)
    shown = show(corpus, assumptions, flags)
    keys = {row.key for row in chosen}
    summary = build_data_summary(
        experiment=table.name,
        title=table.title,
        task=table.paper.task(assumptions).name,
        corpus=corpus.name,
        corpus_kind=corpus_kind(is_papers=corpus.name in table.paper.corpora, is_whole=corpus.is_full),
        corpus_notes=shown.notes,
        seeds=flags.seeds,
        smoke=flags.smoke,
        columns=columns,
        rows=[row for row in shown.rows if row.key in keys],
        assumptions=ledger.as_dict(assumptions),
        seconds=time.perf_counter() - started,
    )
    folder = Layout(flags.output, table.paper.key, corpus.name).experiment(table.name)
    write_results(folder, summary)
    output.print(tables.to_rich(summary))
    output.print(f"written to {folder}", markup=False)
    return cli.DONE
