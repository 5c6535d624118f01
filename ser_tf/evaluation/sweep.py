"""The effect of each assumption in a paper's ledger, changing one assumption at a time.

A difference is paired over speakers: each is left out of both the default's and the value's decisions. It is also
compared with the spread over seeds: two means over n seeds each differ by more than t(S-1) s sqrt(2/n) in 5% of cases
if only the seed differs, with s the standard deviation over the S seeds of the default.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TypedDict, cast

from scipy import special

from ser_tf.evaluation import reproduction, statistics
from ser_tf.evaluation.metrics import METRICS, Metric
from ser_tf.evaluation.predictions import FoldPredictions
from ser_tf.evaluation.schema import Used
from ser_tf.evaluation.statistics import DEFAULT, LEVEL, TAIL, Statistics
from ser_tf.evaluation.summary import plain
from ser_tf.evaluation.units import count_by_unit


@dataclasses.dataclass(frozen=True, eq=False)
class Variant:
    """Trainings of a row with one value of an assumption.

    Attributes:
        value: The value as written on the command line.
        folds: The trainings; empty if they failed.
        note: Why there are none, in one line.
    """

    value: str
    folds: tuple[FoldPredictions, ...]
    note: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class SweptAssumption:
    """An assumption at its default and at other values.

    Attributes:
        name: The assumption.
        default: The default as written on the command line.
        variants: The other values.
    """

    name: str
    default: str
    variants: tuple[Variant, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class SweptRow:
    """A row with every swept assumption it reads.

    Attributes:
        key: The row's key.
        label: The row's label.
        folds: Trainings with all assumptions at their defaults; at least one.
        assumptions: The swept assumptions.
        seed_folds: Trainings with the defaults from which to estimate the spread over seeds, if there are more than in
            the sweep; empty to use `folds`.
    """

    key: str
    label: str
    folds: tuple[FoldPredictions, ...]
    assumptions: tuple[SweptAssumption, ...]
    seed_folds: tuple[FoldPredictions, ...] = ()


class DefaultValue(TypedDict):
    """A metric with all assumptions at their defaults, and its standard deviation over seeds."""

    pooled: float
    ci95: list[float | None]
    seed_std: float | None


class Effect(TypedDict):
    """The effect of one value on one metric; fractions.

    `beyond_seeds` is None with fewer than three seeds, whose spread is unknown.
    """

    pooled: float
    ci95: list[float | None]
    difference: float
    difference_ci95: list[float | None]
    seed_limit: float | None
    beyond_seeds: bool | None


class ValueSummary(TypedDict):
    """One value of one assumption; `effects` by metric, empty if it failed."""

    value: str
    effects: dict[str, Effect]
    same_utterances: bool | None
    seeds: list[int]
    note: str


class AssumptionSummary(TypedDict):
    """One assumption of a row."""

    name: str
    default: str
    values: list[ValueSummary]


class SweptRowSummary(TypedDict):
    """One row: the default's metrics with intervals and spread over seeds, and every assumption."""

    key: str
    label: str
    default: dict[str, DefaultValue]
    seeds: list[int]
    assumptions: list[AssumptionSummary]


class SweepSummary(TypedDict):
    """The content of `sweep.json`; `unread` lists, by assumption, the rows that do not read it."""

    experiment: str
    corpus: str
    smoke: bool
    classes: list[str]
    rows: list[SweptRowSummary]
    unread: dict[str, list[str]]
    statistics: Used


def build_sweep(
    *,
    experiment: str,
    corpus: str,
    smoke: bool,
    classes: Sequence[str],
    rows: Sequence[SweptRow],
    unread: Mapping[str, Sequence[str]] | None = None,
    settings: Statistics = DEFAULT,
) -> SweepSummary:
    """Compares every value of every assumption with the default.

    Args:
        experiment: Name of the experiment.
        corpus: Name of the corpus.
        smoke: Whether this was a smoke run.
        classes: The task's classes in order.
        rows: The swept rows.
        unread: Requested rows that do not read an assumption, by assumption.
        settings: Unit and interval. Sessions fall back to speakers if some result does not record them.

    Returns:
        The content of `sweep.json`.

    Raises:
        ValueError: a value and the default have no seed in common, or different numbers of classes.
    """
    everything = [fold for row in rows for fold in (*row.folds, *_variant_folds(row))]
    if any(fold.predictions.sessions is None for fold in everything):
        settings = dataclasses.replace(settings, unit="speaker")
    summary = {
        "experiment": experiment,
        "corpus": corpus,
        "smoke": smoke,
        "classes": list(classes),
        "rows": [_row(row, len(classes), settings) for row in rows],
        "unread": unread or {},
        "statistics": {"interval": settings.interval, "unit": settings.unit, "level": LEVEL, "correction": "none"},
    }
    return cast(SweepSummary, plain(summary))


