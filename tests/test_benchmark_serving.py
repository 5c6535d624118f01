"""The benchmark of exported models: runs, and its numbers hang together."""

import json

import numpy as np
import pytest

from experiments import benchmark_serving
from ser_tf import cli
from ser_tf.errors import AudioError
from tests.serving import recordings

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    (folder / "below").mkdir()
    for place, name in enumerate(("one.wav", "below/two.wav")):
        (folder / name).write_bytes(recordings.wav(recordings.signal(0.3 + 0.2 * place)))
    (folder / "broken.wav").write_text("not audio")
    (folder / "phone.wav").write_bytes(recordings.wav(recordings.signal(rate_hz=8000), 8000))
    (folder / "long.wav").write_bytes(recordings.wav(np.zeros(21 * 16_000)))
    return folder


def test_it_measures_every_batch_size(exported, folder, tmp_path, capsys):
    path = tmp_path / "deep" / "benchmark.json"
    flags = [str(exported[0].parent), "--audio", str(folder), "--requests", "2", "--output", str(path)]
    assert cli.status_of(benchmark_serving.main, flags) == cli.DONE
    assert "mirsamadi2017" in capsys.readouterr().out
    result = json.loads(path.read_text())
    assert [one["batch_size"] for one in result["models"]] == [1, 8, 32]
    for one in result["models"]:
        assert one["recordings"] == 2
        assert 0 < one["p50_ms"] <= one["p99_ms"] and 0 < one["feature_share"] <= 1
        assert one["audio_seconds_a_second"] == pytest.approx(0.4 * one["recordings_a_second"], rel=0.3)


def test_words_fill_the_recording(folder):
    paths = [folder / "below" / "two.wav", folder / "one.wav"]
    inputs, seconds = next(benchmark_serving.batches(paths, 3, True))
    assert seconds == pytest.approx(0.5 + 0.3 + 0.5)
    assert inputs["num_words"].tolist() == [2, 1, 2] and len(inputs["audio"]) == 3


def test_files_that_the_model_refuses_are_left_out(folder):
    card = {"row": "lld", "min_rate_hz": 16_000, "max_seconds": 20.0}
    found = benchmark_serving.taken(benchmark_serving.find_files(folder), card)
    assert [path.name for path in found] == ["two.wav", "one.wav"]
    with pytest.raises(AudioError, match="has no WAV file at 16000 Hz or more and of at most 20 s, which lld takes"):
        benchmark_serving.taken([folder / "phone.wav"], card)


def test_bad_usage_is_one_line(tmp_path, folder, capsys):
    for flags, reason in (
        (["m", "--audio", str(tmp_path)], "has no WAV files"),
        (["m", "--audio", str(folder)], "no exported model"),
        (["m", "--audio", str(folder), "--requests", "0"], "at least one is needed"),
    ):
        assert cli.status_of(benchmark_serving.main, flags) == cli.BAD_INPUT
        assert reason in capsys.readouterr().err
