"""Do 95% intervals cover 95%? Simulated speakers of different skill, whose population value is known."""

import functools

import numpy as np
import pytest

from ser_tf.evaluation import statistics
from ser_tf.evaluation.metrics import METRICS, recall_metrics
from ser_tf.evaluation.statistics import Statistics
from ser_tf.evaluation.units import UnitCounts
from tests.evaluation.simulated import CLASSES

TRIALS = 2000
BOOTSTRAP_TRIALS = 1000
UNITS = (4, 5, 10, 24)
PER_CLASS = np.array([24, 14, 15, 12])
LOGITS = np.array([1.1, 0.2, 0.85, 0.4])
"""Mean skill in each class, as log odds."""
SPEAKER, SPEAKER_CLASS = 0.4, 0.3
"""Standard deviations of a speaker's effect in all classes and in each."""
MISTAKES = np.array([[0, 0.5, 0.2, 0.3], [0.6, 0, 0.1, 0.3], [0.1, 0.2, 0, 0.7], [0.2, 0.3, 0.5, 0]])
ALL = METRICS | recall_metrics(CLASSES)


def draw(random, size, systems=1):
    """Decisions of speakers: counts [systems, *size, true class, decided class]."""
    effects = random.normal(0, SPEAKER, (1, *size, 1)) + random.normal(0, SPEAKER_CLASS, (systems, *size, 4))
    skill = 1 / (1 + np.exp(-(LOGITS + effects)))
    shares = skill[..., np.newaxis] * np.eye(4) + (1 - skill[..., np.newaxis]) * MISTAKES
    spoken = np.round(PER_CLASS * random.uniform(0.5, 1.5, (*size, 1))).astype(int)
    return random.multinomial(np.broadcast_to(spoken, (systems, *size, 4)), shares)


@functools.cache
def population():
    """Counts of very many speakers [true class, decided class]."""
    return draw(np.random.default_rng(99), (200_000,))[0].sum(axis=0)


@functools.cache
def trials(units):
    """Counts [2 systems, trials, units, true class, decided class]."""
    return draw(np.random.default_rng(units), (TRIALS, units), systems=2)


def covered(low, high, value):
    return float(np.mean((low <= value) & (value <= high)))


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("name", ALL)
def test_jackknife_intervals_cover_what_they_promise(name, units):
    expected = float(ALL[name].compute(population()))
    low, high = statistics.jackknife(ALL[name], trials(units)[0])
    assert 0.92 <= covered(low, high, expected) <= 0.975


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("name", METRICS)
def test_intervals_of_paired_differences_cover_what_they_promise(name, units):
    low, high = statistics.jackknife_difference(METRICS[name], *trials(units))
    assert 0.92 <= covered(low, high, 0) <= 0.975


def bootstrap_coverage(units):
    """Share of trials in which the percentile interval of UA holds the population's value."""
    expected = float(METRICS["ua"].compute(population()))
    settings = Statistics(interval="bootstrap", resamples=400)
    names = tuple(f"S{number:02d}" for number in range(units))
    found = [
        statistics.interval(METRICS["ua"], UnitCounts(names, counts), settings)
        for counts in trials(units)[0][:BOOTSTRAP_TRIALS]
    ]
    return covered(*np.array(found).T, expected)


def test_percentile_intervals_on_the_same_data_cover_80_to_90():
    few = [bootstrap_coverage(units) for units in (4, 5, 10)]
    assert max(few) <= 0.92 and few[0] < 0.85
    assert 0.80 <= np.mean(few) <= 0.90
