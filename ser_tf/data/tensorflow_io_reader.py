"""Decoding recordings with TensorFlow and tensorflow-io instead of libsndfile.

tensorflow-io has no build for Python 3.13. It does not check the frames of a FLAC file: damage is decoded as noise, and
some flipped bits make its decoder hang. It reads fewer formats than `ser_tf.corpora.recordings`.
"""

import struct
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora import wav_header
from ser_tf.corpora.recordings import RecordingHeader, check_samples, part_of, read_header
from ser_tf.errors import AudioError, SettingError

_UNREADABLE = (tf.errors.OpError, ValueError)


def read_samples(
    path: Path, start_seconds: float = 0.0, end_seconds: float | None = None
) -> tuple[npt.NDArray[np.float32], RecordingHeader]:
    """Decodes a recording as `ser_tf.corpora.recordings.read_samples` does, with the same arguments, result and errors.

    Raises:
        AudioError: also for a format that tensorflow-io cannot read.
        SettingError: tensorflow-io is not installed.
    """
    header = read_header(path)
    first, last = part_of(header, path, start_seconds, end_seconds)
    decode = _decoder(header, path)
    contents = path.read_bytes() if header.container != "WAV" else _plain_wav(path)
    try:
        samples = decode(_tensorflow_io(), tf.constant(contents)).numpy()
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0][:120]
        raise AudioError(f"{path}: cannot be decoded ({reason}); it may be truncated or corrupt") from None
    check_samples(samples, header, path, header.num_samples)
    return samples[first:last], header


def _tensorflow_io() -> ModuleType:
    try:
        import tensorflow_io
    except ImportError:
        raise SettingError(
            "SER_TF_AUDIO=tensorflow-io: it is not installed (it has no build for Python 3.13); unset SER_TF_AUDIO"
        ) from None
    return tensorflow_io


Decode = Callable[[ModuleType, tf.Tensor], tf.Tensor]


def _scaled(decode: Decode, offset: float, scale: float) -> Decode:
    return lambda tfio, contents: (tf.cast(decode(tfio, contents), tf.float32) - offset) / scale


def _wav(kind: tf.DType) -> Decode:
    return lambda tfio, contents: tfio.audio.decode_wav(contents, dtype=kind)


def _flac(kind: tf.DType) -> Decode:
    return lambda tfio, contents: tfio.audio.decode_flac(contents, dtype=kind)


_DECODERS: dict[tuple[str, str], Decode] = {
    ("WAV", "PCM_16"): lambda _, contents: tf.audio.decode_wav(contents).audio,
    ("WAV", "PCM_U8"): _scaled(_wav(tf.uint8), 128.0, 128.0),
    ("WAV", "PCM_24"): _scaled(_wav(tf.int32), 0.0, 2.0**31),  # left-aligned in 32 bits
    # tensorflow-io declares these integers as float32 without converting the bits.
    ("WAV", "PCM_32"): _scaled(lambda *args: tf.bitcast(_wav(tf.float32)(*args), tf.int32), 0.0, 2.0**31),
    ("WAV", "FLOAT"): _wav(tf.float32),
    ("FLAC", "PCM_16"): _scaled(_flac(tf.int16), 0.0, 2.0**15),
    ("FLAC", "PCM_24"): _scaled(_flac(tf.int32), 0.0, 2.0**31),
    ("OGG", "VORBIS"): lambda tfio, contents: tfio.audio.decode_vorbis(contents),
    ("MP3", "MPEG_LAYER_III"): lambda tfio, contents: tfio.audio.decode_mp3(contents),
}


def _decoder(header: RecordingHeader, path: Path) -> Decode:
    decode = _DECODERS.get((header.container, header.encoding))
    if decode is None:
        kind = f"{header.container} with {header.encoding}"
        raise AudioError(f"{path}: tensorflow-io does not read {kind}; unset SER_TF_AUDIO")
    return decode


def _plain_wav(path: Path) -> bytes:
    """Returns the file with a plain header, since the decoders fail on WAVE_FORMAT_EXTENSIBLE and fill bytes."""
    header = wav_header.read_wav_header(path)
    block = header.channels * header.bits // 8
    with path.open("rb") as file:
        file.seek(header.data_offset)
        samples = file.read(header.num_samples * block)
    tag = wav_header.IEEE_FLOAT if header.encoding == "float" else wav_header.PCM
    layout = (tag, header.channels, header.sample_rate, header.sample_rate * block, block, header.bits)
    start = struct.pack("<4sI4s", b"RIFF", 36 + len(samples), b"WAVE")
    return (
        start + struct.pack("<4sIHHIIHH", b"fmt ", 16, *layout) + struct.pack("<4sI", b"data", len(samples)) + samples
    )
