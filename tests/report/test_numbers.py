"""What the page says is what the summaries say."""

from pathlib import Path

import pytest

from ser_tf.evaluation import older
from ser_tf.evaluation.metrics import METRICS
from tests.report import runs
from tests.report.parsed import page_of

COMMITTED = Path(__file__).parents[2] / "experiments" / "results"
SUMMARIES = sorted(COMMITTED.glob("*/*/summary.json"))


def percent(value):
    return "–" if value is None else f"{100 * value:.1f}"


def with_interval(entry):
    low, high = entry["ci95"]
    return percent(entry["pooled"]) + ("" if low is None else f" [{percent(low)}, {percent(high)}]")


def name_of(summary):
    return f"Table {summary['experiment'].rpartition('_table')[2]} on {summary['corpus']}"


@pytest.fixture(scope="module")
def committed():
    return page_of(COMMITTED, "experiments/results")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    runs.write_table(root)
    return page_of(root)


def check_rows(page, summary, tables):
    """Every number and verdict of the main table, the recalls and the claims, by label."""
    main = next(table for table in tables if table.caption.startswith("Results: "))
    for row, cells in zip(summary["rows"], main.rows, strict=True):
        by = dict(zip(main.heads, cells, strict=True))
        assert (by["System"].split(" best")[0].removesuffix(" †"), by["Verdict"]) == (row["label"], row["verdict"])
        for key, metric in METRICS.items():
            assert by.get(f"{metric.name} ours", "–") == with_interval(row[key])
            stated = (row["published"] or {}).get(key)
            assert by.get(f"{metric.name} paper", "–").split(" ± ")[0] == percent(stated)
    claims = [table for table in tables if table.caption.startswith("Claims: ")]
    assert len(claims) == bool(summary["claims"])
    for claim, cells in zip(summary["claims"], claims[0].rows if claims else [], strict=True):
        by = dict(zip(claims[0].heads, cells, strict=True))
        assert (by["Claim"], by["Verdict"]) == (claim["text"], claim["verdict"])
        if claim["difference"] is not None:
            sides = (
                ""
                if claim.get("value") is None
                else "({:.1f} against {:.1f}) ".format(100 * claim["value"], 100 * claim["compared_with"])
            )
            assert by["Difference"].startswith(f"{100 * claim['difference']:+.1f} {sides}[")
    confusions = {table.caption.removesuffix(" †"): table for table in tables if table.heads[0] == r"true \ decided"}
    for row in summary["rows"]:
        if row["confusion"] is not None:
            shown = confusions[row["label"]]
            for name, cells in zip((cells[0].split()[0] for cells in shown.rows), shown.rows, strict=True):
                counts = dict(zip(summary["classes"], row["confusion"][summary["classes"].index(name)], strict=True))
                said = {head: int(cell.split()[-1]) for head, cell in zip(shown.heads[1:], cells[1:], strict=True)}
                assert said == {head: counts[head] for head in shown.heads[1:]}
                assert sum(counts.values()) == sum(said.values()) == int(cells[0].split()[-1])


def tables_of(page, headline, own):
    """The tables of one entry: from its main table on up to that of the next one."""
    start = next(
        place for place, table in enumerate(page.tables) if table.caption == f"Results: {headline}" and own(table)
    )
    rest = page.tables[start + 1 :]
    end = next((place for place, table in enumerate(rest) if table.caption.startswith("Results: ")), len(rest))
    return [page.tables[start], *rest[:end]]


@pytest.mark.parametrize("path", SUMMARIES, ids=lambda path: path.parent.relative_to(COMMITTED).as_posix())
def test_every_committed_number_is_on_the_page(committed, path):
    summary = older.read_summary(path)
    page, _ = committed
    labels = [row["label"] for row in summary["rows"]]
    columns = summary.get("columns")

    def own(table):
        shown = [row[0].split(" best")[0].removesuffix(" †") for row in table.rows]
        return [label for label in shown if label] == labels

    tables = tables_of(page, name_of(summary), own)
    if columns:
        lines = [line for row in summary["rows"] for line in row["lines"]]
        assert [row[1:-1] for row in tables[0].rows] == lines
    else:
        check_rows(page, summary, tables)


def test_nothing_of_the_committed_results_is_left_out(committed):
    page, report = committed
    assert report.problems == () and len(SUMMARIES) == sum(len(group.entries) for group in report.groups) >= 12
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    pictures = [path for path in COMMITTED.glob("*/*/*.png") if not path.stem.startswith("confusion_")]
    assert page.count("img") == len(pictures) and len(pictures) >= 6


def test_everything_of_a_run_is_on_the_page(run):
    page, report = run
    summary = runs.summary_of()
    assert report.problems == () and report.unfinished == ()
    check_rows(page, summary, tables_of(page, "Table 3 on emodb", lambda table: True))
    for text in (
        "The leak report found 1 issue", "text: 3 of 10", "hello there", "1.2 h", "processor x86, cores 2", "3.0 GiB",
        "c0ffee" * 6, "d1" * 32, "5a" * 32, "keras 3.15.0",
        "Made from 2 fold results, 1 of which are not in this folder.",
        "Protocol: 240 recordings in 4 classes", "S. Mirsamadi, E. Barsoum, C. Zhang",
        "Figure 2: Waveform and attention weights of utterances",
    ):  # fmt: skip
        assert text in page.text
    assert page.count("img") == 2


def test_a_sweep_is_shown_with_its_effects_in_the_ledger(run):
    page, _ = run
    sweep = page.table("Sweep of SVM, Table 3 on emodb")
    assert [row[0] for row in sweep.rows] == ["default", "svm_c = 0.5", "svm_c = 2.0"]
    assert sweep.column("UA")[2] == "–" and "svm_c = 2.0: out of memory" in page.text
    effect = sweep.column("UA difference")[1].split()[0]
    ledger = page.table("What the paper does not state")
    effects = dict(zip((row[0].split()[0] for row in ledger.rows), ledger.column("Measured effect on UA"), strict=True))
    assert effects.pop("svm_c") == f"0.5: {effect} (SVM, Table 3 on emodb)" and set(effects.values()) == {""}


def test_the_best_row_is_marked_only_where_it_is_significantly_better(run, tmp_path):
    marked = run[0].table("Results: Table 3 on emodb")
    assert marked.classes == ["", "best", ""] and marked.rows[1][0] == "Weighted pool best"
    runs.write_table(tmp_path, runs.summary_of(rows=[runs.ROWS[0], *runs.ROWS[2:]], claims=[]))
    page, _ = page_of(tmp_path)
    assert "none is marked as best" in page.text
    assert page.table("Results: Table 3 on emodb").classes == ["", ""]
    runs.write_table(tmp_path, runs.summary_of(pairwise_metric=None))
    assert page_of(tmp_path)[0].table("Results: Table 3 on emodb").classes == ["", "", ""]


def test_every_table_has_a_caption_and_scopes(committed, run):
    for page, _ in (committed, run):
        assert all(table.caption and set(table.scopes) <= {"row", "col"} for table in page.tables)
        assert all(table.scopes.count("col") == len(table.heads) for table in page.tables)


def test_headings_go_down_one_level_at_a_time(committed):
    page, _ = committed
    levels = [int(tag[1]) for tag, _ in page.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
