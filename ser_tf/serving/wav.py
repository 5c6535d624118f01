"""RIFF/WAVE bytes to mono waveforms at 16 kHz inside a graph, with core TensorFlow operations alone.

TensorFlow's own decoder knows 16-bit PCM only, and tensorflow-io, which the training path uses for all else, cannot be
part of a served model. A broken recording is an answer here, not an error: it gives no samples and the reason, so that
whoever decodes a batch can name the elements that are refused.
"""

import dataclasses

import tensorflow as tf

from ser_tf.audio_limits import MAX_SAMPLE_RATE_HZ as HIGHEST_HZ
from ser_tf.audio_limits import MIN_SAMPLE_RATE_HZ as LOWEST_HZ
from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ as SAMPLE_RATE_HZ
from ser_tf.corpora.wav_header import EXTENSIBLE, IEEE_FLOAT, PCM
from ser_tf.features.resampling import resample

LOUDEST = 16.0
"""Floating-point samples may overshoot 1 a little; what goes beyond this is on another scale."""


@dataclasses.dataclass(frozen=True)
class Encoding:
    """One way to write samples.

    Attributes:
        tag: `PCM` or `IEEE_FLOAT`.
        sample_bytes: Bytes of one sample of one channel.
        kind: The numbers that the bytes are, where they are as many.
        offset: Is subtracted.
        scale: Is divided by: full scale becomes 1.
    """

    tag: int
    sample_bytes: int
    kind: tf.DType
    offset: float = 0.0
    scale: float = 1.0

    def samples(self, raw: tf.Tensor) -> tf.Tensor:
        """Bytes, uint8 (samples x sample_bytes,), as float32 (samples,)."""
        groups = tf.reshape(raw, (-1, self.sample_bytes))
        if self.sample_bytes < self.kind.size:  # 24 bits become the upper ones of 32
            groups = tf.pad(groups, [[0, 0], [self.kind.size - self.sample_bytes, 0]])
        numbers = tf.reshape(tf.bitcast(groups, self.kind) if self.kind.size > 1 else groups, (-1,))
        return (tf.cast(numbers, tf.float32) - self.offset) / self.scale


ENCODINGS = (
    Encoding(PCM, 1, tf.uint8, 128.0, 128.0),
    Encoding(PCM, 2, tf.int16, scale=2.0**15),
    Encoding(PCM, 3, tf.int32, scale=2.0**31),
    Encoding(PCM, 4, tf.int32, scale=2.0**31),
    Encoding(IEEE_FLOAT, 4, tf.float32),
    Encoding(IEEE_FLOAT, 8, tf.float64),
)


@dataclasses.dataclass(frozen=True)
class Chunks:
    """Where the format and the samples of a recording lie, integers () each; -1 where there are none."""

    format_at: tf.Tensor
    format_bytes: tf.Tensor
    data_at: tf.Tensor
    data_bytes: tf.Tensor


def _number(contents: tf.Tensor, at: tf.Tensor, size: int) -> tf.Tensor:
    """The little-endian integer of `size` bytes at a place, int64 (); bytes that are not there count as zero."""
    field = contents[at : at + size]
    field = tf.cast(tf.pad(field, [[0, size - tf.size(field)]]), tf.int64)
    return tf.reduce_sum(field * tf.constant([256**place for place in range(size)], tf.int64))


def _name(text: bytes) -> int:
    return int.from_bytes(text, "little")


def find_chunks(contents: tf.Tensor) -> Chunks:
    """Walks over a recording's chunks until its samples come; chunks of other kinds are passed over.

    Args:
        contents: uint8 (bytes,).
    """
    total = tf.size(contents, tf.int64)
    nowhere = tf.constant(-1, tf.int64)

    def searching(at: tf.Tensor, _: tf.Tensor, __: tf.Tensor, data_at: tf.Tensor, ___: tf.Tensor) -> tf.Tensor:
        return tf.logical_and(data_at < 0, at + 8 <= total)

    def step(at: tf.Tensor, format_at: tf.Tensor, format_bytes: tf.Tensor, data_at: tf.Tensor, data_bytes: tf.Tensor):
        name, size = _number(contents, at, 4), _number(contents, at + 4, 4)
        is_format, is_data = name == _name(b"fmt "), name == _name(b"data")
        return (
            at + 8 + size + size % 2,  # chunks begin at even places
            tf.where(is_format, at + 8, format_at),
            tf.where(is_format, size, format_bytes),
            tf.where(is_data, at + 8, data_at),
            tf.where(is_data, size, data_bytes),
        )

    first = tf.constant(12, tf.int64)
    _, *found = tf.while_loop(searching, step, (first, nowhere, nowhere, nowhere, nowhere))
    return Chunks(*found)


