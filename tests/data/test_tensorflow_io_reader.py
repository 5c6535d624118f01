"""tensorflow-io as the reader, held against libsndfile."""

import builtins
import os

import numpy as np
import pytest
import soundfile

from ser_tf.corpora import recordings
from ser_tf.data import audio, tensorflow_io_reader
from ser_tf.errors import AudioError, SettingError
from tests.corpora.test_recordings import FORMATS, encoded, signal

READ = ("8bit", "16bit", "24bit", "32bit", "float", "extensible24bit", "flac", "flac24bit", "vorbis", "mp3")


@pytest.fixture
def installed():
    pytest.importorskip("tensorflow_io", reason="tensorflow-io is not installed: it has no build for this Python")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
@pytest.mark.parametrize("name", READ)
def test_it_reads_what_libsndfile_reads(installed, tmp_path, name, rate_hz, channels):
    path = tmp_path / "a.audio"
    path.write_bytes(encoded(name, signal(rate_hz, channels), rate_hz))
    found, header = tensorflow_io_reader.read_samples(path)
    expected, expected_header = recordings.read_samples(path)
    assert header == expected_header and found.dtype == np.float32
    lossy = name in ("vorbis", "mp3")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 if lossy else 0)
    np.testing.assert_array_equal(
        tensorflow_io_reader.read_samples(path, 0.1, 0.3)[0], found[rate_hz // 10 : 3 * rate_hz // 10]
    )


def test_it_is_chosen_by_the_environment(installed, tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, signal(44_100), 44_100, "PCM_24")
    expected = audio.read(path)
    monkeypatch.setitem(os.environ, "SER_TF_AUDIO", "tensorflow-io")
    monkeypatch.setattr(recordings, "read_samples", None)
    np.testing.assert_array_equal(audio.read(path), expected)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(READ)))
def test_what_it_cannot_read_it_says(tmp_path, name):
    path = tmp_path / "a.audio"
    path.write_bytes(encoded(name))
    with pytest.raises(AudioError, match=f"^{path}: tensorflow-io does not read .* unset SER_TF_AUDIO$"):
        tensorflow_io_reader.read_samples(path)


@pytest.mark.parametrize("name", ["flac", "vorbis"])
def test_a_truncated_file_is_refused(installed, tmp_path, name):
    path = tmp_path / "a.audio"
    whole = encoded(name, np.random.default_rng(0).normal(0, 0.1, (160_000, 1)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AudioError, match=f"^{path}: .*(truncated or corrupt|damaged)"):
        tensorflow_io_reader.read_samples(path)


def test_samples_that_are_not_finite_are_refused(installed, tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(100, np.inf), 16_000, "FLOAT")
    with pytest.raises(AudioError, match=f"^{path}: it has samples that are not finite"):
        tensorflow_io_reader.read_samples(path)


def test_without_it_one_line_says_so(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, signal(), 16_000, "PCM_16")
    original = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "tensorflow_io":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(SettingError, match="it is not installed"):
        tensorflow_io_reader.read_samples(path)
