"""Fold results on disk: one JSON file for each row, fold and seed, written atomically, never mixed.

A result carries the record of what it was made from and is reused for a job as long as the job would be made from the
same. A file with another record moves aside (to `...older-1.json`, together with its model) when a new result takes its
place, and is restored when its settings return: changing a setting loses nothing.
"""

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf import documents, files
from ser_tf.documents import NOTHING, VALUE
from ser_tf.errors import DamagedError, UserError
from ser_tf.protocol.ledger import Value
from ser_tf.protocol.record import Record

_COPIES = {"all": int, "test": int, "validation": int}
_SHAPE = {
    **dict.fromkeys(("paper", "row", "corpus", "task", "fold"), str),
    "classes": [str],
    "seed": int,
    "smoke": bool,
    "settings": {str: VALUE},
    "overridden": {str: VALUE},
    "utterances": [{"id": str, "speaker": str, "truth": int, "posteriors": [float], "session?": str}],
    "epochs": (int, NOTHING),
    "best_epoch?": (int, NOTHING),
    "seconds": float,
    "stage_seconds": {str: float},
    "peak_memory_mb": float,
    "versions": {str: str},
    "uses": {str: {"utterances": int, "in_test_part": int, "sha256": str, "copies?": _COPIES}},
    "parts": {str: str},
    "record?": (dict, NOTHING),
    "measured?": {str: list},
}
_REMEDY = "delete it and run the table again"


