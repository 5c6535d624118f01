"""Headers of RIFF/WAVE files, read inside a graph: where the samples lie, and why a file is refused.

A file that cannot be used is an answer here, not an error. The work is bounded: what does not begin like a RIFF/WAVE
file is refused at its first bytes, and at most `MAX_WAV_CHUNKS` chunks are looked at. Bytes are read where they lie, so
that a refusal costs the same for a file of any size.
"""

import dataclasses

import tensorflow as tf

from ser_tf.audio_limits import MAX_CHANNELS, MAX_SAMPLE_RATE_HZ, MAX_WAV_CHUNKS, MIN_SAMPLE_RATE_HZ
from ser_tf.corpora.wav_header import ALAW, EXTENSIBLE, IEEE_FLOAT, MULAW, PCM, SUBFORMAT

ENCODINGS = ((PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (IEEE_FLOAT, 32), (IEEE_FLOAT, 64), (ALAW, 8), (MULAW, 8))
"""Format tag and bits of a sample of every encoding that is read."""
HEADER_BYTES = 12


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which recordings a model accepts; the others are refused before anything is decoded.

    Attributes:
        max_seconds: Duration of the longest.
        min_rate_hz: Lowest sampling rate.
    """

    max_seconds: float
    min_rate_hz: int = MIN_SAMPLE_RATE_HZ


@dataclasses.dataclass(frozen=True)
class Chunks:
    """Where format and samples of a recording lie, int64 () each; -1 where there are none.

    Attributes:
        format_at: First byte of the format.
        format_bytes: Length of the format.
        formats: Number of format chunks before the samples.
        data_at: First byte of the samples.
        data_bytes: Length of the samples, as the chunk states it.
        walked: Number of chunks that were looked at.
    """

    format_at: tf.Tensor
    format_bytes: tf.Tensor
    formats: tf.Tensor
    data_at: tf.Tensor
    data_bytes: tf.Tensor
    walked: tf.Tensor


@dataclasses.dataclass(frozen=True)
class Header:
    """What a recording says about itself.

    Attributes:
        rate_hz: Its sampling rate, int64 ().
        channels: Number of channels, int64 ().
        encoding: Position in `ENCODINGS`, int32 ().
        data_at: First byte of the samples, int64 ().
        data_bytes: Bytes of whole samples of all channels, int64 ().
        reason: Why it is refused, string (), empty if it is not; then the other fields are undefined.
    """

    rate_hz: tf.Tensor
    channels: tf.Tensor
    encoding: tf.Tensor
    data_at: tf.Tensor
    data_bytes: tf.Tensor
    reason: tf.Tensor


def _number(contents: tf.Tensor, at: tf.Tensor | int, size: int) -> tf.Tensor:
    """Reads the little-endian integer of `size` bytes at a place, int64 (); missing bytes count as zero."""
    place = tf.clip_by_value(tf.cast(at, tf.int64), 0, _size(contents))
    field = tf.io.decode_raw(tf.strings.substr(contents, place, tf.constant(size, tf.int64)), tf.uint8)
    field = tf.cast(tf.pad(field, [[0, size - tf.size(field)]]), tf.int64)
    return tf.reduce_sum(field * tf.constant([256**power for power in range(size)], tf.int64))


def _size(contents: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.strings.length(contents), tf.int64)


def _name(text: bytes) -> int:
    return int.from_bytes(text, "little")


def is_riff(contents: tf.Tensor) -> tf.Tensor:
    """Whether a file begins like a RIFF/WAVE file, bool (), from its first 12 bytes.

    Args:
        contents: string ().
    """
    return tf.logical_and(_number(contents, 0, 4) == _name(b"RIFF"), _number(contents, 8, 4) == _name(b"WAVE"))


def find_chunks(contents: tf.Tensor) -> Chunks:
    """Walks over the chunks of a recording until its samples come; chunks of other kinds are passed over.

    Args:
        contents: string (), the bytes of the file.
    """
    total, nowhere, none = _size(contents), tf.constant(-1, tf.int64), tf.constant(0, tf.int64)

    def searching(at: tf.Tensor, *found: tf.Tensor) -> tf.Tensor:
        chunks = Chunks(*found)
        return (chunks.data_at < 0) & (at + 8 <= total) & (chunks.walked < MAX_WAV_CHUNKS)

    def step(at: tf.Tensor, *found: tf.Tensor) -> tuple[tf.Tensor, ...]:
        chunks = Chunks(*found)
        name, size = _number(contents, at, 4), _number(contents, at + 4, 4)
        is_format, is_data = name == _name(b"fmt "), name == _name(b"data")
        return (
            at + 8 + size + size % 2,  # chunks begin at even places
            tf.where(is_format, at + 8, chunks.format_at),
            tf.where(is_format, size, chunks.format_bytes),
            chunks.formats + tf.cast(is_format, tf.int64),
            tf.where(is_data, at + 8, chunks.data_at),
            tf.where(is_data, size, chunks.data_bytes),
            chunks.walked + 1,
        )

    first = tf.where(is_riff(contents), tf.constant(HEADER_BYTES, tf.int64), total)  # anything else has no chunks
    _, *found = tf.while_loop(searching, step, (first, nowhere, nowhere, none, nowhere, nowhere, none))
    return Chunks(*found)


def read_header(contents: tf.Tensor, limits: Limits) -> Header:
    """Reads a recording's chunks: plain or WAVE_FORMAT_EXTENSIBLE.

    Args:
        contents: string (), the bytes of the file.
        limits: Recordings beyond them are refused.
    """
    total, chunks = _size(contents), find_chunks(contents)
    at, available = chunks.format_at, total - chunks.data_at
    tag, channels = _number(contents, at, 2), _number(contents, at + 2, 2)
    rate, stated_block, bits = (
        _number(contents, at + 4, 4),
        _number(contents, at + 12, 2),
        _number(contents, at + 14, 2),
    )
    halves = [(at + 26, SUBFORMAT[:7]), (at + 33, SUBFORMAT[7:])]  # of 7 bytes, which fit into an integer
    has_subformat = tf.reduce_all([_number(contents, place, 7) == _name(half) for place, half in halves])
    extended = (tag == EXTENSIBLE) & (chunks.format_bytes >= 40) & has_subformat
    tag = tf.where(extended, _number(contents, at + 24, 2), tag)
    known = tf.stack([(tag == known_tag) & (bits == known_bits) for known_tag, known_bits in ENCODINGS])
    block = tf.maximum(channels * (bits // 8), 1)
    samples = chunks.data_bytes // block
    seconds = tf.cast(samples, tf.float32) / tf.cast(tf.maximum(rate, 1), tf.float32)
    reason = _first_that_holds(
        (total == 0, "it is empty (0 bytes)"),
        (~is_riff(contents), "it is not a RIFF/WAVE file"),
        ((chunks.data_at < 0) & (chunks.walked == MAX_WAV_CHUNKS), _MANY_CHUNKS),
        (chunks.data_at < 0, "it is truncated: it ends before its data chunk"),
        (at < 0, "its data chunk comes without a format chunk before it"),
        (chunks.formats > 1, "it has more than one format chunk"),
        (chunks.format_bytes < 16, _sentence("its format chunk has ", chunks.format_bytes, " bytes")),
        (~tf.reduce_any(known), _unknown(tag, bits)),
        (channels == 0, "it has no channels"),
        (channels > MAX_CHANNELS, _sentence("it has ", channels, f" channels, more than {MAX_CHANNELS}")),
        ((rate < MIN_SAMPLE_RATE_HZ) | (rate > MAX_SAMPLE_RATE_HZ), _impossible(rate)),
        (stated_block != block, _inconsistent(stated_block, channels, bits)),
        (chunks.data_bytes > available, _truncated(available, chunks.data_bytes)),
        (samples == 0, "it has a header and no samples"),
        (rate < limits.min_rate_hz, _too_narrow(rate, limits.min_rate_hz)),
        (seconds > limits.max_seconds, too_long(seconds, limits.max_seconds)),
    )
    encoding = tf.argmax(known, output_type=tf.int32)
    return Header(rate, channels, encoding, chunks.data_at, samples * block, reason)


_MANY_CHUNKS = f"its samples do not come within its first {MAX_WAV_CHUNKS} chunks"


def _first_that_holds(*cases: tuple[tf.Tensor, tf.Tensor | str]) -> tf.Tensor:
    """Selects the text of the first condition that holds, string (); empty if none does."""
    text = tf.constant("")
    for condition, reason in reversed(cases):
        text = tf.where(condition, reason, text)
    return text


def _sentence(*parts: tf.Tensor | str) -> tf.Tensor:
    return tf.strings.join([part if isinstance(part, str) else tf.strings.as_string(part) for part in parts])


def one_decimal(value: tf.Tensor) -> tf.Tensor:
    """Writes numbers with one decimal, string of the same shape."""
    return tf.strings.as_string(tf.cast(value, tf.float32), precision=1)


def _unknown(tag: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    return _sentence("its samples (format ", tag, ", ", bits, " bits) are not PCM, float, A-law or mu-law")


def _inconsistent(block: tf.Tensor, channels: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    return _sentence("its header says ", block, " bytes for ", channels, " samples of ", bits, " bits")


def _impossible(rate: tf.Tensor) -> tf.Tensor:
    return _sentence("its rate of ", rate, f" Hz is not between {MIN_SAMPLE_RATE_HZ} and {MAX_SAMPLE_RATE_HZ}")


def _truncated(available: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    return _sentence("it is truncated: ", available, " of ", wanted, " bytes of samples are there")


def _too_narrow(rate: tf.Tensor, min_rate_hz: int) -> tf.Tensor:
    listens = f" Hz, and this model listens up to {min_rate_hz // 2} Hz; record at {min_rate_hz} Hz or more"
    return _sentence("its rate of ", rate, " Hz holds nothing above ", rate // 2, listens)


def too_long(seconds: tf.Tensor, max_seconds: float) -> tf.Tensor:
    """Says that recordings are too long, string of the shape of `seconds`."""
    limit = f" s, longer than the {max_seconds:g} s that this model takes at once; cut it into pieces"
    return tf.strings.join(["it lasts ", one_decimal(seconds), limit])
