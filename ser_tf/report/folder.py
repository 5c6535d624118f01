"""Reading a folder of results: every table's folder, its fold results, and a list of damaged files.

The folder is that of `--output`, of one experiment, or of one table. A truncated or foreign file costs one line and
nothing else.
"""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from ser_tf.errors import UserError
from ser_tf.evaluation import older
from ser_tf.evaluation.schema import DataSummary, Summary
from ser_tf.evaluation.sweep import SweepSummary
from ser_tf.protocol import results
from ser_tf.protocol.leaks import Finding
from ser_tf.report.pictures import read_png

T = TypeVar("T")
P = ParamSpec("P")
DAMAGED = (OSError, ValueError, TypeError, AttributeError, UserError, LookupError, ArithmeticError, RecursionError)
"""Exceptions raised by reading or laying out a damaged file."""
PARTS_OF_A_TABLE = ("table.md", "table.csv", "table.tex", "leaks.json", "manifest.json", "sweep.json")


@dataclasses.dataclass(frozen=True)
class FoldFacts:
    """Facts in a fold result besides its posteriors.

    Attributes:
        versions: Versions of Python and the libraries.
        commit: The project's commit, or None.
        peak_memory_mb: Peak resident size of the process.
        changed: Whether it has been remade since the table was made from it.
    """

    versions: dict[str, str]
    commit: str | None
    peak_memory_mb: float
    changed: bool


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The inputs of a table.

    Attributes:
        recordings: SHA-256 of the recordings with their labels; "" if not recorded.
        files: The fold results named by the table.
        folds: The fold results present in the folder.
    """

    recordings: str
    files: frozenset[str]
    folds: tuple[FoldFacts, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class TableFolder:
    """A table's folder.

    Attributes:
        place: Its path for messages.
        summary: The content of `summary.json`.
        sweep: That of `sweep.json`, or None.
        checks: Those of `leaks.json`; None where there is no such file.
        manifest: That of `manifest.json`, or None.
        pictures: Its PNG files by stem, whole ones only: bytes, width and height.
    """

    place: str
    summary: Summary | DataSummary
    sweep: SweepSummary | None
    checks: tuple[Finding, ...] | None
    manifest: Manifest | None
    pictures: dict[str, tuple[bytes, int, int]]


@dataclasses.dataclass(frozen=True, eq=False)
class Folder:
    """Everything found in a folder of results.

    Attributes:
        tables: Folders of tables, in alphabetical order.
        benchmarks: Contents of `benchmark.json` by the place they lie in.
        unfinished: Sentences on fold results that no table was made from.
        problems: What could not be read, one line each; grows while the page is laid out.
    """

    tables: list[TableFolder]
    benchmarks: dict[str, dict[str, Any]]
    unfinished: list[str]
    problems: list[str]


def read(root: Path) -> Folder:
    """Reads a folder of results.

    Args:
        root: The folder.

    Raises:
        UserError: there is no such folder.
    """
    if not root.is_dir():
        raise UserError(f"{root}: no such folder")
    folder = Folder([], {}, [], [])
    for path in _places(root):
        place = path.relative_to(root).as_posix()
        if (path / "summary.json").is_file():
            table = _attempt(folder.problems, place, _table, root, path, folder.problems)
            folder.tables.extend([table] if table else [])
        elif any((path / name).is_file() for name in PARTS_OF_A_TABLE):
            folder.problems.append(f"{place}: no summary.json; the run did not finish, and the same command goes on")
        if (path / "benchmark.json").is_file():
            name = _in(place, "benchmark.json")
            found = _attempt(folder.problems, name, _json, path / "benchmark.json")
            folder.benchmarks.update({place: found} if found else {})
    folder.unfinished.extend(_unfinished(root, folder.tables))
    return folder


def _places(root: Path) -> list[Path]:
    """Lists the folder itself and those one and two levels below, except hidden ones."""
    below = [path for pattern in ("*", "*/*") for path in root.glob(pattern) if path.is_dir()]
    return [root, *sorted(path for path in below if not any(map(_hidden, path.relative_to(root).parts)))]


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _in(place: str, name: str) -> str:
    return name if place == "." else f"{place}/{name}"


def _attempt(problems: list[str], name: str, read_it: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Calls a reading function; returns None and notes a problem if the named file is damaged."""
    try:
        return read_it(*args, **kwargs)
    except DAMAGED as error:
        problems.append(problem(name, error))
        return None


