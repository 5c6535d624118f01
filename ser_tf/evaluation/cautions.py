"""Warnings about what makes a table's numbers weaker than they look."""

from collections.abc import Sequence

from ser_tf.evaluation import verdicts
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.schema import ClaimSummary, RowSummary
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.units import Unit

FEW_UNITS = 6


def warnings(
    rows: Sequence[RowSummary],
    claims: Sequence[ClaimSummary],
    lonely: Sequence[str],
    settings: Statistics,
    asked: Unit,
) -> list[str]:
    """Lists warnings as sentences without a full stop, most important first.

    Args:
        rows: The rows of the summary.
        claims: Its claims.
        lonely: Classes that occur in only one of several units.
        settings: How intervals and tests were made.
        asked: The unit requested by the user.
    """
    ran = [row for row in rows if row["status"] == "run"]
    found = []
    if asked != settings.unit:
        found.append(f"some results do not record {asked}s: intervals and tests treat {settings.unit}s as units")
    found += _few_units(ran, settings)
    found += _lonely_classes(lonely, settings)
    found += _unreachable_claims(claims, settings)
    if len({tuple((training["fold"], training["seed"]) for training in row["epochs"]) for row in ran}) > 1:
        found.append("not all rows were run on the same folds and seeds; claims compare those in common")
    return found


def _few_units(ran: Sequence[RowSummary], settings: Statistics) -> list[str]:
    """Warns of few units: intervals are wide, and bootstrap intervals too narrow."""
    units = min((row["units"] for row in ran), default=FEW_UNITS)
    if units == 1:
        return [f"only 1 {settings.unit} was tested: there are no intervals"]
    if units < FEW_UNITS:
        worth = "wide" if settings.interval == "jackknife" else "rough and too narrow"
        return [f"only {units} {settings.unit}s were tested: intervals are {worth}"]
    return []


def _lonely_classes(classes: Sequence[str], settings: Statistics) -> list[str]:
    """Warns of classes whose recalls have no known variation over units."""
    if not classes:
        return []
    text = f"only one {settings.unit} has {', '.join(classes)}: "
    if settings.interval == "bootstrap":
        return [text + "this recall has no interval"]
    means = ", ".join(metric.name for metric in METRICS.values() if metric.averages_classes)
    return [text + f"this recall, and the means that include it ({means}), have no interval"]


def _unreachable_claims(claims: Sequence[ClaimSummary], settings: Statistics) -> list[str]:
    """Warns if the smallest p of a permutation test with so few units exceeds the corrected level."""
    tested = [claim["speakers"] for claim in claims if claim["p_value"] is not None and claim["speakers"]]
    if tested and 2.0 ** -min(tested) * len(tested) >= verdicts.SIGNIFICANCE:
        count = f"{len(tested)} claims" if len(tested) > 1 else "1 claim"
        return [f"with {min(tested)} {settings.unit}s and {count} no claim can reach p < {verdicts.SIGNIFICANCE}"]
    return []
