"""SHA-256 of an exported model's files, so that a damaged file is named instead of being half understood.

The list has the format of `sha256sum`: `sha256sum --check assets.extra/SHA256SUMS` in the model's folder checks it too.
TensorFlow Serving leaves `assets.extra` alone.
"""

import re
from pathlib import Path

from ser_tf import files
from ser_tf.errors import UserError

FILE = Path("assets.extra", "SHA256SUMS")
_LINE = re.compile(r"([0-9a-f]{64})  ([^\0]+)")
WHAT_TO_DO = "copy the model again from where it was exported, or export it again"


def damaged(path: Path, what: str) -> UserError:
    """Makes the error for a file of an exported model that cannot be used."""
    return UserError(f"{path}: {what}; {WHAT_TO_DO}")


def write(model: Path) -> None:
    """Writes the list for all files in a model's folder."""
    paths = sorted(path for path in model.rglob("*") if path.is_file() and path != model / FILE)
    lines = [f"{files.digest_of(path)}  {path.relative_to(model).as_posix()}\n" for path in paths]
    (model / FILE).parent.mkdir(exist_ok=True)
    (model / FILE).write_text("".join(lines))


def verify(model: Path, required: tuple[str, ...]) -> None:
    """Checks that all files are there and as they were written.

    Args:
        model: Folder of the model.
        required: Files that the list must have.

    Raises:
        UserError: a file is missing, unreadable or damaged; names it.
    """
    listed = _read(model / FILE)
    for name in required:
        if name not in listed:
            raise damaged(model / FILE, f"does not list {name}")
    for name, digest in listed.items():
        try:
            found = files.digest_of(model / name)
        except FileNotFoundError:
            raise damaged(model / name, "is missing") from None
        except OSError as error:
            raise damaged(model / name, f"cannot be read ({error.strerror})") from None
        if found != digest:
            raise damaged(model / name, f"is damaged: its SHA-256 is not the one in {FILE}")


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_bytes().decode("ascii").split("\n")
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    except OSError as error:
        raise damaged(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise damaged(path, "is damaged: not a list of checksums") from None
    found = [_LINE.fullmatch(line) for line in lines[:-1]]
    bad = [number for number, match in enumerate(found, start=1) if match is None]
    if bad or lines[-1]:
        raise damaged(path, f"is damaged in line {bad[0] if bad else len(lines)}")
    return {match[2]: match[1] for match in found if match is not None}
