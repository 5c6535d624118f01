"""The command that predicts: tables, JSON, CSV and pictures, and one line for what cannot be used."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from ser_tf import cli, predict
from ser_tf.errors import AudioError
from ser_tf.serving import channels, picture
from ser_tf.serving.prediction import Predicted, Prediction
from tests.serving import recordings

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three recordings, one below the others."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "below").mkdir()
    for place, name in enumerate(("one.wav", "two.wav", "below/three.wav")):
        samples = recordings.signal(0.4 + 0.3 * place)
        hiss = 0.02 * np.random.default_rng(place).standard_normal(samples.shape)  # nothing above 4 kHz would be noted
        (folder / name).write_bytes(recordings.wav(samples + hiss))
    return folder


@pytest.fixture
def run(exported, capsys):
    """Calls the command with the exported model; gives status, output and lines of errors."""

    def call(*arguments, model=None):
        status = cli.status_of(predict.main, [str(model or exported[0]), *map(str, arguments)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err.strip().splitlines()

    return call


def test_recordings_are_found_in_folders(tmp_path):
    for name in ("b.wav", "a.FLAC", "deep/er/c.mp3", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = predict.find_audio([tmp_path / "notes.txt", tmp_path])
    assert [path.name for path in found] == ["notes.txt", "a.FLAC", "b.wav", "c.mp3"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(AudioError, match="empty: no audio in it"):
        predict.find_audio([tmp_path / "empty"])


def test_a_table_for_people(run, folder):
    status, shown, errors = run(folder)
    assert status == cli.DONE and errors == []
    for name in ("one.wav", "two.wav", "three.wav", "angry", "happy", "sad", "neutral", "emotion"):
        assert name in shown


def test_json_lines(run, folder, exported):
    status, shown, _ = run(folder / "one.wav", folder / "two.wav", "--json")
    lines = [json.loads(line) for line in shown.splitlines()]
    assert status == cli.DONE and len(lines) == 2
    for line, name, seconds in zip(lines, ("one.wav", "two.wav"), (0.4, 0.7), strict=True):
        assert line["file"].endswith(name) and (line["start_seconds"], line["end_seconds"]) == (0.0, seconds)
        assert tuple(line["probabilities"]) == exported[1].classes
        assert line["label"] == max(line["probabilities"], key=line["probabilities"].get)
        assert sum(line["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)
        assert len(line["attention"]) == len(line["attention_seconds"]) and min(line["attention_seconds"]) >= 0


def test_csv_has_a_line_for_each_window(run, folder):
    status, shown, _ = run(folder / "below" / "three.wav", "--csv", "--window", "0.3")
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert status == cli.DONE and len(rows) == 4
    assert [float(row["start_seconds"]) for row in rows] == pytest.approx([0.0, 0.3, 0.6, 0.7])
    assert all(float(row["angry"]) >= 0 for row in rows)


@pytest.mark.parametrize("window", [(), ("--window", "0.3")])
def test_a_picture(run, folder, tmp_path, window):
    path = tmp_path / "picture.png"
    status, _, errors = run(folder, "--plot", path, "--json", *window)
    assert status == cli.DONE and errors == [f"written to {path}"]
    assert np.ptp(image.imread(path)) > 0.5


def predicted(windows, **outputs):
    """A recording of four seconds with the outputs of its windows."""
    spans = [(4.0 * place / windows, 4.0 * (place + 1) / windows) for place in range(windows)]
    made = [
        Prediction(*span, "a", {name: value[place] for name, value in outputs.items()})
        for place, span in enumerate(spans)
    ]
    return Predicted(Path("one.wav"), channels.MEAN, ("a", "b"), np.sin(np.arange(64_000)), tuple(made))


def test_a_picture_shows_time_and_all_weights():
    weights = [np.array([0.1, 0.9]), np.array([0.4, 0.6])]
    seconds = [np.array([0.5, 1.5]), np.array([2.5, 3.5])]
    posteriors = [np.array([1.0, 0.0]), np.array([0.3, 0.7])]
    one = predicted(2, probabilities=posteriors, attention=weights, attention_seconds=seconds)
    top, middle, bottom = picture.draw([one]).axes
    assert middle.get_ylim()[1] > 0.9 and bottom.get_ylim()[1] > 1.0
    assert top.get_xlim() == middle.get_xlim() == bottom.get_xlim() == (0.0, 4.0)
    assert (top.get_xlabel(), middle.get_xlabel(), bottom.get_xlabel()) == ("", "", "seconds")
    top, bottom = picture.draw([predicted(1, probabilities=posteriors)]).axes
    assert (top.get_xlabel(), bottom.get_xlabel()) == ("seconds", "posterior")
    assert [bar.get_width() for bar in bottom.patches] == [1.0, 0.0]


def test_cells_of_all_windows_have_one_scale():
    cells = [np.full((3, 2), 0.1), np.full((3, 2), 0.4)]
    seconds, hertz = [np.arange(3.0), 2 + np.arange(3.0)], [np.array([500.0, 1500.0])] * 2
    posteriors = [np.array([0.5, 0.5])] * 2
    one = predicted(2, probabilities=posteriors, attention=cells, attention_seconds=seconds, attention_hertz=hertz)
    meshes = picture.draw([one]).axes[1].collections
    assert [mesh.get_clim() for mesh in meshes] == [(0, 0.4)] * 2


def test_a_row_of_a_run_is_a_model(run, folder, runs):
    table = runs.table("mirsamadi2017_table3", "lld_weighted_pool")
    _, exported_says, _ = run(folder / "one.wav", "--csv")
    status, run_says, _ = run(folder / "one.wav", "--csv", model=f"{table}:lld_weighted_pool")
    assert status == cli.DONE and run_says == exported_says


def test_what_cannot_be_used_does_not_end_the_others(run, folder, tmp_path):
    everything = tmp_path / "everything"
    shutil.copytree(folder, everything)
    (everything / "broken.wav").write_text("not audio")
    status, shown, errors = run(tmp_path / "gone.wav", everything, "--csv")
    assert status == cli.FAILED and len(shown.splitlines()) == 1 + 3
    assert errors[0] == f"error: {tmp_path / 'gone.wav'}: the file does not exist"
    assert len(errors) == 2 and errors[1].startswith(f"error: {everything / 'broken.wav'}: ")
    status, shown, errors = run(everything / "broken.wav")
    assert status == cli.BAD_INPUT and shown == "" and len(errors) == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["gone.wav"], "gone.wav: the file does not exist"),
        (["{}/one.wav", "--json", "--csv"], "--json and --csv: choose one"),
        (["{}/one.wav", "--plot", "picture.exe"], "--plot picture.exe: must be a folder, or end with .png, .pdf, .svg"),
        (["{}/one.wav", "--window", "0"], "--window 0: must be from 0.1 to 20 seconds"),
        (["{0}", "{0}", "{0}", "--plot", "p.png"], "--plot: 9 recordings; a picture has 6 at most"),
        (["{}/one.wav", "--alignment", "nowhere"], "nowhere: no such folder"),
        ([], "AUDIO"),
    ],
)
def test_bad_usage_is_one_line(run, folder, arguments, reason):
    status, shown, errors = run(*(one.format(folder) for one in arguments))
    assert status == cli.BAD_INPUT and shown == "" and len(errors) == 1 and reason in errors[0]
