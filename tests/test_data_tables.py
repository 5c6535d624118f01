"""The tables that show data and train nothing: flags and files of every table, and what a smoke run says of itself."""

import csv
import importlib
import json

import pytest

from ser_tf import cli, papers
from ser_tf.protocol.paper import DataTable
from tests.corpora import trees
from tests.test_experiments import ACCURACY, NAMES, ROW, SUMMARY

TABLES = {"ando2019_table1": "crema_d", "lee2020_table1": "emodb"}
TRAINING = ["--seeds", "1", "2", "--workers", "1", "--executor", "local", "--folds", "any", "--keep-models"]


def _table(name):
    key, _, number = name.partition("_table")
    paper = papers.load(key)
    return paper, paper.table(int(number))


def run(name, root, output, *flags):
    """The exit status and the folder of results."""
    corpus = TABLES[name]
    argv = ["--corpus", corpus, "--corpus-root", str(root), "--output", str(output), *flags]
    main = importlib.import_module(f"experiments.{name}").main
    return cli.status_of(main, argv), output / name / corpus


@pytest.fixture(params=TABLES)
def name(request):
    return request.param


@pytest.fixture
def root(name, tmp_path):
    return trees.BUILDERS[TABLES[name]](tmp_path / "corpus")


def test_these_are_the_tables_that_train_nothing():
    assert set(TABLES) == {name for name in NAMES if isinstance(_table(name)[1], DataTable)}


@pytest.mark.parametrize("smoke", [False, True])
def test_files_and_keys_are_those_of_every_table(name, root, tmp_path, capsys, smoke):
    status, folder = run(name, root, tmp_path / "out", *TRAINING, *["--smoke"] * smoke)
    assert status == 0
    assert {path.name for path in folder.iterdir()} == {"summary.json", "table.md", "table.csv", "table.tex"}
    summary = json.loads((folder / "summary.json").read_text())
    assert tuple(summary)[: len(SUMMARY)] == SUMMARY
    assert (summary["seeds"], summary["smoke"]) == ([1, 2], smoke) and summary["leaks"] == summary["claims"] == []
    paper, table = _table(name)
    assert summary["assumptions"] == json.loads(json.dumps(vars(paper.ledger)))
    assert [row["key"] for row in summary["rows"]] == [row.key for row in table.rows]
    for row in summary["rows"]:
        assert tuple(row)[: len(ROW)] == ROW and row["wa"].keys() == row["ua"].keys() == ACCURACY
        assert row["verdict"] in ("smoke" if smoke else "other corpus", "cited")
    shown = capsys.readouterr().out
    for text in (shown, (folder / "table.md").read_text(), (folder / "table.tex").read_text()):
        assert ("Smoke run" in text) == smoke and "not the paper's corpus" in " ".join(text.split())
        assert all(line[-1] in text for row in summary["rows"] for line in row["lines"] if line[-1].isalnum())
    with open(folder / "table.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == sum(len(row["lines"]) for row in summary["rows"])
    assert {line["smoke"] for line in lines} == {str(smoke).lower()}


def test_rows_assumptions_and_list(name, root, tmp_path, capsys):
    paper, table = _table(name)
    last = table.rows[-1].key
    status, folder = run(name, root, tmp_path / "out", "--rows", last, "--set", "max_epochs=3")
    summary = json.loads((folder / "summary.json").read_text())
    assert status == 0 and [row["key"] for row in summary["rows"]] == [last]
    assert summary["assumptions"]["max_epochs"] == 3
    capsys.readouterr()
    status, folder = run(name, root, tmp_path / "new", "--list")
    shown = capsys.readouterr().out
    assert status == 0 and not (tmp_path / "new").exists()
    assert all(row.key in shown for row in table.rows) and all(key in shown for key in vars(paper.ledger))


@pytest.mark.parametrize(
    "flags",
    [("--rows", "svm"), ("--seeds", "0", "0"), ("--workers", "0"), ("--set", "bin=3"), ("--fast",)],
    ids=lambda flags: flags[0],
)
def test_bad_usage_is_one_line(name, root, tmp_path, capsys, flags):
    status, folder = run(name, root, tmp_path / "out", *flags)
    assert status == cli.BAD_INPUT and not folder.exists()
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ") and " ".join(flags) in line
