import dataclasses
import itertools

import librosa
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf.corpora.base import at_speed
from ser_tf.data import audio
from ser_tf.errors import AudioError
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL

SECONDS = 0.61
FORMATS = {  # name -> soundfile's format and subtype, file suffix, tolerance for rounding that resampling spreads
    "8bit": ("WAV", "PCM_U8", "wav", 2e-3),
    "16bit": ("WAV", "PCM_16", "wav", 5e-5),
    "24bit": ("WAV", "PCM_24", "wav", 5e-5),
    "32bit": ("WAV", "PCM_32", "wav", 5e-5),
    "float": ("WAV", "FLOAT", "wav", 5e-5),
    "extensible16bit": ("WAVEX", "PCM_16", "wav", 5e-5),
    "extensible24bit": ("WAVEX", "PCM_24", "wav", 5e-5),
    "flac": ("FLAC", "PCM_16", "flac", 5e-5),
    "flac24bit": ("FLAC", "PCM_24", "flac", 5e-5),
    "ogg": ("OGG", "VORBIS", "ogg", 2e-4),
    "mp3": ("MP3", "MPEG_LAYER_III", "mp3", 2e-4),
}
RATES = (8000, 16000, 22050, 44100, 48000)
CASES = list(itertools.product(FORMATS, RATES, (1, 2)))


def _signal(rate: int, channels: int, seconds: float = SECONDS) -> np.ndarray:
    """Two tones below 2 kHz, faded in and out, other ones in the second channel; an odd number of samples at 44.1."""
    time = np.arange(int(rate * seconds)) / rate
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.05)
    left = 0.4 * fade * (np.sin(2 * np.pi * 300 * time) + 0.5 * np.sin(2 * np.pi * 1730 * time))
    return np.stack([left, 0.3 * fade * np.sin(2 * np.pi * 777 * time)], axis=1)[:, :channels]


def _reference(path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return librosa.resample(samples.mean(1), orig_sr=rate, target_sr=16_000, res_type="soxr_hq")


@pytest.fixture(scope="module")
def decoded(tmp_path_factory):
    """All formats, rates and channels through one dataset, so that it chooses among all decoders for each file."""
    folder = tmp_path_factory.mktemp("audio")
    paths = {}
    for name, rate, channels in CASES:
        container, subtype, suffix, _ = FORMATS[name]
        path = folder / f"{name}-{rate}-{channels}.{suffix}"
        soundfile.write(path, _signal(rate, channels), rate, format=container, subtype=subtype)
        paths[name, rate, channels] = path
    elements = audio.waveforms(list(paths.values())).as_numpy_iterator()
    return {case: (path, *element) for (case, path), element in zip(paths.items(), elements, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_every_format_rate_and_channel_count(decoded, case):
    path, waveform, finite = decoded[case]
    expected = _reference(path)
    assert finite and waveform.dtype == np.float32
    assert len(waveform) == len(expected)
    tolerance = FORMATS[case[0]][3] if case[1] != 16_000 else 2e-6
    np.testing.assert_allclose(waveform, expected, atol=tolerance)
    assert np.abs(waveform).max() > 0.2


def test_a_long_recording_at_another_rate_keeps_its_length(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, _signal(44_100, 1, 12.0), 44_100)
    waveform = audio.read(path)
    assert len(waveform) == 12 * 16_000
    np.testing.assert_allclose(waveform, _reference(path), atol=1e-4)


def test_what_16_khz_cannot_hold_is_filtered_out(tmp_path):
    path = tmp_path / "high.wav"
    time = np.arange(48_000) / 48_000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 11_000 * time), 48_000)
    assert np.abs(audio.read(path)[1000:-1000]).max() < 5e-3


@pytest.mark.parametrize("samples", [1, 2, 3, 39, 40])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_handful_of_samples(tmp_path, samples, subtype, rate):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full(samples, 0.25), rate, subtype)
    assert len(audio.read(path)) == -(-samples * 16_000 // rate)


def test_chunks_before_and_after_the_samples_are_passed_over(tmp_path):
    path = tmp_path / "chunks.wav"
    soundfile.write(path, _signal(16_000, 1), 16_000)
    plain = path.read_bytes()
    note = b"LIST" + (3).to_bytes(4, "little") + b"abc\0"
    path.write_bytes(plain[:12] + note + plain[12:] + note)
    np.testing.assert_array_equal(audio.read(path), soundfile.read(path, dtype="float32")[0])


def test_the_order_of_paths_is_kept(emodb):
    paths = [utterance.path for utterance in emodb.utterances[:20]][::-1]
    for path, (waveform, _) in zip(paths, audio.waveforms(paths).as_numpy_iterator(), strict=True):
        np.testing.assert_array_equal(waveform, soundfile.read(path, dtype="float32")[0])


def test_plain_files_need_no_tensorflow_io(emodb, monkeypatch):
    monkeypatch.setattr(audio, "_decode_with_io", None)
    monkeypatch.setattr(audio, "_resample", None)
    path = emodb.utterances[0].path
    assert audio.probe(path).decoder == "16-bit WAV"
    assert len(audio.read(path)) == soundfile.info(path).frames


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1])
def test_speed_changes_tempo_and_pitch_alike(tmp_path, rate, speed):
    """As if the file's sampling rate were another one; it begins when the recording begins."""
    path = tmp_path / "a.wav"
    soundfile.write(path, _signal(rate, 1), rate, subtype="FLOAT")
    ((waveform, finite),) = audio.waveforms([path], [speed]).as_numpy_iterator()
    time = np.arange(len(waveform)) / 16_000 * speed
    fade = np.minimum(1.0, np.minimum(time, SECONDS - time) / 0.05)
    expected = 0.4 * fade * (np.sin(2 * np.pi * 300 * time) + 0.5 * np.sin(2 * np.pi * 1730 * time))
    assert finite and len(waveform) == pytest.approx(SECONDS / speed * 16_000, abs=2)
    np.testing.assert_allclose(waveform[:-20], expected[:-20], atol=2e-3)


