"""Fold results on disk: one JSON file for each row, fold and seed, written atomically, never mixed.

A result carries the hash of everything it depends on. A file with another hash is put aside under its hash's name
when a new result takes its place, and comes back when its settings do: changing a setting loses nothing.
"""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf import files


@dataclasses.dataclass(frozen=True)
class FoldResult:
    """Everything that is kept of one row, fold and seed; metrics are computed from it and never stored.

    Attributes:
        paper: The paper's key.
        row: The system's key.
        corpus: The corpus's name.
        task: The task's name.
        classes: Class names in the order of the posteriors.
        fold: The fold's name.
        seed: The seed.
        smoke: Whether it is from a smoke run.
        settings_hash: SHA-256 over all that the result depends on.
        settings: All assumptions with their values.
        overridden: Those that are not at their defaults.
        ids: Test utterances.
        speakers: Their speakers.
        truth: Their class indices.
        posteriors: For each, one number a class.
        epochs: Trained epochs, or None.
        seconds: Wall time of training and prediction, without waiting for a stage that another process makes.
        stage_seconds: Wall time of first stages that it shares with other rows, 0 for those that were there.
        peak_memory_mb: The largest resident size that the process had had by the end.
        versions: Of Python and the libraries.
        uses: What was read for which purpose.
        parts: SHA-256 of the fold's lists of ids.
    """

    paper: str
    row: str
    corpus: str
    task: str
    classes: tuple[str, ...]
    fold: str
    seed: int
    smoke: bool
    settings_hash: str
    settings: dict[str, Any]
    overridden: dict[str, Any]
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

    def to_json(self) -> str:
        """One JSON object; the four columns of utterances become a list of objects."""
        fields = dataclasses.asdict(self)
        columns = zip(*(fields.pop(key) for key in ("ids", "speakers", "truth", "posteriors")), strict=True)
        fields["utterances"] = [
            {"id": one, "speaker": speaker, "truth": truth, "posteriors": posteriors}
            for one, speaker, truth, posteriors in columns
        ]
        return json.dumps(fields, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "FoldResult":
        """The inverse of `to_json`."""
        fields = json.loads(text)
        utterances = fields.pop("utterances")
        return cls(
            **{**fields, "classes": tuple(fields["classes"])},
            ids=tuple(one["id"] for one in utterances),
            speakers=tuple(one["speaker"] for one in utterances),
            truth=tuple(one["truth"] for one in utterances),
            posteriors=tuple(tuple(one["posteriors"]) for one in utterances),
        )

    @property
    def posterior_array(self) -> np.ndarray:
        """Posteriors as float64 (utterances, classes)."""
        return np.asarray(self.posteriors, np.float64)


def hash_of(settings: dict[str, Any]) -> str:
    """SHA-256 of settings as canonical JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=list).encode()).hexdigest()


def write(path: Path, result: FoldResult) -> None:
    """Writes a result atomically, putting aside one with another hash that is there.

    Raises:
        UserError: the folder cannot be written.
    """
    if (other := _hash_in(path)) not in (None, result.settings_hash):
        os.replace(path, _shelf(path, str(other)))
    files.atomic_write_text(path, result.to_json())


def read(path: Path, settings_hash: str) -> FoldResult | None:
    """The result with this hash, brought back from aside if need be, or None when there is none.

    Args:
        path: The result's place.
        settings_hash: Only a result with this hash is given.
    """
    found = _hash_in(path)
    if found != settings_hash:
        shelved = _shelf(path, settings_hash)
        if _hash_in(shelved) != settings_hash:
            return None
        if found is not None:
            os.replace(path, _shelf(path, found))
        os.replace(shelved, path)
    return FoldResult.from_json(path.read_text())


def _shelf(path: Path, settings_hash: str) -> Path:
    return path.with_name(f"{path.stem}.{settings_hash[:16]}.json")


def _hash_in(path: Path) -> str | None:
    """The hash of the result in a file, or None for a missing file or one that no complete write made."""
    try:
        return json.loads(path.read_text())["settings_hash"]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
