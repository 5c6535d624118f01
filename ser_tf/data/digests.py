"""Digests of recordings' contents, cached to hash a corpus only once.

A digest is cached with the file's size and times. A copied, moved or touched recording is hashed again and has the same
digest; another recording of the same size under the same name has a different one. Imports no TensorFlow.
"""

import concurrent.futures
import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ser_tf import files
from ser_tf.data import locks
from ser_tf.errors import AudioError, UserError

Report = Callable[[int, int], None]
"""Called with (files done, total files)."""
State = list[int]
"""Tells whether a file has changed without reading it: its size in bytes, modification time and change time (ns). The
last cannot be set back."""

FILE_NAME = "digests.json"
THREADS = 4
SETTLED_NS = 2_000_000_000
"""A file that changed less than this ago may change again within the clock's resolution; it is not cached."""
_FORMAT = 2


def digests_of(paths: Iterable[Path], cache: Path, report: Report | None = None) -> dict[Path, str]:
    """Returns the SHA-256 of each file's bytes, reading only the files that have changed since the last call.

    Args:
        paths: The files.
        cache: Folder of the cache `digests.json`, created if needed. The file is safe to delete, and a damaged one is
            rebuilt.
        report: Called after each file that had to be read.

    Returns:
        For each path, hexadecimal digits.

    Raises:
        AudioError: a file cannot be read. The message names it.
    """
    known = _load(cache / FILE_NAME)
    found: dict[Path, str] = {}
    fresh: dict[Path, State] = {}
    for path in dict.fromkeys(paths):
        state = _state_of(path)
        entry = known.get(str(path.absolute()))
        if entry and entry[:3] == state:
            found[path] = str(entry[3])
        else:
            found[path] = ""
            fresh[path] = state
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for done, (path, digest) in enumerate(zip(fresh, pool.map(_hash, fresh), strict=True), 1):
            found[path] = digest
            if report:
                report(done, len(fresh))
    settled_ns = time.time_ns() - SETTLED_NS
    settled = {path: state for path, state in fresh.items() if max(state[1:]) < settled_ns}
    if settled:
        _remember(cache / FILE_NAME, {str(path.absolute()): [*state, found[path]] for path, state in settled.items()})
    return found


def _state_of(path: Path) -> State:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AudioError(f"{path}: the file does not exist") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _hash(path: Path) -> str:
    try:
        return files.digest_of(path)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror})") from None


def _load(file: Path) -> dict[str, list[int | str]]:
    """Loads size, times and digest of each file; empty when the cache is missing, damaged or of another format."""
    try:
        document = json.loads(file.read_bytes())
        files: dict[str, list[int | str]] = document["files"]
        return files if document["format"] == _FORMAT and document["sha256"] == _checksum(files) else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _checksum(files: dict[str, list[int | str]]) -> str:
    return hashlib.sha256(_compact(files).encode()).hexdigest()


def _compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _remember(file: Path, new: dict[str, list[int | str]]) -> None:
    """Adds to the cache, keeping what other processes have added and dropping files that are gone.

    A folder that cannot be written is not an error: its files are hashed again next time.
    """
    with contextlib.suppress(OSError, UserError), locks.exclusive(file.with_name(f"{file.name}.lock")):
        kept = {name: entry for name, entry in _load(file).items() if Path(name).exists()}
        whole = kept | new
        document = {"format": _FORMAT, "sha256": _checksum(whole), "files": whole}
        files.atomic_write_text(file, _compact(document))
