"""The typed content of `summary.json`. Accuracies are fractions, and missing values are None.

A row has further keys, one for each metric of `ser_tf.evaluation.metrics.METRICS`; `accuracy` reads them.
"""

from collections.abc import Mapping
from typing import TypedDict, cast, final

from ser_tf.evaluation.reproduction import Reproduction

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Accuracy(TypedDict):
    """One metric of a row.

    `pooled` adds the counts of all folds and seeds and divides once; `ci95` is its interval over speakers. `fold_mean`
    and `fold_std` are over individual trainings, each fold with each seed (divisor n - 1).
    """

    fold_mean: float | None
    fold_std: float | None
    pooled: float | None
    ci95: list[float | None]


class Epochs(TypedDict):
    """Epochs of one training; None if there are none or they were not recorded."""

    fold: str
    seed: int
    trained: int | None
    best: int | None


class RowSummary(TypedDict):
    """One row of a table that trains."""

    key: str
    label: str
    published: dict[str, float | None] | None
    wa: Accuracy
    ua: Accuracy
    folds: list[str]
    verdict: str
    macro_f1: Accuracy
    recalls: dict[str, Accuracy]
    seed_std: dict[str, float | None]
    epochs: list[Epochs]
    reproduction: Reproduction | None
    origin: str
    status: str
    note: str
    per_fold: list[dict[str, float | str | None]]
    per_class_recall: dict[str, float | None] | None
    confusion: list[list[int]] | None
    speakers: int
    units: int
    seconds: float | None


class ClaimSummary(TypedDict):
    """One claim: a comparison of two rows (`kind` is `rows`), or a measurement (`kind` is `measurement`).

    `ci95` belongs to `difference`, or to `value` if nothing is compared. A measurement has its name under `metric` and
    no rows; `value` and `compared_with` are means over utterances and `difference` is the first minus the second.
    """

    text: str
    better: str | None
    worse: str | None
    metric: str
    difference: float | None
    ci95: list[float | None]
    p_value: float | None
    verdict: str
    speakers: int | None
    trainings: int | None
    kind: str
    p_holm: float | None
    p_reversed: float | None
    p_reversed_holm: float | None
    direction: str | None
    form: str
    value: float | None
    compared_with: float | None


class PairSummary(TypedDict):
    """The first row minus the second in one metric, with a two-sided test."""

    first: str
    second: str
    difference: float
    ci95: list[float | None]
    p_value: float
    p_holm: float


class Pairwise(TypedDict):
    """All rows of a table against each other; `best` differs significantly from every other row, or is None."""

    metric: str
    rows: list[str]
    pairs: list[PairSummary]
    best: str | None
    warning: str


class Conditions(TypedDict, total=False):
    """Conditions under which a table was made, which evaluation cannot derive from results.

    Attributes:
        style: `acted`, `improvised`, or `scripted and improvised`.
        folds: The folds and their unit in words, such as `leave one session out`.
        epoch_choice: The rule for choosing the epoch, such as `lowest loss on one speaker of the training set`.
        left_out: Recordings left out and why, one phrase each.
        trained_on: The training recordings, if they differ from those of the folds.
        cross_corpus: Which corpus trained, which was tested, and whose statistics normalise.
        flags: Flags of the command that chose classes, sets and the tested corpus; paths stand as `DIR`.
    """

    style: str
    folds: str
    epoch_choice: str
    left_out: list[str]
    trained_on: str
    cross_corpus: str
    flags: list[str]


class Code(TypedDict):
    """The code that made the results: a commit, if there is one, and a digest."""

    commit: str | None
    digest: str | None


class Used(TypedDict):
    """The settings of intervals and tests."""

    interval: str
    unit: str
    level: float
    correction: str


@final
class Summary(TypedDict):
    """The document of a table that trains."""

    experiment: str
    corpus: str
    task: str
    seeds: list[int]
    smoke: bool
    rows: list[RowSummary]
    claims: list[ClaimSummary]
    assumptions: dict[str, Json]
    leaks: list[Json]
    seconds: float
    classes: list[str]
    chance: dict[str, float]
    classes_present: list[str]
    class_counts: dict[str, int]
    corpus_is_papers: bool
    corpus_kind: str
    corpus_note: str
    warnings: list[str]
    title: str
    protocol: Conditions
    code: Code | None
    machine: dict[str, Json] | None
    statistics: Used
    pairwise: Pairwise | None


class DataRowSummary(TypedDict):
    """One row of a table that shows data; its own values are further keys."""

    key: str
    label: str
    verdict: str
    note: str
    lines: list[list[str]]


@final
class DataSummary(TypedDict):
    """The document of a table that shows data and trains nothing."""

    experiment: str
    corpus: str
    task: str
    seeds: list[int]
    smoke: bool
    rows: list[DataRowSummary]
    claims: list[ClaimSummary]
    assumptions: dict[str, Json]
    leaks: list[Json]
    seconds: float
    title: str
    columns: list[str]
    corpus_is_papers: bool
    corpus_kind: str
    corpus_note: str
    warnings: list[str]


def accuracy(row: RowSummary, metric: str) -> Accuracy:
    """Returns a row's entry for a metric, by the metric's key."""
    return cast(Mapping[str, Accuracy], row)[metric]
