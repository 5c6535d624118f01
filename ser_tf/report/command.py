"""`ser-tf report RUNS --output report.html`: one page of everything in a folder of results."""

import sys
from pathlib import Path

from ser_tf import cli, files
from ser_tf.evaluation.wording import counted
from ser_tf.report import folder, rendering
from ser_tf.report.assembly import assemble

EPILOG = """The page needs nothing else: mail it, print it, open it on a phone. Files that are damaged or half-written
cost one line each. Exit status: 0 done, 2 bad usage or nothing to report."""


def main(argv: list[str]) -> int:
    """Writes the page.

    Args:
        argv: The arguments.

    Returns:
        The exit status.

    Raises:
        UserError: bad usage, no such folder, nothing to report, or a page that cannot be written.
    """
    parser = cli.ArgumentParser(prog="ser-tf report", description=__doc__, epilog=EPILOG)
    parser.add_argument("runs", type=Path, metavar="RUNS", help="folder that --output of tables named, such as runs")
    parser.add_argument(
        "--output", type=Path, default=Path("report.html"), metavar="FILE", help="the page (default: report.html)"
    )
    flags = parser.parse_args(argv)
    report = assemble(folder.read(flags.runs), str(flags.runs))
    page = rendering.render(report)
    for problem in report.problems:
        print(problem, file=sys.stderr)
    files.atomic_write_text(flags.output, page)
    tables = counted(sum(len(group.entries) for group in report.groups), "table")
    print(f"{flags.output}: {tables}, {len(page.encode()) / 1e6:.1f} MB")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
