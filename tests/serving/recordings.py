"""WAV files of all kinds, whole and broken, as bytes."""

import io
import struct

import numpy as np
import soundfile

RATE_HZ = 16_000


def signal(seconds=0.5, rate_hz=RATE_HZ, channels=1):
    """Two tones below 2 kHz that fade in and out, other ones in further channels: float64 (samples, channels)."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.05)
    first = 0.4 * fade * (np.sin(2 * np.pi * 300 * time) + 0.5 * np.sin(2 * np.pi * 1730 * time))
    return np.stack([first / (1 + place) for place in range(channels)], axis=1)


def wav(samples, rate_hz=RATE_HZ, subtype="PCM_16", container="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


def chunk(name, content, size=None):
    """A RIFF chunk; an odd one is filled up by a byte."""
    size = len(content) if size is None else size
    return name + struct.pack("<I", size) + content + b"\0" * (len(content) % 2)


def layout(tag=1, channels=1, rate_hz=RATE_HZ, bits=16, block=None):
    block = channels * bits // 8 if block is None else block
    return struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block % 2**32, block, bits)


def only(*chunks):
    """A RIFF file of plain samples in a layout, after other chunks."""
    return riff(*chunks, chunk(b"data", SAMPLES))


def riff(*chunks):
    content = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


SAMPLES = struct.pack("<200h", *range(200))
PLAIN = riff(chunk(b"fmt ", layout()), chunk(b"data", SAMPLES))

BROKEN = {  # a part of the reason -> contents
    "empty (0 bytes)": b"",
    "not a RIFF/WAVE file": b"hello, I am a text file that somebody sent by mistake",
    "not a RIFF/WAVE": b"RIFF\x10\0\0\0AVI LIST",
    "not a RIFF": b"RIFF",
    "truncated: it ends before its data": PLAIN[:40],
    "truncated: 100 of 400 bytes": PLAIN[:-300],
    "truncated: 400 of 4294967295 bytes": riff(chunk(b"fmt ", layout()), chunk(b"data", SAMPLES, 2**32 - 1)),
    "within its first 256 chunks": riff(
        *[chunk(b"junk", b"")] * 256, chunk(b"fmt ", layout()), chunk(b"data", SAMPLES)
    ),
    "without a format chunk": riff(chunk(b"data", SAMPLES), chunk(b"fmt ", layout())),
    "more than one format chunk": only(chunk(b"fmt ", layout()), chunk(b"fmt ", layout())),
    "format chunk has 10 bytes": only(chunk(b"fmt ", layout()[:10])),
    "(format 2, 8 bits) are not PCM, float": only(chunk(b"fmt ", layout(2, bits=8))),
    "(format 1, 12 bits)": only(chunk(b"fmt ", layout(bits=12))),
    "says 4 bytes for 1 samples of 16 bits": only(chunk(b"fmt ", layout(block=4))),
    "no channels": only(chunk(b"fmt ", layout(channels=0))),
    "has 1025 channels": only(chunk(b"fmt ", layout(channels=1025, bits=8))),
    "rate of 0 Hz": only(chunk(b"fmt ", layout(rate_hz=0))),
    "rate of 3999 Hz": only(chunk(b"fmt ", layout(rate_hz=3999))),
    "rate of 384000 Hz": only(chunk(b"fmt ", layout(rate_hz=384_000))),
    "rate of 16700000 Hz": only(chunk(b"fmt ", layout(rate_hz=16_700_000))),
    "rate of 2147483647 Hz": only(chunk(b"fmt ", layout(rate_hz=2**31 - 1))),
    "rate of 2147483648 Hz": only(chunk(b"fmt ", layout(rate_hz=2**31))),
    "no samples": riff(chunk(b"fmt ", layout()), chunk(b"data", b"")),
    "not finite": wav(np.array([0.0, np.nan, 0.1]), subtype="FLOAT"),
    "not finite (NaN or": wav(np.array([0.0, np.inf, 0.1]), subtype="DOUBLE"),
    "not finite (NaN": wav(np.array([0.0, 1e300, 0.1]), subtype="DOUBLE"),
    "samples reach 12345.0": wav(np.array([0.0, 12345.0]), subtype="FLOAT"),
    "samples reach 12345.0; full": wav(np.array([[12345.0, -12345.0]]), subtype="DOUBLE"),
    "lasts 25.0 s, longer than the 20 s": wav(np.zeros(25 * RATE_HZ)),
    "lasts 600.0 s": wav(np.zeros(600 * RATE_HZ), subtype="PCM_U8"),
}
LONG = [reason for reason in BROKEN if "lasts" in reason]
"""Broken only for a model that takes at most 20 s."""

SIZE = 64 * 2**20


def samples_of(content, size=None, **layout_of):
    return riff(chunk(b"fmt ", layout(**layout_of)), chunk(b"data", content, size))


HOSTILE = {  # 64 MB that a server must not work on, made when they are needed
    "zeros": lambda: bytes(SIZE),
    "text": lambda: b"RIFF" * (SIZE // 4),
    "one chunk of anything": lambda: riff(chunk(b"junk", bytes(SIZE))),
    "tiny chunks": lambda: riff(chunk(b"junk", b"") * (SIZE // 8)),
    "format chunks": lambda: riff(chunk(b"fmt ", layout()) * (SIZE // 24)),
    "a huge size": lambda: samples_of(bytes(SIZE), 2**32 - 1),
    "half an hour": lambda: samples_of(bytes(SIZE)),
    "16.7 MHz": lambda: samples_of(bytes(SIZE), rate_hz=16_700_000),
    "NaN": lambda: samples_of(b"\xff" * SIZE, tag=3, channels=16, rate_hz=192_000, bits=64),
}
