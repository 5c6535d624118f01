"""What a RIFF/WAVE file says about itself, read without decoding it, and a check of every sample.

The corpora are all RIFF/WAVE. Reading the header alone keeps loading ten thousand utterances under a second and keeps
TensorFlow out of this package; the input pipeline decodes audio on its own.
"""

import dataclasses
import os
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ser_tf.errors import AudioError

PCM = 0x0001
IEEE_FLOAT = 0x0003
EXTENSIBLE = 0xFFFE
_BITS = {"pcm": (8, 16, 24, 32), "float": (32, 64)}


@dataclasses.dataclass(frozen=True)
class WavHeader:
    """The format of a RIFF/WAVE file and where its samples lie.

    Attributes:
        sample_rate: Samples per second of one channel.
        channels: Number of channels.
        bits: Bits of one sample of one channel.
        encoding: `pcm` (8-bit unsigned, else signed little-endian) or `float`.
        num_samples: Samples of one channel.
        data_offset: Byte at which the samples begin.
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
    """Reads a RIFF/WAVE header: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, plain or WAVE_FORMAT_EXTENSIBLE.

    Raises:
        AudioError: the file is missing, empty, not RIFF/WAVE, of an unknown encoding, without samples, or shorter
            than its header says. The message names the file and the reason.
    """
    try:
        with open(path, "rb") as file:
            return _parse(file, os.fstat(file.fileno()).st_size, path)
    except FileNotFoundError:
        raise AudioError(f"{path}: the file does not exist") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror or error})") from None


def _parse(file: BinaryIO, file_bytes: int, path: Path | str) -> WavHeader:
    if file_bytes == 0:
        raise AudioError(f"{path}: the file is empty (0 bytes)")
    start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise AudioError(f"{path}: not a RIFF/WAVE file")
    layout: tuple[int, int, int, str] | None = None
    while len(chunk := file.read(8)) == 8:
        name, size = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"fmt ":
            layout = _parse_format(file.read(size), path)
            file.seek(size % 2, os.SEEK_CUR)
        elif name == b"data":
            return _locate_samples(layout, file.tell(), size, file_bytes, path)
        else:
            file.seek(size + size % 2, os.SEEK_CUR)
    raise AudioError(f"{path}: truncated, it ends before its data chunk")


def _parse_format(chunk: bytes, path: Path | str) -> tuple[int, int, int, str]:
    if len(chunk) < 16:
        raise AudioError(f"{path}: truncated, its format chunk has {len(chunk)} bytes")
    tag, channels, sample_rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if tag == EXTENSIBLE and len(chunk) >= 26:
        tag = struct.unpack("<H", chunk[24:26])[0]
    encoding = {PCM: "pcm", IEEE_FLOAT: "float"}.get(tag)
    if encoding is None or bits not in _BITS[encoding]:
        raise AudioError(f"{path}: samples of format 0x{tag:04x} with {bits} bits are not PCM or float")
    if not channels or not sample_rate:
        raise AudioError(f"{path}: its header says {channels} channels at {sample_rate} Hz")
    return sample_rate, channels, bits, encoding


def _locate_samples(
    layout: tuple[int, int, int, str] | None, offset: int, size: int, file_bytes: int, path: Path | str
) -> WavHeader:
    if layout is None:
        raise AudioError(f"{path}: its data chunk comes without a format chunk before it")
    sample_rate, channels, bits, encoding = layout
    if size > file_bytes - offset:
        raise AudioError(f"{path}: truncated, {file_bytes - offset} of {size} bytes of samples are there")
    num_samples = size // (channels * bits // 8)
    if num_samples == 0:
        raise AudioError(f"{path}: it has a header and no samples")
    return WavHeader(sample_rate, channels, bits, encoding, num_samples, offset)


def check_wav(path: Path | str) -> WavHeader:
    """Reads a whole RIFF/WAVE file; silence is allowed, samples that are not finite are not.

    Returns:
        The header.

    Raises:
        AudioError: as `read_wav_header`, or a float file has NaN or infinite samples.
    """
    header = read_wav_header(path)
    count = header.num_samples * header.channels
    sample_bytes = header.bits // 8
    try:
        raw = np.fromfile(path, np.uint8, count * sample_bytes, offset=header.data_offset)
    except OSError as error:
        raise AudioError(f"{path}: cannot be read ({error.strerror or error})") from None
    if raw.size < count * sample_bytes:
        raise AudioError(f"{path}: truncated, {raw.size} of {count * sample_bytes} bytes of samples are there")
    if header.encoding == "float":
        bad = int(np.count_nonzero(~np.isfinite(raw.view(f"<f{sample_bytes}"))))
        if bad:
            raise AudioError(f"{path}: {bad} of {count} samples are NaN or infinite")
    return header
