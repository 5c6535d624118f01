"""Lists tables in a folder of results that were made by code that has changed since.

    python -m experiments.stale_results
    python -m experiments.stale_results runs

A manifest keeps a digest of the code that each fold result was made by; it is compared with what the row's function
reaches now. Comments and docstrings do not count. Exit status: 0 everything is of today's code, 1 something is older.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ser_tf import cli, code_digest, documents, papers
from ser_tf.errors import DamagedError, UserError

RESULTS = Path(__file__).parent / "results"
_MANIFEST = {"results": [{"file": str, "code?": (str, documents.NOTHING)}]}
_REMEDY = "run its table again"


def stale_rows(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each row of a manifest whose code has changed, or that names no code."""
    made_by: dict[tuple[str, str], set[str | None]] = {}
    for result in manifest["results"]:
        paper, _, _, row, _ = Path(result["file"]).parts[-5:]
        made_by.setdefault((paper, row), set()).add(result.get("code"))
    for (paper, row), digests in made_by.items():
        if digests == {None}:
            yield f"{row}: made before results named their code"
        elif digests != {_code_now(paper, row)}:
            yield f"{row}: made by other code"


@functools.cache
def _code_now(paper: str, row: str) -> str | None:
    """The digest of a row's code as it is now; None where there is no such row."""
    system = papers.load(paper).systems.get(row)
    return code_digest.digest_of(system.fit) if system is not None and system.fit is not None else None


def main(argv: list[str]) -> int:
    """Lists the tables; returns the exit status.

    Raises:
        UserError: the folder has no manifest, or one cannot be read.
    """
    parser = cli.ArgumentParser(prog="python -m experiments.stale_results", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=RESULTS, metavar="FOLDER", help="folder of tables")
    folder = parser.parse_args(argv).folder
    paths = sorted(folder.rglob("manifest.json"))
    if not paths:
        raise UserError(f"{folder}: has no manifest.json; give a folder of tables")
    stale = False
    for path in paths:
        manifest = documents.read(path, _MANIFEST, _REMEDY)
        try:
            lines = list(stale_rows(manifest))
        except ValueError:
            raise DamagedError(f"{path}: damaged: it names a file that is no fold result; {_REMEDY}") from None
        stale |= bool(lines)
        print(f"{path.parent.relative_to(folder)}: {f'{len(lines)} stale rows' if lines else 'up to date'}")
        for line in lines:
            print(f"  {line}")
    return cli.FAILED if stale else cli.DONE


if __name__ == "__main__":
    cli.run(main)
