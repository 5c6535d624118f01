"""Verdicts in one or two words on rows compared with published values, on data, and on claims."""

from typing import Literal

from ser_tf.evaluation.predictions import RowResult

SIGNIFICANCE = 0.05

CorpusKind = Literal["papers", "part", "other", "unpublished"]
CORPUS_KINDS: tuple[CorpusKind, ...] = ("papers", "part", "other", "unpublished")
"""The whole corpus that the published values were measured on, a part of it, or another corpus; or a table that no
publication has."""

CORPUS_WORDS = {"part": "part of the corpus", "other": "other corpus", "unpublished": "not published"}
ORIGIN_WORDS = {"beyond": "not in the paper", "baseline": "not in the paper", "reference": "reference"}
CLAIM_WORDS = {
    True: ("supported", "contradicted", "not significant"),
    False: ("holds here", "reversed here", "open here"),
}
"""Verdicts if a claim holds, its opposite holds, or neither: on the paper's whole corpus, and elsewhere."""


def corpus_kind(*, is_papers: bool, is_whole: bool) -> CorpusKind:
    """Classifies a corpus in relation to the one on which the published values were measured.

    Args:
        is_papers: Whether it is the same corpus.
        is_whole: Whether this copy has all of it.
    """
    if not is_papers:
        return "other"
    return "papers" if is_whole else "part"


def verdict_without_comparison(row: RowResult, *, smoke: bool, kind: CorpusKind) -> str | None:
    """Returns the verdict on a row whose result is not compared with a published value.

    A row without results says why (`cited`, `failed`, `needs <what>`, `left out`); a row of human listeners is
    `reference`. A smoke run is `smoke`, whatever its result. Rows that the paper lacks are `not in the paper`. On other
    corpora a row is `other corpus`, on part of the paper's corpus `part of the corpus`. Without a published value it is
    `not published`.

    Args:
        row: The row.
        smoke: Whether this was a smoke run.
        kind: How the corpus relates to the paper's.

    Returns:
        The verdict, or None for a row to be judged by `ser_tf.evaluation.reproduction`.
    """
    if row.status not in ("run", "reference"):
        return f"needs {row.needs}" if row.status == "left out" and row.needs else row.status
    if row.status == "reference":
        return ORIGIN_WORDS["reference"]
    if smoke:
        return "smoke"
    if row.origin in ORIGIN_WORDS:
        return ORIGIN_WORDS[row.origin]
    if kind != "papers":
        return CORPUS_WORDS[kind]
    stated = [value for name, value in (row.published or {}).items() if value is not None and "_std" not in name]
    return None if stated else "not published"


def verdict_of_data(same: bool | None, *, smoke: bool, kind: CorpusKind) -> str:
    """Judges a row of data, which are counted rather than estimated.

    Args:
        same: Whether the data equal the published ones; None if none are published.
        smoke: Whether this was a smoke run.
        kind: How the corpus relates to the paper's.

    Returns:
        `smoke`, `other corpus`, `part of the corpus`, `not published`, `matches` or `differs`.
    """
    if smoke:
        return "smoke"
    if kind != "papers":
        return CORPUS_WORDS[kind]
    if same is None:
        return "not published"
    return "matches" if same else "differs"


def verdict_of_claim(
    difference: float | None, p_claimed: float | None, p_reversed: float | None, *, smoke: bool, kind: CorpusKind
) -> str:
    """Judges a claim by p-values corrected for the number of claims.

    Args:
        difference: The measured difference, positive if the claim holds; None if not measured.
        p_claimed: Adjusted p of the claim; None for a measurement without a claim.
        p_reversed: Adjusted p of the opposite claim.
        smoke: Whether this was a smoke run.
        kind: How the corpus relates to the paper's.

    Returns:
        `not run`, `smoke`, `measured`; on the paper's corpus `supported`, `contradicted` or `not significant`;
        elsewhere `holds here`, `reversed here` or `open here`.
    """
    if difference is None:
        return "not run"
    if smoke:
        return "smoke"
    if p_claimed is None or p_reversed is None:
        return "measured"
    holds, fails, neither = CLAIM_WORDS[kind == "papers"]
    if difference > 0 and p_claimed < SIGNIFICANCE:
        return holds
    if difference < 0 and p_reversed < SIGNIFICANCE:
        return fails
    return neither
