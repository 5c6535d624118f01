"""Opening models, finding recordings, cutting windows, and what a prediction holds."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile

from ser_tf import papers
from ser_tf.corpora.base import Word
from ser_tf.errors import AudioError, SettingError, UserError
from ser_tf.serving import packaged, prediction
from ser_tf.serving.prediction import Predictor
from ser_tf.serving.reader import Reader
from ser_tf.serving.windows import cut, words_inside
from tests.serving import recordings

pytestmark = pytest.mark.slow  # it trains

LLD = ("mirsamadi2017_table3", "lld_weighted_pool")
CAN = ("lee2020_table2", "can")


@pytest.fixture(scope="module")
def model(runs):
    """A row of a run, opened as the command line opens it."""
    return prediction.open_model(f"{runs.table(*LLD)}:{LLD[1]}")


@pytest.fixture(scope="module")
def reader():
    with Reader() as reader:
        yield reader


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "tones.wav"
    path.write_bytes(recordings.wav(recordings.signal(2.5)))
    return path


def only(predicted):
    """The prediction of a recording whose channels are heard as one."""
    (one,) = predicted
    return one


def test_an_exported_model_and_its_run_say_the_same(exported, model, reader, recording, tmp_path):
    folder, _, _ = exported
    shutil.copytree(folder, tmp_path / "lld" / "12")
    for name in (folder, tmp_path / "lld"):
        opened = prediction.open_model(str(name))
        assert opened.classes == model.classes and not opened.reads_words and opened.max_seconds == 20.0
        one, other = (only(Predictor(each, reader)(recording)).windows[0] for each in (opened, model))
        assert one.label == other.label
        np.testing.assert_allclose(one.outputs["probabilities"], other.outputs["probabilities"], atol=1e-5)


def test_what_is_no_model_is_one_line(exported, runs, tmp_path):
    folder, _, _ = exported
    for name, reason in (("nowhere", "no exported model"), (str(tmp_path), "no exported model")):
        with pytest.raises(UserError, match=reason):
            prediction.open_model(name)
    with pytest.raises(UserError, match="has no results of row nothing"):
        prediction.open_model(f"{runs.table(*LLD)}:nothing")
    with pytest.raises(SettingError, match="give RUN_DIR:ROW with them"):
        prediction.open_model(str(folder), fold="pair-03-08")
    other = tmp_path / "3"
    shutil.copytree(folder, other)
    (other / "assets" / "card.json").unlink()
    with pytest.raises(UserError, match="not a model of ser_tf.serving.export"):
        prediction.open_model(str(other))


@pytest.mark.parametrize(
    ("num_samples", "window_seconds", "expected"),
    [
        (1000, None, [(0, 1000)]),
        (16_000, 1.0, [(0, 16_000)]),
        (15_999, 1.0, [(0, 15_999)]),
        (48_000, 1.0, [(0, 16_000), (16_000, 32_000), (32_000, 48_000)]),
        (40_000, 1.0, [(0, 16_000), (16_000, 32_000), (24_000, 40_000)]),
        (16_001, 1.0, [(0, 16_000), (1, 16_001)]),
    ],
)
def test_windows_cover_a_recording(num_samples, window_seconds, expected):
    assert cut(num_samples, window_seconds) == expected


def test_words_belong_to_the_window_of_their_middle():
    words = (Word("a", 0.0, 0.9), Word("b", 0.9, 1.3), Word("c", 1.3, 2.0))
    assert words_inside(words, 0.0, 1.0) == (Word("a", 0.0, 0.9),)
    assert [word.text for word in words_inside(words, 1.0, 2.0)] == ["b", "c"]
    assert words_inside(words, 1.0, 2.0)[0].start_seconds == 0.0
    assert words_inside(words, 1.0, 2.0)[0].end_seconds == pytest.approx(0.3)


def test_windows_give_what_their_pieces_give_alone(model, reader, recording, tmp_path):
    predicted = only(Predictor(model, reader, window_seconds=1.0)(recording))
    assert [(one.start_seconds, one.end_seconds) for one in predicted.windows] == [(0, 1), (1, 2), (1.5, 2.5)]
    piece = tmp_path / "piece.wav"
    soundfile.write(piece, predicted.waveform[24_000:], 16_000, "FLOAT")
    alone = only(Predictor(model, reader)(piece)).windows[0]
    last = predicted.windows[-1]
    np.testing.assert_allclose(last.outputs["probabilities"], alone.outputs["probabilities"], atol=1e-5)
    np.testing.assert_allclose(last.outputs["attention"], alone.outputs["attention"], atol=1e-5)
    np.testing.assert_allclose(last.outputs["attention_seconds"], alone.outputs["attention_seconds"] + 1.5, atol=1e-5)
    json.dumps(last.outputs["attention"].tolist())


def test_bad_recordings_are_named(model, reader, tmp_path):
    cases = {
        "empty.wav": (b"", "the file is empty"),
        "text.wav": (b"some text", "not an audio file"),
        "truncated.wav": (recordings.wav(recordings.signal())[:900], "truncated"),
        "nothing.wav": (recordings.wav(np.zeros(0)), "no samples"),
        "nan.wav": (recordings.wav(np.array([0.0, np.nan]), subtype="FLOAT"), "not finite"),
        "loud.wav": (recordings.wav(np.array([0.0, 3000.0]), subtype="FLOAT"), "its samples reach 3000.0"),
        "long.wav": (recordings.wav(np.zeros(130 * 16_000)), "lasts 130 s, longer than the 120 s"),
        "phone.wav": (recordings.wav(recordings.signal(rate_hz=8000), 8000), "8000 Hz holds nothing above 4000 Hz"),
    }
    for name, (contents, reason) in cases.items():
        (tmp_path / name).write_bytes(contents)
        with pytest.raises(AudioError) as error:
            Predictor(model, reader)(tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name)) and reason in str(error.value)


def test_a_model_of_a_run_is_packaged_and_one_of_a_smoke_run_is_not(runs, tmp_path, monkeypatch):
    run = runs.table(*LLD)
    with pytest.raises(SettingError, match="is of a smoke run; the package holds a model that was really trained"):
        packaged.make(run, LLD[1], None, None, tmp_path)
    trained = packaged.models.kept_model(papers.load, run, LLD[1])
    real = dataclasses.replace(trained, result=dataclasses.replace(trained.result, smoke=False))
    monkeypatch.setattr(packaged.models, "kept_model", lambda *_: real)
    with pytest.raises(SettingError, match="has no interval of its accuracies, which the card states; run all folds"):
        packaged.make(run, LLD[1], None, None, tmp_path)
    edited = shutil.copytree(run, run.with_name("edited"))
    summary = json.loads((run / "summary.json").read_text())
    for row in summary["rows"]:
        row["wa"]["ci95"] = row["ua"]["ci95"] = [0.1, 0.4]
    (edited / "summary.json").write_text(json.dumps(summary))
    packaged.make(edited, LLD[1], None, None, tmp_path)
    shutil.rmtree(edited)
    again = packaged.load(tmp_path)
    for ours, theirs in zip(again.model.get_weights(), trained.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert str(run.parent) not in (tmp_path / packaged.KEPT).read_text()
    assert f"fold `{trained.card['fold']}`, seed 0" in packaged.card_text(tmp_path)


@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_short_and_silent_recordings_have_an_answer(model, reader, tmp_path, seconds):
    soundfile.write(tmp_path / "silence.flac", np.zeros(round(16_000 * seconds)), 16_000)
    window = only(Predictor(model, reader)(tmp_path / "silence.flac")).windows[0]
    assert window.label in model.classes and np.isfinite(window.outputs["probabilities"]).all()


def test_windows_have_bounds(model, reader):
    for seconds in (0.0, -1.0, 121.0, float("nan")):
        with pytest.raises(SettingError, match="--window"):
            Predictor(model, reader, seconds)


def test_a_model_of_words_reads_alignments(runs, reader, recording, tmp_path):
    model = prediction.open_model(f"{runs.table(*CAN)}:{CAN[1]}")
    (tmp_path / "all.ctm").write_text("tones 1 0.1 0.5 das\ntones 1 0.7 0.6 <sil>\ntones 1 1.3 0.9 ist\n")
    alignments = prediction.alignments_of(tmp_path)
    whole = only(Predictor(model, reader, words=alignments)(recording)).windows[0]
    np.testing.assert_allclose(whole.outputs["attention_seconds"], [(0 + 0.95) / 2, (0.95 + 2.5) / 2], atol=1e-5)
    parts = only(Predictor(model, reader, 1.0, alignments)(recording)).windows
    assert [len(one.outputs["attention"]) for one in parts] == [1, 1, 1]
    other = recording.with_name("other.wav")
    shutil.copy(recording, other)
    with pytest.raises(AudioError, match="--alignment has no alignment of other"):
        Predictor(model, reader, words=alignments)(other)
