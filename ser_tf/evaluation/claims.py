"""A paper's claims, tested and judged together: comparisons between rows, and measurements on the trained models.

All tests of a table are one family for Holm's correction. Tests are paired and swap whole speakers (or sessions).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from ser_tf.evaluation import comparison, statistics, verdicts
from ser_tf.evaluation.metrics import METRICS, Floats
from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.schema import ClaimSummary
from ser_tf.evaluation.statistics import Interval, Statistics
from ser_tf.evaluation.units import units_of
from ser_tf.evaluation.verdicts import CorpusKind

Direction = Literal["greater", "less"]
Form = Literal["share", "number"]


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement of a paper that one row is better than another.

        >>> Claim("attention better than mean pooling", better="weighted_pool", worse="mean_pool").metric
        'ua'

    Attributes:
        text: The claim in words.
        better: Key of the row that is said to be better.
        worse: Key of the other row.
        metric: A key of `METRICS`.

    Raises:
        ValueError: another metric, or twice the same row.
    """

    text: str
    better: str
    worse: str
    metric: str = "ua"

    def __post_init__(self) -> None:
        """Checks the fields."""
        if self.metric not in METRICS:
            raise ValueError(f"claim {self.text!r}: metric {self.metric!r} is none of {', '.join(METRICS)}")
        if self.better == self.worse:
            raise ValueError(f"claim {self.text!r} compares {self.better} with itself")


@dataclasses.dataclass(frozen=True, eq=False)
class Measurement:
    """A quantity measured on every test utterance, such as the share of attention that falls on silence.

    The mean over utterances is judged; an utterance that several trainings test may come several times.

    Attributes:
        name: Short name, such as `attention on silence`.
        text: The claim, or what is measured, in words.
        values: One value for each utterance, float [utterances].
        speakers: The speaker of each utterance.
        compared_with: The value that each is compared with, such as the share of time that is silent; None for no
            comparison.
        direction: Whether the paper claims the values to be `greater` or `less` than `compared_with`; None where it
            claims nothing.
        form: `share` is printed in percent, `number` as it is.
        sessions: The session of each utterance, or None where it was not recorded.

    Raises:
        ValueError: lengths differ, there is no utterance, a value is not finite, or a direction without a comparison.
    """

    name: str
    text: str
    values: Floats
    speakers: tuple[str, ...]
    compared_with: Floats | None = None
    direction: Direction | None = None
    form: Form = "share"
    sessions: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Checks the fields against each other."""
        columns = [self.values, *([] if self.compared_with is None else [self.compared_with])]
        sessions = self.sessions if self.sessions is not None else self.speakers
        lengths = {len(self.speakers), len(sessions), *(len(column) for column in columns)}
        if len(lengths) > 1 or not self.speakers:
            raise ValueError(f"measurement {self.name}: every utterance needs a value, a comparison and a speaker")
        if not all(np.isfinite(column).all() for column in columns):
            raise ValueError(f"measurement {self.name}: a value is not finite")
        if self.direction is not None and self.compared_with is None:
            raise ValueError(f"measurement {self.name} is claimed to be {self.direction} than nothing")


def judge_claims(
    claims: Sequence[Claim],
    measurements: Sequence[Measurement],
    rows: Mapping[str, RowResult],
    num_classes: int,
    settings: Statistics,
    *,
    smoke: bool,
    kind: CorpusKind,
) -> list[ClaimSummary]:
    """Tests all claims of a table and judges them together.

    Args:
        claims: Comparisons between rows, in order.
        measurements: Measurements, in order; they come after the claims.
        rows: The table's rows by key; a claim about rows that did not both run is `not run`.
        num_classes: Number of classes of the task.
        settings: Unit, interval and swaps.
        smoke: Whether this was a smoke run.
        kind: How the corpus relates to the paper's.

    Returns:
        One entry of `summary.json` for each claim and measurement.

    Raises:
        ValueError: the rows of a claim do not test the same utterances.
    """
    entries = [_compare(claim, rows, num_classes, settings) for claim in claims]
    entries += [_measure(measurement, settings) for measurement in measurements]
    claimed = comparison.holm([entry["p_value"] for entry in entries])
    opposite = comparison.holm([entry["p_reversed"] for entry in entries])
    for entry, p_claimed, p_reversed in zip(entries, claimed, opposite, strict=True):
        entry["p_holm"], entry["p_reversed_holm"] = p_claimed, p_reversed
        signed = entry["difference"] if entry["difference"] is not None else entry["value"]
        if signed is not None and entry["direction"] == "less":
            signed = -signed
        entry["verdict"] = verdicts.verdict_of_claim(signed, p_claimed, p_reversed, smoke=smoke, kind=kind)
    return entries


def _entry(text: str, metric: str, better: str | None = None, worse: str | None = None) -> ClaimSummary:
    """An entry without results."""
    return {
        "text": text,
        "better": better,
        "worse": worse,
        "metric": metric,
        "difference": None,
        "ci95": [None, None],
        "p_value": None,
        "verdict": "not run",
        "speakers": None,
        "trainings": None,
        "kind": "rows",
        "p_holm": None,
        "p_reversed": None,
        "p_reversed_holm": None,
        "direction": "greater",
        "form": "share",
        "value": None,
        "compared_with": None,
    }


def _compare(claim: Claim, rows: Mapping[str, RowResult], num_classes: int, settings: Statistics) -> ClaimSummary:
    """One comparison's entry; the rows are compared when both ran."""
    entry = _entry(claim.text, claim.metric, claim.better, claim.worse)
    ran = [row for key in (claim.better, claim.worse) if (row := rows.get(key)) is not None and row.status == "run"]
    if len(ran) < 2:
        return entry
    try:
        found = comparison.compare_rows(ran[0].folds, ran[1].folds, num_classes, METRICS[claim.metric], settings)
    except ValueError as error:
        raise ValueError(f"claim {claim.text!r}, {claim.better} against {claim.worse}: {error}") from error
    entry["difference"], entry["ci95"] = found.difference, _ends(found.interval)
    entry["p_value"], entry["p_reversed"] = found.p_value, found.p_reversed
    entry["speakers"], entry["trainings"] = found.num_units, len(found.trainings)
    return entry


