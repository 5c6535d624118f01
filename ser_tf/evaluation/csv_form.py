"""A table as CSV: one line for each row and claim, with numbers in percent or points."""

import csv
import io
from collections.abc import Mapping, Sequence

from ser_tf.evaluation import wording
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.schema import Accuracy, ClaimSummary, DataRowSummary, DataSummary, RowSummary, Summary, accuracy

RUN = ("experiment", "corpus", "corpus_is_papers", "corpus_kind", "corpus_note", "smoke", "leaks", "note")
PARTS = ("published", "pooled", "low", "high", "mean", "std", "seed_std")
CLAIM = ("better", "worse", "metric", "difference", "difference_low", "difference_high", "p_value", "p_holm")
MEASUREMENT = ("value", "compared_with")

Line = dict[str, str | int | float | None]


def to_csv(summary: Summary | DataSummary) -> str:
    """Formats the table as CSV with a header: lines of kind `row`, then of kind `claim`.

    The corpus and its cautions are columns, which keeps every line self-contained. Cells that do not apply are empty;
    p-values are not rounded.

    Args:
        summary: The content of `summary.json`.
    """
    if "columns" in summary:
        own = [name.lower().replace(" ", "_") for name in summary["columns"][1:]]
        columns: Sequence[str] = ("key", "label", *own, "verdict", "seeds", *RUN)
        lines = [line for row in summary["rows"] for line in _data_lines(row, own)]
    else:
        measured = [f"{metric}_{part}" for metric in METRICS for part in PARTS]
        recalls = [f"recall_{name}_{part}" for name in summary["classes"] for part in ("pooled", "low", "high")]
        columns = ("kind", "key", "label", "origin", *measured, *recalls, *CLAIM, *MEASUREMENT, "verdict", "folds")
        columns = (*columns, "units", "seeds", *RUN)
        lines = [_row(row) for row in summary["rows"]] + [_claim(claim) for claim in summary["claims"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_common(summary) | line for line in lines)
    return text.getvalue()


def _common(summary: Summary | DataSummary) -> Line:
    """Returns the cells common to all lines."""
    return {
        "seeds": " ".join(str(seed) for seed in summary["seeds"]),
        "experiment": summary["experiment"],
        "corpus": summary["corpus"],
        "corpus_is_papers": str(summary["corpus_is_papers"]).lower(),
        "corpus_kind": summary["corpus_kind"],
        "corpus_note": summary["corpus_note"],
        "smoke": str(summary["smoke"]).lower(),
        "leaks": len(summary["leaks"]),
    }


def _row(row: RowSummary) -> Line:
    """Returns a row's cells by column."""
    cells: Line = {"kind": "row", "key": row["key"], "label": row["label"], "origin": row["origin"]}
    cells |= {"verdict": row["verdict"], "note": row["note"], "folds": len(row["folds"]), "units": row["units"]}
    for metric in METRICS:
        entry = accuracy(row, metric)
        numbers = _pooled(entry) | {"mean": entry["fold_mean"], "std": entry["fold_std"]}
        numbers |= {"published": (row["published"] or {}).get(metric), "seed_std": row["seed_std"].get(metric)}
        cells |= {f"{metric}_{part}": _number(value) for part, value in numbers.items()}
    for name, entry in row["recalls"].items():
        cells |= {f"recall_{name}_{part}": _number(value) for part, value in _pooled(entry).items()}
    return cells


def _pooled(entry: Accuracy) -> dict[str, float | None]:
    """Returns the pooled value and the ends of its interval."""
    return {"pooled": entry["pooled"], "low": entry["ci95"][0], "high": entry["ci95"][1]}


def _claim(claim: ClaimSummary) -> Line:
    """Returns a claim's cells by column; a measurement without comparison has the interval of its value."""
    scale = 100 if claim["form"] == "share" else 1
    decimals = 1 if claim["form"] == "share" else 4
    numbers = {"difference": claim["difference"], "value": claim["value"], "compared_with": claim["compared_with"]}
    numbers |= {"difference_low": claim["ci95"][0], "difference_high": claim["ci95"][1]}
    cells: Line = {name: _number(value, scale, decimals) for name, value in numbers.items()}
    cells |= {"better": claim["better"], "worse": claim["worse"], "metric": claim["metric"]}
    cells |= {"p_value": claim["p_value"], "p_holm": claim["p_holm"], "verdict": claim["verdict"]}
    return cells | {"kind": "claim", "label": claim["text"]}


def _data_lines(row: DataRowSummary, own: Sequence[str]) -> list[Line]:
    """Returns the cells of each line of a row of data; `own` are the table's columns."""
    common: Mapping[str, str] = {
        "key": row["key"], "label": row["label"], "verdict": row["verdict"], "note": row["note"]
    }  # fmt: skip
    lines = [["" if cell == wording.DASH else cell for cell in line] for line in row["lines"]]
    return [{**common, **dict(zip(own, line, strict=True))} for line in lines]


def _number(value: float | None, scale: float = 100, decimals: int = 1) -> str:
    """Formats a fraction, by default in percent with one decimal; empty if there is none."""
    return "" if value is None else f"{scale * value:.{decimals}f}"
