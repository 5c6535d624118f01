"""Files of every rate and format as mono waveforms at 16 kHz, and as features, whatever runs beside them."""

import dataclasses
import itertools
import os

import librosa
import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_tf.corpora.base import at_speed
from ser_tf.data import audio
from ser_tf.errors import AudioError, SettingError
from ser_tf.features import parallel
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL

SECONDS = 0.61
FORMATS = {  # name -> soundfile's format and subtype, file suffix, tolerance
    "8bit": ("WAV", "PCM_U8", "wav", 2e-3),
    "16bit": ("WAV", "PCM_16", "wav", 5e-5),
    "float": ("WAV", "FLOAT", "wav", 5e-5),
    "flac": ("FLAC", "PCM_16", "flac", 5e-5),
    "ogg": ("OGG", "VORBIS", "ogg", 2e-4),
    "mp3": ("MP3", "MPEG_LAYER_III", "mp3", 2e-4),
}
RATES = (8000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)
CASES = [case for case in itertools.product(FORMATS, RATES, (1, 2)) if case[0] != "mp3" or case[1] in (16_000, 44_100)]


def _signal(rate: int, channels: int, seconds: float = SECONDS) -> np.ndarray:
    """Two tones below 2 kHz, faded in and out, other ones in the second channel; an odd number of samples at 44.1."""
    time = np.arange(int(rate * seconds)) / rate
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.05)
    left = 0.4 * fade * (np.sin(2 * np.pi * 300 * time) + 0.5 * np.sin(2 * np.pi * 1730 * time))
    return np.stack([left, 0.3 * fade * np.sin(2 * np.pi * 777 * time)], axis=1)[:, :channels]


def _reference(path) -> np.ndarray:
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return librosa.resample(samples.mean(1), orig_sr=rate, target_sr=16_000, res_type="soxr_hq")


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_every_format_rate_and_channel_count(tmp_path, case):
    name, rate, channels = case
    container, subtype, suffix, tolerance = FORMATS[name]
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, _signal(rate, channels), rate, format=container, subtype=subtype)
    waveform, expected = audio.read(path), _reference(path)
    assert waveform.dtype == np.float32 and len(waveform) == len(expected)
    np.testing.assert_allclose(waveform, expected, atol=tolerance if rate != 16_000 else 1e-7)
    assert np.abs(waveform).max() > 0.2


def test_16_bits_at_16_khz_are_bit_for_bit_what_tensorflow_decodes(tmp_path, emodb):
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, np.random.default_rng(0).uniform(-1, 1, 20_000), 16_000, "PCM_16")
    for path in [noise, *(utterance.path for utterance in emodb.utterances[:5])]:
        np.testing.assert_array_equal(audio.read(path), tf.audio.decode_wav(path.read_bytes()).audio[:, 0])


def test_a_long_recording_at_another_rate_keeps_its_length(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, _signal(44_100, 1, 12.0), 44_100)
    waveform = audio.read(path)
    assert len(waveform) == 12 * 16_000
    np.testing.assert_allclose(waveform, _reference(path), atol=5e-5)


