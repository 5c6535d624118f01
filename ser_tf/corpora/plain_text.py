"""Annotation files as text: decoding, lines, times and their order. Every error names the file and, if any, the line.

Lines end at line feeds and carriage returns only. `str.splitlines` also cuts at form feeds, at the separators 0x1c to
0x1e and at 0x85, all of which occur inside comments typed by hand.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError

MAX_SECONDS = 86_400.0
"""Maximum time in an annotation, one day; a larger number is a mistake."""
SHOWN_CHARACTERS = 80

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def read(path: Path, encoding: str = "utf-8") -> str:
    """Reads a text file.

    Args:
        path: The file.
        encoding: Used unless the file begins with a byte order mark, which decides instead and is removed.

    Raises:
        CorpusError: the file cannot be read or is not text in that encoding; names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error})") from None
    return decode(content, str(path), encoding)


def decode(content: bytes, source: str, encoding: str = "utf-8") -> str:
    """Decodes the content of a text file as `read` does.

    Args:
        content: The bytes of the file.
        source: The file, for messages.
        encoding: Used unless there is a byte order mark.

    Raises:
        CorpusError: not text in that encoding; names `source` and the line.
    """
    for mark, marked in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            content, encoding = content[len(mark) :], marked
            break
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{source}:{line}: not {encoding.upper()} text at byte {error.start}") from None


def numbered_lines(content: str) -> Iterator[tuple[int, str]]:
    """Yields the lines of a text without line ends, each with its number from 1."""
    return enumerate(_LINE_END.split(content), 1)


def shown(content: str) -> str:
    """Quotes a line or field for a message, shortening it if it is long."""
    content = content.strip()
    if len(content) > SHOWN_CHARACTERS:
        content = content[: SHOWN_CHARACTERS - 3] + "..."
    return repr(content)


def parse_seconds(field: str, place: str) -> float:
    """Reads a time or a length in seconds.

    Args:
        field: The number as written.
        place: File and line, for messages.

    Raises:
        CorpusError: not a decimal number (`nan`, `inf`), negative, or beyond a day.
    """
    if not _DECIMAL.fullmatch(field):
        raise CorpusError(f"{place}: {shown(field)} is not a time in seconds")
    seconds = float(field)
    if seconds < 0:
        raise CorpusError(f"{place}: negative time {shown(field)}")
    if seconds > MAX_SECONDS:
        raise CorpusError(f"{place}: time {shown(field)} is longer than a day")
    return seconds


def check_order(before: Word | None, word: Word, place: str) -> None:
    """Checks the times of a word against themselves and against the word before it.

    Words may overlap, but begin and end in the order in which they are listed.

    Args:
        before: The word before it; None for the first.
        word: The word.
        place: File and line, for messages.

    Raises:
        CorpusError: the word ends before it begins, begins before the one before it, or lies inside of it.
    """
    name = shown(word.text)
    if word.end_seconds < word.start_seconds:
        raise CorpusError(f"{place}: {name} begins at {word.start_seconds} s and ends before, at {word.end_seconds} s")
    if before is None:
        return
    if word.start_seconds < before.start_seconds:
        raise CorpusError(f"{place}: {name} at {word.start_seconds} s begins before the word ahead of it")
    if word.end_seconds < before.end_seconds:
        raise CorpusError(f"{place}: {name} ends at {word.end_seconds} s, before the word ahead of it ends")
