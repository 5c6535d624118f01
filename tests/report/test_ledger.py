"""The ledger of the page: every assumption with its value, the changed ones marked."""

import pytest

from ser_tf import papers
from ser_tf.protocol import ledger
from ser_tf.report import known
from ser_tf.report.grids import sort_key
from tests.report import runs
from tests.report.parsed import page_of

ENTRIES = ledger.entries(papers.load("mirsamadi2017").ledger)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    summary = runs.summary_of()
    del summary["assumptions"]["window"]
    summary["assumptions"]["gone"] = 3
    runs.write_table(root, summary)
    return page_of(root)[0]


def test_every_assumption_is_there_with_its_reason_and_the_changed_are_marked(page):
    table = page.table("What the paper does not state")
    assert [row[0].removesuffix(" changed") for row in table.rows] == [entry.key for entry in ENTRIES]
    assert table.column("Why") == [" ".join(entry.why.split()) for entry in ENTRIES]
    marked = {
        row[0].split()[0]: row[2] for row, kind in zip(table.rows, table.classes, strict=True) if kind == "marked"
    }
    assert marked == {"svm_c": "4.0 (Table 3 on emodb)", "happy_includes_excited": "true (Table 3 on emodb)"}
    defaults = dict(zip((row[0].split()[0] for row in table.rows), table.column("Default"), strict=True))
    assert defaults["stopping"] == "speaker or utterances, none"
    assert defaults["svm_c"] == "1.0 number, at least 1e-09" and defaults["happy_includes_excited"] == "false or true"


def test_the_ledger_says_default_only_where_a_table_recorded_it(page):
    table = page.table("What the paper does not state")
    used = dict(zip((row[0].split()[0] for row in table.rows), table.column("Used here"), strict=True))
    assert used["window"] == "not recorded" and used["stopping"] == "default"


def test_a_table_shows_what_it_changed_and_what_the_ledger_has_gained_and_lost(page):
    table = page.table("Assumptions that differ from the ledger's defaults")
    assert {row[0].split()[0]: (row[1], row[2]) for row in table.rows} == {
        "svm_c": ("4.0", "1.0"), "happy_includes_excited": ("true", "false")
    }  # fmt: skip
    assert "Not recorded, added to the ledger since: window." in page.text
    assert "Recorded, and no longer in the ledger: gone = 3." in page.text


@pytest.mark.parametrize(("text", "number"), [
    ("–", ""), ("56.4", "56.4"), ("+2.3", "2.3"), ("-10.0", "-10"), ("<0.001", "0.001"), ("56.4 ± 2.1", "56.4"),
    ("22 s", "22"), ("5 min", "300"), ("1.2 h", "4320"), ("12–40 (best 9)", "12"), ("1,301", "1301"), ("?", ""),
])  # fmt: skip
def test_numbers_sort_as_numbers(text, number):
    assert sort_key(text, "number") == number


def test_a_paper_that_cannot_be_loaded_costs_a_line(monkeypatch):
    problems = []
    assert known.load_paper("compare", problems) is None and problems == []
    monkeypatch.setattr(papers, "load", lambda key: papers.no_such_name)
    assert known.load_paper("mao2020", problems) is None
    assert len(problems) == 1 and problems[0].startswith("paper mao2020: cannot be loaded")


def test_all_papers_here_can_be_loaded():
    for key in papers.keys():
        problems = []
        assert known.load_paper(key, problems) is not None and problems == []
