"""The README's results are those of committed summaries."""

import re
from pathlib import Path

import pytest

from ser_tf.evaluation import markdown, older

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"[+-]?\d+\.\d+( \(.*\))?( \[[^]]*\])?")


def cells(text):
    """The cells of Markdown tables that hold a number, each with its row's first cell."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {(row[0], cell) for row in rows for cell in row[1:] if NUMBER.fullmatch(cell)}


@pytest.fixture(scope="module")
def committed():
    """The cells of all committed tables, written anew from their summaries."""
    paths = sorted((ROOT / "experiments" / "results").rglob("summary.json"))
    assert paths
    return set().union(*(cells(markdown.to_markdown(older.read_summary(path))) for path in paths))


def test_numbers_of_the_readme_are_in_a_committed_summary(committed):
    shown = cells((ROOT / "README.md").read_text())
    assert len(shown) > 10
    assert shown <= committed
