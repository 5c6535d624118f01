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


def layout(tag=1, channels=1, rate_hz=RATE_HZ, bits=16):
    block = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)


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
    "without a format chunk": riff(chunk(b"data", SAMPLES), chunk(b"fmt ", layout())),
    "format chunk has 10 bytes": riff(chunk(b"fmt ", layout()[:10]), chunk(b"data", SAMPLES)),
    "(format 6, 8 bits) are not PCM or float": riff(chunk(b"fmt ", layout(6, bits=8)), chunk(b"data", SAMPLES)),
    "(format 1, 12 bits)": riff(chunk(b"fmt ", layout(bits=12)), chunk(b"data", SAMPLES)),
    "no channels": riff(chunk(b"fmt ", layout(channels=0)), chunk(b"data", SAMPLES)),
    "rate of 0 Hz": riff(chunk(b"fmt ", layout(rate_hz=0)), chunk(b"data", SAMPLES)),
    "rate of 384000 Hz": riff(chunk(b"fmt ", layout(rate_hz=384_000)), chunk(b"data", SAMPLES)),
    "no samples": riff(chunk(b"fmt ", layout()), chunk(b"data", b"")),
    "not finite": wav(np.array([0.0, np.nan, 0.1]), subtype="FLOAT"),
    "not finite (NaN or": wav(np.array([0.0, np.inf, 0.1]), subtype="DOUBLE"),
    "samples reach 12345.0": wav(np.array([0.0, 12345.0]), subtype="FLOAT"),
    "lasts 25.0 s, longer than the 20 s": wav(np.zeros(25 * RATE_HZ)),
    "lasts 600.0 s": wav(np.zeros(600 * RATE_HZ), subtype="PCM_U8"),
}
