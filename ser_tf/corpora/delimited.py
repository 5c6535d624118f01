"""Reading delimited text (CSV, TSV) with a header, where rows know their line and every defect is a one-line error."""

import csv
import dataclasses
import io
from collections.abc import Iterator, Mapping, Sequence

from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError


@dataclasses.dataclass(frozen=True)
class Row:
    """One row below the header.

    Attributes:
        place: File and line at which the row begins, for messages.
        values: The fields by the names of their columns, without surrounding white space.
    """

    place: str
    values: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Delimited:
    """A parsed file.

    Attributes:
        place: File and line of the header, for messages.
        header: The names of the columns, in order.
        rows: All rows that are not empty.
    """

    place: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]


def parse(content: str, source: str, delimiter: str = ",", first_line: int = 1) -> Delimited:
    """Parses delimited text; fields may be quoted with `"` and then hold delimiters and line ends.

    Args:
        content: Content of the file.
        source: The file, for messages.
        delimiter: One character.
        first_line: Number of the first line of `content` in the file, for messages.

    Raises:
        CorpusError: no header, a column name that occurs twice, a row with more or fewer fields than the header, broken
            quoting, or a field too large for the reader; names `source` and the line.
    """
    records = _records(content, source, delimiter, first_line)
    header_place, header = next(records, (f"{source}:{first_line}", []))
    if not any(header):
        raise CorpusError(f"{header_place}: the file has no header")
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise CorpusError(f"{header_place}: column {shown(twice[0])} occurs twice")
    rows = []
    for place, fields in records:
        if len(fields) != len(header):
            raise CorpusError(f"{place}: the row has {len(fields)} fields, the header {len(header)}")
        rows.append(Row(place, dict(zip(header, fields, strict=True))))
    return Delimited(header_place, tuple(header), tuple(rows))


def _records(content: str, source: str, delimiter: str, first_line: int) -> Iterator[tuple[str, list[str]]]:
    """Yields place and fields of each row that is not blank, including the header."""
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    while True:
        place = f"{source}:{reader.line_num + first_line}"
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CorpusError(f"{place}: {_in_words(error)}") from None
        if any(field.strip() for field in fields):
            yield place, [field.strip() for field in fields]


def _in_words(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a field is longer than {csv.field_size_limit():,} characters"
    if "end of data" in str(error):
        return "a quotation mark opens in this row and is never closed"
    return f"broken quoting ({error})"


def require(table: Delimited, columns: Sequence[str]) -> None:
    """Checks that a file has some columns.

    Raises:
        CorpusError: one is missing; names the file and the column.
    """
    if missing := sorted(set(columns) - set(table.header)):
        raise CorpusError(f"{table.place}: has no column {', '.join(repr(name) for name in missing)}")
