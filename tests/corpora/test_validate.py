import dataclasses
import subprocess
import sys

import pytest

from ser_tf import cli
from ser_tf.corpora import validate
from ser_tf.corpora.base import ValidationReport
from tests.corpora import trees


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
