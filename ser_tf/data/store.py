"""Features on disk, computed once for a set of utterances and settings and memory-mapped by every row and fold.

A store is a folder `<name>-<key>` with `data.f32` (all frames of all utterances, one after the other, float32),
`index.json` (the location of each utterance) and `SHA256SUMS` of both (check with `sha256sum -c SHA256SUMS`). The key
hashes the feature's settings and code, the code that reads audio, and the contents of the recordings: a changed setting
or recording makes a new store; a moved or touched corpus does not. A store is written, under a file lock, to a partial
folder that is renamed when complete. Processes that want the same store compute it once, a killed writer leaves nothing
that could be mistaken for a store, and a damaged store is recomputed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ser_tf import code_digest
from ser_tf.corpora.base import Utterance
from ser_tf.data import audio, digests, locks
from ser_tf.errors import UserError
from ser_tf.features.spec import FeatureSpec

DATA, INDEX, SUMS = "data.f32", "index.json", "SHA256SUMS"
_FLOAT_BYTES = 4

Report = Callable[[int, int], None]
"""Called with (utterances done, total utterances)."""
Say = Callable[[str], None]
"""Called with a message for the user."""
Floats = npt.NDArray[np.float32]


class StoreError(UserError):
    """A store on disk is damaged. The message names it and says what is wrong."""


class Frames(Protocol):
    """Features of utterances by id: a whole store, or a view of part of it."""

    @property
    def dims(self) -> int:
        """Size of a frame."""

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of one utterance."""

    def __getitem__(self, utterance_id: str) -> Floats:
        """Returns the features of one utterance, float32 (frames, dims)."""


class FeatureStore:
    """Read access to one store. Cheap to pickle: each process opens the memory map at first use."""

    def __init__(self, directory: Path) -> None:
        """Opens a store and checks its index and the size of its data.

        Raises:
            StoreError: the store is damaged.
        """
        self.directory = directory
        try:
            lines = (directory / SUMS).read_text().splitlines()
            sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
            text = (directory / INDEX).read_bytes()
            if hashlib.sha256(text).hexdigest() != sums[INDEX]:
                raise StoreError(f"{directory}: damaged, its index is not what was written")
            index = json.loads(text)
            self._digest = sums[DATA]
            size = (directory / DATA).stat().st_size
        except (OSError, ValueError, KeyError) as error:
            raise StoreError(f"{directory}: damaged, its files are not complete ({error})") from None
        self.dims: int = index["dims"]
        self._rows: dict[str, tuple[int, int]] = {key: (start, frames) for key, start, frames in index["utterances"]}
        self._data: Floats | None = None
        expected = index["frames"] * self.dims * _FLOAT_BYTES
        if size != expected:
            raise StoreError(f"{directory}: damaged, its data has {size} bytes and not {expected}")

    def verify(self, cache: Path) -> None:
        """Checks every byte of the data.

        Args:
            cache: Folder of cached digests (`ser_tf.data.digests`); data that has not changed since is not read.

        Raises:
            StoreError: the data differ from what was written.
        """
        data = self.directory / DATA
        if digests.digests_of([data], cache)[data] != self._digest:
            raise StoreError(f"{self.directory}: damaged, its data is not what was written")

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the memory map out of a pickle."""
        return {**self.__dict__, "_data": None}

    def __contains__(self, utterance_id: str) -> bool:
        """Whether the utterance is in the store."""
        return utterance_id in self._rows

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of one utterance."""
        return self._rows[utterance_id][1]

    def __getitem__(self, utterance_id: str) -> Floats:
        """Returns the features of one utterance, float32 (frames, dims), as a view of the memory map."""
        if self._data is None:
            self._data = np.memmap(self.directory / DATA, dtype=np.float32, mode="r").reshape(-1, self.dims)
        start, frames = self._rows[utterance_id]
        return self._data[start : start + frames]


