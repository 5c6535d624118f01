"""The command `ser-tf SUBCOMMAND`, or `python -m ser_tf SUBCOMMAND`, for everything the project does."""

import importlib
import sys
from pathlib import Path

from ser_tf import cli
from ser_tf.errors import SettingError

MODULES = {
    "compare": ("ser_tf.compare.command", "systems of different papers on the same recordings and folds"),
    "predict": ("ser_tf.predict", "emotions of recordings"),
    "export": ("ser_tf.serving.export", "a trained row as a SavedModel that takes raw audio"),
    "client": ("ser_tf.serving.client", "ask a running TensorFlow Serving"),
    "align": ("ser_tf.asr.command", "when each word of an English corpus is spoken, or which"),
    "validate": ("ser_tf.corpora.validate", "list a corpus's missing, unreadable and unexpected files"),
    "report": ("ser_tf.report.command", "one page of everything in a folder of results"),
}
"""Subcommands with a module of their own."""
USAGE = """usage: {program} SUBCOMMAND ...

  table PAPER N ...       run a table of a paper (--list shows its rows and assumptions)
  figure PAPER NAME ...   draw a figure of a paper from a run
{modules}
  papers                  list papers, tables and figures

Run {program} SUBCOMMAND --help for its flags."""


def _program() -> str:
    """Returns the command as the user typed it."""
    return "python -m ser_tf" if Path(sys.argv[0]).resolve() == Path(__file__).resolve() else "ser-tf"


def main(argv: list[str]) -> int:
    """Runs a subcommand.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage or bad data.
    """
    name, rest = (argv[0], argv[1:]) if argv else ("--help", [])
    if name in MODULES:
        module = importlib.import_module(MODULES[name][0])
        with cli.called_as(f"{_program()} {name}"):
            status: int = module.main(rest, model_first=False) if name == "predict" else module.main(rest)
        return status
    if name == "table":
        return _table(rest)
    if name == "figure":
        return _figure(rest)
    if name == "papers":
        return _papers()
    if name not in ("--help", "-h"):
        raise SettingError(f"{name}: no such subcommand; there are table, figure, {', '.join(MODULES)}, papers")
    modules = "\n".join(f"  {key:<23} {text}" for key, (_, text) in MODULES.items())
    print(USAGE.format(program=_program(), modules=modules))
    return cli.DONE


def _table(argv: list[str]) -> int:
    from ser_tf import papers
    from ser_tf.protocol.command import run_table

    if len(argv) < 2 or not argv[1].isdigit():
        raise SettingError("expected ser-tf table PAPER N, such as ser-tf table lee2020 2 (see ser-tf papers)")
    paper = papers.load(argv[0])
    return run_table(paper, paper.table(int(argv[1])), argv[2:], f"{_program()} table {argv[0]} {argv[1]}")


def _figure(argv: list[str]) -> int:
    from ser_tf import papers

    if len(argv) < 2:
        raise SettingError(
            "expected ser-tf figure PAPER NAME, such as ser-tf figure mirsamadi2017 2 (see ser-tf papers)"
        )
    return papers.load(argv[0]).figure(argv[1]).draw(f"{_program()} figure {argv[0]} {argv[1]}", argv[2:])


def _papers() -> int:
    from ser_tf import papers

    for key in papers.keys():
        paper = papers.load(key)
        print(f"{key}: {paper.citation}")
        for table in paper.tables:
            print(f"  table {table.number}: {table.title}")
        for figure in paper.figures:
            print(f"  figure {figure.name.removeprefix('fig')}: {figure.title}")
    return cli.DONE


def console_main() -> None:
    """The console command `ser-tf`."""
    cli.run(main, sys.argv[1:])


if __name__ == "__main__":
    console_main()
