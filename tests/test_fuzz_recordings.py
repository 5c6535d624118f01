"""Hostile recordings: training's reader, prediction's and the served graph accept the same ones, and hear the same."""

import itertools
import struct
import time

import numpy as np
import pytest
import tensorflow as tf

from ser_tf.corpora.wav_header import SUBFORMAT
from ser_tf.data import audio
from ser_tf.errors import AudioError
from ser_tf.serving import channels, decoding, riff, wav
from ser_tf.serving.reader import Sound
from tests.corpora import audio_fuzzing, fuzzing
from tests.serving import recordings

LIMITS = riff.Limits(max_seconds=1e9)
MIN_INPUTS = 40
_decode = tf.function(
    lambda contents: wav.decode(contents, LIMITS), input_signature=[tf.TensorSpec([], tf.string)], autograph=False
)


def trained_on(path):
    """What training hears, or None where it refuses, in one line that names the file."""
    try:
        return audio.read(path)
    except AudioError as error:
        check_message(error, path)
        return None


def predicted_from(path):
    """What prediction hears, or None."""
    try:
        sound = Sound(*decoding.decode(path))
    except AudioError as error:
        check_message(error, path)
        return None
    ((_, waveform),) = channels.waveforms(sound, channels.MEAN)
    return waveform


def check_message(error, path):
    message = str(error)
    assert message.startswith(f"{path}: ") and "\n" not in message and len(message) < fuzzing.MAX_MESSAGE_CHARACTERS


def served_from(contents):
    """What the served graph hears, or None."""
    waveform, reason = _decode(tf.constant(contents))
    return None if reason.numpy() else waveform.numpy()


def check(path, contents):
    """All readers agree; returns whether they accept."""
    path.write_bytes(contents)
    with fuzzing.limited():
        heard = trained_on(path)
        others = [predicted_from(path)]
        # The graph takes WAV files; training and prediction take other formats too.
        if contents[:4] == b"RIFF" or heard is None:
            others.append(served_from(contents))
    for other in others:
        assert (heard is None) == (other is None)
        if heard is not None:
            assert np.isfinite(heard).all() and len(heard)
            np.testing.assert_allclose(heard, other, rtol=0, atol=1e-37)  # TensorFlow has no subnormal numbers
    return heard is not None


def search(make, path, seconds):
    """Tries inputs until the time is over; returns how many there were and how many were accepted."""
    until, accepted = time.monotonic() + seconds, 0
    for number in itertools.count():
        if time.monotonic() > until and number >= MIN_INPUTS:
            return number, accepted
        try:
            accepted += check(path, make(number))
        except BaseException as error:
            raise AssertionError(f"input {number}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", audio_fuzzing.VALID)
def test_damaged_recordings_are_refused_or_heard_alike(name, tmp_path):
    for contents in audio_fuzzing.VALID[name]:
        assert check(tmp_path / "a", contents)
    number, accepted = search(lambda number: audio_fuzzing.damaged(name, number), tmp_path / "a", fuzzing.seconds() / 6)
    assert accepted < number


def test_wav_files_of_nonsense_are_refused_or_heard_alike(tmp_path):
    number, accepted = search(audio_fuzzing.nonsense, tmp_path / "a", fuzzing.seconds() / 3)
    assert 0 < accepted < number


FOUND = (("mp3", 36), ("mp3", 412), ("mp3", 655), ("flac", 456), ("wav", 9), ("wav", 13), ("wav", 20))
"""Inputs that once were a traceback (lengths that are unknown or do not fit into memory) or a disagreement."""


@pytest.mark.parametrize(("name", "number"), FOUND)
def test_what_was_found_once_stays_fixed(name, number, tmp_path):
    check(tmp_path / "a", audio_fuzzing.damaged(name, number))


LAYOUT, DATA = recordings.layout(), recordings.chunk(b"data", recordings.SAMPLES)
EXTENDED = struct.pack("<H", 0xFFFE) + LAYOUT[2:] + struct.pack("<HHIH", 22, 16, 4, 1)


@pytest.mark.parametrize(
    ("chunks", "accepted"),
    [
        ([recordings.chunk(b"fmt ", LAYOUT + b"\0"), DATA], True),
        ([recordings.chunk(b"fmt ", LAYOUT + bytes(25)), DATA], True),
        ([recordings.chunk(b"fmt ", LAYOUT), recordings.chunk(b"\xff\0\1\2", b"odd"), DATA], True),
        ([recordings.chunk(b"PEAK", bytes(7)), recordings.chunk(b"fmt ", LAYOUT), DATA], True),
        ([recordings.chunk(b"fmt ", EXTENDED + SUBFORMAT), DATA], True),
        ([recordings.chunk(b"fmt ", EXTENDED + SUBFORMAT[::-1]), DATA], False),
        ([recordings.chunk(b"fmt ", EXTENDED), DATA], False),
    ],
)
def test_all_readers_find_the_same_chunks(chunks, accepted, tmp_path):
    assert check(tmp_path / "a", recordings.riff(*chunks)) == accepted


@pytest.mark.parametrize("reason", [reason for reason in recordings.BROKEN if reason not in recordings.LONG])
def test_no_reader_takes_what_another_refuses(reason, tmp_path):
    assert not check(tmp_path / "a", recordings.BROKEN[reason])


@pytest.mark.parametrize("rate_hz", [3999, 4000, 192_000, 192_001, 2**31 - 1, 2**31, 2**32 - 1])
def test_all_readers_have_one_range_of_rates(rate_hz, tmp_path):
    contents = recordings.only(recordings.chunk(b"fmt ", recordings.layout(rate_hz=rate_hz)))
    assert check(tmp_path / "a", contents) == (4000 <= rate_hz <= 192_000)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("sample", [1.0, -16.0, 16.0, 16.001, -1e30, np.inf, -np.inf, np.nan, 1e-40])
def test_all_readers_have_one_range_of_float_samples(subtype, sample, tmp_path):
    """Also where the mean over channels would hide it."""
    for samples in ([[0.1], [sample]], [[0.1, 0.1], [sample, -sample]]):
        accepted = check(tmp_path / "a", recordings.wav(np.array(samples), subtype=subtype))
        assert accepted == bool(abs(sample) <= 16.0)