def test_features_of_copies_are_those_of_the_faster_recording(emodb):
    one = emodb.utterances[0]
    made = dict(audio.map_utterances([one, at_speed(one, 1.1), at_speed(one, 0.9)], SPECTRAL))
    ((waveform, _),) = audio.waveforms([one.path], [1.1]).as_numpy_iterator()
    by_id = {utterance.id: features for utterance, features in made.items()}
    assert list(by_id) == [one.id, f"{one.id}@1.1", f"{one.id}@0.9"]
    np.testing.assert_allclose(by_id[f"{one.id}@1.1"], SPECTRAL(tf.constant(waveform)), atol=1e-4)
    frames = [len(features) for features in by_id.values()]
    assert frames[1] < frames[0] < frames[2]


BAD_SAMPLES = _signal(16_000, 1)[:, 0]


def _write(path, subtype="PCM_16", container="WAV", samples=BAD_SAMPLES, rate=16_000):
    soundfile.write(path, samples, rate, format=container, subtype=subtype)
    return path


def _cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def _with(value):
    samples = BAD_SAMPLES.copy()
    samples[77] = value
    return samples


BAD = {
    "missing": (lambda path: None, "no such audio file"),
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (lambda path: path.write_text("not audio at all"), "not an audio file of a known format"),
    "start of a header": (lambda path: path.write_bytes(b"RIFF"), "not a RIFF/WAVE file"),
    "header alone": (lambda path: path.write_bytes(_write(path).read_bytes()[:44]), "truncated, 0 of"),
    "no samples": (lambda path: _write(path, samples=np.zeros(0)), "no samples"),
    "truncated": (lambda path: _cut(_write(path)), "truncated, "),
    "truncated 24 bit": (lambda path: _cut(_write(path, "PCM_24")), "truncated, "),
    "truncated FLAC": (lambda path: _cut(_write(path, "PCM_16", "FLAC")), "may be truncated or corrupt"),
    "truncated Vorbis": (lambda path: _cut(_write(path, "VORBIS", "OGG")), "truncated or corrupt|not an audio file"),
    "truncated MP3": (lambda path: _cut(_write(path, "MPEG_LAYER_III", "MP3")), "truncated or corrupt|not an audio"),
    "NaN": (lambda path: _write(path, "FLOAT", samples=_with(np.nan)), "not finite"),
    "infinite": (lambda path: _write(path, "FLOAT", samples=_with(np.inf)), "not finite"),
    "NaN at another rate": (lambda path: _write(path, "FLOAT", samples=_with(np.nan), rate=22_050), "not finite"),
    "64-bit float": (lambda path: _write(path, "DOUBLE"), "64-bit float WAV is not supported; convert it"),
    "A-law": (lambda path: _write(path, "ALAW"), "not PCM or float"),
    "AIFF": (lambda path: _write(path, "PCM_16", "AIFF"), "AIFF with PCM_16 is not supported; convert it"),
    "folder": (lambda path: path.mkdir(), "no such audio file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_clear_line_that_names_the_file(tmp_path, kind):
    make, reason = BAD[kind]
    path = tmp_path / "bad.wav"
    make(path)
    with pytest.raises(AudioError, match=reason) as caught:
        audio.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and "{{" not in message


def test_the_file_that_is_bad_is_the_one_that_is_named(emodb, tmp_path):
    bad = _write(tmp_path / "bad.wav", "FLOAT", samples=_with(np.nan))
    utterances = list(emodb.utterances[:9])
    utterances[5] = dataclasses.replace(utterances[5], path=bad)
    seen = []
    with pytest.raises(AudioError, match=f"^{bad}: "):
        for utterance, _ in audio.map_utterances(utterances, SPECTRAL):
            seen.append(utterance.id)
    # Computed a few utterances ahead: those before the bad one come in order, perhaps not all of them.
    assert seen == [utterance.id for utterance in utterances[: len(seen)]] and len(seen) <= 5