def _measure(measurement: Measurement, settings: Statistics) -> ClaimSummary:
    """One measurement's entry: means over utterances, with the interval of the mean or of the mean difference."""
    entry = _entry(measurement.text, measurement.name)
    entry |= {"kind": "measurement", "direction": measurement.direction, "form": measurement.form}
    entry["value"] = float(np.mean(measurement.values))
    units, place = np.unique(np.array(units_of(measurement, settings.unit)), return_inverse=True)
    entry["speakers"] = len(units)
    numbers = np.bincount(place).astype(np.float64)
    measured = measurement.values
    if measurement.compared_with is not None:
        entry["compared_with"] = float(np.mean(measurement.compared_with))
        measured = measured - measurement.compared_with
        entry["difference"] = float(np.mean(measured))
    sums = np.bincount(place, weights=measured).astype(np.float64)
    entry["ci95"] = _ends(_mean_interval(sums, numbers, settings))
    if measurement.direction is not None:
        sign = 1 if measurement.direction == "greater" else -1
        swaps, _ = comparison.swaps_of(len(units), settings)
        differences = sign * ((1 - 2 * swaps) @ sums) / numbers.sum()
        entry["p_value"], entry["p_reversed"], _ = comparison.p_values(differences)
    return entry


def _mean_interval(sums: Floats, numbers: Floats, settings: Statistics) -> Interval | None:
    """95% interval over units of a mean over utterances.

    Args:
        sums: Sum of the values of each unit [units].
        numbers: Utterances of each unit [units].
        settings: Which interval.
    """
    if len(sums) < 2:
        return None
    if settings.interval == "bootstrap":
        weights = statistics.resample(len(sums), settings.resamples, settings.seed)
        low, high = np.percentile((weights @ sums) / (weights @ numbers), [2.5, 97.5])
        return float(low), float(high)
    deleted = (sums.sum() - sums) / (numbers.sum() - numbers)
    value = np.asarray(sums.sum() / numbers.sum())
    low, high = statistics.spread_interval(value, deleted, np.ones(len(sums), bool))
    return None if np.isnan(low) else (float(low), float(high))


def _ends(interval: Interval | None) -> list[float | None]:
    """An interval as `summary.json` has it."""
    return [None, None] if interval is None else [*interval]
