import dataclasses
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from ser_tf import cli
from ser_tf.corpora import validate
from ser_tf.corpora.base import ValidationReport
from tests.corpora import trees

REPOSITORY = str(Path(__file__).parents[2])


def run(*arguments: object) -> int:
    return cli.status_of(validate.main, [str(argument) for argument in arguments])


def test_complete_corpus(synthetic_root, capsys):
    assert run("synthetic", synthetic_root) == 0
    out = capsys.readouterr().out
    assert "synthetic: counts" in out and ": complete" in out and "utterances" in out


def test_incomplete_corpus_names_what_is_wrong(tmp_path, capsys):
    root = trees.iemocap(tmp_path / "corpus")
    wavs = sorted(path for path in root.rglob("*.wav") if not path.name.startswith("."))
    wavs[0].unlink()
    wavs[1].write_bytes(b"")
    extra = trees.write_wav(wavs[2].with_name("Ses03F_impro05a_F099.wav"))
    trees.iemocap_dialog(root, "Ses03M_impro03", "Ses03M_impro03_M001", "exc", "Excited", aligned=False)
    assert run("iemocap", root) == 1
    out = capsys.readouterr().out
    for expected in (str(wavs[0]), f"{wavs[1]}: the file is empty", str(extra), "incomplete"):
        assert expected in out
    assert "Ses03M_impro03_M001: the release has no word alignment" in out


def test_a_table_is_described(tmp_path, capsys):
    root = trees.table(tmp_path)
    assert run("table", root) == 0
    out = capsys.readouterr().out
    for expected in (
        "12 of 4 speakers (2 female, 2 male); 0 min 2 s in all, 0.20 to 0.20 s each (median 0.20); 8,000 Hz; mono",
        "  ann (female, pair-bob-ann): angry 1, sad 1, contempt 1",
        "classes of the table's own: contempt",
        "twins: recordings with identical samples (1)",
        "ann_Anger = ann_contempt",
        "2 groups of its 4 speakers take the place of sessions",
    ):
        assert expected in out
    assert "expected" not in out


def test_a_table_with_options(tmp_path, capsys):
    trees.write_wav(tmp_path / "audio/a.wav")
    table = trees.write_text(tmp_path / "t.csv", "file,who,emotion\na,x,sad\n")
    assert run("table", table, "--audio-root", tmp_path / "audio", "--columns", "speaker=who") == 0
    assert "1 of 1 speakers (1 unknown)" in capsys.readouterr().out
    assert run("table", table, "--audio-root", tmp_path / "audio") == 2
    assert "has no column for the speaker" in capsys.readouterr().err


def test_files_of_several_kinds_are_counted(tmp_path, capsys):
    for name, rate, channels in (("a", 8000, 1), ("b", 8000, 2), ("c", 16000, 6)):
        trees.write_wav(tmp_path / f"{name}.wav", trees.wav_bytes(rate=rate, channels=channels))
    run("table", trees.write_text(tmp_path / "t.csv", "file,speaker,emotion\na,x,sad\nb,x,sad\nc,x,sad\n"))
    out = capsys.readouterr().out
    assert "8,000 Hz (2 files), 16,000 Hz (1 files); mono (1 files), stereo (1 files), 6 channels (1 files)" in out


def test_a_name_that_is_not_utf8_is_printed(tmp_path, capsys):
    trees.write_wav(trees.emodb(tmp_path) / "wav" / os.fsdecode(b"M\xfcller.wav"))
    assert run("emodb", tmp_path) == 1
    assert r"M\udcfcller.wav" in capsys.readouterr().out


def test_help_is_quick(tmp_path):
    command = [sys.executable, "-m", "ser_tf.corpora.validate", "--help"]
    environment = {**os.environ, "PYTHONPATH": REPOSITORY}
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(seconds) < 0.6  # 0.2 s on an idle machine


def test_long_lists_are_cut_unless_all_is_asked_for(tmp_path, capsys):
    root = trees.casia(tmp_path / "corpus")
    for path in root.rglob("2*.wav"):
        path.write_bytes(b"")
    assert run("casia", root) == 1
    assert "4 more; --all lists them" in capsys.readouterr().out
    assert run("casia", root, "--all") == 1
    assert "more; --all" not in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [(), ("emodb",), ("timit", "."), ("emodb", "/nowhere"), ("emodb", ".", "--x")])
def test_bad_usage_is_one_line(arguments, capsys):
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith("error: ") and captured.err.count("\n") == 1


def test_as_a_command(tmp_path):
    command = [sys.executable, "-m", "ser_tf.corpora.validate", "emodb", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr


def test_report_is_complete_only_with_all_counts():
    report = ValidationReport((), (), (), {"utterances": 2, "sad": 1}, {"utterances": 2, "sad": 1})
    assert report.complete
    assert not dataclasses.replace(report, expected={"utterances": 2, "sad": 2}).complete
    assert not dataclasses.replace(report, missing=("a",)).complete
    assert dataclasses.replace(report, unexpected=("a",)).complete
