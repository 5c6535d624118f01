"""Numbers and sentences that all forms of a table share, made from the summary.

Everything here is plain text; the forms escape it. Percent has one decimal; a value that does not exist is a dash.
"""

from collections.abc import Sequence

from ser_tf.evaluation import reproduction
from ser_tf.evaluation.schema import Accuracy, ClaimSummary, DataSummary, RowSummary, Summary

DASH = "–"
DIGEST_LETTERS = 12
NOT_IN_PAPER = "†"
"""Marks the label of a row that the paper does not have."""


def percent(value: float | None) -> str:
    """A fraction as percent, `56.4`, or a dash."""
    return DASH if value is None else f"{100 * value:.1f}"


def spread(mean: float | None, deviation: float | None) -> str:
    """Mean and standard deviation, `56.4 ± 2.1`; only the mean where there is no deviation."""
    return percent(mean) if deviation is None else f"{percent(mean)} ± {percent(deviation)}"


def interval(ends: Sequence[float | None], *, signed: bool = False, scale: float = 100, decimals: int = 1) -> str:
    """An interval in percent, `[52.0, 60.1]`; empty when there is none.

    Args:
        ends: Lower and upper end.
        signed: Whether both ends have a sign.
        scale: Factor of both ends.
        decimals: Number of decimals.
    """
    low, high = ends
    if low is None or high is None:
        return ""
    form = f"{'+' if signed else ''}.{decimals}f"
    return f"[{scale * low:{form}}, {scale * high:{form}}]"


def published(row: RowSummary, metric: str) -> str:
    """The paper's value, with its deviation where the paper states one, or a dash."""
    stated = row["published"] or {}
    return spread(stated.get(metric), stated.get(f"{metric}_std"))


def p_value(value: float | None) -> str:
    """A p-value with three decimals, `<0.001`, or a dash."""
    if value is None:
        return DASH
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def duration(seconds: float | None) -> str:
    """A duration in hours, minutes or seconds, `1.2 h`, or a dash."""
    if seconds is None:
        return DASH
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def extent(values: Sequence[int | None]) -> str:
    """Smallest and largest of some whole numbers, `12–40`, or a dash."""
    known = [value for value in values if value is not None]
    if not known:
        return DASH
    return f"{min(known)}" if min(known) == max(known) else f"{min(known)}–{max(known)}"


def epochs(row: RowSummary) -> str:
    """Epochs that the row's trainings took, and which were kept, `20–41 (best 9–30)`, or a dash."""
    best = extent([training["best"] for training in row["epochs"]])
    trained = extent([training["trained"] for training in row["epochs"]])
    return trained if best == DASH else f"{trained} (best {best})"


def difference(claim: ClaimSummary) -> tuple[str, str]:
    """A claim's difference in points, `+2.3`, and its interval; of a measurement also the two values, or the value."""
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
    """A number with its noun, `1 seed` or `3 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def headline(summary: Summary | DataSummary) -> str:
    """The experiment and its corpus."""
    return f"{summary['experiment']} on {summary['corpus']}"


def protocol(summary: Summary) -> str:
    """One line on how the numbers were made: classes, style, folds, epochs, seeds, what was left out, code."""
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
    """Tested recordings by class, and chance."""
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
    """The code that made the results, `code 0123456789ab`; empty where it is not known."""
    known = summary["code"]
    if known is None:
        return ""
    named = [known["commit"] or "", f"digest {known['digest'][:DIGEST_LETTERS]}" if known["digest"] else ""]
    named[0] = named[0][:DIGEST_LETTERS]
    return "code " + ", ".join(filter(None, named)) if any(named) else ""


def cautions(summary: Summary | DataSummary) -> list[str]:
    """Sentences that a reader must see before the numbers: smoke, another corpus, a partial one, leaks, warnings."""
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
            f"Only a part of the paper's corpus ({corpus}) was used: published values were measured on all of it and "
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
    """How to read the accuracies."""
    unit = summary["statistics"]["unit"]
    method = {
        "jackknife": f"delete-one-{unit} jackknife with Student's t",
        "bootstrap": f"percentile bootstrap over {unit}s",
    }[summary["statistics"]["interval"]]
    lines = [
        "Ours: percent, from the decisions of all folds and seeds counted together; in brackets the 95% interval for "
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
    """How to read the claims."""
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
    """Duration of the trainings and the machine."""
    line = f"Training took {duration(summary['seconds'])}"
    if summary["machine"]:
        line += f" ({', '.join(f'{name} {value}' for name, value in summary['machine'].items())})"
    return line + "."


def pooled(accuracy: Accuracy) -> tuple[str, str]:
    """Pooled value, `56.4`, and its interval, `[52.0, 60.1]`."""
    return percent(accuracy["pooled"]), interval(accuracy["ci95"])
