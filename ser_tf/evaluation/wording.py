"""Cells and sentences that all forms of a table share, made from the summary alone.

Everything here is plain text; the forms escape it. Percent has one decimal; a value that does not exist is a dash.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ser_tf.evaluation.metrics import METRICS

DASH = "–"

LEGEND = (
    "Ours: counts of all folds and seeds pooled, then divided, with a 95% interval from resampling speakers; folds: "
    "mean ± sample standard deviation over the single trainings. All in percent.",
    "Verdict: matches = the published values lie inside our intervals; above or below = our interval lies higher or "
    "lower, judged by UA first.",
)
CLAIM_LEGEND = (
    "Difference in percentage points with a 95% interval from resampling speakers; p: one-sided paired permutation "
    "test by speaker, not corrected for the number of claims."
)


def percent(value: float | None) -> str:
    """A fraction as percent, `56.4`, or a dash."""
    return DASH if value is None else f"{100 * value:.1f}"


def spread(accuracies: Mapping[str, Any]) -> str:
    """Mean and deviation over folds, `56.4 ± 2.1`; the mean alone with one training."""
    if accuracies["fold_std"] is None:
        return percent(accuracies["fold_mean"])
    return f"{percent(accuracies['fold_mean'])} ± {percent(accuracies['fold_std'])}"


def interval(ends: Sequence[float | None], signed: bool = False) -> str:
    """An interval in percent, `[52.0, 60.1]`; empty when there is none."""
    low, high = ends
    if low is None or high is None:
        return ""
    return f"[{100 * low:+.1f}, {100 * high:+.1f}]" if signed else f"[{percent(low)}, {percent(high)}]"


def pooled(accuracies: Mapping[str, Any]) -> str:
    """Pooled accuracy with its interval, `56.4 [52.0, 60.1]`."""
    return f"{percent(accuracies['pooled'])} {interval(accuracies['ci95'])}".rstrip()


def published(row: Mapping[str, Any], metric: str) -> str:
    """The paper's value, with its deviation where the paper states one, or a dash."""
    stated = row["published"] or {}
    if stated.get(f"{metric}_std") is None:
        return percent(stated.get(metric))
    return f"{percent(stated.get(metric))} ± {percent(stated[f'{metric}_std'])}"


def difference(claim: Mapping[str, Any]) -> str:
    """A claim's difference in points with its interval, `+2.3 [-0.4, +5.0]`, or a dash."""
    if claim["difference"] is None:
        return DASH
    return f"{100 * claim['difference']:+.1f} {interval(claim['ci95'], signed=True)}".rstrip()


def p_value(claim: Mapping[str, Any]) -> str:
    """A p-value with three decimals, `<0.001`, or a dash."""
    if claim["p_value"] is None:
        return DASH
    return "<0.001" if claim["p_value"] < 0.001 else f"{claim['p_value']:.3f}"


def headline(summary: Mapping[str, Any]) -> str:
    """What was run, on what, and with how many folds and seeds; of a table of data its title."""
    if "columns" in summary:
        return f"{summary['experiment']} on corpus {summary['corpus']}: {summary['title']}"
    counts = sorted({len(row["folds"]) for row in summary["rows"] if row["status"] == "run"}) or [0]
    folds = " to ".join(str(count) for count in sorted({counts[0], counts[-1]}))
    seeds = summary["seeds"]
    return (
        f"{summary['experiment']} on corpus {summary['corpus']}: task {summary['task']}, "
        f"{len(summary['classes'])} classes (chance: UA {percent(summary['chance']['ua'])}), "
        f"{folds} {'fold' if counts[-1] == 1 else 'folds'}, "
        f"{len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'} ({', '.join(str(seed) for seed in seeds)})"
    )


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """Sentences that a reader must see before the numbers: smoke, another corpus, a partial one, leaks, warnings."""
    lines = []
    if summary["smoke"]:
        lines.append("Smoke run: it shows that the software runs and says nothing about the systems or the paper.")
    if not summary["corpus_is_papers"]:
        lines.append(
            f"{summary['corpus']} is not the paper's corpus: the published values stand beside for orientation, and "
            "being above or below them says nothing about the reproduction."
        )
    if summary["corpus_note"]:
        lines.append(f"Corpus: {summary['corpus_note']}.")
    if summary["leaks"]:
        lines.append(f"The leak report has findings ({len(summary['leaks'])}); the values may be too good.")
        lines += [f"Leak: {leak if isinstance(leak, str) else _fields(leak)}" for leak in summary["leaks"]]
    lines += [f"Warning: {warning}." for warning in summary["warnings"]]
    return lines


def notes(summary: Mapping[str, Any]) -> list[str]:
    """The notes of rows, each with the row's label."""
    return [f"{row['label']}: {row['note']}" for row in summary["rows"] if row["note"]]


def legend(summary: Mapping[str, Any]) -> tuple[str, ...]:
    """How to read the accuracies; a table of data has none."""
    return () if "columns" in summary else LEGEND


def claim_row(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """Cells of a claim: text, metric, difference, p, verdict."""
    return (claim["text"], METRICS[claim["metric"]].name, difference(claim), p_value(claim), claim["verdict"])


def _fields(leak: Any) -> str:
    """A leak that is a mapping, as `name: value` pairs."""
    if isinstance(leak, Mapping):
        return ", ".join(f"{name}: {value}" for name, value in leak.items())
    return str(leak)
