"""Word vectors in GloVe's text format: a word and its numbers on each line, separated by single spaces.

The published files hold up to two million words in five gigabytes. Plain or gzip files are streamed, and only the
requested words kept. Words are Penn Treebank tokens: `don't` is `do n't`.
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
"""Far more than any line of that many numbers; longer lines are rejected unread."""
MAX_LINES = 10_000_000
"""Published files have up to two million lines; a small gzip file could hold any number of short ones."""
_SHOWN = 40
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_CONTRACTION = re.compile(r"(?P<stem>.+)(?P<clitic>n't|'(?:s|re|ve|ll|d|m))")
Vector = npt.NDArray[np.float32]


class WordVectorError(UserError):
    """A file of word vectors cannot be used. The message names the file and the line."""


def parts_of(word: str) -> tuple[str, ...]:
    """Returns the tokens of a contraction, or nothing for other words.

    >>> parts_of("don't"), parts_of("couldn't've"), parts_of("yes")
    (('do', "n't"), ('could', "n't", "'ve"), ())
    """
    match = _CONTRACTION.fullmatch(word)
    return (*(parts_of(match["stem"]) or (match["stem"],)), match["clitic"]) if match else ()


@dataclasses.dataclass(frozen=True)
class WordVectors:
    """Vectors of some words.

    Attributes:
        words: Words found in the file among those requested and their parts, in alphabetical order.
        matrix: float32 (words, dims), one row per word.
        asked: Requested words, in alphabetical order.
    """

    words: tuple[str, ...]
    matrix: npt.NDArray[np.float32]
    asked: tuple[str, ...] = ()

    @functools.cached_property
    def rows(self) -> Mapping[str, int]:
        """Returns each word's row in the matrix."""
        return {word: row for row, word in enumerate(self.words)}

    def digest(self) -> str:
        """Returns the SHA-256 over words and numbers."""
        digest = hashlib.sha256("\n".join(self.words).encode())
        digest.update(repr(self.matrix.shape).encode())
        digest.update(np.ascontiguousarray(self.matrix, "<f4").tobytes())
        return digest.hexdigest()


# Rows use functions rather than methods: the code digest cannot follow a method of an object given to the run.
def vector_of(vectors: WordVectors, word: str, contractions: str = "parts") -> Vector | None:
    """Looks up the vector of a word, float32 (dims,).

    Args:
        vectors: The vectors.
        word: The word.
        contractions: For a contraction without a vector, `parts` averages its tokens and `whole` gives none.

    Returns:
        The vector, or None if there is none.
    """
    if word in vectors.rows:
        return vectors.matrix[vectors.rows[word]]
    parts = parts_of(word) if contractions == "parts" else ()
    if not parts or any(part not in vectors.rows for part in parts):
        return None
    mean: Vector = vectors.matrix[[vectors.rows[part] for part in parts]].mean(axis=0)
    return mean


def vectors_of(vectors: WordVectors, contractions: str = "parts") -> dict[str, Vector]:
    """Returns the vectors of the requested words, by word, without those that have none."""
    found = {word: vector_of(vectors, word, contractions) for word in vectors.asked}
    return {word: vector for word, vector in found.items() if vector is not None}


def read(path: Path, words: Collection[str]) -> WordVectors:
    """Reads the vectors of chosen words and of the tokens of contractions among them.

    The first line sets the dimension. Every line is checked for its number of fields; numbers are parsed on the first
    line and on those of chosen words. A word may contain spaces, as some in the 840B release do; if a word occurs
    twice, its first line counts. A header with the numbers of words and dimensions, as written by fastText, is skipped.

    Args:
        path: The file, UTF-8, plain or gzip.
        words: The words to keep, spelled as in the file; words missing from it are missing from the result.

    Raises:
        WordVectorError: the file is missing, empty or of another kind, or a line has too few numbers or one that is not
            finite.
    """
    wanted = {token.encode(): token for word in words for token in (word, *parts_of(word))}
    found: dict[str, Vector] = {}
    dims = 0
    for number, line, dims in _lines(path):  # noqa: B007 - the last is needed
        word = wanted.get(line.partition(b" ")[0])
        # Most lines end here. A word with spaces cannot be a requested one, whatever its first part.
        if word is not None and word not in found and line.count(b" ") == dims:
            found[word] = _numbers(path, number, line, dims)
    return _gathered(found, dims, words)


def read_first(path: Path, max_words: int) -> WordVectors:
    """Reads the vectors of a file's first words, which are the most frequent ones.

    Args:
        path: As for `read`.
        max_words: Number of lower-case words to read; others are skipped, since words are looked up in lower case.

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
    """Yields number, content and dimension of each line; each has a word and at least as many numbers as the first."""
    dims = 0
    for number, line in _raw_lines(path):
        if not dims:
            if number == 1 and _is_header(line):
                continue
            dims = line.count(b" ")
            if dims > MAX_DIMS:
                raise WordVectorError(f"{path}:{number}: {dims:,} numbers on a line; vectors have at most {MAX_DIMS:,}")
            _numbers(path, number, line, dims)  # rejects other files that contain spaces
        if line.count(b" ") < max(dims, 1):
            raise _malformed(path, number, line, dims)
        yield number, line, dims
    if not dims:
        raise WordVectorError(f"{path}: the file is empty; give one in GloVe's text format")


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields decompressed lines with numbers from 1, without line ends, bounded in length and number."""
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
        with np.errstate(over="ignore"):  # overflow becomes infinite, and is refused
            values = np.asarray([float(field) for field in line.split(b" ")[1:]], np.float32)
    except ValueError:
        raise _malformed(path, number, line, dims) from None
    if not np.isfinite(values).all():
        raise _malformed(path, number, line, dims)
    return values


def _malformed(path: Path, number: int, line: bytes, dims: int) -> WordVectorError:
    start = line[:_SHOWN].decode("utf-8", "replace") + ("..." if len(line) > _SHOWN else "")
    return WordVectorError(f"{path}:{number}: not a word and {dims or 'some'} finite numbers: {start!r}")