class JoinedStores:
    """Several stores of one feature as one: an utterance is read from the store that has it."""

    def __init__(self, stores: Sequence[FeatureStore]) -> None:
        """Joins stores, at least one."""
        self._stores = tuple(stores)
        self.dims = self._stores[0].dims

    def _of(self, utterance_id: str) -> FeatureStore:
        return next(store for store in self._stores if utterance_id in store)

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of one utterance."""
        return self._of(utterance_id).num_frames(utterance_id)

    def __getitem__(self, utterance_id: str) -> Floats:
        """Features of one utterance, float32 (frames, dims)."""
        return self._of(utterance_id)[utterance_id]


def to_stderr(line: str) -> None:
    """Prints a message for the user."""
    print(line, file=sys.stderr)


def fingerprint(spec: FeatureSpec) -> str:
    """Returns the SHA-256 of all that determines a feature's values besides the recordings: settings, code, reader."""
    parts = (spec.fingerprint(), code_digest.digest_of(audio.read_utterance), audio.reader_name())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def ensure(
    root: Path,
    spec: FeatureSpec,
    utterances: Sequence[Utterance],
    report: Report | None = None,
    say: Say = to_stderr,
) -> FeatureStore:
    """Returns the store of `spec` for `utterances` under `root`, computing it first if it is missing or damaged.

    Args:
        root: Folder of all stores of a corpus, created if needed.
        spec: The feature with its parameters.
        utterances: All utterances that the store must hold.
        report: Called as the computation progresses.
        say: Called with a message when a store is damaged.

    Raises:
        AudioError: an audio file is missing, cannot be decoded or has samples that are not finite. The message names
            it.
        UserError: the folder cannot be written, or the disk is full.
    """
    directory = root / f"{spec.name}-{_key(root, spec, utterances)[:16]}"
    with contextlib.suppress(StoreError):
        if directory.exists():
            return _verified(directory)
    with _one_line(root), locks.exclusive(_lock_of(directory)):
        _clean(root, directory)
        if directory.exists():  # another process may have made it meanwhile
            try:
                return _verified(directory)
            except StoreError as error:
                say(f"{error}; the {spec.name} features are computed again")
                shutil.rmtree(directory)
        _write(directory, spec, utterances, report)
        return FeatureStore(directory)


def _verified(directory: Path) -> FeatureStore:
    store = FeatureStore(directory)
    store.verify(directory.parent)
    return store


def _key(root: Path, spec: FeatureSpec, utterances: Sequence[Utterance]) -> str:
    contents = digests.digests_of([utterance.path for utterance in utterances], root)
    digest = hashlib.sha256(fingerprint(spec).encode())
    for utterance in sorted(utterances, key=lambda each: each.id):
        part = (utterance.start_seconds, utterance.end_seconds, utterance.speed)
        digest.update(f"\n{utterance.id!r} {contents[utterance.path]} {part}".encode())
    return digest.hexdigest()


def _lock_of(directory: Path) -> Path:
    return directory.with_name(f"{directory.name}.lock")


@contextlib.contextmanager
def _one_line(root: Path) -> Iterator[None]:
    """Turns an error of the file system into a one-line `UserError`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{root}: cannot be written ({error.strerror}); choose another --output") from None


def _clean(root: Path, directory: Path) -> None:
    """Removes the leftovers of killed writers: of this store, whose lock is held, and of stores nobody is writing."""
    for partial in root.glob("*.partial*"):
        store = root / partial.name.partition(".partial")[0]
        with contextlib.ExitStack() as stack:
            if store == directory or stack.enter_context(locks.exclusive(_lock_of(store), wait=False)):
                shutil.rmtree(partial, ignore_errors=True)


def _write(directory: Path, spec: FeatureSpec, utterances: Sequence[Utterance], report: Report | None) -> None:
    """Streams the features of all utterances into a partial folder, then renames it."""
    partial = directory.with_name(f"{directory.name}.partial-{os.getpid()}-{uuid.uuid4().hex[:8]}")
    partial.mkdir()

    def computed() -> Iterator[tuple[str, Floats]]:
        for done, (utterance, features) in enumerate(audio.map_utterances(utterances, spec), start=1):
            yield utterance.id, features
            if report:
                report(done, len(utterances))

    try:
        fill(partial, spec.name, spec.dims, computed())
        partial.replace(directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def fill(directory: Path, name: str, dims: int, features: Iterable[tuple[str, Floats]]) -> None:
    """Writes a store into an empty folder, one utterance in memory at a time.

    Args:
        directory: The folder.
        name: Name of the features.
        dims: Size of a frame.
        features: Utterance ids with float32 (frames, dims).
    """
    rows: list[tuple[str, int, int]] = []
    start, digest = 0, hashlib.sha256()
    with (directory / DATA).open("wb") as data:
        for utterance_id, frames in features:
            block = np.ascontiguousarray(frames, "<f4").tobytes()
            data.write(block)
            digest.update(block)
            rows.append((utterance_id, start, len(frames)))
            start += len(frames)
        data.flush()
        os.fsync(data.fileno())
    index = json.dumps({"dims": dims, "feature": name, "frames": start, "utterances": rows}).encode()
    (directory / INDEX).write_bytes(index)
    sums = f"{digest.hexdigest()}  {DATA}\n{hashlib.sha256(index).hexdigest()}  {INDEX}\n"
    with (directory / SUMS).open("w", newline="\n") as file:
        file.write(sums)
        file.flush()
        os.fsync(file.fileno())
