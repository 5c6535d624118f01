"""Numbers and sentences shared by all output formats of a table, made from the summary.

Everything here is plain text, which the formats escape. Percentages have one decimal; missing values are dashes.
"""

from collections.abc import Sequence

from ser_tf.evaluation import reproduction
from ser_tf.evaluation.schema import Accuracy, ClaimSummary, DataSummary, RowSummary, Summary

DASH = "–"
DIGEST_LETTERS = 12
NOT_IN_PAPER = "†"
"""Marks the label of a row that is not in the paper."""


def percent(value: float | None) -> str:
    """Formats a fraction as percent, `56.4`, or a dash."""
    return DASH if value is None else f"{100 * value:.1f}"


def spread(mean: float | None, deviation: float | None) -> str:
    """Formats mean and standard deviation, `56.4 ± 2.1`, or only the mean if there is no deviation."""
    return percent(mean) if deviation is None else f"{percent(mean)} ± {percent(deviation)}"


def interval(ends: Sequence[float | None], *, signed: bool = False, scale: float = 100, decimals: int = 1) -> str:
    """Formats an interval in percent, `[52.0, 60.1]`; empty if there is none.

    Args:
        ends: Lower and upper end.
        signed: Whether to print a sign.
        scale: Factor on both ends.
        decimals: Number of decimals.
    """
    low, high = ends
    if low is None or high is None:
        return ""
    form = f"{'+' if signed else ''}.{decimals}f"
    return f"[{scale * low:{form}}, {scale * high:{form}}]"


def published(row: RowSummary, metric: str) -> str:
    """Formats the paper's value, with its deviation if stated, or a dash."""
    stated = row["published"] or {}
    return spread(stated.get(metric), stated.get(f"{metric}_std"))


def p_value(value: float | None) -> str:
    """Formats a p-value with three decimals, `<0.001`, or a dash."""
    if value is None:
        return DASH
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """Formats a duration in hours, minutes or seconds, `1.2 h`, or a dash."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def extent(values: Sequence[int | None]) -> str:
    """Formats the minimum and maximum of whole numbers, `12–40`, or a dash."""
    known = [value for value in values if value is not None]
    if not known:
        return DASH
    return f"{min(known)}" if min(known) == max(known) else f"{min(known)}–{max(known)}"


def epochs(row: RowSummary) -> str:
    """Formats the epochs of the row's trainings and those kept, `20–41 (best 9–30)`, or a dash."""
    best = extent([training["best"] for training in row["epochs"]])
    trained = extent([training["trained"] for training in row["epochs"]])
    return trained if best == DASH else f"{trained} (best {best})"


def difference(claim: ClaimSummary) -> tuple[str, str]:
    """Formats a claim's difference in points, `+2.3`, and its interval, with the values of a measurement."""
    if claim["kind"] == "rows":
        value = claim["difference"]
        return (DASH, "") if value is None else (f"{100 * value:+.1f}", interval(claim["ci95"], signed=True))
    scale, decimals = (100, 1) if claim["form"] == "share" else (1, 2)
    found, other = claim["value"] or 0.0, claim["compared_with"]
    if other is None or claim["difference"] is None:
        return f"{scale * found:.{decimals}f}", interval(claim["ci95"], scale=scale, decimals=decimals)
    values = f"{scale * found:.{decimals}f} against {scale * other:.{decimals}f}"
    ends = interval(claim["ci95"], signed=True, scale=scale, decimals=decimals)
    return f"{scale * claim['difference']:+.{decimals}f} ({values})", ends


