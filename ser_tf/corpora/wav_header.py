"""Headers of RIFF/WAVE files, checked more strictly than libsndfile does.

libsndfile silently shortens a file whose header claims more samples than there are. Reading only the header also keeps
the loading of ten thousand utterances under a second.
"""

import dataclasses
import os
import struct
from pathlib import Path
from typing import BinaryIO

from ser_tf.audio_limits import MAX_WAV_CHUNKS, channels_problem, sample_rate_problem
from ser_tf.errors import AudioError

PCM = 0x0001
IEEE_FLOAT = 0x0003
ALAW = 0x0006
MULAW = 0x0007
EXTENSIBLE = 0xFFFE
SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")
"""The bytes after the encoding in the sub-format of WAVE_FORMAT_EXTENSIBLE."""
_ENCODINGS = {
    PCM: ("pcm", (8, 16, 24, 32)),
    IEEE_FLOAT: ("float", (32, 64)),
    ALAW: ("alaw", (8,)),
    MULAW: ("mulaw", (8,)),
}


@dataclasses.dataclass(frozen=True)
class WavHeader:
    """The format of a RIFF/WAVE file and the location of its samples.

    Attributes:
        sample_rate: Samples per second of one channel.
        channels: Number of channels.
        bits: Bits of one sample of one channel.
        encoding: `pcm` (8-bit unsigned, else signed little-endian), `float`, `alaw` or `mulaw`.
        num_samples: Samples of one channel.
        data_offset: Offset of the samples in bytes.
    """

    sample_rate: int
    channels: int
    bits: int
    encoding: str
    num_samples: int
    data_offset: int

    @property
    def duration_seconds(self) -> float:
        """Length of the recording."""
        return self.num_samples / self.sample_rate


def read_wav_header(path: Path | str) -> WavHeader:
    """Reads a RIFF/WAVE header, plain or WAVE_FORMAT_EXTENSIBLE.

    PCM has 8, 16, 24 or 32 bits, float 32 or 64; A-law and mu-law are the other encodings.

    Raises:
        AudioError: the file is missing, empty, not RIFF/WAVE, of another encoding, without samples, shorter than its
            header says, or beyond `ser_tf.audio_limits`. The message names the file and the reason.
    """
    try:
        with Path(path).open("rb") as file:
            return _parse(file, os.fstat(file.fileno()).st_size)
    except FileNotFoundError:
        raise AudioError(f"{path}: the file does not exist") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror or error})") from None
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from None


def _parse(file: BinaryIO, file_bytes: int) -> WavHeader:
    """Walks over the chunks up to the samples; errors do not name the file."""
    if file_bytes == 0:
        raise AudioError("the file is empty (0 bytes)")
    start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise AudioError("not a RIFF/WAVE file")
    formats: list[bytes] = []
    for _ in range(MAX_WAV_CHUNKS):
        chunk = file.read(8)
        if len(chunk) < 8:
            raise AudioError("truncated, it ends before its data chunk")
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"data":
            return _locate_samples(formats, file.tell(), size, file_bytes)
        end = file.tell() + size + size % 2  # chunks begin at even places
        if name == b"fmt ":
            formats.append(file.read(min(size, 40)))
        file.seek(end)
    raise AudioError(f"its samples do not come within its first {MAX_WAV_CHUNKS} chunks")


def _locate_samples(formats: list[bytes], offset: int, size: int, file_bytes: int) -> WavHeader:
    if len(formats) != 1:
        many = "it has more than one format chunk"
        raise AudioError(many if formats else "its data chunk comes without a format chunk before it")
    sample_rate, channels, bits, encoding = _parse_format(formats[0])
    if size > file_bytes - offset:
        raise AudioError(f"truncated, {file_bytes - offset} of {size} bytes of samples are there")
    num_samples = size // (channels * bits // 8)
    if num_samples == 0:
        raise AudioError("it has a header and no samples")
    return WavHeader(sample_rate, channels, bits, encoding, num_samples, offset)


def _parse_format(chunk: bytes) -> tuple[int, int, int, str]:
    """Parses sampling rate, channels, bits and encoding."""
    if len(chunk) < 16:
        raise AudioError(f"truncated, its format chunk has {len(chunk)} bytes")
    tag, channels, sample_rate, _, block, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == EXTENSIBLE and chunk[26:40] == SUBFORMAT:
        tag = struct.unpack("<H", chunk[24:26])[0]
    encoding, known_bits = _ENCODINGS.get(tag, ("", ()))
    if bits not in known_bits:
        raise AudioError(f"samples of format 0x{tag:04x} with {bits} bits are not PCM, float, A-law or mu-law")
    problem = channels_problem(channels) or sample_rate_problem(sample_rate)
    if not problem and block != channels * bits // 8:
        problem = f"its header says {block} bytes for {channels} samples of {bits} bits"
    if problem:
        raise AudioError(problem)
    return sample_rate, channels, bits, encoding
