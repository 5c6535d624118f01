"""Digests of recordings' contents, remembered so that a corpus is hashed once.

A digest is remembered with the file's size and times. A copied, moved or touched recording is hashed again and has the
same digest; another recording of the same size under the same name has another one. Imports no TensorFlow.
"""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ser_tf import files
from ser_tf.data import locks
from ser_tf.errors import AudioError, UserError

Report = Callable[[int, int], None]
"""Called with (files done, files in all)."""

FILE_NAME = "digests.json"
THREADS = 4
SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within the clock's resolution; it is not remembered."""
_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class _State:
    """What tells that a file was written, without reading it."""

    size: int
    modified_ns: int
    changed_ns: int  # of content or owner, name, permissions, times; nobody can set it back

    @classmethod
    def of(cls, path: Path) -> "_State":
        try:
            status = path.stat()
        except OSError as error:
            reason = "the file does not exist" if isinstance(error, FileNotFoundError) else str(error.strerror)
            raise AudioError(f"{path}: {reason}") from None
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_settled(self, now_ns: int) -> bool:
        return max(self.modified_ns, self.changed_ns) < now_ns - SETTLED_NS


_Known = dict[str, tuple[_State, str]]


def digests_of(paths: Iterable[Path], cache: Path, report: Report | None = None) -> dict[Path, str]:
    """Returns the SHA-256 of each file's bytes, reading only files that changed since they were last asked for.

    Args:
        paths: The files.
        cache: Folder with the file `digests.json` that remembers; made if needed. The file is safe to delete, and a
            damaged one is made anew.
        report: Called after each file that had to be read.

    Returns:
        For each path, hexadecimal digits.

    Raises:
        AudioError: a file cannot be read; names it.
    """
    wanted = list(dict.fromkeys(paths))
    names = [str(path.absolute()) for path in wanted]
    known = _load(cache / FILE_NAME)
    states = [_State.of(path) for path in wanted]
    fresh = [place for place, name in enumerate(names) if name not in known or known[name][0] != states[place]]
    found = {path: known[name][1] for path, name in zip(wanted, names, strict=True) if name in known}
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        hashed = pool.map(_hash, (wanted[place] for place in fresh))
        for done, (place, digest) in enumerate(zip(fresh, hashed, strict=True), 1):
            found[wanted[place]] = digest
            if report:
                report(done, len(fresh))
    now_ns = time.time_ns()
    new = {names[place]: (states[place], found[wanted[place]]) for place in fresh if states[place].is_settled(now_ns)}
    if new:
        _remember(cache / FILE_NAME, new)
    return {path: found[path] for path in wanted}


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None


def _load(file: Path) -> _Known:
    """What is remembered; nothing when the cache is missing, damaged or of another format."""
    try:
        document = json.loads(file.read_bytes())
        if document["format"] != _FORMAT:
            return {}
        return {name: (_State(*numbers), digest) for name, (*numbers, digest) in document["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _remember(file: Path, new: _Known) -> None:
    """Adds to the cache, beside what other processes have added; forgets files that are gone.

    A folder that cannot be written is no error: its files are hashed again the next time.
    """
    with contextlib.suppress(OSError, UserError):
        with locks.exclusive(file.with_name(f"{file.name}.lock")):
            kept = {name: entry for name, entry in _load(file).items() if Path(name).exists()}
            rows = {name: [*dataclasses.astuple(state), digest] for name, (state, digest) in (kept | new).items()}
            files.atomic_write_text(file, json.dumps({"format": _FORMAT, "files": rows}, separators=(",", ":")))
