"""Word vectors in GloVe's text format: a word and its numbers on each line, separated by single spaces.

The published files hold up to two million words and five gigabytes; reading is streamed and keeps the words that are
asked for alone.
"""

import dataclasses
import hashlib
import itertools
from collections.abc import Collection
from pathlib import Path

import numpy as np

from ser_tf.errors import UserError

_SHOWN = 40


class WordVectorError(UserError):
    """A file of word vectors cannot be used: names the file and the line."""


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Vectors of some words.

    Attributes:
        words: The words, in alphabetical order.
        matrix: float32 (words, dims), one row a word.
    """

    words: tuple[str, ...]
    matrix: np.ndarray

    def digest(self) -> str:
        """SHA-256 over words and numbers."""
        digest = hashlib.sha256("\n".join(self.words).encode())
        digest.update(repr(self.matrix.shape).encode())
        digest.update(np.ascontiguousarray(self.matrix, "<f4").tobytes())
        return digest.hexdigest()


def read(path: Path, words: Collection[str]) -> WordVectors:
    """Reads the vectors of chosen words.

    The first line decides the dimension. Every line is checked for its number of fields; numbers are parsed on the
    lines of chosen words. A word may hold spaces, as some of the 840B release do; when one comes twice, the first
    counts. A header with the numbers of words and dimensions, as fastText writes it, is skipped.

    Args:
        path: The file, UTF-8.
        words: The words to keep, spelled as in the file; those that it lacks are left out of the result.

    Raises:
        WordVectorError: the file is missing or empty, or a line has too few numbers or one that is not finite.
    """
    wanted = {word.encode(): word for word in words}
    found: dict[str, np.ndarray] = {}
    dims = 0
    try:
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                line = line.rstrip(b"\r\n ")
                if not dims:
                    if number == 1 and _is_header(line):
                        continue
                    dims = line.count(b" ")
                if line.count(b" ") < max(dims, 1):
                    raise _malformed(path, number, line, dims)
                word = wanted.get(line.partition(b" ")[0])
                # Most lines end here. A word with spaces is none of ours, whatever its first part is.
                if word is not None and word not in found and line.count(b" ") == dims:
                    found[word] = _numbers(path, number, line, dims)
    except OSError as error:
        raise WordVectorError(
            f"{path}: cannot be read ({error.strerror}); give a file in GloVe's text format"
        ) from None
    if not dims:
        raise WordVectorError(f"{path}: the file is empty; give one in GloVe's text format")
    kept = tuple(sorted(found))
    return WordVectors(kept, np.stack([found[word] for word in kept]) if kept else np.zeros((0, dims), np.float32))


def _is_header(line: bytes) -> bool:
    fields = line.split(b" ")
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _numbers(path: Path, number: int, line: bytes, dims: int) -> np.ndarray:
    try:
        values = np.asarray([float(field) for field in itertools.islice(line.split(b" "), 1, None)], np.float32)
    except ValueError:
        raise _malformed(path, number, line, dims) from None
    if not np.isfinite(values).all():
        raise _malformed(path, number, line, dims)
    return values


def _malformed(path: Path, number: int, line: bytes, dims: int) -> WordVectorError:
    start = line[:_SHOWN].decode("utf-8", "replace") + ("..." if len(line) > _SHOWN else "")
    return WordVectorError(f"{path}:{number}: not a word and {dims or 'some'} finite numbers: {start!r}")