@dataclasses.dataclass(frozen=True)
class FoldResult:
    """The result of one row, fold and seed; metrics are computed from it and never stored.

    Attributes:
        paper: The paper's key.
        row: The system's key.
        corpus: The corpus's name.
        task: The task's name.
        classes: Class names in the order of the posteriors.
        fold: The fold's name.
        seed: The seed.
        smoke: Whether it is from a smoke run.
        settings: All assumptions with their values.
        overridden: Assumptions not at their defaults.
        ids: Test utterances.
        speakers: Speakers of the test utterances.
        truth: Class indices of the test utterances.
        posteriors: Posteriors of each test utterance, one number per class.
        epochs: Number of epochs trained, or None.
        seconds: Wall time of training and prediction, without waiting for stages made by other processes.
        stage_seconds: Wall time of first stages shared with other rows, 0 if reused.
        peak_memory_mb: Peak resident size of the process so far.
        versions: Versions of Python and the libraries.
        uses: What was read for which purpose.
        parts: SHA-256 of the fold's lists of ids.
        record: What it was made from; None for files that predate records.
        best_epoch: The epoch whose weights were kept, or None.
        sessions: Sessions of the test utterances.
        measured: Quantities of each test utterance by name.
    """

    paper: str
    row: str
    corpus: str
    task: str
    classes: tuple[str, ...]
    fold: str
    seed: int
    smoke: bool
    settings: dict[str, Value]
    overridden: dict[str, Value]
    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: tuple[int, ...]
    posteriors: tuple[tuple[float, ...], ...]
    epochs: int | None
    seconds: float
    stage_seconds: dict[str, float]
    peak_memory_mb: float
    versions: dict[str, str]
    uses: dict[str, Any]
    parts: dict[str, str]
    record: Record | None = None
    best_epoch: int | None = None
    sessions: tuple[str, ...] = ()
    measured: dict[str, list[float]] = dataclasses.field(default_factory=dict)

    def to_json(self) -> str:
        """Formats the result as a JSON object, with columns of utterances as a list of objects."""
        fields = dataclasses.asdict(self)
        names = {
            "ids": "id",
            "speakers": "speaker",
            "truth": "truth",
            "posteriors": "posteriors",
            "sessions": "session",
        }
        columns = {name: fields.pop(key) for key, name in names.items()}
        if not columns["session"]:
            columns.pop("session")
        rows = zip(*columns.values(), strict=True)
        fields["utterances"] = [dict(zip(columns, row, strict=True)) for row in rows]
        return json.dumps(fields, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "FoldResult":
        """Parses the output of `to_json`, including files that predate records.

        Raises:
            ValueError: the text is not a fold result. The message says why.
        """
        return cls._of_document(documents.parse(text.encode(), _SHAPE))

    @classmethod
    def _of_document(cls, document: dict[str, Any]) -> "FoldResult":
        """Makes a result of a document that has its shape.

        Raises:
            ValueError: its values do not belong together.
        """
        fields = dict(document)
        utterances = fields.pop("utterances")
        fields.pop("settings_hash", None)
        if unknown := fields.keys() - {field.name for field in dataclasses.fields(cls)}:
            raise ValueError(f"it is of another version and has `{min(unknown)}`")
        record = fields.pop("record", None)
        result = cls(
            **{**fields, "classes": tuple(fields["classes"])},
            record=None if record is None else Record.from_json(record),
            ids=tuple(row["id"] for row in utterances),
            speakers=tuple(row["speaker"] for row in utterances),
            truth=tuple(row["truth"] for row in utterances),
            posteriors=tuple(tuple(row["posteriors"]) for row in utterances),
            sessions=tuple(row["session"] for row in utterances if "session" in row),
        )
        if {len(row) for row in result.posteriors} - {len(result.classes)}:
            raise ValueError("its posteriors are not one number for each class")
        if not all(0 <= truth < len(result.classes) for truth in result.truth):
            raise ValueError("it has a true class that is none of its classes")
        columns = [result.sessions, *result.measured.values()]
        if not all(len(column) in (0, len(utterances)) for column in columns):
            raise ValueError("it does not have one value for each utterance")
        return result

    @property
    def posterior_array(self) -> npt.NDArray[np.float64]:
        """Posteriors as float64 (utterances, classes)."""
        return np.asarray(self.posteriors, np.float64).reshape(len(self.ids), -1)

    @property
    def digest(self) -> str:
        """Returns the SHA-256 of the record, or "" if there is none."""
        return "" if self.record is None else self.record.digest()


def load(path: Path) -> FoldResult:
    """Reads a result.

    Raises:
        UserError: the file is missing or damaged (`DamagedError`). The message says what to do.
    """
    try:
        document = documents.read(path, _SHAPE, _REMEDY)
        return FoldResult._of_document(document)
    except FileNotFoundError:
        raise UserError(f"{path}: the fold result is gone; run the table again") from None
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: {error}; {_REMEDY}") from None


def candidates(path: Path) -> list[Path]:
    """Returns the paths of a result and of older ones moved aside, newest first."""
    aside = {
        int(match[1]): other for other in path.parent.glob(f"{path.stem}.older-*.json") if (match := _older(other))
    }
    return [*([path] if path.exists() else []), *(aside[number] for number in sorted(aside, reverse=True))]


def _older(path: Path) -> re.Match[str] | None:
    return re.search(r"\.older-(\d+)\.json$", path.name)


def all_of(path: Path) -> list[FoldResult]:
    """Returns all readable results at a path and moved aside from it, newest first."""
    found = []
    for candidate in candidates(path):
        with contextlib.suppress(UserError):
            found.append(load(candidate))
    return found


def find(path: Path, wanted: Callable[[FoldResult], bool]) -> tuple[Path, FoldResult] | None:
    """Finds the first acceptable result at a path or moved aside from it, skipping damaged files.

    Args:
        path: The result's path.
        wanted: Whether a result is acceptable.
    """
    for candidate in candidates(path):
        try:
            result = load(candidate)
        except UserError:
            continue
        if wanted(result):
            return candidate, result
    return None


def write(path: Path, result: FoldResult, model_of: Callable[[Path], Path]) -> None:
    """Writes a result atomically; an existing file with another record moves aside, together with its model.

    Args:
        path: The result's path.
        result: The result.
        model_of: Maps the path of a result to that of its model.

    Raises:
        UserError: the folder cannot be written.
    """
    if path.exists():
        try:
            there = load(path).digest
        except DamagedError:
            there = "damaged"
        if there != result.digest:
            set_aside(path, model_of)
    files.atomic_write_text(path, result.to_json())


def set_aside(path: Path, model_of: Callable[[Path], Path]) -> None:
    """Renames a result, and its model and card if kept, to the next `older-N`."""
    numbers = [int(match[1]) for other in candidates(path) if (match := _older(other))]
    aside = path.with_name(f"{path.stem}.older-{max(numbers, default=0) + 1}.json")
    _move(path, aside, model_of)


def bring_back(found: Path, path: Path, model_of: Callable[[Path], Path]) -> None:
    """Restores a result that was moved aside, with its model."""
    if found == path:
        return
    if path.exists():
        set_aside(path, model_of)
    _move(found, path, model_of)


def _move(source: Path, target: Path, model_of: Callable[[Path], Path]) -> None:
    source.replace(target)
    for suffix in (".keras", ".json"):
        model = model_of(source).with_suffix(suffix)
        if model.exists():
            model.replace(model_of(target).with_suffix(suffix))
