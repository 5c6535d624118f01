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


def test_two_tables_do_not_take_each_others_places(table, tmp_path):
    other = tmp_path / "other.csv"
    lines = (tmp_path / "mine.csv").read_text().splitlines()
    other.write_text("\n".join(lines[:60]) + "\n")
    for path in ("mine.csv", "other.csv"):
        flags = [*table, "--corpus-root", tmp_path / path, "--rows", "centroids", "--smoke"]
        assert _run(tmp_path, *flags) == 0
    places = sorted(path.name for path in (tmp_path / "runs" / "toy2000").iterdir())
    assert places == ["table-mine", "table-other"]
    summaries = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("toy2000_table1/*/summary.json")]
    assert [summary["corpus"] for summary in summaries] == ["table", "table"]
    assert not list((tmp_path / "runs").rglob("*.older-*"))


@pytest.fixture
def split(table, tmp_path):
    """The table with a column that names a set for each speaker."""
    path = tmp_path / "split.csv"
    with (tmp_path / "mine.csv").open(newline="") as file, path.open("w", newline="") as target:
        header, *lines = csv.reader(file)
        named = {"03": "dev", "08": "eval", "09": "eval"}
        csv.writer(target).writerows(
            [[*header, "partition"], *([*line, named.get(line[1], "train")] for line in lines)]
        )
    return [*table, "--corpus-root", path, "--rows", "centroids"]


def test_the_tables_own_split_is_one_fold(split, tmp_path, capsys):
    assert _run(tmp_path, *split, "--split", "column") == 0
    folder = tmp_path / "runs" / "toy2000_table1" / "table-split"
    manifest, summary = (json.loads((folder / name).read_text()) for name in ("manifest.json", "summary.json"))
    (fold,) = manifest["folds"].values()
    assert {one[:2] for one in fold["test"]["utterances"]} == {"08", "09"}
    assert {one[:2] for one in fold["validation"]["utterances"]} == {"03"}
    assert "--split" in summary["protocol"]["flags"] and summary["rows"][0]["folds"] == ["split"]
    assert "the table's own split column" in " ".join(capsys.readouterr().out.split())


def test_a_fixed_split_needs_a_split(table, tmp_path, capsys, emodb_root):
    assert _run(tmp_path, *table, "--split", "column") == cli.BAD_INPUT
    assert "have no split column" in capsys.readouterr().err
    other = ["--test-corpus", "emodb", "--test-corpus-root", emodb_root]
    assert _run(tmp_path, *table, "--split", "column", *other) == cli.BAD_INPUT
    assert "cannot be combined with --test-corpus" in capsys.readouterr().err


def test_one_corpus_trains_and_another_is_tested(table, tmp_path, emodb_root, capsys):
    """Here the same recordings under two names, so that the leak report has texts and nobody's voice to find."""
    flags = ["--corpus", "emodb", "--corpus-root", emodb_root, "--rows", "network"]
    mine = [f"--test-{flag[2:]}" if str(flag).startswith("--") else flag for flag in table]
    for normalise in ("source", "target"):
        assert _run(tmp_path, *flags, *mine, "--smoke", "--normalise", normalise) == 0
    folder = tmp_path / "runs" / "toy2000_table1" / "emodb-to-table-mine"
    summary, leaks = (json.loads((folder / name).read_text()) for name in ("summary.json", "leaks.json"))
    assert (summary["corpus"], summary["corpus_kind"]) == ("emodb-to-table", "other")
    said = "cross-corpus: trained on emodb, tested on table; features of table normalised by its own unlabelled"
    assert leaks["cross_corpus"].startswith(said) and said in (folder / "table.md").read_text()
    shown = " ".join(capsys.readouterr().out.split())
    assert "results made anew: 1 was made on other folds" in shown
    (fold,) = json.loads((folder / "manifest.json").read_text())["folds"].values()
    assert all(one.startswith("table-mine-") for one in fold["test"]["utterances"])
    assert {row["epochs"][0]["fold"] for row in summary["rows"] if row["status"] == "run"} == {"cross-corpus"}


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--normalise", "target"], "--normalise target: needs --test-corpus NAME"),
        (["--test-corpus-root", "x"], "--test-corpus-root: needs --test-corpus NAME"),
        (["--test-corpus", "ravdess"], "--test-corpus ravdess needs --test-corpus-root"),
        (["--test-corpus", "ravdess", "--normalise", "target", "--keep-models"], "--keep-models: a model normalises"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_flags_of_a_tested_corpus_that_do_not_go_together(table, tmp_path, capsys, flags, reason):
    assert _run(tmp_path, *table, *flags) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert reason in line
