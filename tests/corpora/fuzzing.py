"""Mutations of valid files, each reproducible from a name and a number, and a limit of processor time for readers."""

import contextlib
import dataclasses
import itertools
import math
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ser_tf.corpora import plain_text
from ser_tf.corpora.base import Word
from ser_tf.errors import UserError

SOURCE = "the/file"
MAX_MESSAGE_CHARACTERS = 600
MAX_SECONDS = 5.0
"""Processor time for one input; more is a hang."""
HOSTILE_NUMBERS = (
    *(b"nan", b"inf", b"-inf", b"1e999", b"-1", b"-0", b"0", b"1_0", b"0x10", b"1e-400", b"9" * 400, b"1,5"),
    *(b"", b".", b"-", b"1.2.3", b"\xb2", "\u0661".encode(), b"--undefined--", b"NaN", b"1e5", b"86400.1"),
)
HOSTILE_BYTES = (
    *(b"\x85", b"\x0c", b"\x0b", b"\x1c", b"\x1d", b"\x1e", b"\x00", b"\x7f", b"\xa0", b"\xff", b"\xfe"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\r", b"\n", b"\r\n", b"\t", b" ", b"  ", b'"', b'""', b"'"),
    *(b";", b",", b"|", b"(", b")", b"[", b"]", b"{", b"}", b"<", b">", b"\\", b"%", b"#", b"../", b"=cmd|"),
    *("\u2028\u2029\u200b".encode(), "\U0001f600".encode(), b"\xed\xa0\x80", b" " * 50_000, b'"' * 50_001),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_FIELD = re.compile(rb"[^\s,;]+")


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One to four mutations of a file's content."""
    for _ in range(rng.randint(1, 4)):
        content = rng.choice(MUTATIONS)(content, rng)
    return content


def _span(content: bytes, rng: random.Random, longest: int = 40) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.randint(0, longest))


def _replace_match(pattern: re.Pattern[bytes], content: bytes, new: bytes, rng: random.Random) -> bytes:
    matches = list(pattern.finditer(content))
    if not matches:
        return content + new
    start, end = rng.choice(matches).span()
    return content[:start] + new + content[end:]


def _number(content: bytes, rng: random.Random) -> bytes:
    return _replace_match(_NUMBER, content, rng.choice(HOSTILE_NUMBERS), rng)


def _other_number(content: bytes, rng: random.Random) -> bytes:
    new = f"{rng.choice([1, -1]) * rng.random() * 10 ** rng.randint(-3, 6):.{rng.randint(0, 4)}f}"
    return _replace_match(_NUMBER, content, new.encode(), rng)


def _field(content: bytes, rng: random.Random) -> bytes:
    return _replace_match(_FIELD, content, rng.choice(HOSTILE_NUMBERS + HOSTILE_BYTES), rng)


def _insert(content: bytes, rng: random.Random) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.choice(HOSTILE_BYTES) + content[place:]


def _at_start(content: bytes, rng: random.Random) -> bytes:
    return rng.choice(HOSTILE_BYTES) + content


def _delete(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _repeat(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[start:end] * rng.choice([2, 3, 1000]) + content[end:]


def _flip(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content or b" ")
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randint(0, len(content))]


def _lines(content: bytes, rng: random.Random) -> bytes:
    """Doubles, drops or exchanges lines."""
    lines = content.split(b"\n")
    place, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(3)
    if kind == 0:
        lines.insert(other, lines[place])
    elif kind == 1:
        del lines[place]
    else:
        lines[place], lines[other] = lines[other], lines[place]
    return b"\n".join(lines)


def _other_encoding(content: bytes, rng: random.Random) -> bytes:
    return content.decode("latin-1").encode(rng.choice(["utf-16", "utf-8-sig", "utf-16-be", "utf-8"]))


def _noise(content: bytes, rng: random.Random) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + rng.randbytes(end - start) + content[end:]


Mutation = Callable[[bytes, random.Random], bytes]
MUTATIONS: tuple[Mutation, ...] = (
    *(_number, _number, _other_number, _other_number, _field, _insert, _at_start, _delete),
    *(_repeat, _flip, _cut, _lines, _lines, _other_encoding, _noise),
)


class Hang(BaseException):
    """Not an `Exception`: what is tested must not be able to catch it."""


@contextlib.contextmanager
def limited(seconds: float = MAX_SECONDS) -> Iterator[None]:
    """Raises `Hang` in the block once it has used so much processor time."""

    def stop(*_):
        raise Hang(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def seconds() -> float:
    """Seconds for a third of all fuzz tests (texts, recordings, results on disk), from the environment."""
    return float(os.environ.get("SER_TF_FUZZ_SECONDS", "18")) / 3


@dataclasses.dataclass(frozen=True)
class Target:
    """What is fuzzed: a valid file, its reader from bytes and a folder to write to, and a check of what is read."""

    valid: bytes
    read: Callable[[bytes, Path], Any]
    check: Callable[[Any], None]


def of_text(
    valid: str, parse: Callable[[str, str], object], check: Callable[[Any], None] = lambda _: None, encoding="utf-8"
) -> Target:
    """A parser of text."""
    return Target(
        valid.encode(encoding), lambda content, _: parse(plain_text.decode(content, SOURCE, encoding), SOURCE), check
    )


def of_file(valid: str, name: str, read: Callable[[Path], object]) -> Target:
    """A reader of a folder with one file."""

    def write_and_read(content: bytes, folder: Path) -> object:
        (folder / name).write_bytes(content)
        return read(folder)

    return Target(valid.encode(), write_and_read, lambda _: None)


def check_words(words: Iterable[Word]) -> None:
    """Words have finite times and follow one another."""
    before = Word("", 0.0, 0.0)
    for word in words:
        assert math.isfinite(word.end_seconds) and 0 <= word.start_seconds <= word.end_seconds
        assert before.start_seconds <= word.start_seconds and before.end_seconds <= word.end_seconds
        before = word


def replay(name: str, target: Target, number: int) -> bytes:
    """The input of that number."""
    return mutate(target.valid, random.Random(f"{name} {number}"))


def run(name: str, target: Target, folder: Path, seconds: float) -> None:
    """Tries inputs until the time is over; each must be read, or refused in one short line that names the file."""
    target.check(target.read(target.valid, folder))
    refused = 0
    until = time.monotonic() + seconds
    for number in itertools.count():
        if time.monotonic() > until and number >= 50:
            break
        content = replay(name, target, number)
        try:
            with limited():
                target.check(target.read(content, folder))
        except UserError as error:
            refused += 1
            message = str(error)
            named = message.startswith((f"{SOURCE}:", str(folder)))
            if not named or "\n" in message or len(message) > MAX_MESSAGE_CHARACTERS:
                raise AssertionError(f"{name}, input {number}: {message[:300]!r}") from None
        except BaseException as error:
            raise AssertionError(f"{name}, input {number}: {type(error).__name__}: {error}") from error
    assert 0 < refused < number, f"{refused} of {number} refused"
