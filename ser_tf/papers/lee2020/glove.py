"""Word vectors in GloVe's text format: a word and its numbers on each line, separated by single spaces.

The published files hold up to two million words and five gigabytes; reading is streamed, from plain or gzip files, and
keeps only the words that are asked for. Their words are Penn Treebank's tokens: `don't` is `do n't`.
"""

import dataclasses
import functools
import gzip
import hashlib
import itertools
import re
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ser_tf.errors import UserError

MAX_DIMS = 4096
"""Published vectors have up to 1,024 dimensions."""
MAX_LINE_BYTES = 2**18
"""Far more than any line of so many numbers; what comes without line ends is read no further."""
MAX_LINES = 10_000_000
"""Published files have up to two million; a small gzip file can hold any number of short lines."""
_SHOWN = 40
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_CONTRACTION = re.compile(r"(?P<stem>.+)(?P<clitic>n't|'(?:s|re|ve|ll|d|m))")
Vector = npt.NDArray[np.float32]


class WordVectorError(UserError):
    """A file of word vectors cannot be used: names the file and the line."""


def parts_of(word: str) -> tuple[str, ...]:
    """The tokens of a contraction; none for another word.

    >>> parts_of("don't"), parts_of("couldn't've"), parts_of("yes")
    (('do', "n't"), ('could', "n't", "'ve"), ())
    """
    match = _CONTRACTION.fullmatch(word)
    return (*(parts_of(match["stem"]) or (match["stem"],)), match["clitic"]) if match else ()


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Vectors of some words.

    Attributes:
        words: Words that the file has, among those that were asked for and their parts, in alphabetical order.
        matrix: float32 (words, dims), one row a word.
        asked: Words that were asked for, in alphabetical order.
    """

    words: tuple[str, ...]
    matrix: npt.NDArray[np.float32]
    asked: tuple[str, ...] = ()

    @functools.cached_property
    def _rows(self) -> Mapping[str, int]:
        return {word: row for row, word in enumerate(self.words)}

    def of(self, word: str, contractions: str = "parts") -> Vector | None:
        """The vector of a word, float32 (dims,).

        Args:
            word: The word.
            contractions: `parts` takes the mean over the tokens of a contraction that has no vector, `whole` nothing.

        Returns:
            None where there is none.
        """
        if word in self._rows:
            return self.matrix[self._rows[word]]
        parts = parts_of(word) if contractions == "parts" else ()
        if not parts or any(part not in self._rows for part in parts):
            return None
        mean: Vector = self.matrix[[self._rows[part] for part in parts]].mean(axis=0)
        return mean

    def of_all(self, contractions: str = "parts") -> dict[str, Vector]:
        """The vectors of the words that were asked for, by word; without those that have none."""
        found = {word: self.of(word, contractions) for word in self.asked}
        return {word: vector for word, vector in found.items() if vector is not None}

    def digest(self) -> str:
        """SHA-256 over words and numbers."""
        digest = hashlib.sha256("\n".join(self.words).encode())
        digest.update(repr(self.matrix.shape).encode())
        digest.update(np.ascontiguousarray(self.matrix, "<f4").tobytes())
        return digest.hexdigest()


def read(path: Path, words: Collection[str]) -> WordVectors:
    """Reads the vectors of chosen words and of the tokens that contractions among them have.

    The first line decides the dimension. Every line is checked for its number of fields; numbers are parsed on the
    lines of chosen words. A word may hold spaces, as some of the 840B release do; when one comes twice, the first
    counts. A header with the numbers of words and dimensions, as fastText writes it, is skipped.

    Args:
        path: The file, UTF-8, plain or gzip.
        words: The words to keep, spelled as in the file; those that it lacks are left out of the result.

    Raises:
        WordVectorError: the file is missing, empty or of another kind, or a line has too few numbers or one that is not
            finite.
    """
    wanted = {token.encode(): token for word in words for token in (word, *parts_of(word))}
    found: dict[str, Vector] = {}
    dims = 0
    for number, line, dims in _lines(path):  # noqa: B007 - the last is needed
        word = wanted.get(line.partition(b" ")[0])
        # Most lines end here. A word with spaces is none of ours, whatever its first part is.
        if word is not None and word not in found and line.count(b" ") == dims:
            found[word] = _numbers(path, number, line, dims)
    return _gathered(found, dims, words)


def read_first(path: Path, max_words: int) -> WordVectors:
    """Reads the vectors of the first words of a file, which are the most frequent ones.

    Args:
        path: As for `read`.
        max_words: Number of lower-case words to read; others are passed over, since words are looked up in lower case.

    Raises:
        WordVectorError: As for `read`.
    """
    found: dict[str, Vector] = {}
    dims = 0
    for number, line, dims in _lines(path):  # noqa: B007 - the last is needed
        word = line.partition(b" ")[0].decode("utf-8", "replace")
        if word == word.lower() and word not in found and line.count(b" ") == dims:
            found[word] = _numbers(path, number, line, dims)
            if len(found) == max_words:
                break
    return _gathered(found, dims, found)


def _gathered(found: Mapping[str, Vector], dims: int, asked: Collection[str]) -> WordVectors:
    kept = tuple(sorted(found))
    matrix = np.stack([found[word] for word in kept]) if kept else np.zeros((0, dims), np.float32)
    return WordVectors(kept, matrix, tuple(sorted(asked)))


def _lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """Number, content and dimension of each line that has a word and as many numbers at least as the first."""
    dims = 0
    for number, line in _raw_lines(path):
        if not dims:
            if number == 1 and _is_header(line):
                continue
            dims = line.count(b" ")
            if dims > MAX_DIMS:
                raise WordVectorError(f"{path}:{number}: {dims:,} numbers on a line; vectors have at most {MAX_DIMS:,}")
        if line.count(b" ") < max(dims, 1):
            raise _malformed(path, number, line, dims)
        yield number, line, dims
    if not dims:
        raise WordVectorError(f"{path}: the file is empty; give one in GloVe's text format")


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines from 1 without their ends, unpacked; bounded in length and number."""
    try:
        with _opened(path) as file:
            for number in itertools.count(1):
                line = file.readline(MAX_LINE_BYTES + 1)
                if not line:
                    return
                if len(line) > MAX_LINE_BYTES or number > MAX_LINES:
                    what = f"a line of over {MAX_LINE_BYTES:,} bytes" if number <= MAX_LINES else "too many lines"
                    raise WordVectorError(f"{path}:{number}: {what}; give a file in GloVe's text format")
                yield number, line.rstrip(b"\r\n ")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "damaged gzip file"
        raise WordVectorError(f"{path}: cannot be read ({reason}); give a file in GloVe's text format") from None


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        start = file.read(4)
    if start == _ZIP:
        raise WordVectorError(f"{path}: a zip archive; give the text file that lies in it")
    return gzip.open(path, "rb") if start[:2] == _GZIP else path.open("rb")  # type: ignore[return-value]


def _is_header(line: bytes) -> bool:
    fields = line.split(b" ")
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _numbers(path: Path, number: int, line: bytes, dims: int) -> Vector:
    try:
        with np.errstate(over="ignore"):  # becomes infinite, and is refused
            values = np.asarray([float(field) for field in line.split(b" ")[1:]], np.float32)
    except ValueError:
        raise _malformed(path, number, line, dims) from None
    if not np.isfinite(values).all():
        raise _malformed(path, number, line, dims)
    return values


def _malformed(path: Path, number: int, line: bytes, dims: int) -> WordVectorError:
    start = line[:_SHOWN].decode("utf-8", "replace") + ("..." if len(line) > _SHOWN else "")
    return WordVectorError(f"{path}:{number}: not a word and {dims or 'some'} finite numbers: {start!r}")
