"""`python -m ser_tf.corpora.validate NAME ROOT`: what of a corpus is there, missing, unreadable and unexpected.

Exit status: 0 the corpus is complete, 1 it is not, 2 bad usage or not that corpus.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ser_tf import cli, corpora
from ser_tf.corpora.base import Corpus, ValidationReport

_SHOWN = 20


def main(argv: list[str]) -> int:
    """Validates a corpus and prints the report; returns the exit status."""
    parser = cli.ArgumentParser(prog="python -m ser_tf.corpora.validate", description=__doc__)
    parser.add_argument("name", metavar="NAME", help=f"corpus: {', '.join(corpora.NAMES)}")
    parser.add_argument("root", metavar="ROOT", help="folder that holds it")
    parser.add_argument("--all", action="store_true", help=f"list all files, not only the first {_SHOWN} of a kind")
    arguments = parser.parse_args(argv)
    corpus = corpora.load(arguments.name, arguments.root)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading audio", total=len(corpus.utterances))
        report = corpus.validate(lambda done, total: bar.update(task, completed=done, total=total))
    show(corpus, report, Console(soft_wrap=True), shown=None if arguments.all else _SHOWN)
    return cli.DONE if report.complete else cli.FAILED


def show(corpus: Corpus, report: ValidationReport, console: Console, shown: int | None) -> None:
    """Prints a report.

    Args:
        corpus: What was validated.
        report: What was found.
        console: Where to print.
        shown: How many lines of each list; None for all.
    """
    console.print(_counts(corpus, report))
    _list(console, "missing", report.missing, shown)
    _list(console, "unreadable", report.unreadable, shown)
    _list(console, "unexpected", report.unexpected, shown)
    _list(console, "not in the release either", report.notes, shown)
    console.print(f"licence: {escape(corpus.licence)}", highlight=False)
    console.print(f"cite: {escape(corpus.citation)}", highlight=False)
    verdict = "complete" if report.complete else "[bold red]incomplete[/]"
    console.print(f"{corpus.name} in {escape(str(corpus.root))}: {verdict}", highlight=False)


def _counts(corpus: Corpus, report: ValidationReport) -> Table:
    table = Table(title=f"{corpus.name}: counts", title_justify="left")
    for header in ("", "there", "expected"):
        table.add_column(header, justify="left" if not header else "right")
    for key in list(dict.fromkeys([*report.expected, *report.counts])):
        there, expected = report.counts.get(key, 0), report.expected.get(key)
        differs = expected is not None and there != expected
        number = f"[bold red]{there:,}[/]" if differs else f"{there:,}"
        table.add_row(escape(key), number, "" if expected is None else f"{expected:,}")
    for name in ("missing", "unreadable", "unexpected"):
        table.add_row(name, f"{len(getattr(report, name)):,}", "" if name == "unexpected" else "0")
    return table


def _list(console: Console, title: str, lines: Sequence[str], shown: int | None) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}[/] ({len(lines):,})")
    for line in lines[:shown]:
        console.print(f"  {escape(line)}", highlight=False)
    if shown is not None and len(lines) > shown:
        console.print(f"  and {len(lines) - shown:,} more; --all lists them")


if __name__ == "__main__":
    cli.run(main)
