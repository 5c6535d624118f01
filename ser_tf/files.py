"""Files that are written whole or not at all, so that a killed run leaves no half-written result."""

import contextlib
import os
import uuid
from pathlib import Path

from ser_tf.errors import UserError


def atomic_write_bytes(path: str | Path, data: bytes) -> Path:
    """Writes a file so that readers see the old content or the new, never a part.

    The data goes to a temporary file in the same folder, is flushed to disk and then renamed over `path`. Missing
    folders are made. Two processes that write the same path at once do not disturb each other; the later rename wins.

    Args:
        path: Where the file shall be.
        data: Its whole content.

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
            f"cannot write {path}: {error.strerror or error}; choose another folder, or mend this one"
        ) from error
    except BaseException:
        _discard(temporary)
        raise
    return path


def atomic_write_text(path: str | Path, text: str) -> Path:
    """Writes a UTF-8 text file as `atomic_write_bytes` does; line ends are kept as they are given.

    Args:
        path: Where the file shall be.
        text: Its whole content.

    Returns:
        The path.

    Raises:
        UserError: the folder cannot be made or written, or the disk is full.
    """
    return atomic_write_bytes(path, text.encode("utf-8"))


def _discard(path: Path) -> None:
    """Removes a temporary file if it is there; a failure here must not hide the error that led to it."""
    with contextlib.suppress(OSError):
        path.unlink()


def require_writable(folder: str | Path) -> None:
    """Makes a folder and checks that files can be written to it, before hours of work are spent.

    Raises:
        UserError: it cannot be made or written.
    """
    probe = Path(folder) / f".{uuid.uuid4().hex}.probe"
    atomic_write_bytes(probe, b"")
    _discard(probe)