def _first_that_holds(*cases: tuple[tf.Tensor, tf.Tensor | str]) -> tf.Tensor:
    """The text of the first condition that holds, string (); empty when none does."""
    text = tf.constant("")
    for condition, reason in reversed(cases):
        text = tf.where(condition, reason, text)
    return text


def _sentence(*parts: tf.Tensor | str) -> tf.Tensor:
    return tf.strings.join([part if isinstance(part, str) else tf.strings.as_string(part) for part in parts])


def _one_decimal(value: tf.Tensor) -> tf.Tensor:
    return tf.strings.as_string(tf.cast(value, tf.float32), precision=1)


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which recordings a model takes; the others are refused before anything is decoded.

    Attributes:
        longest_seconds: Length of the longest.
        lowest_hz: Lowest sampling rate.
    """

    longest_seconds: float
    lowest_hz: int = LOWEST_HZ


@dataclasses.dataclass(frozen=True)
class Header:
    """What a recording says about itself.

    Attributes:
        rate_hz: Its sampling rate, int64 ().
        channels: How many, int64 ().
        encoding: Position in `ENCODINGS`, int32 ().
        data_at: Byte at which the samples begin, int64 ().
        data_bytes: Bytes of whole samples of all channels, int64 ().
        reason: Why it is refused, string (), empty when it is not; then the other fields mean nothing.
    """

    rate_hz: tf.Tensor
    channels: tf.Tensor
    encoding: tf.Tensor
    data_at: tf.Tensor
    data_bytes: tf.Tensor
    reason: tf.Tensor


def read_header(raw: tf.Tensor, limits: Limits) -> Header:
    """Reads a recording's chunks: plain or WAVE_FORMAT_EXTENSIBLE.

    Args:
        raw: The recording's bytes, uint8 (bytes,).
        limits: What is refused.
    """
    total = tf.size(raw, tf.int64)
    chunks = find_chunks(raw)
    at, there = chunks.format_at, total - chunks.data_at
    tag, channels = _number(raw, at, 2), _number(raw, at + 2, 2)
    rate, bits = _number(raw, at + 4, 4), _number(raw, at + 14, 2)
    extended = tf.logical_and(tag == EXTENSIBLE, chunks.format_bytes >= 26)
    tag = tf.where(extended, _number(raw, at + 24, 2), tag)
    known = tf.stack([tf.logical_and(tag == one.tag, bits == 8 * one.sample_bytes) for one in ENCODINGS])
    block = tf.maximum(channels * (bits // 8), 1)
    samples = chunks.data_bytes // block
    seconds = tf.cast(samples, tf.float32) / tf.cast(tf.maximum(rate, 1), tf.float32)
    zero, eight = tf.constant(0, tf.int64), tf.constant(8, tf.int64)
    is_riff = tf.logical_and(_number(raw, zero, 4) == _name(b"RIFF"), _number(raw, eight, 4) == _name(b"WAVE"))
    reason = _first_that_holds(
        (total == 0, "it is empty (0 bytes)"),
        (tf.logical_not(is_riff), "it is not a RIFF/WAVE file"),
        (chunks.data_at < 0, "it is truncated: it ends before its data chunk"),
        (at < 0, "its data chunk comes without a format chunk before it"),
        (chunks.format_bytes < 16, _sentence("its format chunk has ", chunks.format_bytes, " bytes")),
        (tf.logical_not(tf.reduce_any(known)), _unknown(tag, bits)),
        (channels == 0, "it has no channels"),
        (tf.logical_or(rate < LOWEST_HZ, rate > HIGHEST_HZ), _impossible(rate)),
        (chunks.data_bytes > there, _truncated(there, chunks.data_bytes)),
        (samples == 0, "it has a header and no samples"),
        (rate < limits.lowest_hz, _too_narrow(rate, limits.lowest_hz)),
        (seconds > limits.longest_seconds, too_long(seconds, limits.longest_seconds)),
    )
    return Header(rate, channels, tf.argmax(known, output_type=tf.int32), chunks.data_at, samples * block, reason)


def decode(contents: tf.Tensor, limits: Limits) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes one recording: PCM of 8, 16, 24 or 32 bits, float of 32 or 64.

    Channels are averaged; what is not at 16 kHz is resampled. At 16 kHz the waveform is, bit for bit, that of
    `ser_tf.data.audio`.

    Args:
        contents: string (), the bytes of a RIFF/WAVE file.
        limits: What is refused.

    Returns:
        The waveform, float32 (samples,), and why it is refused, string (), empty when it is not; a refused recording
        has no samples.
    """
    raw = tf.io.decode_raw(contents, tf.uint8)
    header = read_header(raw, limits)
    usable = header.reason == ""
    data = raw[header.data_at : header.data_at + tf.where(usable, header.data_bytes, 0)]
    branches = [lambda one=one: one.samples(data) for one in ENCODINGS]
    samples = tf.switch_case(tf.where(usable, header.encoding, 0), branches)
    mono = tf.reduce_mean(tf.reshape(samples, tf.stack([-1, tf.where(usable, header.channels, 1)])), axis=1)
    reason = tf.where(usable, out_of_range(mono), header.reason)
    mono = mono[: tf.where(reason == "", tf.size(mono), 0)]
    as_it_is = tf.logical_or(header.rate_hz == SAMPLE_RATE_HZ, reason != "")
    return tf.cond(as_it_is, lambda: mono, lambda: resample(mono, header.rate_hz)), reason


