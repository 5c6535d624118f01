"""RIFF/WAVE bytes to mono waveforms at 16 kHz inside a graph, with core TensorFlow operations only.

TensorFlow's own decoder knows only 16-bit PCM, and libsndfile, which training uses for other formats, cannot be part of
a served model. A broken recording is an answer here, not an error: it gives no samples and the reason.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.audio_limits import MAX_ABS_SAMPLE, MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora.wav_header import IEEE_FLOAT
from ser_tf.features.resampling import resample
from ser_tf.serving import companding, riff
from ser_tf.serving.riff import Limits, one_decimal

RECORDINGS_AT_ONCE = 4
"""Number of recordings to decode side by side."""


@dataclasses.dataclass(frozen=True)
class Encoding:
    """One way to write samples; the order is that of `riff.ENCODINGS`.

    Attributes:
        numbers: Converts bytes, string (), to float32 (samples,) on the encoding's own scale.
        full_scale: What is 1 in a waveform; a power of two, so that dividing by it rounds nothing.
    """

    numbers: Callable[[tf.Tensor], tf.Tensor]
    full_scale: float


def _decode_as(kind: tf.DType) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda raw: tf.cast(tf.io.decode_raw(raw, kind, little_endian=True), tf.float32)


def _eight_bits(raw: tf.Tensor) -> tf.Tensor:
    """Unsigned bytes whose middle is 128: with the highest bit flipped they are signed."""
    return tf.cast(
        tf.bitcast(tf.bitwise.bitwise_xor(tf.io.decode_raw(raw, tf.uint8), tf.constant(128, tf.uint8)), tf.int8),
        tf.float32,
    )


def _twenty_four_bits(raw: tf.Tensor) -> tf.Tensor:
    """They become the upper ones of 32 bits."""
    groups = tf.reshape(tf.io.decode_raw(raw, tf.uint8), (-1, 3))
    return tf.cast(tf.bitcast(tf.pad(groups, [[0, 0], [1, 0]]), tf.int32), tf.float32)


def _companded(levels: npt.NDArray[np.float32]) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda raw: tf.gather(tf.constant(levels), tf.cast(tf.io.decode_raw(raw, tf.uint8), tf.int32))


ENCODINGS = (
    Encoding(_eight_bits, 2.0**7),
    Encoding(_decode_as(tf.int16), 2.0**15),
    Encoding(_twenty_four_bits, 2.0**31),
    Encoding(_decode_as(tf.int32), 2.0**31),
    Encoding(_decode_as(tf.float32), 1.0),
    Encoding(_decode_as(tf.float64), 1.0),
    Encoding(_companded(companding.ALAW_LEVELS), 2.0**15),
    Encoding(_companded(companding.MULAW_LEVELS), 2.0**15),
)
_FLOATS = [place for place, (tag, _) in enumerate(riff.ENCODINGS) if tag == IEEE_FLOAT]


def decode(contents: tf.Tensor, limits: Limits) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes one recording: PCM of 8, 16, 24 or 32 bits, float of 32 or 64, A-law or mu-law.

    Channels are averaged; other rates than 16 kHz are resampled. At 16 kHz the waveform is, bit for bit, that of
    `ser_tf.data.audio`.

    Args:
        contents: string (), the bytes of a RIFF/WAVE file.
        limits: Recordings beyond them are refused.

    Returns:
        The waveform, float32 (samples,), and why the recording is refused, string (), empty if it is not; a refused
        recording has no samples.
    """
    header = riff.read_header(contents, limits)
    usable = header.reason == ""
    empty = tf.zeros((0,), tf.float32)

    def read() -> tuple[tf.Tensor, tf.Tensor]:
        data = tf.strings.substr(contents, header.data_at, header.data_bytes)
        numbers = tf.switch_case(
            header.encoding, [lambda encoding=encoding: encoding.numbers(data) for encoding in ENCODINGS]
        )
        is_float = tf.reduce_any(header.encoding == _FLOATS)
        reason = tf.cond(is_float, lambda: out_of_range(numbers), lambda: tf.constant(""))
        # Scaled after the channels are averaged, which has the same bits and fewer samples.
        mono = tf.reduce_mean(tf.reshape(numbers, tf.stack([-1, header.channels])), axis=1)
        full_scale = tf.gather(tf.constant([encoding.full_scale for encoding in ENCODINGS]), header.encoding)
        return mono / full_scale, reason

    mono, reason = tf.cond(usable, read, lambda: (empty, header.reason))
    refused = reason != ""
    as_it_is = (header.rate_hz == MODEL_SAMPLE_RATE_HZ) | refused
    waveform = tf.cond(as_it_is, lambda: mono, lambda: resample(mono, header.rate_hz))
    return tf.cond(refused, lambda: empty, lambda: waveform), reason


def out_of_range(waveform: tf.Tensor) -> tf.Tensor:
    """Explains why samples cannot be used: not finite, or on another scale than [-1, 1].

    Args:
        waveform: float32 (..., samples).

    Returns:
        string (...), empty if they can.
    """

    def explained() -> tf.Tensor:
        finite = tf.math.is_finite(waveform)
        peak = tf.reduce_max(tf.abs(tf.where(finite, waveform, 0.0)), axis=-1)
        scale = tf.strings.join(["its samples reach ", one_decimal(peak), "; full scale is 1"])
        loud = tf.where(peak > MAX_ABS_SAMPLE, scale, "")
        return tf.where(tf.reduce_all(finite, axis=-1), loud, "it has samples that are not finite (NaN or infinite)")

    usable = tf.reduce_all(tf.abs(waveform) <= MAX_ABS_SAMPLE)  # false for NaN
    return tf.cond(usable, lambda: tf.fill(tf.shape(waveform)[:-1], ""), explained)


def decode_batch(contents: tf.Tensor, limits: Limits) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes recordings of any lengths.

    Args:
        contents: string (batch,).
        limits: As for `decode`.

    Returns:
        Waveforms, float32 (batch, samples), padded with zeros on the right; the number of samples of each, int32
        (batch,); and why each is refused, string (batch,).
    """
    signature = (tf.RaggedTensorSpec([None], tf.float32), tf.TensorSpec([], tf.string))
    waveforms, reasons = tf.map_fn(
        lambda recording: decode(recording, limits),
        contents,
        fn_output_signature=signature,
        parallel_iterations=RECORDINGS_AT_ONCE,
    )
    return waveforms.to_tensor(), tf.cast(waveforms.row_lengths(), tf.int32), reasons
