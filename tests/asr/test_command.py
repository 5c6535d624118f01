"""`ser-tf align` without PocketSphinx: what it writes, counts, takes up again and refuses."""

import csv
import json

import numpy as np
import pytest
import soundfile

from ser_tf import cli
from ser_tf.asr import command, extra, work
from ser_tf.asr.folder import Folder
from ser_tf.asr.wdseg import Token, render
from ser_tf.asr.work import Done
from ser_tf.corpora.base import Word
from ser_tf.corpora.iemocap_format import parse_wdseg
from ser_tf.errors import SettingError
from ser_tf.papers.lee2020.alignment import read_alignments

TOKENS = (Token("<sil>", 0, 9, -5), Token("KIDS", 10, 29, -70), Token("ARE(2)", 30, 39, -9))
NAMES = [f"03-01-05-01-0{sentence}-0{repetition}-01" for sentence in (1, 2) for repetition in (1, 2)]


@pytest.fixture
def ravdess(tmp_path):
    """Four recordings of RAVDESS's names."""
    for name in NAMES:
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(1600), 16_000)
    return tmp_path


@pytest.fixture
def decoder(monkeypatch):
    """Stands in for PocketSphinx: gives the outcomes that a test puts into it, by id, and keeps what was asked."""
    outcomes, asked = {}, []

    def run(utterances, recognise, pronunciations, workers):
        for utterance in utterances:
            asked.append(utterance.id)
            outcome = outcomes.get(utterance.id, Done(utterance.id, TOKENS))
            if isinstance(outcome, BaseException):
                raise outcome
            yield outcome

    monkeypatch.setattr(work, "run", run)
    monkeypatch.setattr(extra, "is_installed", lambda package="pocketsphinx": package == "pocketsphinx")
    monkeypatch.setattr(command.importlib.metadata, "version", lambda package: "5.1.1")
    return outcomes, asked


def align(root, output, *flags):
    argv = ["--corpus", "ravdess", "--corpus-root", str(root), "--output", str(output), "--workers", "1", *flags]
    return cli.status_of(command.main, argv)


def test_wdseg_is_read_as_it_is_written():
    assert parse_wdseg(render(TOKENS), "a.wdseg") == (
        Word("<sil>", 0.0, 0.1), Word("KIDS", 0.1, 0.3), Word("ARE(2)", 0.3, 0.4)
    )  # fmt: skip


def test_alignments_are_those_that_a_table_reads(ravdess, decoder, tmp_path, capsys):
    output = tmp_path / "out"
    assert align(ravdess, output) == cli.DONE
    found = read_alignments(output)
    assert sorted(found) == NAMES and found[NAMES[0]][1] == Word("KIDS", 0.1, 0.3)
    assert "4 of 4 recordings aligned" in capsys.readouterr().out
    assert (output / "problems.csv").read_text() == "id,problem,detail\n"


def test_problems_are_counted_told_and_kept_apart(ravdess, decoder, tmp_path, capsys):
    outcomes, _ = decoder
    outcomes[NAMES[0]] = Done(NAMES[0], None, work.NOT_ALIGNED, 'kids, "are"')
    outcomes[NAMES[2]] = Done(NAMES[2], None, work.NOT_IN_DICTIONARY, "xyzzy plugh xyzzy")
    assert align(ravdess, tmp_path / "out") == cli.FAILED
    shown = capsys.readouterr().out
    assert "2 of 4 recordings aligned" in shown and f"1 not aligned, such as {NAMES[0]}: kids, " in shown
    assert "most frequent unknown words: xyzzy (2), plugh (1)" in shown
    with (tmp_path / "out" / "problems.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[1:] == [
        [NAMES[0], "not aligned", 'kids, "are"'],
        [NAMES[2], "words not in the dictionary", "xyzzy plugh xyzzy"],
    ]


