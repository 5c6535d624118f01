"""Hostile recordings, each reproducible from a name and a number: damaged files, and WAV files of nonsense."""

import io
import random
import struct
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import soundfile

from tests.serving import recordings

T = TypeVar("T")
HOSTILE_INTEGERS = (0, 1, 2, 3, 4, 7, 8, 12, 15, 16, 17, 24, 40, 255, 256, 257, 1024, 1025, 3999, 4000, 16_000, 16_001)
HOSTILE_INTEGERS += (44_100, 192_000, 192_001, 2**15, 2**16 - 1, 16_700_000, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
CHUNKS = (
    b"fmt ",
    b"data",
    b"LIST",
    b"fact",
    b"junk",
    b"PEAK",
    b"cue ",
    b"bext",
    b"id3 ",
    b"\0\0\0\0",
    b"\xff\xfe\xfd\xfc",
)
_GUID = bytes.fromhex("000000001000800000aa00389b71")


def _encoded(container: str, subtype: str, rate_hz: int, channels: int = 1) -> bytes:
    file = io.BytesIO()
    samples = recordings.signal(0.12, rate_hz, channels)
    soundfile.write(file, samples, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


VALID = {
    "wav": [
        _encoded("WAV", "PCM_16", 16_000),
        *(_encoded("WAV", subtype, 16_000, 2) for subtype in ("PCM_U8", "PCM_24", "PCM_32", "ALAW", "ULAW")),
        *(_encoded("WAVEX", subtype, 22_050) for subtype in ("FLOAT", "DOUBLE")),
    ],
    "flac": [_encoded("FLAC", "PCM_16", 16_000), _encoded("FLAC", "PCM_24", 44_100, 2)],
    "ogg": [_encoded("OGG", "VORBIS", 16_000), _encoded("OGG", "OPUS", 48_000, 2)],
    "mp3": [_encoded("MP3", "MPEG_LAYER_III", 16_000), _encoded("MP3", "MPEG_LAYER_III", 44_100, 2)],
}


def damaged(name: str, number: int) -> bytes:
    """The damaged file of that number, of one format."""
    rng = random.Random(f"{name} {number}")
    content = bytearray(rng.choice(VALID[name]))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_MUTATIONS)(content, rng)
    return bytes(content)


def _place(content: bytearray, rng: random.Random) -> int:
    """More often among the first bytes, where headers lie."""
    end = len(content) if rng.random() < 0.5 else min(len(content), 128)
    return rng.randrange(end) if end else 0


def _flip(content: bytearray, rng: random.Random) -> None:
    if content:
        content[_place(content, rng)] ^= 1 << rng.randrange(8)


def _cut(content: bytearray, rng: random.Random) -> None:
    del content[_place(content, rng) :]


def _zeros(content: bytearray, rng: random.Random) -> None:
    start = _place(content, rng)
    end = min(len(content), start + rng.choice((1, 4, 64, 1000)))
    content[start:end] = bytes(end - start)


def _noise(content: bytearray, rng: random.Random) -> None:
    start = _place(content, rng)
    end = min(len(content), start + rng.choice((1, 2, 16, 200)))
    content[start:end] = rng.randbytes(end - start)


def _insert(content: bytearray, rng: random.Random) -> None:
    start = _place(content, rng)
    content[start:start] = rng.randbytes(rng.choice((1, 2, 3, 8, 500)))


def _delete(content: bytearray, rng: random.Random) -> None:
    start = _place(content, rng)
    del content[start : start + rng.choice((1, 2, 3, 8, 500))]


def _integer(content: bytearray, rng: random.Random) -> None:
    start, form = _place(content, rng), rng.choice(("<H", "<I", ">I"))
    value = rng.choice(HOSTILE_INTEGERS) % (2**16 if form == "<H" else 2**32)
    content[start : start + struct.calcsize(form)] = struct.pack(form, value)


def _append(content: bytearray, rng: random.Random) -> None:
    content += rng.choice((bytes(500), rng.randbytes(500), bytes(content), b"ID3\x03\0\0\0\0\0\0"))


_MUTATIONS = (_flip, _flip, _flip, _cut, _zeros, _noise, _insert, _delete, _integer, _integer, _append)


def nonsense(number: int) -> bytes:
    """A WAV file made of chunks whose fields are drawn from sensible and senseless values."""
    rng = random.Random(f"nonsense {number}")
    tag, bits = _mostly(rng, ((1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8)), ((2, 4), (1, 12)))
    channels = _mostly(rng, (1, 2, 6), (0, 1024, 1025, 65_535))
    rate_hz = _mostly(rng, (16_000, 16_000, 4000, 8000, 11_025, 44_100, 192_000), (3999, 192_001, 0, 2**31, 2**32 - 1))
    block = _mostly(rng, (channels * bits // 8,), HOSTILE_INTEGERS)
    layout = struct.pack("<HHIIHH", tag, channels, rate_hz, 0, block % 2**16, bits)
    if rng.random() < 0.3:
        layout = struct.pack("<H", 0xFFFE) + layout[2:] + struct.pack("<HHIH", 22, bits, 4, tag)
        layout += _mostly(rng, (_GUID,), (rng.randbytes(14),))
    layout = layout[: _mostly(rng, (len(layout),), (0, 10, 15, 16, 18, 26, 38))] + bytes(_mostly(rng, (0,), (1, 2, 24)))
    chunks = [recordings.chunk(b"fmt ", layout)] * _mostly(rng, (1,), (0, 2))
    chunks.append(recordings.chunk(b"data", _samples(rng, tag, bits), _mostly(rng, (None,), HOSTILE_INTEGERS)))
    for _ in range(rng.choice((0, 0, 1, 2))):
        size = _mostly(rng, (None,), HOSTILE_INTEGERS)
        extra = recordings.chunk(rng.choice(CHUNKS), rng.randbytes(rng.choice((0, 1, 4, 33))), size)
        chunks.insert(rng.randint(0, len(chunks)), extra)
    return recordings.riff(*chunks)


def _mostly(rng: random.Random, sensible: Sequence[T], senseless: Sequence[T]) -> T:
    """One of the sensible values, or rarely one of the others."""
    return rng.choice(sensible if rng.random() < 0.94 else senseless)


def _samples(rng: random.Random, tag: int, bits: int) -> bytes:
    number = rng.choice((0, 1, 2, 7, 240, 1001, 240, 1001))
    if tag != 3 or bits not in (32, 64) or rng.random() < 0.1:
        return rng.randbytes(number * max(bits // 8, 1))
    samples = np.random.default_rng(rng.randrange(2**31)).uniform(-1, 1, number)
    if number and rng.random() < 0.3:
        hostile = (np.nan, np.inf, -np.inf, 16.0, -16.001, 1e30, 1e-40, -0.0, 3e38, 1e300, 16.0000001)
        samples[rng.randrange(number)] = rng.choice(hostile)
    with np.errstate(over="ignore"):
        return samples.astype(f"<f{bits // 8}").tobytes()
