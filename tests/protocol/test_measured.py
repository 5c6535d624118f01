"""Measurements on trained models, from fold results and from those of before there were any."""

import dataclasses

import numpy as np
import pytest

from ser_tf.protocol import measured
from ser_tf.protocol.paper import Measured, System, Table
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Job
from tests.protocol.toy import ROWS

CLAIM = Measured("network", "attention on silence", "silence gets less", "on_silence", "in_silence", "less")
TABLE = Table(1, "Toys", ("iemocap",), (ROWS["network"],), measured=(CLAIM,))


def result_of(fold, **values):
    """Two test utterances of two speakers."""
    return FoldResult(
        paper="toy2000", row="network", corpus="emodb", task="toy", classes=("sad", "angry"), fold=fold, seed=0,
        smoke=False, settings={}, overridden={}, ids=(f"{fold}a", f"{fold}b"), speakers=(f"{fold}1", f"{fold}2"),
        truth=(0, 1), posteriors=((1.0, 0.0), (0.0, 1.0)), epochs=1, seconds=1.0, stage_seconds={}, peak_memory_mb=1.0,
        versions={}, uses={}, parts={}, sessions=(fold, fold), measured=values,
    )  # fmt: skip


def jobs_and_results(*results):
    folds = [dataclasses.make_dataclass("Fold", ["name"])(result.fold) for result in results]
    jobs = [Job(ROWS["network"], fold, 0) for fold in folds]
    return jobs, dict(zip((job.name for job in jobs), results, strict=True))


MEASURED = result_of("A", on_silence=[0.1, 0.2], in_silence=[0.3, 0.4])


def test_measurements_of_all_trainings_come_together_with_speakers_and_sessions():
    jobs, results = jobs_and_results(MEASURED, result_of("B", on_silence=[0.0, 0.5], in_silence=[0.5, 0.5]))
    (measurement,) = measured.measurements(TABLE, jobs, results)
    np.testing.assert_array_equal(measurement.values, [0.1, 0.2, 0.0, 0.5])
    np.testing.assert_array_equal(measurement.compared_with, [0.3, 0.4, 0.5, 0.5])
    assert measurement.speakers == ("A1", "A2", "B1", "B2") and measurement.sessions == ("A", "A", "B", "B")
    assert (measurement.direction, measurement.form, measurement.name) == ("less", "share", "attention on silence")
    assert measured.unmeasured(TABLE, results.values()) == []


def test_results_of_before_there_were_measurements_are_tabulated_without_their_claims():
    old = FoldResult.from_json(result_of("B").to_json().replace('"measured": {},', '"settings_hash": "",'))
    jobs, results = jobs_and_results(MEASURED, old)
    assert old.measured == {} and measured.measurements(TABLE, jobs, results) == []
    assert measured.unmeasured(TABLE, results.values()) == [
        "1 of 2 results of network have no measurements, and its claims are left out"
    ]


@pytest.mark.parametrize("rows", [(), (System("cited", "Cited", None, None),)])
def test_a_row_that_did_not_run_claims_nothing(rows):
    table = dataclasses.replace(TABLE, rows=rows)
    assert measured.measurements(table, [], {}) == [] and measured.unmeasured(table, []) == []
