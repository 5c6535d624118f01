import pytest

from ser_tf.evaluation.layout import Cell, Section, cell

SECTION = Section(
    "Heading",
    ("Name", "first", "two words", "third", "Verdict"),
    (
        (Cell("a label"), cell("1.0", "[0.1, 2.0]", ""), Cell("22"), Cell("3"), Cell("not in the paper")),
        (Cell("b"), Cell("1.0"), Cell("2"), Cell("3"), Cell("cited")),
    ),
    ("a note",),
)


def test_a_cell_has_no_empty_details():
    assert cell("1.0", "", "[0, 1]") == Cell("1.0", ("[0, 1]",))


@pytest.mark.parametrize(("place", "width"), [(0, 7), (1, 10), (2, 5), (3, 5), (4, 7)])
def test_a_column_is_as_wide_as_its_widest_line_where_heads_and_verdicts_break(place, width):
    assert SECTION.width(place) == width


def test_a_section_that_has_room_stays_whole():
    assert SECTION.chunks(10 + 5 + 5 + 7 + 4 * 2, 2) == [SECTION]


@pytest.mark.parametrize(
    ("room", "columns"),
    [
        (34, [["first", "two words"], ["third", "Verdict"]]),
        (19, [["first", "two words"], ["third", "Verdict"]]),
        (18, [["first"], ["two words"], ["third"], ["Verdict"]]),
        (1, [["first"], ["two words"], ["third"], ["Verdict"]]),
    ],
)
def test_a_section_that_has_none_breaks_evenly_with_the_labels_in_each_part(room, columns):
    parts = SECTION.chunks(room, 2)
    assert [list(part.columns) for part in parts] == [["Name", *names] for names in columns]
    assert [len(part.notes) for part in parts] == [0] * (len(parts) - 1) + [1]
    for part in parts:
        assert [row[0] for row in part.rows] == [row[0] for row in SECTION.rows]
    joined = [tuple(one for part in parts for one in part.rows[place][1:]) for place in range(2)]
    assert joined == [row[1:] for row in SECTION.rows]
