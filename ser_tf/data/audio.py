"""Audio files to mono waveforms at 16 kHz, in [-1, 1], inside a tf.data graph.

16-bit PCM WAV, which all corpora use, is decoded by core TensorFlow. Everything else (8-, 24-, 32-bit and float WAV,
FLAC, Ogg Vorbis, MP3) is decoded by tensorflow-io, and other sampling rates are resampled by it; the package is
imported only when a file needs it.
"""

import contextlib
import dataclasses
import os
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_tf.corpora import wav_header
from ser_tf.corpora.base import Utterance
from ser_tf.errors import AudioError
from ser_tf.features import parallel
from ser_tf.features.spec import FeatureSpec

SAMPLE_RATE_HZ = 16_000

_PLAIN_WAV = "16-bit WAV"
_DECODERS = (
    _PLAIN_WAV,
    "8-bit WAV",
    "24-bit WAV",
    "32-bit WAV",
    "float WAV",
    "FLAC",
    "24-bit FLAC",
    "Ogg Vorbis",
    "MP3",
)


_FILTER_SAMPLES = 64
"""Length of tensorflow-io's resampling filter (Speex at quality 4) at the lower of the two rates."""

_UNREADABLE = (
    tf.errors.InvalidArgumentError,
    tf.errors.NotFoundError,
    tf.errors.PermissionDeniedError,
    tf.errors.DataLossError,
    tf.errors.UnknownError,
)


@dataclasses.dataclass(frozen=True)
class AudioFormat:
    """How one file has to be decoded.

    Attributes:
        decoder: A name of `_DECODERS`.
        sample_rate_hz: The file's sampling rate.
        header: For WAV, a plain header that takes the place of the file's own; the decoders stumble over
            WAVE_FORMAT_EXTENSIBLE and over the byte that fills up an odd number.
        offset: Byte at which the samples begin (WAV), or 0.
        num_bytes: Bytes of samples (WAV), or as many as there can be.
    """

    decoder: str
    sample_rate_hz: int
    header: bytes = b""
    offset: int = 0
    num_bytes: int = 2**31 - 1


def probe(path: Path) -> AudioFormat:
    """Reads a file's header.

    Raises:
        AudioError: the file is missing, empty, truncated, or of a format that is not supported; names the file.
    """
    if not path.is_file():
        raise AudioError(f"{path}: no such audio file")
    with open(path, "rb") as file:
        start = file.read(4)
    if start == b"RIFF":
        return _probe_wav(path)
    if not start:
        raise AudioError(f"{path}: the file is empty")
    return _probe_compressed(path)


def _probe_wav(path: Path) -> AudioFormat:
    header = wav_header.read_wav_header(path)
    if header.encoding == "float" and header.bits != 32:
        raise AudioError(f"{path}: {header.bits}-bit float WAV is not supported; convert it to 16-bit PCM")
    decoder = "float WAV" if header.encoding == "float" else f"{header.bits}-bit WAV"
    num_bytes = header.num_samples * header.channels * header.bits // 8
    return AudioFormat(decoder, header.sample_rate, _plain_header(header, num_bytes), header.data_offset, num_bytes)


def _plain_header(header: wav_header.WavHeader, num_bytes: int) -> bytes:
    tag = wav_header.PCM if header.encoding == "pcm" else wav_header.IEEE_FLOAT
    block = header.channels * header.bits // 8
    layout = (tag, header.channels, header.sample_rate, header.sample_rate * block, block, header.bits)
    start = struct.pack("<4sI4s", b"RIFF", 36 + num_bytes, b"WAVE")
    return start + struct.pack("<4sIHHIIHH", b"fmt ", 16, *layout) + struct.pack("<4sI", b"data", num_bytes)


def _probe_compressed(path: Path) -> AudioFormat:
    import soundfile

    try:
        information = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        raise AudioError(f"{path}: not an audio file of a known format (WAV, FLAC, Ogg Vorbis, MP3)") from None
    decoders = {
        ("FLAC", "PCM_16"): "FLAC",
        ("FLAC", "PCM_24"): "24-bit FLAC",
        ("OGG", "VORBIS"): "Ogg Vorbis",
        ("MP3", "MPEG_LAYER_III"): "MP3",
    }
    decoder = decoders.get((information.format, information.subtype))
    if decoder is None:
        kind = f"{information.format} with {information.subtype}"
        raise AudioError(f"{path}: {kind} is not supported; convert it to 16-bit PCM WAV")
    return AudioFormat(decoder, information.samplerate)


