"""Comparing all rows of a table with each other, for tables that claim no best row."""

import itertools
import math
from collections.abc import Sequence

from ser_tf.evaluation import comparison
from ser_tf.evaluation.metrics import metric as metric_of
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.schema import PairSummary, Pairwise
from ser_tf.evaluation.statistics import DEFAULT, Statistics
from ser_tf.evaluation.verdicts import SIGNIFICANCE


def compare_all(rows: Sequence[RowResult], num_classes: int, metric: str, settings: Statistics = DEFAULT) -> Pairwise:
    """Tests every pair of rows, two-sided, with Holm's correction over all pairs.

    Args:
        rows: The table's rows; those without results are left out.
        num_classes: Number of classes of the task.
        metric: Key of the metric.
        settings: Unit, interval and swaps.

    Returns:
        The pairs in the order of the rows, and the best row if it differs significantly from every other.

    Raises:
        ValueError: an unknown metric, or rows that do not test the same utterances.
    """
    chosen = metric_of(metric)
    ran = [row for row in rows if row.status == "run"]
    pairs: list[PairSummary] = []
    units = math.inf
    for first, second in itertools.combinations(ran, 2):
        try:
            found = comparison.compare_rows(first.folds, second.folds, num_classes, chosen, settings)
        except ValueError as error:
            raise ValueError(f"{first.key} against {second.key}: {error}") from error
        units = min(units, found.num_units)
        pairs.append(
            {
                "first": first.key,
                "second": second.key,
                "difference": found.difference,
                "ci95": [None, None] if found.interval is None else [*found.interval],
                "p_value": found.p_two_sided,
                "p_holm": 1.0,
            }
        )
    for pair, adjusted in zip(pairs, comparison.holm([pair["p_value"] for pair in pairs]), strict=True):
        pair["p_holm"] = 1.0 if adjusted is None else adjusted
    keys = [row.key for row in ran]
    return {
        "metric": metric,
        "rows": keys,
        "pairs": pairs,
        "best": _best(keys, pairs),
        "warning": _warning(units, len(pairs), settings),
    }


def _best(keys: Sequence[str], pairs: Sequence[PairSummary]) -> str | None:
    """Returns the row that is significantly better than every other."""
    wins = dict.fromkeys(keys, 0)
    for pair in pairs:
        if pair["p_holm"] < SIGNIFICANCE and pair["difference"] != 0:
            wins[pair["first"] if pair["difference"] > 0 else pair["second"]] += 1
    return next((key for key, number in wins.items() if number == len(keys) - 1 > 0), None)


def _warning(units: float, pairs: int, settings: Statistics) -> str:
    """Warns if the smallest two-sided p with so few units exceeds the corrected level."""
    if pairs and 2 * 2.0**-units * pairs >= SIGNIFICANCE:
        return f"With {units:.0f} {settings.unit}s and {pairs} pairs no difference can reach p < {SIGNIFICANCE}."
    return ""
