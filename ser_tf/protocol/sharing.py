"""Runs that share one folder of results: claims of jobs, moving files, and leftovers of killed runs.

Three locks, all of which the system releases when their process dies:

- a *claim* on a job, held while it trains: an equal job of another run waits, or is done later, and finds its result;
- the lock of a *place*, held for the moment in which a result and its model are written, moved aside or brought back;
- the *presence* of a run in a folder. A run that is alone there removes unfinished files: nobody is writing them.
"""

import contextlib
import fcntl
import hashlib
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from ser_tf.data import locks
from ser_tf.errors import UserError

LOCKS = "locks"
_PRESENCE = ".runs.lock"
_UNFINISHED = re.compile(r"\.partial-.*|.*\.partial-\d+-[0-9a-f]{8}|\.[0-9a-f]{32}\.(tmp|probe)")
"""Names of what is renamed once it is complete: models and stages, feature stores, and small files."""


@contextlib.contextmanager
def claim(root: Path, job: str, wait: bool) -> Iterator[bool]:
    """Claims a job for this process.

    Args:
        root: Folder of the paper's results.
        job: Everything that the job's result can depend on.
        wait: Whether to wait as long as another process has it.

    Yields:
        Whether the job is claimed; False only without waiting.
    """
    name = hashlib.sha256(job.encode()).hexdigest()[:32]
    with locks.exclusive(root / LOCKS / f"{name}.job", wait) as held:
        yield held


@contextlib.contextmanager
def moving(root: Path, place: Path) -> Iterator[None]:
    """Holds the lock of a result's place; for moments only.

    Args:
        root: Folder of the paper's results.
        place: The result's place below it.
    """
    name = hashlib.sha256(place.relative_to(root).as_posix().encode()).hexdigest()[:32]
    with locks.exclusive(root / LOCKS / f"{name}.place"):
        yield


@contextlib.contextmanager
def presence(output: Path, folders: Sequence[str]) -> Iterator[None]:
    """Marks this process as a run that works below a folder.

    When no other run is there, at the beginning and at the end, unfinished files and unused locks are removed.

    Args:
        output: The folder given by `--output`.
        folders: Names of those in it that the run writes to.

    Raises:
        UserError: the folder cannot be written.
    """
    try:
        file = (output / _PRESENCE).open("a+b")
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror}); choose another --output") from None
    with file:
        _clean_if_alone(file.fileno(), output, folders)
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            _clean_if_alone(file.fileno(), output, folders)


def stay(output: Path) -> None:
    """Marks a worker process as present until it ends, also when the run that started it was killed."""
    _kept_open.append((output / _PRESENCE).open("a+b"))
    fcntl.flock(_kept_open[-1], fcntl.LOCK_SH)


_kept_open: list[IO[bytes]] = []


def _clean_if_alone(descriptor: int, output: Path, folders: Sequence[str]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for path in output.glob(".*"):
        if _UNFINISHED.fullmatch(path.name):
            _remove(path)
    for folder in map(output.joinpath, folders):
        for path in folder.glob(f"*/{LOCKS}"):
            _remove(path)
        for path in [path for path in folder.rglob("*") if _UNFINISHED.fullmatch(path.name)]:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):  # what cannot be removed is ignored by all readers
            path.unlink()