def _decode_plain(contents: tf.Tensor) -> tf.Tensor:
    return tf.audio.decode_wav(contents).audio


def _decode_with_io(decoder: str, contents: tf.Tensor) -> tf.Tensor:
    """Decodes one format to float32 (samples, channels) in [-1, 1]."""
    import tensorflow_io as tfio

    if decoder == "8-bit WAV":
        return (tf.cast(tfio.audio.decode_wav(contents, dtype=tf.uint8), tf.float32) - 128.0) / 128.0
    if decoder == "24-bit WAV":  # comes left-aligned in 32 bits
        return tf.cast(tfio.audio.decode_wav(contents, dtype=tf.int32), tf.float32) / 2.0**31
    if decoder == "32-bit WAV":  # tensorflow-io labels these integers float32 without touching the bits
        bits = tf.bitcast(tfio.audio.decode_wav(contents, dtype=tf.float32), tf.int32)
        return tf.cast(bits, tf.float32) / 2.0**31
    if decoder == "float WAV":
        return tfio.audio.decode_wav(contents, dtype=tf.float32)
    if decoder == "FLAC":
        return tf.cast(tfio.audio.decode_flac(contents, dtype=tf.int16), tf.float32) / 2.0**15
    if decoder == "24-bit FLAC":
        return tf.cast(tfio.audio.decode_flac(contents, dtype=tf.int32), tf.float32) / 2.0**31
    if decoder == "Ogg Vorbis":
        return tfio.audio.decode_vorbis(contents)
    return tfio.audio.decode_mp3(contents)


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel("ERROR")
    try:
        yield
    finally:
        logger.setLevel(level)


def _resample(waveform: tf.Tensor, sample_rate_hz: tf.Tensor) -> tf.Tensor:
    """Resamples (samples,) to 16 kHz, `ceil(samples x 16000 / rate)` samples that begin when the recording begins.

    tensorflow-io gives the output of a causal filter: late by half the filter, which need not be a whole number of
    output samples, and without its end. A second of silence, less that delay, is put before the recording, so that
    it begins exactly at the 16,000th output sample.
    """
    import tensorflow_io as tfio

    rate = tf.cast(sample_rate_hz, tf.int32)
    filter_samples = _FILTER_SAMPLES * tf.maximum(rate, SAMPLE_RATE_HZ) // SAMPLE_RATE_HZ
    delay = (filter_samples + 7) // 8 * 4  # half of it, after rounding up to a multiple of 8 as Speex does
    padded = tf.pad(waveform, [[rate - delay, 2 * delay]])[:, tf.newaxis]
    rate = tf.cast(rate, tf.int64)
    with _without_warnings():  # it says that it runs in a loop
        resampled = tfio.audio.resample(padded, rate, tf.constant(SAMPLE_RATE_HZ, tf.int64))
    wanted = (tf.size(waveform, tf.int64) * SAMPLE_RATE_HZ + rate - 1) // rate
    return tf.ensure_shape(resampled[SAMPLE_RATE_HZ : SAMPLE_RATE_HZ + wanted, 0], (None,))


def decode(contents: tf.Tensor, decoder: tf.Tensor, sample_rate_hz: tf.Tensor, decoders: Sequence[str]) -> tf.Tensor:
    """Decodes a file's bytes to a mono waveform at 16 kHz, as a graph.

    Args:
        contents: string (), the bytes of the file, of a WAV with a plain header.
        decoder: int32 (), position in `decoders`.
        sample_rate_hz: int32 (), the file's own rate.
        decoders: The formats that can occur; with `16-bit WAV` alone and 16 kHz, no tensorflow-io op is built.

    Returns:
        float32 (samples,); channels are averaged.
    """
    branches = [
        (lambda name=name: _decode_plain(contents) if name == _PLAIN_WAV else _decode_with_io(name, contents))
        for name in decoders
    ]
    channels = branches[0]() if len(branches) == 1 else tf.switch_case(decoder, branches)
    waveform = tf.reduce_mean(tf.ensure_shape(channels, (None, None)), axis=1)
    if tuple(decoders) == (_PLAIN_WAV,) and isinstance(sample_rate_hz, int) and sample_rate_hz == SAMPLE_RATE_HZ:
        return waveform
    return tf.cond(sample_rate_hz == SAMPLE_RATE_HZ, lambda: waveform, lambda: _resample(waveform, sample_rate_hz))


