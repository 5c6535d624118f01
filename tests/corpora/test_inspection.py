"""What reading every sample of a corpus tells: lengths, rates, parts that are not there, and twins."""

import doctest

import numpy as np
import pytest
import soundfile

from ser_tf import corpora
from ser_tf.corpora import inspection
from tests.corpora import trees


@pytest.fixture
def noise():
    return np.round(np.random.default_rng(0).normal(0, 0.1, 8000) * 2**15).astype(np.int16)


def load(folder, rows):
    content = "file,speaker,emotion,start,end\n" + "".join(f"{row}\n" for row in rows)
    return corpora.load("table", trees.write_text(folder / "my.csv", content))


def test_docstring():
    assert doctest.testmod(inspection).failed == 0


def test_lengths_rates_and_channels(tmp_path, noise):
    soundfile.write(tmp_path / "a.wav", noise, 8000)
    soundfile.write(tmp_path / "b.flac", np.stack([noise, -noise], axis=1), 16000)
    report = load(tmp_path, ["a,x,sad,,", "b,y,sad,0.1,0.35", "b,y,happy,0.35,"]).validate()
    assert report.seconds == pytest.approx((1.0, 0.25, 0.15))
    assert report.rates_hz == {8000: 1, 16000: 1} and report.channels == {1: 1, 2: 1}
    assert report.complete and report.twins == ()


def test_twins_have_identical_samples_in_whatever_file(tmp_path, noise):
    soundfile.write(tmp_path / "a.wav", noise, 8000, "PCM_16")
    soundfile.write(tmp_path / "b.flac", noise, 8000, "PCM_16")
    soundfile.write(tmp_path / "c.wav", noise, 8000, "PCM_24")
    soundfile.write(tmp_path / "d.wav", noise, 16000, "PCM_16")
    soundfile.write(tmp_path / "e.wav", np.concatenate([noise, noise]), 8000, "PCM_16")
    rows = ["a,x,sad,,", "b,y,sad,,", "c,x,sad,,", "d,x,sad,,", "e,x,sad,0,1", "e,y,sad,1,2"]
    assert load(tmp_path, rows).validate().twins == (("a", "b", "c", "e_0-1", "e_1-2"),)


def test_twins_do_not_make_a_corpus_incomplete(tmp_path, noise):
    for name in "ab":
        soundfile.write(tmp_path / f"{name}.wav", noise, 8000)
    report = load(tmp_path, ["a,x,sad,,", "b,y,happy,,"]).validate()
    assert report.twins and report.complete


def test_a_long_recording_is_read_once(tmp_path, noise, monkeypatch):
    soundfile.write(tmp_path / "a.flac", noise, 8000)
    corpus = load(tmp_path, [f"a,x,sad,{start / 10},{start / 10 + 0.1}" for start in range(10)])
    calls = []
    read = inspection.recordings.read_samples
    monkeypatch.setattr(inspection.recordings, "read_samples", lambda path: calls.append(path) or read(path))
    counted = []
    corpus.check_audio()
    assert len(corpus.validate(lambda *numbers: counted.append(numbers)).seconds) == 10
    assert len(calls) == 2 and counted == [(10, 10)]


def test_the_command_that_lists_everything_can_be_pasted(tmp_path):
    folder = tmp_path / "my recordings"
    trees.write_wav(folder / "a.wav")
    table = trees.write_text(tmp_path / "t.csv", "file,who,emotion\na.wav,x,sad\n")
    corpus = corpora.load("table", table, audio_root=folder, columns={"speaker": "who"})
    assert corpus.validate_command == (
        f"python -m ser_tf.corpora.validate table {table} --audio-root '{folder}' --columns speaker=who"
    )


def test_a_class_named_like_a_count(tmp_path):
    for name in "ab":
        trees.write_wav(tmp_path / f"{name}.wav")
    corpus = load(tmp_path, ["a,x,utterances,,", "b,y,sad,,"])
    assert corpus.is_full and corpus.validate().complete
