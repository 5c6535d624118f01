"""Features on disk: computed once for a set of utterances and settings, then memory-mapped by every row and fold.

A store is a folder `<name>-<key>` with `data.f32` (all frames of all utterances, one after the other, float32) and
`index.json` (where each utterance lies). The key hashes the feature's parameters and the audio files' names, sizes
and modification times, so that a changed setting or file makes a new store and never an old answer. Writing goes
to a partial folder that is renamed when complete, under a file lock: two processes that want the same store at the
same time compute it once, and a killed writer leaves nothing that could be mistaken for a store.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from ser_tf.corpora.base import Utterance
from ser_tf.data import audio
from ser_tf.errors import AudioError, UserError
from ser_tf.features.spec import FeatureSpec

Report = Callable[[int, int], None]
"""Called with (utterances done, utterances in all)."""


class Frames(Protocol):
    """Features of utterances by their ids: a whole store, or a view of a part of it."""

    @property
    def dims(self) -> int:
        """Size of a frame."""

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames of one utterance."""

    def __getitem__(self, utterance_id: str) -> np.ndarray:
        """Features of one utterance, float32 (frames, dims)."""


class FeatureStore:
    """Read access to one store; cheap to pickle, the memory map is opened at first use in each process."""

    def __init__(self, directory: Path) -> None:
        """Opens the store in `directory`, a folder that `ensure` made."""
        self.directory = directory
        index = json.loads((directory / "index.json").read_text())
        self.dims: int = index["dims"]
        self._rows: dict[str, tuple[int, int]] = {key: (start, frames) for key, start, frames in index["utterances"]}
        self._data: np.ndarray | None = None

    def __getstate__(self) -> dict:
        """Leaves the memory map out of a pickle."""
        return {**self.__dict__, "_data": None}

    def __contains__(self, utterance_id: str) -> bool:
        """Whether the utterance is in the store."""
        return utterance_id in self._rows

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames of one utterance."""
        return self._rows[utterance_id][1]

    def __getitem__(self, utterance_id: str) -> np.ndarray:
        """Features of one utterance, float32 (frames, dims), a view of the memory map."""
        if self._data is None:
            self._data = np.memmap(self.directory / "data.f32", dtype=np.float32, mode="r").reshape(-1, self.dims)
        start, frames = self._rows[utterance_id]
        return self._data[start : start + frames]


class JoinedStores:
    """Several stores of one feature as one: an utterance is read from the store that has it."""

    def __init__(self, stores: Sequence[FeatureStore]) -> None:
        """Takes the stores, of which there is one at least."""
        self._stores = tuple(stores)
        self.dims = self._stores[0].dims

    def _of(self, utterance_id: str) -> FeatureStore:
        return next(store for store in self._stores if utterance_id in store)

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames of one utterance."""
        return self._of(utterance_id).num_frames(utterance_id)

    def __getitem__(self, utterance_id: str) -> np.ndarray:
        """Features of one utterance, float32 (frames, dims)."""
        return self._of(utterance_id)[utterance_id]


def ensure(
    root: Path, spec: FeatureSpec, utterances: Sequence[Utterance], report: Report | None = None
) -> FeatureStore:
    """Returns the store of `spec` for `utterances` under `root`, computing it first if it is not there.

    Args:
        root: Folder of all stores of a corpus; made if needed.
        spec: The feature with its parameters.
        utterances: All utterances that the store shall hold.
        report: Called as the computation goes on.

    Raises:
        AudioError: an audio file is missing, cannot be decoded or is not finite; names the file.
        UserError: the folder cannot be written, or the disk is full.
    """
    directory = root / f"{spec.name}-{_key(spec, utterances)[:16]}"
    if not (directory / "index.json").exists():
        with _locked(directory):
            if not (directory / "index.json").exists():
                with _one_line(directory):
                    _write(directory, spec, utterances, report)
    return FeatureStore(directory)


def _key(spec: FeatureSpec, utterances: Sequence[Utterance]) -> str:
    digest = hashlib.sha256(spec.fingerprint().encode())
    for utterance in sorted(utterances, key=lambda one: one.id):
        try:
            status = utterance.path.stat()
        except OSError as error:
            raise AudioError(f"{utterance.path}: cannot be read ({error.strerror})") from None
        digest.update(f"\n{utterance.id}\t{utterance.path}\t{status.st_size}\t{status.st_mtime_ns}".encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Holds an exclusive lock that the system itself releases when the process dies."""
    with _one_line(directory):
        directory.parent.mkdir(parents=True, exist_ok=True)
        handle = open(directory.with_suffix(".lock"), "w")
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _one_line(directory: Path) -> Iterator[None]:
    """Turns an error of the file system into the user's."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{directory.parent}: cannot be written ({error.strerror}); choose another --output") from None


def _write(directory: Path, spec: FeatureSpec, utterances: Sequence[Utterance], report: Report | None) -> None:
    """Streams the features of all utterances into a partial folder, then renames it."""
    partial = directory.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()

    def computed() -> Iterator[tuple[str, np.ndarray]]:
        for done, (utterance, features) in enumerate(audio.map_utterances(utterances, spec), start=1):
            yield utterance.id, features
            if report:
                report(done, len(utterances))

    try:
        fill(partial, spec.name, spec.dims, computed())
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    os.replace(partial, directory)


def fill(directory: Path, name: str, dims: int, features: Iterable[tuple[str, np.ndarray]]) -> None:
    """Makes a store of an empty folder, one utterance in memory at a time.

    Args:
        directory: The folder.
        name: What the features are called.
        dims: Size of a frame.
        features: Utterance ids with float32 (frames, dims).
    """
    rows: list[tuple[str, int, int]] = []
    start = 0
    with open(directory / "data.f32", "wb") as data:
        for utterance_id, frames in features:
            data.write(np.ascontiguousarray(frames, np.float32).data)
            rows.append((utterance_id, start, len(frames)))
            start += len(frames)
    (directory / "index.json").write_text(json.dumps({"dims": dims, "feature": name, "utterances": rows}))