def seed_limit(metric: Metric, row: SweptRow, num_classes: int, seeds: int) -> float | None:
    """Computes how far two means over `seeds` seeds differ by chance: t(S-1) s sqrt(2/seeds), as a fraction.

    Args:
        metric: The metric.
        row: The row, whose trainings give the spread s over S seeds.
        num_classes: Number of classes of the task.
        seeds: Number of seeds of each mean.

    Returns:
        The limit, or None with fewer than three seeds.
    """
    values = reproduction.seed_values(row.seed_folds or row.folds, num_classes, metric)
    spread = reproduction.seed_std(list(values.values()))
    if spread is None or len(values) < reproduction.MIN_SEEDS:
        return None
    return float(special.stdtrit(len(values) - 1, 1 - TAIL)) * spread * math.sqrt(2 / seeds)


def _variant_folds(row: SweptRow) -> list[FoldPredictions]:
    """Returns all trainings with other values."""
    return [fold for swept in row.assumptions for variant in swept.variants for fold in variant.folds]


def _row(row: SweptRow, num_classes: int, settings: Statistics) -> SweptRowSummary:
    """Makes one row's entry."""
    counts = count_by_unit(row.folds, num_classes, settings.unit)
    default: dict[str, DefaultValue] = {}
    for key, metric in METRICS.items():
        values = reproduction.seed_values(row.seed_folds or row.folds, num_classes, metric)
        default[key] = {
            "pooled": float(metric.compute(counts.total)),
            "ci95": _ends(statistics.interval(metric, counts, settings)),
            "seed_std": reproduction.seed_std(list(values.values())),
        }
    assumptions: list[AssumptionSummary] = [
        {
            "name": swept.name,
            "default": swept.default,
            "values": [_value(row, swept.name, variant, num_classes, settings) for variant in swept.variants],
        }
        for swept in row.assumptions
    ]
    seeds = sorted({fold.seed for fold in row.folds})
    return {"key": row.key, "label": row.label, "default": default, "seeds": seeds, "assumptions": assumptions}


def _value(row: SweptRow, name: str, variant: Variant, num_classes: int, settings: Statistics) -> ValueSummary:
    """Makes one value's entry, compared on the seeds it shares with the default."""
    if not variant.folds:
        return {"value": variant.value, "effects": {}, "same_utterances": None, "seeds": [], "note": variant.note}
    seeds = {fold.seed for fold in variant.folds} & {fold.seed for fold in row.folds}
    if not seeds:
        raise ValueError(f"row {row.key}, {name}={variant.value}: no seed in common with the default")
    ours = [fold for fold in variant.folds if fold.seed in seeds]
    default = [fold for fold in row.folds if fold.seed in seeds]
    counts, others = (count_by_unit(folds, num_classes, settings.unit) for folds in (ours, default))
    effects: dict[str, Effect] = {}
    for key, metric in METRICS.items():
        pooled = float(metric.compute(counts.total))
        difference = pooled - float(metric.compute(others.total))
        limit = seed_limit(metric, row, num_classes, len(seeds))
        effects[key] = {
            "pooled": pooled,
            "ci95": _ends(statistics.interval(metric, counts, settings)),
            "difference": difference,
            "difference_ci95": _ends(statistics.difference_interval(metric, counts, others, settings)),
            "seed_limit": limit,
            "beyond_seeds": None if limit is None else abs(difference) > limit + statistics.ROUNDING,
        }
    same = _utterances(ours) == _utterances(default)
    return {
        "value": variant.value,
        "effects": effects,
        "same_utterances": same,
        "seeds": sorted(seeds),
        "note": variant.note,
    }


def _utterances(folds: Sequence[FoldPredictions]) -> set[tuple[str, int]]:
    """Returns tested utterances with their classes."""
    return {pair for fold in folds for pair in zip(fold.predictions.ids, fold.predictions.truth.tolist(), strict=True)}


def _ends(interval: statistics.Interval | None) -> list[float | None]:
    """Converts an interval to JSON."""
    return [None, None] if interval is None else [*interval]