@pytest.mark.parametrize("samples", [1, 2, 3, 39, 40])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_handful_of_samples(tmp_path, samples, subtype, rate):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.full(samples, 0.25), rate, subtype)
    assert len(audio.read(path)) == -(-samples * 16_000 // rate)


def test_five_channels_are_averaged(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 5))
    soundfile.write(tmp_path / "a.wav", samples, 16_000, "FLOAT")
    np.testing.assert_allclose(audio.read(tmp_path / "a.wav"), samples.mean(1), atol=1e-7)


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1])
def test_speed_changes_tempo_and_pitch_alike(tmp_path, rate, speed):
    """As if the file's sampling rate were another one; it begins when the recording begins."""
    path = tmp_path / "a.wav"
    soundfile.write(path, _signal(rate, 1), rate, subtype="FLOAT")
    waveform = audio.read(path, speed)
    time = np.arange(len(waveform)) / 16_000 * speed
    fade = np.minimum(1.0, np.minimum(time, SECONDS - time) / 0.05)
    expected = 0.4 * fade * (np.sin(2 * np.pi * 300 * time) + 0.5 * np.sin(2 * np.pi * 1730 * time))
    assert len(waveform) == -(-len(_signal(rate, 1)) * 16_000 // round(rate * speed))
    np.testing.assert_allclose(waveform[:-20], expected[:-20], atol=1e-3)


def test_features_of_copies_are_those_of_the_faster_recording(emodb):
    one = emodb.utterances[0]
    made = dict(audio.map_utterances([one, at_speed(one, 1.1), at_speed(one, 0.9)], SPECTRAL))
    by_id = {utterance.id: features for utterance, features in made.items()}
    assert list(by_id) == [one.id, f"{one.id}@1.1", f"{one.id}@0.9"]
    expected = SPECTRAL(tf.constant(audio.read(one.path, 1.1)))
    np.testing.assert_allclose(by_id[f"{one.id}@1.1"], expected, atol=1e-4)
    frames = [len(features) for features in by_id.values()]
    assert frames[1] < frames[0] < frames[2]


def test_an_utterance_may_be_a_part_of_its_file(tmp_path, emodb):
    path = tmp_path / "long.flac"
    soundfile.write(path, _signal(48_000, 2, 6.0), 48_000)
    parts = [
        dataclasses.replace(emodb.utterances[0], path=path, start_seconds=1.5, end_seconds=end) for end in (2.0, None)
    ]
    alone = tmp_path / "part.flac"
    soundfile.write(alone, _signal(48_000, 2, 6.0)[72_000:96_000], 48_000)
    np.testing.assert_array_equal(audio.read_utterance(parts[0]), audio.read(alone))
    assert [len(audio.read_utterance(part)) for part in parts] == [8000, 72_000]
    frames = [len(features) for _, features in audio.map_utterances(parts, SPECTRAL)]
    assert frames == [SPECTRAL.num_frames(8000), SPECTRAL.num_frames(72_000)]


@pytest.mark.parametrize("processors", [1, 5])
def test_the_number_of_processors_changes_no_bit(emodb, monkeypatch, processors):
    chosen = emodb.utterances[:20]
    expected = [features for _, features in audio.map_utterances(chosen, SPECTRAL)]
    monkeypatch.setattr(parallel, "processors", lambda: processors)
    found = list(audio.map_utterances(chosen[::-1], SPECTRAL))[::-1]
    assert [utterance.id for utterance, _ in found] == [utterance.id for utterance in chosen]
    for (_, features), other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(features, other)


def test_bad_files_are_one_clear_line_that_names_the_file(tmp_path):
    bad = tmp_path / "bad.wav"
    soundfile.write(bad, np.full(8000, np.nan), 22_050, "FLOAT")
    with pytest.raises(AudioError, match=f"^{bad}: it has samples that are not finite"):
        audio.read(bad)
    with pytest.raises(AudioError, match=f"^{tmp_path / 'none.wav'}: the file does not exist$"):
        audio.read(tmp_path / "none.wav")


def test_the_file_that_is_bad_is_the_one_that_is_named(emodb, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF")
    utterances = list(emodb.utterances[:9])
    utterances[5] = dataclasses.replace(utterances[5], path=bad)
    seen = []
    with pytest.raises(AudioError, match=f"^{bad}: "):
        for utterance, _ in audio.map_utterances(utterances, SPECTRAL):
            seen.append(utterance.id)
    assert seen == [utterance.id for utterance in utterances[:5]]


def test_probing_reads_the_header_only(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, _signal(48_000, 2), 48_000)
    header = audio.probe(path)
    assert (header.sample_rate_hz, header.channels, header.container) == (48_000, 2, "FLAC")
    assert header.duration_seconds == pytest.approx(SECONDS)


def test_no_other_reader_can_be_asked_for(emodb, monkeypatch):
    monkeypatch.setitem(os.environ, "SER_TF_AUDIO", "sox")
    with pytest.raises(SettingError, match="SER_TF_AUDIO=sox: must be soundfile or tensorflow-io"):
        audio.read(emodb.utterances[0].path)
