"""Files that hold a table: CSV and TSV with any common separator, and Parquet where a library for it is installed."""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ser_tf.corpora import delimited, plain_text
from ser_tf.corpora.delimited import Delimited, Row
from ser_tf.corpora.table_columns import recognised
from ser_tf.errors import CorpusError

SEPARATORS = (",", ";", "\t", "|")
PARQUET = (".parquet", ".pq")

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class _ArrowTable(Protocol):
    column_names: Sequence[str]

    def to_pylist(self) -> list[dict[str, object]]:
        """Rows as Python values."""


def read(path: Path, mapping: Mapping[str, str]) -> Delimited:
    """Reads a table.

    The separator of a text file is the one that makes most column names of its header understood, or that which a
    first line `sep=;` of a spreadsheet program names.

    Args:
        path: A Parquet file by its suffix, otherwise delimited text in UTF-8 or with a byte order mark.
        mapping: The user's own names of columns, as from `table_columns.parse_mapping`.

    Raises:
        CorpusError: the file cannot be read or is broken; names it and the line.
    """
    if path.suffix.lower() in PARQUET:
        return _read_parquet(path)
    try:
        content = plain_text.read(path)
    except CorpusError as error:
        advice = "; save the table as UTF-8" if " text at byte " in str(error) else ""
        raise CorpusError(f"{error}{advice}") from None
    first_line, _, rest = content.partition("\n")
    if named := _SEPARATOR_LINE.fullmatch(first_line.strip()):
        return delimited.parse(rest, str(path), named[1], first_line=2)
    return delimited.parse(content, str(path), _separator(content, mapping))


def _separator(content: str, mapping: Mapping[str, str]) -> str:
    header = next((line for _, line in plain_text.numbered_lines(content) if line.strip()), "")

    def understood(separator: str) -> int:
        try:
            fields = next(csv.reader([header], delimiter=separator), [])
        except csv.Error:
            return 0
        return len(recognised(fields, mapping))

    return max(SEPARATORS, key=understood)


def _read_parquet(path: Path) -> Delimited:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CorpusError(f"{path}: reading Parquet needs pyarrow; install it (pip install pyarrow)") from None
    try:
        table: _ArrowTable = pyarrow.parquet.read_table(path)
        records = table.to_pylist()
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = plain_text.shown(" ".join(str(error).split()))
        raise CorpusError(f"{path}: not a Parquet file that can be read ({reason})") from None
    header = tuple(str(name) for name in table.column_names)
    rows = tuple(
        Row(f"{path}: row {number}", {name: _as_text(value) for name, value in record.items()})
        for number, record in enumerate(records, 1)
    )
    return Delimited(str(path), header, rows)


def _as_text(value: object) -> str:
    """A value as a CSV file would have it; empty for a missing one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, list):
        return ";".join(_as_text(item) for item in value)
    return str(value).strip()
