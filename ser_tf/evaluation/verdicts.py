"""What a measured number says about a published one, and a test about a claim, in one or two words."""

from collections.abc import Mapping

from ser_tf.evaluation.predictions import RowResult
from ser_tf.evaluation.statistics import Interval, PairedComparison

SIGNIFICANCE = 0.05
JUDGED_FIRST = ("ua", "wa")
"""When both published values lie outside, UA decides between above and below: it is every paper's main number."""


def verdict_of_row(
    row: RowResult, intervals: Mapping[str, Interval | None], *, smoke: bool, corpus_is_papers: bool
) -> str:
    """Judges a row against its published value.

    A row without results says why (`cited`, `failed`, `needs <what>`, `left out`). A smoke run is `smoke` and a run on
    another corpus than the paper's `other corpus`, whatever came out. Then `not published` without a published value;
    `no interval` when a single speaker was tested; `matches` when every published value (WA, UA, or both) lies inside
    its interval, ends included; else `above` (our whole interval is higher) or `below`, by UA if that lies outside.

    Args:
        row: The row.
        intervals: 95% intervals under `wa` and `ua`; not looked at for a row without results.
        smoke: Whether this was a smoke run.
        corpus_is_papers: Whether the corpus is the one of the published values.
    """
    if row.status != "run":
        return f"needs {row.needs}" if row.status == "left out" and row.needs else row.status
    if smoke:
        return "smoke"
    if not corpus_is_papers:
        return "other corpus"
    published = row.published or {}
    stated = [(published[metric], intervals[metric]) for metric in JUDGED_FIRST if published.get(metric) is not None]
    if not stated:
        return "not published"
    for value, interval in stated:
        if interval is None:
            return "no interval"
        if value is not None and value < interval[0]:
            return "above"
        if value is not None and value > interval[1]:
            return "below"
    return "matches"


def verdict_of_data(same: bool | None, *, smoke: bool, corpus_is_papers: bool) -> str:
    """Judges a row that shows data, in the order of `verdict_of_row`; such data are counted, not estimated.

    Args:
        same: Whether the data are the published ones; None where none are published.
        smoke: Whether this was a smoke run.
        corpus_is_papers: Whether the corpus is the one of the published data.

    Returns:
        `smoke`, `other corpus`, `not published`, `matches` or `differs`.
    """
    if smoke:
        return "smoke"
    if not corpus_is_papers:
        return "other corpus"
    if same is None:
        return "not published"
    return "matches" if same else "differs"


def verdict_of_claim(comparison: PairedComparison | None, *, smoke: bool) -> str:
    """Judges "this row is better than that one".

    Args:
        comparison: The test, or None when a row has no results.
        smoke: Whether this was a smoke run.

    Returns:
        `not run`; `smoke`; `supported` when the difference is positive and p < 0.05; `contradicted` when it is
        negative and the test of the opposite claim gives p < 0.05; else `not significant`.
    """
    if comparison is None:
        return "not run"
    if smoke:
        return "smoke"
    if comparison.difference > 0 and comparison.p_value < SIGNIFICANCE:
        return "supported"
    if comparison.difference < 0 and comparison.p_reversed < SIGNIFICANCE:
        return "contradicted"
    return "not significant"
