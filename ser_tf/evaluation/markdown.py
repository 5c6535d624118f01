"""A table's page as GitHub Markdown."""

import re
from collections.abc import Sequence

from ser_tf.evaluation.layout import VERDICT, Cell, Page, Section
from ser_tf.evaluation.page import page_of
from ser_tf.evaluation.schema import DataSummary, Summary

MARKUP = re.compile(r"[\\`*|]|(?<!\w)_|_(?!\w)|<(?=[a-zA-Z/!?])")
"""Markup in running text, which does not include underscores within words or comparison signs."""


def to_markdown(summary: Summary | DataSummary) -> str:
    """Formats the table as Markdown.

    Args:
        summary: The content of `summary.json`.
    """
    return render(page_of(summary))


def render(page: Page) -> str:
    """Formats a page as Markdown: cautions and the protocol, then the sections.

    Args:
        page: The page.
    """
    parts = [f"# {escaped(page.headline)}", escaped(page.title)]
    parts += [f"**{escaped(line)}**" for line in page.cautions]
    parts.append(escaped(page.protocol))
    for section in page.sections:
        parts += _section(section)
    return "\n\n".join(filter(None, parts)) + "\n"


def escaped(text: str) -> str:
    """Escapes markup and joins lines."""
    return MARKUP.sub(lambda found: f"\\{found.group()}", text.replace("\n", " "))


def _section(section: Section) -> list[str]:
    """Formats heading, table and notes; notes without a table become a list."""
    parts = [f"## {escaped(section.heading)}"] if section.heading else []
    if section.columns:
        parts.append(_table(section.columns, section.rows))
        return [*parts, *(escaped(note) for note in section.notes)]
    lines = [escaped(note) for note in section.notes]
    return [*parts, "\n".join(f"- {line}" for line in lines) if len(lines) > 1 else lines[0]]


def _table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Formats a table with text aligned left, numbers right, and details in the same cell."""
    rule = [":--" if place == 0 or name == VERDICT else "--:" for place, name in enumerate(columns)]
    lines = [[escaped(name) for name in columns], rule]
    lines += [[escaped(" ".join((cell.text, *cell.details))) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
