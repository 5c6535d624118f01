"""Every table's script, as a smoke run on a tiny corpus: the files that it promises, to the letter."""

import csv
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from ser_tf import cli, papers
from ser_tf.protocol.folds import sha256_of
from ser_tf.protocol.paper import DataTable
from ser_tf.protocol.results import FoldResult

pytestmark = pytest.mark.slow  # it trains

NAMES = sorted(path.stem for path in (Path(__file__).parents[1] / "experiments").glob("*_table*.py"))
SUMMARY = ("experiment", "corpus", "task", "seeds", "smoke", "rows", "claims", "assumptions", "leaks", "seconds")
ROW = ("key", "label", "published", "wa", "ua", "folds", "verdict")
ACCURACY = {"fold_mean", "fold_std", "pooled", "ci95"}
CLAIM = ("text", "better", "worse", "metric", "difference", "ci95", "p_value", "verdict")


def _table(name):
    """The page's paper and table, and its `main`; a table that shows data and trains nothing has its own test."""
    key, _, number = name.partition("_table")
    paper = papers.load(key)
    table = paper.table(int(number))
    if isinstance(table, DataTable):
        pytest.skip(f"{name} trains nothing")
    return paper, table, importlib.import_module(f"experiments.{name}").main


@pytest.fixture(scope="module", params=NAMES)
def ran(request, emodb, emodb_root, tmp_path_factory):
    """The paper, the table, the exit status, the output folder and the table's folder."""
    paper, table, main = _table(request.param)
    task = paper.task(paper.ledger)
    if not task.select(emodb):
        pytest.skip(f"task {task.name} finds no utterance of the tiny corpus (styles {task.styles or 'all'})")
    output = tmp_path_factory.getbasetemp() / paper.key  # tables of one paper share what they train
    argv = ["--smoke", "--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output)]
    fold = paper.folds(task.select(emodb), paper.ledger, 0)[0].name
    status = cli.status_of(main, [*argv, "--workers", "1", "--folds", fold])
    return paper, table, status, output, output / request.param / "emodb"


def test_there_are_tables():
    assert {"mirsamadi2017_table2", "mirsamadi2017_table3"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_list_names_every_row_and_assumption(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paper, table, main = _table(name)
    assert paper.experiment(table) == name
    assert cli.status_of(main, ["--list"]) == 0
    shown = capsys.readouterr().out
    assert all(row.key in shown for row in table.rows)
    assert all(key in shown for key in vars(paper.ledger))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_docstring_gives_the_command(name):
    text = importlib.import_module(f"experiments.{name}").__doc__
    assert f"python -m experiments.{name}" in text


def test_it_finishes_and_its_summary_has_every_key(ran):
    paper, table, status, _, folder = ran
    assert status == 0
    text = (folder / "summary.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    summary = json.loads(text)
    assert tuple(summary)[: len(SUMMARY)] == SUMMARY
    assert summary["experiment"] == paper.experiment(table) and summary["corpus"] == "emodb" and summary["seeds"] == [0]
    assert summary["smoke"] is True and summary["seconds"] > 0 and isinstance(summary["leaks"], list)
    assert summary["assumptions"] == json.loads(json.dumps(vars(paper.ledger)))
    assert [row["key"] for row in summary["rows"]] == [row.key for row in table.rows]
    for row, system in zip(summary["rows"], table.rows, strict=True):
        assert tuple(row)[: len(ROW)] == ROW
        assert row["published"] is None or row["published"].keys() >= {"wa", "ua"}
        assert row["label"] == system.label and row["status"] in ("run", "cited", "left out")
        for metric in ("wa", "ua"):
            assert row[metric].keys() == ACCURACY and len(row[metric]["ci95"]) == 2
        if row["status"] == "run":
            assert row["verdict"] == "smoke" and len(row["folds"]) == 1
            assert all(0 <= row[metric]["pooled"] <= 1 for metric in ("wa", "ua"))
    keys = {row["key"] for row in summary["rows"]}
    for claim in summary["claims"]:
        assert tuple(claim)[: len(CLAIM)] == CLAIM
        assert claim["kind"] == "measurement" or {claim["better"], claim["worse"]} <= keys
        assert claim["verdict"] == "smoke" or claim["difference"] is None
    assert summary["pairwise"] is None, "a smoke run compares no rows"
    ran_here = {row["key"] for row in summary["rows"] if row["status"] == "run"}
    measured = [claim for claim in table.measured if claim.row in ran_here]
    assert len(summary["claims"]) == len(table.claims) + len(measured)
    for claim, entry in zip(measured, summary["claims"][len(table.claims) :], strict=True):
        assert (entry["text"], entry["kind"], entry["metric"]) == (claim.text, "measurement", claim.name)
        assert entry["value"] is not None and (entry["compared_with"] is None) == (claim.compared_with is None)


def test_tables_and_confusion_matrices(ran):
    _, table, _, _, folder = ran
    summary = json.loads((folder / "summary.json").read_text())
    with open(folder / "table.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) >= len(table.rows)
    assert "emodb" in (folder / "table.md").read_text() and "tabular" in (folder / "table.tex").read_text()
    for row in summary["rows"]:
        picture = folder / f"confusion_{row['key']}.png"
        assert picture.is_file() == (row["status"] == "run")
        if row["status"] == "run":
            assert min(image.imread(picture).shape[:2]) > 200
            assert np.sum(row["confusion"]) == len(_predictions(folder, row["key"]))


def _predictions(folder, row):
    """Test utterances of one row by the fold results that the manifest names."""
    manifest = json.loads((folder / "manifest.json").read_text())
    files = [folder.parents[1] / one["file"] for one in manifest["results"]]
    (path,) = [path for path in files if path.parent.name == row]
    return json.loads(path.read_text())["utterances"]


def test_manifest_and_leaks(ran):
    _, _, _, output, folder = ran
    manifest = json.loads((folder / "manifest.json").read_text())
    for fold in manifest["folds"].values():
        assert fold.keys() == {"train", "validation", "test"}
        assert all(part["sha256"] == sha256_of(part["utterances"]) for part in fold.values())
    for one in manifest["results"]:
        assert FoldResult.from_json((output / one["file"]).read_text()).digest == one["record"]
    leaks = json.loads((folder / "leaks.json").read_text())
    assert leaks.keys() == {"cross_corpus", "found", "checks"} and leaks["cross_corpus"] is None
    against = {check["against"].split()[0] for check in leaks["checks"]}
    assert {"train", "validation"} <= against
    read = [check for check in leaks["checks"] if " of " in check["against"]]
    assert read and all(check["shared"] == 0 for check in read), "something was fitted or selected on test utterances"
