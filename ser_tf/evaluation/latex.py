r"""A table's page as a LaTeX fragment for `\input`; it needs only `\usepackage{booktabs}`.

Each section is a separate float with a short caption that fits a page of the article class. Columns of text wrap; if
the numbers leave too little room for them, the type gets smaller.
"""

import math
import re
import textwrap
from collections.abc import Sequence

from ser_tf.evaluation.layout import VERDICT, Page, Section
from ser_tf.evaluation.page import page_of
from ser_tf.evaluation.schema import DataSummary, Summary

ESCAPES = {
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
    "§": r"\S{}",
    "†": r"$\dagger$",
    "…": r"\dots{}",
    "·": r"$\cdot$",
}
NEGATIVE = re.compile(r"(?<![\w-])-(?=\d)")
"""The hyphen of a negative number, typeset as a minus sign."""
MAX_CAPTION = 300
PREAMBLE = r"% needs \usepackage{booktabs}"
TEXT_POINTS = 340
"""Text width of a 10 pt article, less 5 for rounding; wider pages only leave more room."""
MIN_LABEL_SHARE = 0.2
SIZES = {"footnotesize": 4.3, "scriptsize": 4.0, "tiny": 3.5}
"""Type sizes with the width of a digit in points."""
NARROW = frozenset(" .,:;'|!()[]-ijlt")
"""Characters about half as wide as a digit."""
GAP_POINTS = 6
ROW_POINTS = 2
"""Additional space between rows of several lines."""


def to_latex(summary: Summary | DataSummary) -> str:
    r"""Formats the table as LaTeX floats.

    Args:
        summary: The content of `summary.json`.
    """
    return render(page_of(summary))


def render(page: Page) -> str:
    """Formats a page as LaTeX floats, one per brief section; the main one's notes include protocol and cautions.

    Args:
        page: The page.
    """
    floats = []
    for section in page.sections:
        if section.brief and section.columns:
            first = not section.heading
            above = (*page.cautions, *filter(None, [page.protocol])) if first else ()
            floats.append(_float(page, section, above))
    return "\n".join([PREAMBLE, *floats])


def escaped(text: str) -> str:
    """Escapes LaTeX's special characters and replaces symbols unknown to plain LaTeX by commands."""
    signed = NEGATIVE.sub("−", text.replace("\n", " "))
    return "".join(ESCAPES.get(sign, sign) for sign in signed)


def caption(page: Page, section: Section) -> str:
    """Makes an escaped caption of less than 300 characters with the table's subject and its main cautions."""
    parts = [page.headline + "." if not section.heading else f"{page.headline}: {section.heading.strip('?').lower()}."]
    parts += [page.title.rstrip(".") + "."] * bool(page.title and not section.heading)
    parts += [line.split(":")[0] + "." for line in page.cautions if line.startswith("Smoke run")]
    parts += [line.split(":")[0] + "." for line in page.cautions if "paper's corpus" in line.split(":")[0]]
    while len(" ".join(map(escaped, parts))) >= MAX_CAPTION:
        longest = max(range(len(parts)), key=lambda place: len(parts[place]))
        parts[longest] = parts[longest][: len(parts[longest]) // 2].rstrip() + "…"
    return " ".join(map(escaped, parts))


def _float(page: Page, section: Section, above: Sequence[str]) -> str:
    """Makes one table environment."""
    name = "-".join([page.headline.replace(" on ", "-"), *section.heading.lower().strip("?").split()])
    size, share, parts = _layout(section)
    lines = [
        r"\begin{table}[htbp]",
        rf"\centering\{size}\setlength{{\tabcolsep}}{{{GAP_POINTS // 2}pt}}",
        rf"\caption{{{caption(page, section)}}}",
        rf"\label{{tab:{name}}}",
    ]
    for part in parts:
        lines += [*_tabular(part, share), ""]
    below = [*above, *section.notes]
    if below:
        text = r"\par ".join(escaped(line) for line in below)
        lines += [r"\smallskip", rf"\parbox{{\linewidth}}{{\scriptsize {text}}}"]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _layout(section: Section) -> tuple[str, float, list[Section]]:
    """Finds the largest type size that leaves room for the first column, and that column's share of the line.

    If none does, the columns are split over several tabulars.
    """
    columns = range(1, len(section.columns))
    for size, digit in SIZES.items():
        numbers = sum(section.width(place, _digits) * digit + GAP_POINTS for place in columns)
        if (room := TEXT_POINTS - numbers) >= MIN_LABEL_SHARE * TEXT_POINTS:
            share = min(room, (section.width(0, _digits) + 1) * digit) / TEXT_POINTS
            return size, math.floor(100 * share) / 100, [section]
    size = "scriptsize"
    room = (1 - MIN_LABEL_SHARE) * TEXT_POINTS / SIZES[size]
    return size, MIN_LABEL_SHARE, section.chunks(room, GAP_POINTS / SIZES[size], _digits)


def _digits(text: str) -> float:
    """Returns the width of a text in digits."""
    widths = {**dict.fromkeys(NARROW, 0.55), **dict.fromkeys("+−±", 1.6)}
    return sum(widths.get(sign, 1.05 if sign.isalpha() else 1) for sign in NEGATIVE.sub("−", text))


def _tabular(section: Section, share: float) -> list[str]:
    """Makes the lines of a tabular with booktabs rules."""
    kinds = ["l" if place == 0 or name == VERDICT else "r" for place, name in enumerate(section.columns)]
    heads = [
        escaped(name) if kind == "l" else _stack(kind, name.split())
        for kind, name in zip(kinds, section.columns, strict=True)
    ]
    gap = [rf"\addlinespace[{ROW_POINTS}pt]"] * any(cell.details for row in section.rows for cell in row)
    lines = [rf"\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}", r"\toprule", " & ".join(heads) + r" \\", r"\midrule"]
    for row in section.rows:
        cells = [rf"\parbox[t]{{{share}\linewidth}}{{\raggedright {escaped(row[0].text)}\strut}}"]
        for cell, kind, name in zip(row[1:], kinds[1:], section.columns[1:], strict=True):
            words = _words(cell.text, int(section.width(section.columns.index(name)))) if name == VERDICT else ()
            cells.append(_stack(kind, words or (cell.text, *cell.details)))
        lines += [*(gap if row is not section.rows[0] else ()), " & ".join(cells) + r" \\"]
    return [*lines, r"\bottomrule", r"\end{tabular}"]


def _words(text: str, letters: int) -> list[str]:
    """Wraps text to lines of the given number of characters."""
    return textwrap.wrap(text, max(letters, 1), break_long_words=False) or [""]


def _stack(kind: str, lines: Sequence[str]) -> str:
    """Stacks lines in one cell."""
    if len(lines) < 2:
        return "".join(map(escaped, lines))
    return rf"\begin{{tabular}}[t]{{@{{}}{kind}@{{}}}}" + r"\\".join(map(escaped, lines)) + r"\end{tabular}"
