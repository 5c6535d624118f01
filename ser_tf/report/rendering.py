"""Rendering the page as one HTML file: every text escaped, style and script embedded, nothing loaded."""

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from ser_tf.report.document import Plot, Report

TEMPLATES = Path(__file__).parent / "templates"
AXIS = 100
EDGE = 5
"""Margin next to the axis of a drawn value, in its own units."""

LONG_TEXT = 45
"""Characters above which a cell is kept wide, where the table scrolls anyway."""


def render(report: Report) -> str:
    """The page.

    The browser is told to run no script but the page's own, whose digest it is given, and to load nothing.

    Args:
        report: What it shows.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script, style = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.js", "report.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    template = environment.get_template("report.html.jinja")
    return template.render(
        report=report,
        policy=policy,
        script=Markup(script),  # the package's own files need no escaping
        style=Markup(style),
        at=_at,
        breakable=_breakable,
        axis=AXIS,
        edge=EDGE,
        long=LONG_TEXT,
    )


def _breakable(text: str) -> Markup:
    """A text, escaped, that may break after underscores: names of assumptions and rows are long on a phone."""
    return Markup("_<wbr>").join(text.split("_"))


def _at(plot: Plot, name: str) -> str:
    """Returns the position of a plot's value, clipped to the axis."""
    value: float = getattr(plot, name)
    return f"{EDGE + min(max(value, 0.0), float(AXIS)):.1f}"
