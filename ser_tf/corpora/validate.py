"""Lists the files of a corpus that are missing, unreadable or unexpected, and describes its recordings.

`python -m ser_tf.corpora.validate NAME ROOT` prints counts, lengths, sampling rates, the classes of each speaker, and
twins (recordings with identical samples). Exit status: 0 the corpus is complete, 1 it is not, 2 bad usage or another
folder.
"""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from ser_tf import cli, corpora, labels
from ser_tf.corpora import table_columns
from ser_tf.corpora.base import NO_MAJORITY, Corpus, Utterance, ValidationReport

DESCRIPTION = "Lists the files of a corpus that are missing, unreadable or unexpected, and describes its recordings."
EPILOG = "Exit status: 0 the corpus is complete, 1 it is not, 2 bad usage or another folder."
_SHOWN = 20


def main(argv: list[str]) -> int:
    """Validates a corpus and prints the report; returns the exit status."""
    parser = cli.ArgumentParser(prog="python -m ser_tf.corpora.validate", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("name", metavar="NAME", help=f"corpus: {', '.join(corpora.NAMES)}")
    parser.add_argument("root", metavar="ROOT", help="folder that holds it; for table the file (CSV, TSV or Parquet)")
    parser.add_argument(
        "--audio-root", type=Path, metavar="DIR", help="for table: folder of the recordings (default: the table's own)"
    )
    parser.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="OURS=THEIRS",
        help="for table: names of its columns that are not common ones, such as speaker=spk label=emo",
    )
    parser.add_argument("--all", action="store_true", help=f"list everything, not only the first {_SHOWN} of each kind")
    arguments = parser.parse_args(argv)
    columns = table_columns.parse_mapping(arguments.columns)
    corpus = corpora.load(arguments.name, arguments.root, audio_root=arguments.audio_root, columns=columns)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading audio", total=len(corpus.utterances))
        report = corpus.validate(lambda done, total: bar.update(task, completed=done, total=total))
    show(corpus, report, Console(soft_wrap=True), shown=None if arguments.all else _SHOWN)
    return cli.DONE if report.complete else cli.FAILED


def show(corpus: Corpus, report: ValidationReport, console: Console, shown: int | None) -> None:
    """Prints a report.

    Args:
        corpus: The corpus that was validated.
        report: Its report.
        console: Where to print.
        shown: Maximum lines of each list; None for all.
    """
    console.print(_counts(corpus, report))
    _list(console, "missing", report.missing, shown)
    _list(console, "unreadable", report.unreadable, shown)
    _list(console, "unexpected", report.unexpected, shown)
    _list(console, "twins: recordings with identical samples", [" = ".join(ids) for ids in report.twins], shown)
    _list(console, "classes by speaker", classes_by_speaker(corpus.utterances), shown)
    _list(console, "notes", report.notes, shown)
    if report.seconds:
        _line(console, f"recordings: {recordings_in_words(corpus, report)}")
    _line(console, f"licence: {corpus.licence}")
    _line(console, f"cite: {corpus.citation}")
    verdict = "complete" if report.complete else "[bold red]incomplete[/]"
    console.print(f"{escape(_printable(f'{corpus.name} in {corpus.root}'))}: {verdict}", highlight=False)


def recordings_in_words(corpus: Corpus, report: ValidationReport) -> str:
    """Describes the usable recordings in one line: number, speakers, lengths, rates and channels."""
    genders = Counter(dict((utterance.speaker, utterance.gender) for utterance in corpus.utterances).values())
    speakers = ", ".join(f"{number:,} {gender}" for gender, number in sorted(genders.items()))
    minutes, seconds = divmod(round(sum(report.seconds)), 60)
    middle = statistics.median(report.seconds)
    return (
        f"{len(report.seconds):,} of {genders.total():,} speakers ({speakers}); {minutes:,} min {seconds} s in all, "
        f"{min(report.seconds):.2f} to {max(report.seconds):.2f} s each (median {middle:.2f}); "
        f"{_shares(report.rates_hz, '{:,} Hz')}; {_shares(report.channels, '{} channels', {1: 'mono', 2: 'stereo'})}"
    )


def _shares(numbers: Mapping[int, int], form: str, names: Mapping[int, str] | None = None) -> str:
    """Lists the values with their numbers of files, or only the value if all files share it."""
    words = [((names or {}).get(value, form.format(value)), numbers[value]) for value in sorted(numbers)]
    return words[0][0] if len(words) == 1 else ", ".join(f"{word} ({number:,} files)" for word, number in words)


def classes_by_speaker(utterances: Sequence[Utterance]) -> list[str]:
    """Lists each speaker with gender, session and the number of utterances of each class."""
    counts: dict[str, Counter[str]] = {}
    facts: dict[str, str] = {}
    for utterance in utterances:
        counts.setdefault(utterance.speaker, Counter())[utterance.label or NO_MAJORITY] += 1
        facts[utterance.speaker] = f"{utterance.speaker} ({utterance.gender}, {utterance.session})"
    return [
        f"{facts[speaker]}: " + ", ".join(f"{name} {each[name]:,}" for name in labels.in_fixed_order(list(each)))
        for speaker, each in sorted(counts.items())
    ]


def _counts(corpus: Corpus, report: ValidationReport) -> Table:
    """Prints counts next to those of the release, which a user's table does not have."""
    table = Table(title=f"{corpus.name}: counts", title_justify="left")
    has_release = corpus.name != corpora.TABLE
    for header in ("", "found", "expected")[: 3 if has_release else 2]:
        table.add_column(header, justify="left" if not header else "right")
    for key in list(dict.fromkeys([*report.expected, *report.counts])):
        found, expected = report.counts.get(key, 0), report.expected.get(key)
        differs = expected is not None and found != expected
        number = f"[bold red]{found:,}[/]" if differs else f"{found:,}"
        cells = (escape(key), number, "" if expected is None else f"{expected:,}")
        table.add_row(*cells[: 3 if has_release else 2])
    below = [("missing", f"{len(report.missing):,}", "0"), ("unreadable", f"{len(report.unreadable):,}", "0")]
    if has_release:
        below.append(("unexpected", f"{len(report.unexpected):,}", ""))
    for cells in below:
        table.add_row(*cells[: 3 if has_release else 2])
    return table


def _list(console: Console, title: str, lines: Sequence[str], shown: int | None) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}[/] ({len(lines):,})")
    for line in lines[:shown]:
        _line(console, f"  {line}")
    if shown is not None and len(lines) > shown:
        console.print(f"  and {len(lines) - shown:,} more; --all lists them")


def _line(console: Console, text: str) -> None:
    console.print(escape(_printable(text)), highlight=False)


def _printable(text: str) -> str:
    """Escapes file names that are not UTF-8, to print them on a terminal."""
    return text.encode("utf-8", "backslashreplace").decode()


if __name__ == "__main__":
    cli.run(main)
