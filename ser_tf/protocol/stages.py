"""First stages that several rows share (SegCNN, encoders): hash, seed, lock, save and record in one place.

A stage is a folder with whatever its maker writes, and `record.json`: what it was made from, which utterances it read
for which purpose, and the SHA-256 of its files. Like a fold result, it is reused as long as its record holds; a damaged
one is remade.
"""

import dataclasses
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ser_tf import code_digest, documents, files
from ser_tf.errors import DamagedError
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.record import Record

if TYPE_CHECKING:
    from ser_tf.protocol.context import FoldContext
    from ser_tf.protocol.folds import Fold

L = TypeVar("L")
RECORD = "record.json"
_REMEDY = "delete its folder and run the table again"
_SHAPE = {"record": dict, "utterances": {str: [str]}, "files?": {str: str}}
"""Shape of `record.json`; those of earlier versions have no digests of files."""


def once(
    context: "FoldContext[L]", name: str, make: "Callable[[FoldContext[L], Path], None]", fold: "Fold | None" = None
) -> Path:
    """Makes a stage, or returns an existing one; see `FoldContext.once`."""
    inner = fold or context.fold
    circumstances = dataclasses.replace(context.circumstances, code=code_digest.digest_of(make), fold=inner.digests())
    child = context.child(circumstances, fold)
    places = context.places.stages / name
    places.mkdir(parents=True, exist_ok=True)
    stem = f"{inner.name}-seed{context.seed}"
    with (places / f"{stem}.lock").open("w") as lock:
        asked = time.perf_counter()
        fcntl.flock(lock, fcntl.LOCK_EX)
        context.waited_seconds += time.perf_counter() - asked
        found = _matching(child, places, stem)
        context.stage_seconds.setdefault(name, 0.0)
        if found is None:
            started = time.perf_counter()
            found = _make(child, name, make, places, stem)
            context.stage_seconds[name] += time.perf_counter() - started
    record, uses = read(found)
    context.reads.add(record)
    for purpose, ids in uses.items():
        context.record(ids, _seen_from_outside(purpose, fold))
    return found


def _seen_from_outside(purpose: str, fold: "Fold | None") -> str:
    """Translates a purpose to the outer fold, for which an inner fold's predictions are training data."""
    return "train" if fold is not None and purpose == "predict" else purpose


def read(folder: Path) -> tuple[Record, dict[str, list[str]]]:
    """Reads the record of a stage, and the utterances it read, by purpose, and checks all its files.

    Raises:
        DamagedError: a file is missing or not the one that was written; names it.
    """
    path = folder / RECORD
    try:
        fields = documents.read(path, _SHAPE, _REMEDY)
        record = Record.from_json(fields["record"])
    except FileNotFoundError:
        raise DamagedError(f"{path}: missing; {_REMEDY}") from None
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: {error}; {_REMEDY}") from None
    found = _sums(folder)
    for name, digest in fields.get("files", {}).items():
        if found.get(name) != digest:
            raise DamagedError(f"{folder / name}: {'damaged' if name in found else 'missing'}; {_REMEDY}")
    return record, fields["utterances"]


def _sums(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file of a stage except its record, by path in the folder."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / RECORD:
            sums[path.relative_to(folder).as_posix()] = files.digest_of(path)
    return sums


def _matching(child: "FoldContext[Any]", places: Path, stem: str) -> Path | None:
    for folder in sorted(places.glob(f"{stem}.*/")):
        try:
            record, _ = read(folder)
        except DamagedError:
            continue  # or of another version: remade
        if not record.differences(child.circumstances, ledgers.as_dict(child.given_ledger), child.given_inputs):
            return folder
    return None


def _make(
    child: "FoldContext[L]", name: str, make: "Callable[[FoldContext[L], Path], None]", places: Path, stem: str
) -> Path:
    for left in places.glob(f".partial-{stem}.*"):  # the lock is held, so its writer is gone
        shutil.rmtree(left, ignore_errors=True)
    partial = places / f".partial-{stem}.{os.getpid()}"
    partial.mkdir()
    child.reseed(name)
    try:
        make(child, partial)
        record = child.reads.record(child.circumstances, code_digest.commit())
        utterances = {purpose: sorted(ids) for purpose, ids in child.reads.utterances.items()}
        content = {"record": dataclasses.asdict(record), "utterances": utterances, "files": _sums(partial)}
        (partial / RECORD).write_text(json.dumps(content, indent=1), encoding="utf-8")
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    folder = places / f"{stem}.{record.digest()[:16]}"
    if folder.exists():  # damaged, or it would have been found
        shutil.rmtree(folder)
    partial.replace(folder)
    return folder