def test_a_stopped_run_goes_on(ravdess, decoder, tmp_path, capsys):
    outcomes, asked = decoder
    outcomes[NAMES[2]] = KeyboardInterrupt()
    assert align(ravdess, tmp_path / "out") == cli.INTERRUPTED
    assert "2 of 4 recordings are done and kept" in capsys.readouterr().err
    outcomes.clear(), asked.clear()
    assert align(ravdess, tmp_path / "out") == cli.DONE
    assert asked == NAMES[2:] and "2 of 4 alignments are there already" in capsys.readouterr().out


def test_a_folder_holds_alignments_of_one_kind(ravdess, decoder, tmp_path, capsys):
    assert align(ravdess, tmp_path / "out") == cli.DONE
    assert align(ravdess, tmp_path / "out", "--recognise") == cli.BAD_INPUT
    assert "holds alignments with words of the transcripts, not recognised" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.wdseg").write_text(render(TOKENS))
    assert align(ravdess, tmp_path / "other") == cli.BAD_INPUT
    assert "holds a.wdseg, which this did not make" in capsys.readouterr().err
    (tmp_path / "out" / ".align.json").write_text("[")
    assert align(ravdess, tmp_path / "out") == cli.BAD_INPUT
    assert "is damaged" in capsys.readouterr().err


def test_empty_recognitions_are_told_also_by_a_later_run(ravdess, decoder, tmp_path, capsys):
    outcomes, _ = decoder
    outcomes[NAMES[1]] = Done(NAMES[1], (Token("<sil>", 0, 9),), work.NOTHING_RECOGNISED)
    for _ in range(2):
        assert align(ravdess, tmp_path / "out", "--recognise") == cli.DONE
        shown = capsys.readouterr().out
        assert f"1 no word recognised, such as {NAMES[1]}" in shown and "needs jiwer" in shown
        assert NAMES[1] in (tmp_path / "out" / "problems.csv").read_text()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--corpus", "emodb"], "is German, and the model of ser-tf align knows only English"),
        (["--workers", "0"], "--workers 0: at least one is needed"),
        (["--dictionary", "nowhere.dict"], "nowhere.dict: cannot be read"),
    ],
)
def test_bad_usage_is_one_line(ravdess, decoder, tmp_path, capsys, flags, problem):
    assert align(ravdess, tmp_path / "out", *flags) == cli.BAD_INPUT
    shown = capsys.readouterr()
    assert problem in shown.err and shown.err.count("\n") == 1 and shown.out == ""


def test_a_corpus_without_transcripts_is_told_to_recognise(decoder, tmp_path, capsys):
    soundfile.write(tmp_path / "a.wav", np.zeros(1600), 16_000)
    (tmp_path / "own.csv").write_text("file,speaker,emotion\na.wav,x,angry\n")
    argv = ["--corpus", "table", "--corpus-root", str(tmp_path / "own.csv"), "--output", str(tmp_path / "out")]
    assert cli.status_of(command.main, argv) == cli.BAD_INPUT
    assert "table has no transcript; --recognise finds the words without" in capsys.readouterr().err


def test_without_the_extra_one_line_says_how_to_install_it(ravdess, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(extra.importlib.util, "find_spec", lambda name: None)
    assert align(ravdess, tmp_path / "out") == cli.BAD_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "needs pocketsphinx" in error and 'pip install "ser_tf[asr]"' in error
    assert not (tmp_path / "out").exists()
    with pytest.raises(SettingError, match="needs jiwer"):
        extra.require("a word error rate", "jiwer")


def test_a_record_says_how_alignments_were_made(tmp_path):
    folder = Folder(tmp_path / "out")
    folder.begin({"corpus": "ravdess", "words": "recognised"})
    assert json.loads((tmp_path / "out" / ".align.json").read_text())["words"] == "recognised"
    folder.begin({"corpus": "ravdess", "words": "recognised"})
    with pytest.raises(SettingError, match="with corpus ravdess, not crema_d"):
        folder.begin({"corpus": "crema_d", "words": "recognised"})