def _unknown(tag: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    return _sentence("its samples (format ", tag, ", ", bits, " bits) are not PCM or float")


def _impossible(rate: tf.Tensor) -> tf.Tensor:
    return _sentence("its rate of ", rate, f" Hz is not between {LOWEST_HZ} and {HIGHEST_HZ}")


def _truncated(there: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
    return _sentence("it is truncated: ", there, " of ", wanted, " bytes of samples are there")


def _too_narrow(rate: tf.Tensor, lowest_hz: int) -> tf.Tensor:
    listens = f" Hz, and this model listens up to {lowest_hz // 2} Hz; record at {lowest_hz} Hz or more"
    return _sentence("its rate of ", rate, " Hz holds nothing above ", rate // 2, listens)


def too_long(seconds: tf.Tensor, longest_seconds: float) -> tf.Tensor:
    """The reason to refuse recordings of so many seconds, string like `seconds`."""
    limit = f" s, longer than the {longest_seconds:g} s that this model takes at once; cut it into pieces"
    return tf.strings.join(["it lasts ", _one_decimal(seconds), limit])


def out_of_range(waveform: tf.Tensor) -> tf.Tensor:
    """Why samples cannot be used: not finite, or on another scale than [-1, 1].

    Args:
        waveform: float32 (..., samples).

    Returns:
        string (...), empty where they can.
    """
    finite = tf.math.is_finite(waveform)
    peak = tf.reduce_max(tf.abs(tf.where(finite, waveform, 0.0)), axis=-1)
    scale = tf.strings.join(["its samples reach ", _one_decimal(peak), "; full scale is 1"])
    loud = tf.where(peak > LOUDEST, scale, "")
    return tf.where(tf.reduce_all(finite, axis=-1), loud, "it has samples that are not finite (NaN or infinite)")


def decode_batch(contents: tf.Tensor, limits: Limits) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes recordings of any lengths.

    Args:
        contents: string (batch,).
        limits: As for `decode`.

    Returns:
        Waveforms float32 (batch, samples), padded with zeros on the right, the samples of each, int32 (batch,), and why
        each is refused, string (batch,).
    """
    signature = (tf.RaggedTensorSpec([None], tf.float32), tf.TensorSpec([], tf.string))
    waveforms, reasons = tf.map_fn(
        lambda one: decode(one, limits), contents, fn_output_signature=signature, parallel_iterations=4
    )
    return waveforms.to_tensor(), tf.cast(waveforms.row_lengths(), tf.int32), reasons
