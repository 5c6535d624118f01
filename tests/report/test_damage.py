"""Damaged, half-written and hostile files: one line each, and the rest is shown."""

import json
import shutil

import pytest

from ser_tf import cli
from ser_tf.report import command
from tests.report import runs
from tests.report.parsed import page_of

OTHER = "mirsamadi2017_table2/emodb"
HOSTILE = "<script>hacked=1</script>\"'><img src=x onerror=hacked=1>&amp;{{ 7 * 7 }}</table>"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    runs.write_table(root)
    runs.write_table(root, runs.summary_of(experiment="mirsamadi2017_table2"), OTHER)
    return root


@pytest.fixture
def root(whole, tmp_path):
    """Two tables, the second of which tests damage."""
    return shutil.copytree(whole, tmp_path / "runs")


def report(root, capsys):
    """Exit status, what the terminal shows on both streams, and the page."""
    status = cli.status_of(command.main, [str(root), "--output", str(root / "report.html")])
    out, err = capsys.readouterr()
    page = (root / "report.html").read_text() if (root / "report.html").exists() else ""
    return status, out, err, page


def cut(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def changed(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


SUMMARIES = {
    "half": cut,
    "empty": lambda path: path.write_text(""),
    "binary": lambda path: path.write_bytes(b"\xff\xfe\x00"),
    "not an object": lambda path: path.write_text("[]"),
    "rows of another kind": lambda path: changed(path, rows=5),
    "a row without its values": lambda path: changed(path, rows=[{"key": "a"}]),
    "no name": lambda path: changed(path, experiment=None),
    "other classes than its matrices": lambda path: changed(path, classes=["angry"]),
    "duration in words": lambda path: changed(path, seconds="long"),
    "infinitely nested": lambda path: path.write_text("[" * 100_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", SUMMARIES)
def test_a_damaged_summary_costs_its_table_only(root, capsys, damage):
    SUMMARIES[damage](root / OTHER / "summary.json")
    status, out, err, page = report(root, capsys)
    assert status == cli.DONE and out.startswith(str(root / "report.html")) and ": 1 table, " in out
    (line,) = err.splitlines()
    assert line.startswith(OTHER)
    assert page.count("<li>mirsamadi2017_table2/emodb") == 1
    assert "Results: Table 3 on emodb" in page and "Results: Table 2 on emodb" not in page


@pytest.mark.parametrize("name", ["sweep.json", "leaks.json", "manifest.json", "fig2.png", "sweep.png"])
@pytest.mark.parametrize("damage", [cut, lambda path: path.write_text("{}"), lambda path: path.write_text("")])
def test_damage_beside_the_summary_costs_that_file_only(root, capsys, name, damage):
    damage(root / OTHER / name)
    status, out, err, page = report(root, capsys)
    harmless = name == "manifest.json" and (root / OTHER / name).read_text() == "{}"
    assert status == cli.DONE and ": 2 tables, " in out
    assert [line.startswith(f"{OTHER}/{name}: damaged") for line in err.splitlines()] == [True] * (not harmless)
    assert "Results: Table 2 on emodb" in page


def test_a_damaged_fold_result_is_named_once_though_two_tables_use_it(root, capsys):
    name = "mirsamadi2017/emodb/folds/svm_full/Ses01-seed0.json"
    cut(root / name)
    status, _, err, page = report(root, capsys)
    assert status == cli.DONE and len(err.splitlines()) == 1 and err.startswith(f"{name}: damaged")
    assert "Made from 2 fold results, 2 of which are not in this folder." in page


def test_fold_results_that_changed_after_the_table_are_counted(root):
    name = "mirsamadi2017/emodb/folds/svm_full/Ses01-seed0.json"
    (root / name).write_text(runs.fold_result(code="other").to_json())
    assert page_of(root)[0].text.count("1 of them changed after the table was made") == 2


def test_a_table_without_summary_is_named(root, capsys):
    (root / OTHER / "summary.json").unlink()
    _, _, err, page = report(root, capsys)
    assert err.startswith(f"{OTHER}: no summary.json") and len(err.splitlines()) == 1
    assert f"<li>{OTHER}: no summary.json" in page


def test_fold_results_without_a_table_are_counted(root):
    folds = root / "mao2020" / "casia" / "folds" / "feature"
    folds.mkdir(parents=True)
    for name in ("f1-seed0.json", "f2-seed0.json", "f1-seed0.older-1.json"):
        (folds / name).write_text("{}")
    page, made = page_of(root)
    assert "mao2020 on casia: 2 fold results, but no table yet." in page.text and len(made.unfinished) == 1


@pytest.mark.parametrize("content", ["nothing", "damaged", "unfinished", "no folder"])
def test_nothing_to_report_is_one_line_and_status_2(whole, tmp_path, capsys, content):
    root = tmp_path / "runs"
    if content != "no folder":
        root.mkdir()
    if content == "damaged":
        shutil.copytree(whole / runs.PLACE, root / runs.PLACE)
        cut(root / runs.PLACE / "summary.json")
    if content == "unfinished":
        (root / "mao2020/casia/folds/feature").mkdir(parents=True)
        (root / "mao2020/casia/folds/feature/f1-seed0.json").write_text("{}")
    status, out, err, page = report(root, capsys)
    assert (status, out, page) == (cli.BAD_INPUT, "", "") and len(err.splitlines()) == 1
    said = {
        "nothing": "nothing to report: no <experiment>/<corpus>/summary.json", "no folder": "no such folder",
        "damaged": "nothing to report: mirsamadi2017_table3/emodb: damaged",
        "unfinished": "1 fold result, but no table",
    }  # fmt: skip
    assert said[content] in err


def test_a_page_that_cannot_be_written_is_one_line(root, capsys):
    (root / "report.html").mkdir()
    status = cli.status_of(command.main, [str(root), "--output", str(root / "report.html")])
    assert status == cli.BAD_INPUT and capsys.readouterr().err.startswith("error: cannot write")


def hostile_summary():
    """A summary in which every text is markup."""
    summary = runs.summary_of(leaks=[HOSTILE])
    for row in summary["rows"]:
        row |= {"label": HOSTILE, "note": HOSTILE, "verdict": HOSTILE, "key": HOSTILE + row["key"]}
    for claim in summary["claims"]:
        claim |= {"text": HOSTILE, "verdict": HOSTILE}
    return summary | {
        "corpus": HOSTILE, "title": HOSTILE, "corpus_note": HOSTILE, "warnings": [HOSTILE], "task": HOSTILE,
        "pairwise": None, "assumptions": {"window": HOSTILE, HOSTILE: HOSTILE}, "machine": {HOSTILE: HOSTILE},
        "code": {"commit": HOSTILE, "digest": HOSTILE}, "protocol": {"style": HOSTILE, "folds": HOSTILE},
    }  # fmt: skip


def write_hostile(root):
    """A folder in which texts of every file, and names, are markup."""
    folder = runs.write_table(root)
    (folder / "summary.json").write_text(json.dumps(hostile_summary()))
    for name in ("sweep.json", "leaks.json"):
        text = (folder / name).read_text()
        escaped = json.dumps(HOSTILE)[1:-1]
        (folder / name).write_text(text.replace('"SVM"', f'"{escaped}"').replace("hello there", escaped))
    named = HOSTILE.replace("/", "_")
    (folder / "fig2.png").rename(folder / f"{named}.png")
    runs.write_table(root, runs.summary_of(experiment=named), f"{named}/emodb")
    return root


def test_hostile_texts_stay_texts(tmp_path):
    page, made = page_of(write_hostile(tmp_path), HOSTILE)
    assert made.problems == ()
    assert page.count("script") == 1
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) > 30
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