def counted(number: int, noun: str) -> str:
    """Formats a number with its noun, `1 seed` or `3 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(summary: Summary | DataSummary) -> str:
    """Names the experiment and its corpus."""
    return f"{summary['experiment']} on {summary['corpus']}"


def protocol(summary: Summary) -> str:
    """Describes in one line how the numbers were made: classes, style, folds, epochs, seeds, omissions, code."""
    stated = summary["protocol"]
    parts = [stated.get("cross_corpus", ""), _classes(summary), stated.get("style", ""), stated.get("trained_on", "")]
    counts = sorted({len(row["folds"]) for row in summary["rows"] if row["status"] == "run"}) or [0]
    folds = f"{counts[0]} to {counts[-1]} folds" if counts[0] != counts[-1] else counted(counts[0], "fold")
    parts.append(folds + (f" ({stated['folds']})" if stated.get("folds") else ""))
    parts.append(f"epoch chosen by {stated['epoch_choice']}" if stated.get("epoch_choice") else "")
    parts.append(f"{counted(len(summary['seeds']), 'seed')} ({', '.join(map(str, summary['seeds']))})")
    parts.append("left out: " + ", ".join(stated["left_out"]) if stated.get("left_out") else "")
    parts.append(code(summary))
    return f"Protocol: {'; '.join(filter(None, parts))}."


def _classes(summary: Summary) -> str:
    """Describes tested recordings by class, and chance."""
    counts = {name: number for name, number in summary["class_counts"].items() if number}
    chance = f"chance UA {percent(summary['chance']['ua'])}"
    if not counts:
        return f"{len(summary['classes'])} classes ({chance})"
    named = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    absent = [name for name in summary["classes"] if name not in counts]
    none = f"; no {', '.join(absent)}" if absent else ""
    total = counted(sum(counts.values()), "recording")
    return f"{total} in {len(counts)} classes ({named}{none}; {chance})"


def code(summary: Summary) -> str:
    """Names the code that made the results, `code 0123456789ab`; empty if unknown."""
    known = summary["code"]
    if known is None:
        return ""
    named = [known["commit"] or "", f"digest {known['digest'][:DIGEST_LETTERS]}" if known["digest"] else ""]
    named[0] = named[0][:DIGEST_LETTERS]
    return "code " + ", ".join(filter(None, named)) if any(named) else ""


def cautions(summary: Summary | DataSummary) -> list[str]:
    """Lists what a reader must see before the numbers: smoke run, another or partial corpus, leaks, warnings."""
    lines, corpus = [], summary["corpus"]
    if summary["smoke"]:
        lines.append("Smoke run: it shows that the software runs; its numbers mean nothing.")
    if summary["corpus_kind"] == "other":
        lines.append(
            f"{corpus} is not the paper's corpus: published values are shown for reference only; being above or below "
            "them says nothing about the reproduction."
        )
    elif summary["corpus_kind"] == "part":
        lines.append(
            f"Only part of the paper's corpus ({corpus}) was used: published values were measured on all of it and "
            "are shown for reference only."
        )
    if summary["corpus_note"]:
        lines.append(f"Corpus: {summary['corpus_note']}.")
    if summary["leaks"]:
        issues = counted(len(summary["leaks"]), "issue")
        lines.append(f"The leak report found {issues}; these numbers may be optimistic.")
    lines += [f"Warning: {warning}." for warning in summary["warnings"]]
    return lines


def legend(summary: Summary) -> list[str]:
    """Explains how to read the accuracies."""
    unit = summary["statistics"]["unit"]
    method = {
        "jackknife": f"delete-one-{unit} jackknife with Student's t",
        "bootstrap": f"percentile bootstrap over {unit}s",
    }[summary["statistics"]["interval"]]
    lines = [
        "Ours: percent, pooled over the decisions of all folds and seeds; in brackets the 95% interval for "
        f"other {unit}s ({method})."
    ]
    if any(row["reproduction"] for row in summary["rows"]):
        lines.append(
            f"Verdict: {reproduction.REPRODUCED} = the published values lie where a further training of ours lies with "
            f"95% probability, and that is within ± {100 * reproduction.MAX_HALF_WIDTH:.0f} points; "
            f"{reproduction.NOT_REPRODUCED} = they lie outside; {reproduction.INCONCLUSIVE} = the spread over seeds is "
            f"wider, or there are fewer than {reproduction.MIN_SEEDS} seeds."
        )
    if any(row["origin"] != "paper" for row in summary["rows"]):
        lines.append(f"{NOT_IN_PAPER} not in the paper.")
    return lines


def claim_legend(summary: Summary) -> str:
    """Explains how to read the claims."""
    tests = sum(claim["p_value"] is not None for claim in summary["claims"])
    unit, corrected = summary["statistics"]["unit"], summary["statistics"]["correction"] == "holm"
    family = f"corrected for {counted(tests, 'test')} (Holm)" if corrected else "not corrected for the number of claims"
    verdict = (
        "supported or contradicted: p < 0.05"
        if summary["corpus_is_papers"] or not corrected
        else "holds or reversed here: p < 0.05 on this corpus; open here: neither"
    )
    return (
        f"Difference in percentage points (measurements: as given) with its 95% interval over {unit}s. "
        f"p: one-sided paired permutation test over {unit}s, {family}. Verdict: {verdict}."
    )


def cost(summary: Summary) -> str:
    """Describes the duration of the trainings and the machine."""
    line = f"Training took {duration(summary['seconds'])}"
    if summary["machine"]:
        line += f" ({', '.join(f'{name} {value}' for name, value in summary['machine'].items())})"
    return line + "."


def pooled(accuracy: Accuracy) -> tuple[str, str]:
    """Formats the pooled value, `56.4`, and its interval, `[52.0, 60.1]`."""
    return percent(accuracy["pooled"]), interval(accuracy["ci95"])
