"""Confusion matrices as tables of counts and shares."""

from ser_tf.evaluation import wording
from ser_tf.evaluation.page import label
from ser_tf.evaluation.schema import RowSummary, Summary
from ser_tf.report.document import Matrix, Share


def matrices(summary: Summary) -> tuple[Matrix, ...]:
    """The confusion matrix of each row that has counts, in the order of the rows.

    Args:
        summary: The content of `summary.json`.

    Raises:
        ValueError: a matrix is not square in the classes.
    """
    return tuple(
        _matrix(row, row["confusion"], summary["classes"]) for row in summary["rows"] if row["confusion"] is not None
    )


def _matrix(row: RowSummary, counts: list[list[int]], classes: list[str]) -> Matrix:
    """One row's matrix; classes that neither occur nor are decided are left out."""
    if [len(line) for line in counts] != [len(classes)] * len(classes):
        raise ValueError(f"the confusion matrix of {row['key']} does not fit {len(classes)} classes")
    shown = [place for place in range(len(classes)) if sum(counts[place]) or any(line[place] for line in counts)]
    rows = []
    for true in shown:
        total = sum(counts[true])
        cells = tuple(_share(counts[true][decided], total, right=true == decided) for decided in shown)
        rows.append((classes[true], total, cells))
    return Matrix(label(row), tuple(classes[place] for place in shown), tuple(rows))


def _share(count: int, total: int, *, right: bool) -> Share:
    share = count / total if total else None
    return Share(count, wording.percent(share), share or 0.0, right)
