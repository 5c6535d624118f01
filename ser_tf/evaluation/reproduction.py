"""Deciding whether a published number is reproduced, by comparison with further trainings with other seeds.

A published number is one training on the same speakers as ours. Performance on other speakers is a different question:
an interval over speakers grows wider, and "agrees" more easily, the fewer speakers there are. Over S seeds with mean m
and sample standard deviation s, a further training of ours lies in m ± t(S-1) s sqrt(1 + 1/S) with 95% probability.
"""

import math
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from scipy import special

from ser_tf.evaluation.metrics import METRICS, Metric
from ser_tf.evaluation.predictions import FoldPredictions, RowResult
from ser_tf.evaluation.statistics import TAIL

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
MIN_SEEDS = 3
MAX_HALF_WIDTH = 0.03
"""With a wider interval (over 3 points to each side) almost anything would count as reproduced."""
PUBLISHED_ROUNDING = 0.0005
"""Papers print tenths of a point; published values are known to half of that."""


class MetricReproduction(TypedDict):
    """Comparison of one published value, in fractions. `interval` is [null, null] with fewer than two seeds."""

    published: float
    mean: float
    std: float | None
    interval: list[float | None]
    half_width: float | None
    verdict: str


class Reproduction(TypedDict):
    """The verdict on a row, its reason, the number of seeds, and the comparison of each published metric."""

    verdict: str
    reason: str
    seeds: int
    metrics: dict[str, MetricReproduction]


def seed_values(folds: Sequence[FoldPredictions], num_classes: int, metric: Metric) -> dict[int, float]:
    """Computes the pooled metric of each seed that has every fold of the row.

    Args:
        folds: A row's trainings.
        num_classes: Number of classes of the task.
        metric: The metric.
    """
    names = {fold.fold for fold in folds}
    values = {}
    for seed in sorted({fold.seed for fold in folds}):
        own = [fold for fold in folds if fold.seed == seed]
        if {fold.fold for fold in own} == names:
            values[seed] = float(metric.compute(np.sum([fold.confusion(num_classes) for fold in own], axis=0)))
    return values


def seed_std(values: Sequence[float]) -> float | None:
    """Returns the sample standard deviation over seeds, or None with fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def judge_reproduction(row: RowResult, num_classes: int) -> Reproduction:
    """Compares a row that ran on the paper's whole corpus with its published values.

    A value is `inconclusive` with fewer than three seeds; `not reproduced` outside the interval; `inconclusive` inside
    one with a half width of more than 3 points; else `reproduced`. The row is `not reproduced` if one of its values is,
    else `inconclusive` if one is, else `reproduced`.

    Args:
        row: A row with folds and at least one published value.
        num_classes: Number of classes of the task.

    Raises:
        ValueError: the row has no published value.
    """
    stated = {key: value for key in METRICS if (value := (row.published or {}).get(key)) is not None}
    if not stated:
        raise ValueError(f"row {row.key} has no published value")
    judged, seeds = {}, 0
    for key, published in stated.items():
        values = list(seed_values(row.folds, num_classes, METRICS[key]).values())
        judged[key] = _judge(published, values)
        seeds = len(values)
    verdicts = [entry["verdict"] for entry in judged.values()]
    verdict = next(word for word in (NOT_REPRODUCED, INCONCLUSIVE, REPRODUCED) if word in verdicts)
    return {"verdict": verdict, "reason": _reason(judged, seeds), "seeds": seeds, "metrics": judged}


def _judge(published: float, values: Sequence[float]) -> MetricReproduction:
    """Compares one published value with the values of our seeds."""
    mean, std, number = float(np.mean(values)) if values else math.nan, seed_std(values), len(values)
    entry: MetricReproduction = {
        "published": published,
        "mean": mean,
        "std": std,
        "interval": [None, None],
        "half_width": None,
        "verdict": INCONCLUSIVE,
    }
    if std is None:
        return entry
    half = float(special.stdtrit(number - 1, 1 - TAIL)) * std * math.sqrt(1 + 1 / number)
    entry |= {"interval": [max(0.0, mean - half), min(1.0, mean + half)], "half_width": half}
    if number >= MIN_SEEDS and abs(published - mean) > half + PUBLISHED_ROUNDING:
        entry["verdict"] = NOT_REPRODUCED
    elif number >= MIN_SEEDS and half <= MAX_HALF_WIDTH:
        entry["verdict"] = REPRODUCED
    return entry


def _reason(judged: dict[str, MetricReproduction], seeds: int) -> str:
    """Explains the verdict in one line, by metric."""
    if seeds < MIN_SEEDS:
        return f"{seeds} {'seed' if seeds == 1 else 'seeds'}; at least {MIN_SEEDS} are needed"
    parts = []
    for key, entry in judged.items():
        half = entry["half_width"] or 0.0
        place = {
            REPRODUCED: "inside",
            NOT_REPRODUCED: "outside",
            INCONCLUSIVE: f"inside, but wider than ± {100 * MAX_HALF_WIDTH:.0f}:",
        }[entry["verdict"]]
        parts.append(
            f"{METRICS[key].name} {100 * entry['published']:.1f} is {place} "
            f"{100 * entry['mean']:.1f} ± {100 * half:.1f}"
        )
    return "; ".join(parts)
