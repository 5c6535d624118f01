"""The command line: one file that needs nothing else, made without TensorFlow."""

import re
import subprocess
import sys

import pytest

from ser_tf import __main__, cli
from ser_tf.report import command, pictures
from tests.report import runs
from tests.report.parsed import page_of

HEAVY = ("tensorflow", "keras", "sklearn", "librosa")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    runs.write_table(root)
    return root


def test_the_page_is_written_where_it_is_asked_for_the_same_each_time(root, tmp_path, capsys):
    pages = []
    for name in ("a.html", "b/c.html"):
        assert __main__.main(["report", str(root), "--output", str(tmp_path / name)]) == cli.DONE
        pages.append((tmp_path / name).read_bytes())
        out, err = capsys.readouterr()
        assert re.fullmatch(rf"{tmp_path / name}: 1 table, 0\.\d MB\n", out) and err == ""
    assert pages[0] == pages[1]


def test_a_folder_of_an_experiment_or_of_a_table_is_reported_like_the_whole(root):
    whole, _ = page_of(root)
    for path in (root / "mirsamadi2017_table3", root / runs.PLACE):
        page, report = page_of(path)
        assert report.problems == ()
        assert [table.rows for table in page.tables[1:]] == [table.rows for table in whole.tables[1:]]
        assert "3.0 GiB" in page.text


def test_nothing_comes_from_outside(root):
    page, _ = page_of(root)
    for tag, attributes in page.tags:
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), (tag, attributes)
    assert "url(" not in (command.rendering.TEMPLATES / "report.css").read_text()
    (policy,) = [given["content"] for _, given in page.tags if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_no_tensorflow_is_imported(root, tmp_path):
    lines = (
        f"from ser_tf.report import command; command.main([{str(root)!r}, '--output', {str(tmp_path / 'p.html')!r}]);"
    )
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys; {lines} print(sorted(set({HEAVY!r}) & set(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.splitlines()[-1] == "[]"


def test_pictures_are_carried_whole(root):
    path = root / runs.PLACE / "fig2.png"
    data, width, height = pictures.read_png(path)
    page, _ = page_of(root)
    shown = [
        attributes for tag, attributes in page.tags if tag == "img" and attributes["src"] == pictures.address(data)
    ]
    assert data == path.read_bytes() and len(shown) == 2  # the sweep's picture is the same
    assert (shown[0]["width"], shown[0]["height"]) == (str(width), str(height))
    assert all(attributes["alt"] for attributes in shown)


def test_matrices_are_drawn_from_counts_and_only_others_are_pictures(root, tmp_path):
    summary = runs.summary_of()
    for row in summary["rows"][:1]:
        row["confusion"] = None
    folder = runs.write_table(tmp_path, summary)
    (folder / "fig2.png").rename(folder / "confusion_lld_mean_pool.png")
    page, _ = page_of(tmp_path)
    captions = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert captions == [
        "Confusion matrix of Mean pool, Table 3 on emodb", "Effects of assumptions on UA, Table 3 on emodb"
    ]  # fmt: skip


def test_usage_is_one_line(capsys):
    assert cli.status_of(__main__.main, ["report"]) == cli.BAD_INPUT
    assert capsys.readouterr().err == "error: the following arguments are required: RUNS (see ser-tf report --help)\n"
    assert __main__.main([]) == cli.DONE
    assert "report " in capsys.readouterr().out
