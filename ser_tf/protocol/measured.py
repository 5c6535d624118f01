"""A paper's claims about trained models, from what fold results keep of each test utterance."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ser_tf.evaluation.claims import Measurement
from ser_tf.protocol.paper import Measured, Table
from ser_tf.protocol.results import FoldResult
from ser_tf.protocol.runner import Job

L = TypeVar("L")


def measurements(table: Table[L], jobs: Sequence[Job[L]], results: Mapping[str, FoldResult]) -> list[Measurement]:
    """What was measured on the models of each row, over all test utterances of all trainings."""
    found = []
    for claim in table.measured:
        of_row = [results[job.name] for job in jobs if job.system.key == claim.row and job.name in results]
        if of_row and all(claim.value in result.measured for result in of_row):
            found.append(_measurement(claim, of_row))
    return found


def unmeasured(table: Table[L], results: Collection[FoldResult]) -> list[str]:
    """Names the rows whose claims are left out, because earlier code measured nothing on their models."""
    lines = []
    for key in dict.fromkeys(claim.row for claim in table.measured):
        names = {claim.value for claim in table.measured if claim.row == key}
        of_row = [result for result in results if result.row == key]
        if lacking := sum(not names <= result.measured.keys() for result in of_row):
            lines.append(
                f"{lacking} of {len(of_row)} results of {key} have no measurements, and its claims are left out"
            )
    return lines


def _measurement(claim: Measured, results: Sequence[FoldResult]) -> Measurement:
    def column(name: str) -> Any:
        return np.concatenate([np.asarray(result.measured[name], np.float64) for result in results])

    return Measurement(
        name=claim.name,
        text=claim.text,
        values=column(claim.value),
        speakers=tuple(speaker for result in results for speaker in result.speakers),
        compared_with=column(claim.compared_with) if claim.compared_with else None,
        direction=claim.direction,
        form=claim.form,
        sessions=tuple(session for result in results for session in result.sessions) or None,
    )
