"""A sweep as a tornado plot: the change in UA with each value, largest effects on top."""

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.sweep import AssumptionSummary, Effect, SweepSummary, SweptRowSummary

METRIC = "ua"
BETTER, WORSE, SEEDS, INK = "#0072B2", "#D55E00", "#DDDDDD", "#222222"
"""Blue and vermillion from Okabe and Ito's colour-blind-safe palette."""
PALE = 0.45
"""Opacity of effects not known to exceed what another seed explains."""
DOTS_PER_INCH = 150
WIDTH_INCHES = 8.0
LINE_INCHES = 0.27
MARGIN_INCHES = 1.3
MAX_LINES = 40
"""Maximum number of values shown per row; the table has the smaller effects too."""

Line = tuple[str, Effect]


def png(sweep: SweepSummary) -> bytes:
    """Renders the picture as PNG; the same sweep gives the same bytes.

    Args:
        sweep: The content of `sweep.json`.
    """
    drawn = io.BytesIO()
    draw(sweep).savefig(drawn, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return drawn.getvalue()


def draw(sweep: SweepSummary) -> Figure:
    """Draws one panel for each row that has a result.

    Args:
        sweep: The content of `sweep.json`.
    """
    shown = [(row, lines) for row in sweep["rows"] if (lines := ordered(row))]
    heights = [MARGIN_INCHES + LINE_INCHES * len(lines) for _, lines in shown] or [MARGIN_INCHES]
    figure = Figure(figsize=(WIDTH_INCHES, sum(heights)), layout="constrained")
    FigureCanvasAgg(figure)
    smoke = " (smoke run: its numbers mean nothing)" if sweep["smoke"] else ""
    figure.suptitle(f"{sweep['experiment']} on {sweep['corpus']}{smoke}", fontsize=11)
    if not shown:
        return figure
    panels = figure.subplots(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (row, lines) in zip(panels, shown, strict=True):
        _panel(axes, row, lines, sweep["statistics"]["unit"])
    return figure


def ordered(row: SweptRowSummary) -> list[Line]:
    """Orders settings with their effects on UA: assumptions by largest effect, then values by difference."""
    lines: list[Line] = []
    for assumption in sorted(row["assumptions"], key=_reach, reverse=True):
        values = [
            (f"{assumption['name']} = {value['value']}", value["effects"][METRIC])
            for value in assumption["values"]
            if value["effects"]
        ]
        lines += sorted(values, key=lambda line: line[1]["difference"], reverse=True)
    return lines[:MAX_LINES]


def _reach(assumption: AssumptionSummary) -> float:
    """Returns the largest effect of an assumption."""
    effects = [value["effects"][METRIC] for value in assumption["values"] if value["effects"]]
    return max((abs(effect["difference"]) for effect in effects), default=0.0)


def _panel(axes: Axes, row: SweptRowSummary, lines: list[Line], unit: str) -> None:
    """Draws bars from zero, whiskers for intervals, and a band for the effect of another seed, pale bars inside it."""
    limit = lines[0][1]["seed_limit"]
    if limit is not None:
        axes.axvspan(-100 * limit, 100 * limit, color=SEEDS, zorder=0)
    for place, (_, effect) in enumerate(lines):
        _bar(axes, place, effect)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(lines)), [setting for setting, _ in lines], fontsize=8)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    name, default = METRICS[METRIC].name, 100 * row["default"][METRIC]["pooled"]
    seeds = "seeds: too few to tell" if limit is None else "grey: another seed (95%)"
    legend = f"{name} less the default's {default:.1f}, in points; whiskers: 95% interval over {unit}s; {seeds}"
    axes.set_xlabel(legend, fontsize=8)
    axes.set_title(row["label"], fontsize=10, loc="left", wrap=True)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _bar(axes: Axes, place: int, effect: Effect) -> None:
    """Draws one value's bar with its whiskers and its number."""
    difference, (low, high) = 100 * effect["difference"], effect["difference_ci95"]
    colour, opacity = BETTER if difference >= 0 else WORSE, 1.0 if effect["beyond_seeds"] else PALE
    axes.barh(place, difference, height=0.62, color=colour, alpha=opacity, zorder=2)
    if low is not None and high is not None:
        axes.plot([100 * low, 100 * high], [place, place], color=INK, linewidth=1, zorder=3)
        axes.plot([100 * low, 100 * high], [place, place], "|", color=INK, markersize=6, zorder=3)
    text = f"{difference:+.1f}".replace("-", "−")
    axes.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=8)
