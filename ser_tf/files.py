"""Atomic writing of files, by which a killed run leaves no half-written result, and digests of their content."""

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

from ser_tf.errors import UserError


def atomic_write_bytes(path: str | Path, data: bytes) -> Path:
    """Writes a file atomically: readers see the old content or the new, never a part.

    The data goes to a temporary file in the same folder, is flushed to disk and then renamed to `path`. Missing folders
    are created. Two processes may write the same path at once; the later rename wins.

    Args:
        path: Path of the file.
        data: The whole content.

    Returns:
        The path.

    Raises:
        UserError: the folder cannot be made or written, or the disk is full.
    """
    path = Path(path)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        _discard(temporary)
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; choose another folder, or fix this one"
        ) from error
    except BaseException:
        _discard(temporary)
        raise
    return path


def atomic_write_text(path: str | Path, text: str) -> Path:
    """Writes a UTF-8 text file atomically, like `atomic_write_bytes`; line ends are kept.

    Args:
        path: Path of the file.
        text: The whole content.

    Returns:
        The path.

    Raises:
        UserError: the folder cannot be made or written, or the disk is full.
    """
    return atomic_write_bytes(path, text.encode("utf-8"))


def digest_of(path: Path) -> str:
    """Returns the SHA-256 of a file's content.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _discard(path: Path) -> None:
    """Removes a temporary file if it exists; a failure here must not hide the error that led to it."""
    with contextlib.suppress(OSError):
        path.unlink()


def require_writable(folder: str | Path) -> None:
    """Creates a folder and checks that it can be written to, before hours of work are spent.

    Raises:
        UserError: the folder cannot be created or written.
    """
    probe = Path(folder) / f".{uuid.uuid4().hex}.probe"
    atomic_write_bytes(probe, b"")
    _discard(probe)
