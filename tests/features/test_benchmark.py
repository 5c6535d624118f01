"""The benchmark's command line and its two sides; the timing itself is not for a test."""

import numpy as np
import pytest
import tensorflow as tf

from experiments import benchmark_features as benchmark
from ser_tf import cli
from ser_tf.papers.mirsamadi2017.lld import LLD
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL


@pytest.mark.parametrize("name", ["not-there", "empty"])
def test_a_folder_without_wav_files_is_bad_input(tmp_path, capsys, name):
    (tmp_path / "empty").mkdir()
    assert cli.status_of(benchmark.main, ["--audio-dir", str(tmp_path / name)]) == cli.BAD_INPUT
    line = capsys.readouterr().err
    assert line.startswith("error: ")
    assert name in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["--seconds", "0"], ["--threads", "-1"], ["--repeats", "x"], ["--seconds", "nan"], ["--nonsense"]]
)
def test_bad_usage_is_one_line(capsys, arguments):
    assert cli.status_of(benchmark.main, arguments) == cli.BAD_INPUT
    assert capsys.readouterr().err.count("\n") == 1


def test_a_broken_wav_file_is_named(tmp_path, capsys):
    (tmp_path / "broken.wav").write_bytes(b"RIFF and no more")
    assert cli.status_of(benchmark.main, ["--corpus-root", str(tmp_path)]) == cli.BAD_INPUT
    assert "broken.wav" in capsys.readouterr().err


def test_wav_files_are_read_until_there_is_enough(tmp_path):
    for number in range(4):
        samples = tf.audio.encode_wav(tf.zeros([16000, 1]), 16000)
        (tmp_path / f"{number}.wav").write_bytes(samples.numpy())
    assert len(benchmark.read_folder(tmp_path, 2.5)) == 3
    assert len(benchmark.read_folder(tmp_path, 100.0)) == 4


def test_made_up_speech_is_the_same_in_every_run():
    first, second = benchmark.made_up_speech(9.0), benchmark.made_up_speech(9.0)
    assert [len(one) for one in first] == [len(other) for other in second]
    np.testing.assert_array_equal(first[0], second[0])
    f0_hz = LLD(tf.constant(first[0])).numpy()[:, 0]
    assert (f0_hz > 0.0).mean() > 0.2


def test_both_sides_compute_features_of_one_size():
    waveform = benchmark.made_up_speech(1.0)[0]
    for comparison in benchmark.COMPARISONS:
        if "pyin" not in comparison.equivalent:
            theirs = benchmark.LIBROSA[comparison.equivalent](waveform)
            dims = comparison.spec.dims
            # yin gives no voicing probability, so librosa lacks it and its delta.
            assert theirs.shape[0] == (dims - 2 if comparison.spec is LLD else dims)
            assert abs(theirs.shape[1] - comparison.spec.num_frames(len(waveform))) <= 6


def test_one_timing_of_each_side():
    waveforms = benchmark.made_up_speech(3.0)
    assert benchmark.prepare_ours(SPECTRAL, waveforms, 2)() is None