def problem(name: str, error: BaseException) -> str:
    """Describes in one line a file that cannot be shown.

    Args:
        name: The file or folder, relative to the folder of results.
        error: The exception.
    """
    if isinstance(error, UserError | json.JSONDecodeError):
        reason = " ".join(str(error).rpartition("json: ")[2].removeprefix("damaged: ").split())
    else:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return f"{name}: damaged or half-written, left out ({reason})"


def _json(path: Path) -> dict[str, Any]:
    """Reads a JSON file that holds an object.

    Raises:
        OSError, ValueError: the file cannot be read, or holds something else.
    """
    loaded = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ValueError("not a JSON object")
    return loaded


def _table(root: Path, path: Path, problems: list[str]) -> TableFolder:
    """Reads a table's folder; only a damaged `summary.json` makes it useless."""
    place = path.relative_to(root).as_posix()

    def optional(name: str, read_it: Callable[[Path], T]) -> T | None:
        file = path / name
        return _attempt(problems, _in(place, name), read_it, file) if file.is_file() else None

    summary = older.read_summary(path / "summary.json")
    pictures = {png.stem: optional(png.name, read_png) for png in sorted(path.glob("*.png"))}
    return TableFolder(
        place=place,
        summary=summary,
        sweep=optional("sweep.json", _sweep),
        checks=optional("leaks.json", _checks),
        manifest=optional("manifest.json", lambda file: _manifest(file, path, problems)),
        pictures={stem: found for stem, found in pictures.items() if found is not None},
    )


def _sweep(path: Path) -> SweepSummary:
    from ser_tf.evaluation import sweep_forms  # Matplotlib takes a quarter of a second

    sweep: SweepSummary = _json(path)  # type: ignore[assignment]
    sweep_forms.page_of(sweep)  # raises where it is not whole
    return sweep


def _checks(path: Path) -> tuple[Finding, ...]:
    return tuple(Finding(**{**check, "examples": tuple(check["examples"])}) for check in _json(path)["checks"])


def _manifest(path: Path, table: Path, problems: list[str]) -> Manifest:
    """The manifest with what its fold results say; those lie below the folder that the table's lies in."""
    loaded = _json(path)
    output = table.resolve().parent.parent
    facts = []
    for named in loaded.get("results", []):
        file = output / named["file"]
        if file.is_file():
            found = _attempt(problems, named["file"], _facts, file, named["record"])
            facts += [found] if found else []
    files = frozenset(named["file"] for named in loaded.get("results", []))
    return Manifest(loaded.get("corpus_sha256", ""), files, tuple(facts))


def _facts(path: Path, record: str) -> FoldFacts:
    result = results.load(path)
    commit = result.record.commit if result.record else None
    return FoldFacts(result.versions, commit, result.peak_memory_mb, changed=result.digest != record)


def _unfinished(root: Path, tables: list[TableFolder]) -> list[str]:
    """Fold results of a paper and corpus that no table was made from."""
    shown = {(table.summary["experiment"].rpartition("_table")[0], table.summary["corpus"]) for table in tables}
    files_of_tables = [Path(file) for table in tables if table.manifest for file in table.manifest.files]
    shown |= {(file.parts[0], file.parts[1]) for file in files_of_tables if len(file.parts) > 1}
    lines = []
    for folds in sorted(root.glob("*/*/folds")):
        paper, corpus = folds.parts[-3:-1]
        files = [path for path in folds.glob("*/*.json") if ".older-" not in path.name]
        if files and (paper, corpus) not in shown:
            number = f"{len(files)} fold result{'' if len(files) == 1 else 's'}"
            lines.append(f"{paper} on {corpus}: {number}, but no table yet. The command that was stopped goes on.")
    return lines
