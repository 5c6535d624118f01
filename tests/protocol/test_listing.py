"""What `--list` prints in a narrow terminal."""

import dataclasses
import io

import pytest
from rich.console import Console

from ser_tf import papers
from ser_tf.protocol import listing

TABLES = [(key, table.number) for key in papers.keys() for table in papers.load(key).tables]


@pytest.mark.parametrize(("key", "number"), TABLES)
def test_at_80_columns_no_name_is_cut_or_broken(key, number):
    paper = papers.load(key)
    table = paper.table(number)
    output = Console(width=80, file=io.StringIO())
    listing.print_list(output, paper, table, table.rows, paper.ledger)
    shown = output.file.getvalue()
    names = {line.split("│")[1].strip() for line in shown.splitlines() if line.count("│") > 1}
    assert {row.key for row in table.rows} <= names
    assert {field.name for field in dataclasses.fields(paper.ledger)} <= names
    assert "…" not in shown and max(map(len, shown.splitlines())) <= 80