def waveforms(paths: Sequence[Path], speeds: Sequence[float] | None = None) -> tf.data.Dataset:
    """Decodes files in parallel, in the given order.

    Args:
        paths: Audio files of any supported format and rate.
        speeds: How many times as fast each is read, as if its sampling rate were so many times as high; None: all 1.

    Returns:
        A dataset of (waveform float32 (samples,), all samples finite bool ()).

    Raises:
        AudioError: a header cannot be used; names the file.
    """
    formats = [probe(path) for path in paths]
    decoders = [name for name in _DECODERS if any(one.decoder == name for one in formats)]
    rates = [round(one.sample_rate_hz * speed) for one, speed in zip(formats, speeds or [1] * len(paths), strict=True)]
    only_plain = decoders == [_PLAIN_WAV] and set(rates) == {SAMPLE_RATE_HZ}
    columns = (
        [os.fspath(path) for path in paths],
        [decoders.index(one.decoder) for one in formats],
        rates,
        [one.header for one in formats],
        [(one.offset, one.num_bytes) for one in formats],
    )

    def load(
        path: tf.Tensor, decoder: tf.Tensor, rate: tf.Tensor, header: tf.Tensor, place: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        contents = header + tf.strings.substr(tf.io.read_file(path), place[0], place[1])
        waveform = decode(contents, decoder, SAMPLE_RATE_HZ if only_plain else rate, decoders)
        return waveform, tf.reduce_all(tf.math.is_finite(waveform))

    files = tf.data.Dataset.from_tensor_slices(columns)
    return files.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def read(path: Path) -> np.ndarray:
    """Reads one file as a float32 waveform (samples,) at 16 kHz.

    Raises:
        AudioError: the file cannot be decoded, has no samples, or has samples that are not finite.
    """
    waveform, finite = next(_checked([path], waveforms([path])))
    return _usable(path, waveform, finite)


def map_utterances(utterances: Sequence[Utterance], spec: FeatureSpec) -> Iterator[tuple[Utterance, np.ndarray]]:
    """Computes one feature for many utterances, decoding and computing in parallel.

    Yields:
        Each utterance with its features, float32 (frames, dims), in the given order.

    Raises:
        AudioError: an audio file cannot be used; names the file and says why.
    """
    paths = [utterance.path for utterance in utterances]
    speeds = [utterance.speed for utterance in utterances]
    lengths: list[int] = []

    def usable() -> Iterator[np.ndarray]:
        for path, (waveform, finite) in zip(paths, _checked(paths, waveforms(paths, speeds).prefetch(8)), strict=True):
            lengths.append(len(waveform))
            yield _usable(path, waveform, finite)

    computed = parallel.compute_all(parallel.compiled(spec), usable())
    for place, (utterance, features) in enumerate(zip(utterances, computed, strict=True)):
        expected = (spec.num_frames(lengths[place]), spec.dims)
        if features.shape != expected:
            raise ValueError(f"{spec.name} of {utterance.id} has shape {features.shape}, not {expected}")
        yield utterance, features


def _checked(paths: Sequence[Path], elements: tf.data.Dataset) -> Iterator:
    """Iterates a dataset with one element for each path, naming the path whose element cannot be made."""
    iterator = iter(elements)
    for path in paths:
        try:
            yield next(iterator)
        except _UNREADABLE as error:
            reason = re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:.*?\]", "", error.message.splitlines()[0])
            raise AudioError(f"{path}: cannot be decoded ({reason[:120]}); it may be truncated or corrupt") from None


def _usable(path: Path, waveform: tf.Tensor, finite: tf.Tensor) -> np.ndarray:
    if len(waveform) == 0:
        raise AudioError(f"{path}: the recording has no samples")
    if not finite:
        raise AudioError(f"{path}: the recording has samples that are not finite (NaN or infinite)")
    return waveform.numpy()
