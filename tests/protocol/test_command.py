"""What a user sees of mistakes: exit status 2, exactly one line, and nothing lost."""

import os
import shutil

import numpy as np
import pytest
import soundfile

from ser_tf import cli
from tests.conftest import write_emodb
from tests.protocol import toy
from tests.protocol.toy import FIRST


def line_of(capsys, argv, rows=("centroids", "network")):
    """Runs a table that must be refused, and returns its line."""
    assert cli.status_of(toy.main(*rows), [str(one) for one in argv]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and error.endswith("\n")
    return error


@pytest.fixture
def usual(emodb_root, tmp_path):
    return ["--corpus", "emodb", "--corpus-root", emodb_root, "--output", tmp_path / "runs", "--workers", "1"]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--rows", "network", "svm"], ["--rows svm", "centroids, network"]),
        (["--folds", "Ses01"], ["--folds Ses01", "pair-03-08, pair-10-09"]),
        (["--set", "bin=3"], ["--set bin=3", "bins, centre, distance, shrink"]),
        (["--set", "bins=3", "distance"], ["--set distance", "ASSUMPTION=VALUE"]),
        (["--set", "bins=few"], ["--set bins=few", "whole number"]),
        (["--set", "distance=cosine"], ["--set distance=cosine", "squared, absolute"]),
        (["--corpus", "timit"], ["--corpus", "timit", "iemocap", "--help"]),
        (["--seeds", "one"], ["--seeds", "one"]),
        (["--seeds", "-1"], ["--seeds", "-1"]),
        (["--seeds", "0", "0"], ["--seeds", "0"]),
        (["--workers", "0"], ["--workers 0"]),
        (["--executor", "slurm"], ["--executor", "slurm"]),
        (["--fast"], ["--fast", "--help"]),
        (["--rows"], ["--rows"]),
    ],
    ids=lambda value: "_".join(value) if value and value[0].startswith("--") else "",
)
def test_bad_usage(usual, capsys, tmp_path, flags, says):
    line = line_of(capsys, [*usual, *flags])
    assert all(part in line for part in says)
    assert not [path for path in tmp_path.rglob("*.json") if path.name != "digests.json"]


def test_a_root_that_is_no_corpus(capsys, tmp_path):
    (tmp_path / "holiday").mkdir()
    output = ["--output", tmp_path / "runs"]
    assert "not EmoDB" in line_of(capsys, ["--corpus", "emodb", "--corpus-root", tmp_path / "holiday", *output])
    assert "no such folder" in line_of(capsys, ["--corpus", "emodb", "--corpus-root", tmp_path / "gone", *output])
    assert "--corpus-root" in line_of(capsys, ["--corpus", "iemocap", *output])
    assert str(tmp_path / "holiday") in line_of(
        capsys, ["--corpus", "iemocap", "--corpus-root", tmp_path / "holiday", *output]
    )
    assert "holiday" in line_of(capsys, ["--corpus", "synthetic", "--corpus-root", tmp_path / "holiday", *output])


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_output_folder_that_cannot_be_written(usual, capsys, tmp_path, place):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / place) in line_of(capsys, [*usual, "--output", tmp_path / place])


@pytest.fixture
def small(tmp_path):
    """A corpus of four speakers that a test may damage, and flags to run on it."""
    root = write_emodb(tmp_path / "emodb", ("03", "08", "10", "09"))
    return root, ["--corpus", "emodb", "--corpus-root", root, "--output", tmp_path / "runs", "--workers", "1"]


def _nan(path):
    soundfile.write(path, np.full(8000, np.nan), 16_000, "FLOAT")


DAMAGE = {
    "missing": (lambda path: path.unlink(), "does not exist"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:-99]), "truncated"),
    "no audio": (lambda path: path.write_text("hello"), "not an audio file"),
    "NaN": (_nan, "NaN or infinite"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_bad_recording_is_named_and_mended_without_loss(small, capsys, kind):
    root, flags = small
    path = root / "wav" / "10a01Ta.wav"
    shutil.copy(path, root / "copy")
    damage, reason = DAMAGE[kind]
    damage(path)
    line = line_of(capsys, [*flags, "--folds", FIRST], rows=("centroids",))
    assert str(path) in line and reason in line
    os.replace(root / "copy", path)
    assert cli.status_of(toy.main("centroids"), [str(one) for one in (*flags, "--folds", FIRST)]) == 0


@pytest.mark.parametrize(("name", "says"), [("03a01Xa", "emotion X"), ("99a01Wa", "speaker 99")])
def test_a_label_that_does_not_exist(small, capsys, name, says):
    root, flags = small
    shutil.copy(root / "wav" / "10a01Ta.wav", root / "wav" / f"{name}.wav")
    line = line_of(capsys, flags)
    assert f"{name}.wav" in line and says in line


def test_an_alignment_of_an_unknown_form(small, capsys):
    root, flags = small
    (root / "labsilb" / "10a01Ta.labsilb").write_text("signal x\n#\n0.1 125\n")
    assert "10a01Ta.labsilb:3: not a syllable row" in line_of(capsys, flags)


def test_too_few_sessions_for_the_folds(tmp_path, capsys):
    root = write_emodb(tmp_path / "emodb", ("03", "08"))
    argv = ["--corpus", "emodb", "--corpus-root", root, "--output", tmp_path / "runs"]
    assert "1 sessions" in line_of(capsys, argv)


def test_list_trains_and_reads_nothing(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.status_of(toy.main(), ["--list", "--set", "bins=7"]) == 0
    shown = capsys.readouterr().out
    for part in ("centroids", "Toy network", "50.0 / 40.0", "bins", "7 (default 60)", "squared, absolute", "true"):
        assert part in shown or part == "true"
    assert list(tmp_path.iterdir()) == []
    assert "no such row" in line_of(capsys, ["--list", "--rows", "svm"])


def test_help_names_every_flag(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.status_of(toy.main(), ["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    flags = (
        "corpus corpus-root rows folds seeds output set smoke executor workers ray-address tensorboard keep-models list"
    )
    assert all(f"--{flag}" in shown for flag in flags.split())
    assert "Exit status: 0 done, 1 a row failed" in shown
