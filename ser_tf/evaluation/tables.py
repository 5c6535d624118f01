"""A table of results as Markdown, CSV, LaTeX and in the terminal, from the summary alone.

All forms show the same: the published values, our pooled values with their intervals, mean and deviation over folds,
the verdict; before them the corpus and what the numbers cannot say; after them the paper's claims. A table that shows
data (`ser_tf.evaluation.data_summary`) has columns of its own in place of the accuracies.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ser_tf.evaluation import wording

COLUMNS = ("System", "WA paper", "WA ours", "WA folds", "UA paper", "UA ours", "UA folds", "Verdict")
CLAIM_COLUMNS = ("Claim", "Metric", "Difference", "p", "Verdict")
CSV_RUN = ("experiment", "corpus", "corpus_is_papers", "corpus_note", "smoke", "leaks", "note")
CSV_COLUMNS = (
    *("kind", "key", "label"),
    *(f"{metric}_{part}" for metric in ("wa", "ua") for part in ("published", "pooled", "low", "high", "mean", "std")),
    *("better", "worse", "metric", "difference", "difference_low", "difference_high", "p_value"),
    *("verdict", "folds", "seeds", *CSV_RUN),
)
MARKDOWN_MARKUP = re.compile(r"[\\`*|]|(?<!\w)_|_(?!\w)|<(?=[a-zA-Z/!?])")
"""Markup in running text; underscores inside words and comparison signs are none."""
VERDICT_STYLES = {
    "matches": "green",
    "supported": "green",
    "above": "cyan",
    "below": "red",
    "contradicted": "red",
    "differs": "red",
    "failed": "bold red",
}
TEX_ESCAPES = {
    "\\": r"\textbackslash{}",
    **{sign: rf"\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "[": "{[}",
    "]": "{]}",
    "±": r"$\pm$",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "α": r"$\alpha$",
    "λ": r"$\lambda$",
}


def to_markdown(summary: Mapping[str, Any]) -> str:
    """The table as GitHub Markdown; see the module's text.

    Args:
        summary: From `ser_tf.evaluation.summary.build_summary`.
    """
    parts = [f"# {_markdown(wording.headline(summary))}"]
    parts += [f"**{_markdown(line)}**" for line in wording.cautions(summary)]
    parts.append(_markdown_table(*_body(summary)))
    parts += [_markdown(line) for line in (*wording.notes(summary), *wording.legend(summary))]
    if summary["claims"]:
        parts.append("## Claims")
        parts.append(_markdown_table(CLAIM_COLUMNS, [wording.claim_row(claim) for claim in summary["claims"]]))
        parts.append(_markdown(wording.CLAIM_LEGEND))
    return "\n\n".join(parts) + "\n"


def to_csv(summary: Mapping[str, Any]) -> str:
    """The table as CSV with a header: lines of kind `row`, then of kind `claim`; numbers in percent or points.

    The corpus and what is to be known of it are columns, so that a line cut out of the file still says what it was
    measured on. Cells that do not apply or do not exist are empty; p-values are not rounded.

    Args:
        summary: From `ser_tf.evaluation.summary.build_summary`.
    """
    text = io.StringIO()
    own = tuple(name.lower().replace(" ", "_") for name in summary.get("columns", ())[1:])
    columns = ("key", "label", *own, "verdict", "seeds", *CSV_RUN) if own else CSV_COLUMNS
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    common = {
        "seeds": " ".join(str(seed) for seed in summary["seeds"]),
        "experiment": summary["experiment"],
        "corpus": summary["corpus"],
        "corpus_is_papers": str(summary["corpus_is_papers"]).lower(),
        "corpus_note": summary["corpus_note"],
        "smoke": str(summary["smoke"]).lower(),
        "leaks": len(summary["leaks"]),
    }
    for row in summary["rows"]:
        writer.writerows(common | cells for cells in (_csv_lines(row, own) if own else [_csv_row(row)]))
    for claim in summary["claims"]:
        low, high = claim["ci95"]
        numbers = {"difference": claim["difference"], "difference_low": low, "difference_high": high}
        cells = {name: claim[name] for name in ("better", "worse", "metric", "verdict")}
        cells |= {name: _number(value) for name, value in numbers.items()}
        cells |= {"kind": "claim", "label": claim["text"], "p_value": claim["p_value"]}
        writer.writerow(common | cells)
    return text.getvalue()


def to_latex(summary: Mapping[str, Any]) -> str:
    r"""The table as a LaTeX fragment for `\input`; needs `\usepackage{booktabs}` alone.

    Args:
        summary: From `ser_tf.evaluation.summary.build_summary`.
    """
    parts = [wording.headline(summary) + ".", *wording.cautions(summary)]
    caption = " ".join(_tex(part) for part in parts)
    columns, cells = _body(summary)
    lines = [
        r"% needs \usepackage{booktabs}; a wide table: use it in a one-column document or as table*",
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{summary['experiment']}-{summary['corpus']}}}",
        *_tex_tabular(f"l{'r' * (len(columns) - 2)}l", columns, cells),
    ]
    below = [*wording.notes(summary), *wording.legend(summary)]
    if summary["claims"]:
        lines += ["", r"\medskip"]
        claims = [wording.claim_row(claim) for claim in summary["claims"]]
        lines += _tex_tabular(r"p{0.42\linewidth}lrrl", CLAIM_COLUMNS, claims)
        below.append(wording.CLAIM_LEGEND)
    if below:
        lines += ["", r"\medskip", r"\parbox{\linewidth}{" + r" \\ ".join(_tex(line) for line in below) + "}"]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def to_rich(summary: Mapping[str, Any]) -> RenderableType:
    """The table for the terminal, readable in 100 columns; print it with a `rich.console.Console`.

    Args:
        summary: From `ser_tf.evaluation.summary.build_summary`.
    """
    parts: list[RenderableType] = [Text(wording.headline(summary), style="bold")]
    parts += [Text(line, style="yellow") for line in wording.cautions(summary)]
    parts.append(_rich_table(*_body(summary)) if "columns" in summary else _rich_accuracies(summary))
    parts += [Text(line) for line in wording.notes(summary)]
    parts += [Text(line, style="dim") for line in wording.legend(summary)]
    if summary["claims"]:
        claims = [wording.claim_row(claim) for claim in summary["claims"]]
        parts += [_rich_table(CLAIM_COLUMNS, claims), Text(wording.CLAIM_LEGEND, style="dim")]
    return Group(*parts)


def _rich_accuracies(summary: Mapping[str, Any]) -> Table:
    """The rows' accuracies for the terminal, those over folds below the pooled ones."""
    table = Table(box=box.SIMPLE_HEAD, show_lines=False, pad_edge=False)
    table.add_column("System", overflow="fold")
    for name in ("WA paper", "WA ours\n(folds)", "UA paper", "UA ours\n(folds)"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Verdict")
    for row in summary["rows"]:
        cells = [Text(row["label"])]
        for metric in ("wa", "ua"):
            ours = wording.pooled(row[metric])
            if row[metric]["pooled"] is not None:
                ours += f"\n({wording.spread(row[metric])})"
            cells += [Text(wording.published(row, metric)), Text(ours)]
        table.add_row(*cells, _verdict(row["verdict"]))
    return table


def _body(summary: Mapping[str, Any]) -> tuple[Sequence[str], list[tuple[str, ...]]]:
    """Columns and cells of the table; of several lines of a row the first has its label and verdict."""
    if "columns" not in summary:
        return COLUMNS, [_cells(row) for row in summary["rows"]]
    cells = []
    for row in summary["rows"]:
        first, *others = row["lines"]
        cells += [(row["label"], *first, row["verdict"]), *(("", *line, "") for line in others)]
    return (*summary["columns"], "Verdict"), cells


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of a row in the order of `COLUMNS`."""
    ours = []
    for metric in ("wa", "ua"):
        ours += [wording.published(row, metric), wording.pooled(row[metric]), wording.spread(row[metric])]
    return (row["label"], *ours, row["verdict"])


def _csv_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a row by CSV column."""
    cells = {name: row[name] for name in ("key", "label", "verdict", "note")}
    for metric in ("wa", "ua"):
        low, high = row[metric]["ci95"]
        numbers = {"pooled": row[metric]["pooled"], "low": low, "high": high}
        numbers |= {"mean": row[metric]["fold_mean"], "std": row[metric]["fold_std"]}
        numbers["published"] = (row["published"] or {}).get(metric)
        cells |= {f"{metric}_{name}": _number(value) for name, value in numbers.items()}
    return cells | {"kind": "row", "folds": len(row["folds"])}


def _csv_lines(row: Mapping[str, Any], own: Sequence[str]) -> list[dict[str, Any]]:
    """The cells of each line of a row of data by CSV column; `own` are those of the table."""
    cells = {name: row[name] for name in ("key", "label", "verdict", "note")}
    lines = [["" if cell == wording.DASH else cell for cell in line] for line in row["lines"]]
    return [cells | dict(zip(own, line, strict=True)) for line in lines]


def _number(value: float | None) -> str:
    """Percent with one decimal, or an empty cell."""
    return "" if value is None else wording.percent(value)


def _markdown(text: str) -> str:
    """Escapes what Markdown would take for markup in running text or in a cell."""
    return MARKDOWN_MARKUP.sub(r"\\\g<0>", text.replace("\n", " "))


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first and the last column are text, the others numbers."""
    rule = [":--", *["--:"] * (len(columns) - 2), ":--"]
    lines = [columns, rule, *([_markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tex(text: str) -> str:
    """Escapes LaTeX's own characters and writes the signs that plain LaTeX does not know as commands."""
    return "".join(TEX_ESCAPES.get(sign, sign) for sign in text.replace("\n", " "))


def _tex_tabular(alignment: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a tabular with booktabs rules."""
    lines = [" & ".join(_tex(cell) for cell in row) + r" \\" for row in (columns, *rows)]
    opening = rf"\begin{{tabular}}{{{alignment}}}"
    return [opening, r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule", r"\end{tabular}"]


def _verdict(verdict: str) -> Text:
    """A verdict in its colour."""
    return Text(verdict, style=VERDICT_STYLES.get(verdict, "yellow"))


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """A table for the terminal: text in the first and last column, numbers in the others, the verdict last."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(columns):
        inner = 0 < place < len(columns) - 1
        table.add_column(name.replace(" ", "\n"), no_wrap=place > 0, justify="right" if inner else "left")
    for *cells, verdict in rows:
        table.add_row(*(Text(cell) for cell in cells), _verdict(verdict))
    return table
