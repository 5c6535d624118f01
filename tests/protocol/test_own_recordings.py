"""The user's own recordings as the corpus of any table: a file that lists them, its columns, its classes."""

import csv
import json

import pytest

from ser_tf import cli, corpora
from ser_tf.protocol import models
from tests.protocol import toy


@pytest.fixture
def table(emodb_root, tmp_path):
    """The tiny EmoDB as a user would list it, and the flags that read it."""
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["datei", "spk", "emo", "sex"])
        for one in corpora.load("emodb", emodb_root).utterances:
            lines.writerow([one.path.name, one.speaker, one.label, one.gender])
    flags = ["--corpus", "table", "--corpus-root", path, "--audio-root", emodb_root / "wav"]
    return [*flags, "--columns", "path=datei", "speaker=spk", "label=emo"]


def _run(tmp_path, *flags):
    argv = [*flags, "--output", tmp_path / "runs", "--workers", "1"]
    return cli.status_of(toy.main("centroids", "network"), [str(one) for one in argv])


def _posteriors(tmp_path, corpus):
    return {
        (path.name, one["id"]): one["posteriors"]
        for path in (tmp_path / "runs" / "toy2000" / corpus / "folds" / "centroids").glob("*.json")
        for one in json.loads(path.read_text())["utterances"]
    }


def test_a_table_gives_what_the_corpus_gives(table, emodb_root, tmp_path):
    corpus = ["--corpus", "emodb", "--corpus-root", emodb_root]
    for flags in (table, corpus):
        assert _run(tmp_path, *flags, "--rows", "centroids") == 0
    own, known = _posteriors(tmp_path, "table-mine"), _posteriors(tmp_path, "emodb")
    assert own == known and len(own) > 20


def test_classes_of_the_users_own(table, tmp_path, capsys):
    assert _run(tmp_path, *table, "--rows", "centroids", "--classes", "fröhlich", "anger") == 0
    summary = json.loads(next((tmp_path / "runs").glob("*/table-mine/summary.json")).read_text())
    assert {name for row in summary["rows"] for name in row.get("recall", {})} <= {"happy", "angry"}
    assert "2 classes" in " ".join(capsys.readouterr().out.split())
    assert _run(tmp_path, *table, "--classes", "happy") == cli.BAD_INPUT
    assert "--classes: at least two are needed" in capsys.readouterr().err


def test_a_kept_model_finds_its_corpus_again(table, tmp_path, emodb_root):
    assert _run(tmp_path, *table, "--rows", "network", "--keep-models", "--smoke") == 0
    card = json.loads(next((tmp_path / "runs").rglob("models/**/*.json")).read_text())
    assert {one.path.parent for one in models.corpus_of(card).utterances} == {emodb_root / "wav"}


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--columns", "speaker"], "--columns 'speaker': expected OURS=THEIRS"),
        (["--columns", "speaker=nobody"], "nobody"),
        (["--audio-root", "nowhere"], "nowhere: no such folder"),
        (["--corpus-root", "nothing.csv"], "nothing.csv: no such file"),
        (["--corpus", "emodb", "--corpus-root", "."], "emodb takes neither --audio-root nor --columns"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_bad_usage_is_one_line(table, tmp_path, capsys, flags, reason):
    assert _run(tmp_path, *table, *flags) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ") and reason in line
