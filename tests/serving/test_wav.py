"""WAV files decoded inside a graph: every kind as the training path decodes it, and why broken ones are refused."""

import io
import struct
import time

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf.data import audio
from ser_tf.serving import requests, riff, wav
from tests.serving import recordings
from tests.serving.recordings import BROKEN, PLAIN, SAMPLES, chunk, layout, signal

LIMITS = riff.Limits(max_seconds=20.0)
_decode = tf.function(
    lambda contents: wav.decode_batch(contents, LIMITS),
    input_signature=[tf.TensorSpec([None], tf.string)],
    autograph=False,
)
COUNTED = np.arange(200) / 2.0**15


def decode(*contents):
    """The waveforms without padding, and the reasons."""
    waveforms, lengths, reasons = _decode(tf.constant(list(contents), tf.string))
    rows = [waveform[:length] for waveform, length in zip(waveforms.numpy(), lengths.numpy(), strict=True)]
    return rows, [reason.decode() for reason in reasons.numpy()]


@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAW", "ULAW"])
def test_every_encoding_gives_the_training_paths_samples(container, subtype, tmp_path):
    files = [recordings.wav(signal(channels=channels), 16_000, subtype, container) for channels in (1, 2, 5)]
    rows, reasons = decode(*files)
    assert reasons == ["", "", ""]
    for row, contents in zip(rows, files, strict=True):
        path = tmp_path / "one.wav"
        path.write_bytes(contents)
        np.testing.assert_array_equal(row, audio.read(path))


@pytest.mark.parametrize(("tag", "subtype"), [(6, "ALAW"), (7, "ULAW")])
def test_every_companded_code_is_known(tag, subtype):
    contents = recordings.riff(chunk(b"fmt ", layout(tag, bits=8)), chunk(b"data", bytes(range(256))))
    expected, _ = soundfile.read(io.BytesIO(contents), dtype="float32")
    (row,), reasons = decode(contents)
    assert reasons == [""] and soundfile.info(io.BytesIO(contents)).subtype == subtype
    np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("rate_hz", [4000, 8000, 22_050, 44_100, 192_000])
def test_other_rates_give_the_training_paths_samples(rate_hz, tmp_path):
    contents = recordings.wav(signal(rate_hz=rate_hz, channels=2), rate_hz)
    (tmp_path / "one.wav").write_bytes(contents)
    (row,), reasons = decode(contents)
    assert reasons == [""]
    np.testing.assert_array_equal(row, audio.read(tmp_path / "one.wav"))


def test_16_bits_are_bit_for_bit_those_of_tensorflow():
    every = struct.pack("<65536h", *range(-(2**15), 2**15))
    contents = recordings.riff(chunk(b"fmt ", layout()), chunk(b"data", every))
    (row,), _ = decode(contents)
    np.testing.assert_array_equal(row, tf.audio.decode_wav(contents).audio[:, 0])


@pytest.mark.parametrize(
    "contents",
    [
        recordings.riff(
            chunk(b"LIST", b"odd"), chunk(b"fmt ", layout()), chunk(b"fact", b"1234"), chunk(b"data", SAMPLES)
        ),
        recordings.riff(chunk(b"fmt ", layout() + b"\0\0"), chunk(b"data", SAMPLES), chunk(b"LIST", b"behind")),
        recordings.riff(chunk(b"JUNK", b"x" * 10_001), chunk(b"fmt ", layout()), chunk(b"data", SAMPLES + b"\1")),
        PLAIN + b"anything after the end",
    ],
)
def test_chunks_of_other_kinds_are_passed_over(contents):
    (row,), reasons = decode(contents)
    assert reasons == [""]
    np.testing.assert_array_equal(row, COUNTED.astype(np.float32))


def test_channels_are_averaged():
    left, right = signal()[:, 0], 0.1 * np.ones(8000)
    (row,), _ = decode(recordings.wav(np.stack([left, right], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(row, (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_recording_has_a_reason_and_no_samples(reason):
    (row, good), (found, nothing) = decode(BROKEN[reason], PLAIN)
    assert reason in found and nothing == ""
    assert len(row) == 0 and len(good) == 200


def test_every_truncation_is_refused():
    contents = recordings.riff(chunk(b"LIST", b"odd"), chunk(b"fmt ", layout()), chunk(b"data", SAMPLES))
    lengths = [*range(0, 70), 200, len(contents) - 1]
    rows, reasons = decode(*(contents[:length] for length in lengths))
    assert all(reasons) and not any(map(len, rows))


def test_recordings_of_a_batch_are_padded_with_zeros():
    long, short = recordings.wav(signal(0.5)), recordings.wav(signal(0.2))
    waveforms, lengths, _ = _decode(tf.constant([short, long, short]))
    assert waveforms.shape == (3, 8000) and lengths.numpy().tolist() == [3200, 8000, 3200]
    assert not waveforms.numpy()[0, 3200:].any()
    np.testing.assert_array_equal(waveforms[0], waveforms[2])


def test_what_is_written_for_the_server_is_read_without_rounding():
    waveform = signal()[:, 0].astype(np.float32) * 1.7
    (row,), reasons = decode(requests.wav_of(waveform))
    assert reasons == [""]
    np.testing.assert_array_equal(row, waveform)


def test_a_rate_that_lacks_what_the_model_listens_to_is_refused():
    narrow, reason = tf.function(lambda contents: wav.decode(contents, riff.Limits(20.0, 16_000)), autograph=False)(
        tf.constant(recordings.wav(signal(rate_hz=8000), 8000))
    )
    assert len(narrow) == 0
    assert "8000 Hz holds nothing above 4000 Hz, and this model listens up to 8000 Hz" in reason.numpy().decode()


@pytest.mark.parametrize("kind", recordings.HOSTILE)
def test_64_megabytes_of_anything_cost_little(kind):
    contents = tf.constant([recordings.HOSTILE[kind]()])
    _decode(tf.constant([PLAIN]))
    seconds = []
    for _ in range(3):  # the fastest: other programs may take the memory's time
        started = time.process_time()
        _, _, reasons = _decode(contents)
        seconds.append(time.process_time() - started)
    assert reasons.numpy()[0] and min(seconds) < 0.2
