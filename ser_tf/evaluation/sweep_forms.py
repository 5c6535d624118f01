"""Output formats of a sweep: Markdown, CSV, JSON, a picture and the terminal."""

import csv
import io
import json
from pathlib import Path

from rich.console import RenderableType

from ser_tf.evaluation import markdown, sweep_plot, terminal, wording
from ser_tf.evaluation.layout import Cell, Page, Row, Section, cell
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.sweep import SweepSummary, SweptRowSummary, ValueSummary
from ser_tf.files import atomic_write_bytes, atomic_write_text

OTHER_UTTERANCES = " *"
EFFECT = ("pooled", "low", "high", "difference", "difference_low", "difference_high", "seed_limit", "beyond_seeds")


def write_sweep(folder: str | Path, sweep: SweepSummary) -> tuple[Path, ...]:
    """Writes `sweep.md`, `sweep.csv`, `sweep.png` and last `sweep.json`.

    Args:
        folder: The experiment's result folder, created if missing.
        sweep: From `ser_tf.evaluation.sweep.build_sweep`.

    Returns:
        Paths of the files.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = Path(folder)
    text = json.dumps(sweep, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return (
        atomic_write_text(folder / "sweep.md", to_markdown(sweep)),
        atomic_write_text(folder / "sweep.csv", to_csv(sweep)),
        atomic_write_bytes(folder / "sweep.png", sweep_plot.png(sweep)),
        atomic_write_text(folder / "sweep.json", text),
    )


def to_markdown(sweep: SweepSummary) -> str:
    """Formats the sweep as Markdown.

    Args:
        sweep: The content of `sweep.json`.
    """
    return markdown.render(page_of(sweep))


def to_rich(sweep: SweepSummary) -> RenderableType:
    """Formats the sweep for the terminal.

    Args:
        sweep: The content of `sweep.json`.
    """
    return terminal.render(page_of(sweep, stacked=True))


def page_of(sweep: SweepSummary, *, stacked: bool = False) -> Page:
    """Lays out a sweep with one section for each row.

    Args:
        sweep: The content of `sweep.json`.
        stacked: Whether differences go below the values, as in a narrow terminal, rather than in separate columns.
    """
    unit = sweep["statistics"]["unit"]
    smoke = ("Smoke run: it shows that the software runs; its numbers mean nothing.",) if sweep["smoke"] else ()
    sections = [_section(row, stacked=stacked) for row in sweep["rows"]]
    notes = [
        f"{name} is not read by {', '.join(rows)}: nothing was trained for it."
        for name, rows in sweep["unread"].items()
    ]
    notes.append(
        f"Difference from the default in percentage points, with its 95% interval over {unit}s. Beyond seeds: metrics "
        "whose difference is larger than what another seed explains (95%); ? = fewer than 3 seeds."
    )
    if any(value["same_utterances"] is False for row in sweep["rows"] for value in _values(row)):
        notes.append(f"* tests other utterances than the default; the {unit}s are paired, the utterances are not.")
    sections.append(Section("How to read", notes=tuple(notes)))
    headline = f"Sweep of {sweep['experiment']} on {sweep['corpus']}"
    return Page(headline, "", smoke, "", tuple(sections))


def _values(row: SweptRowSummary) -> list[ValueSummary]:
    """Returns all values of a row."""
    return [value for assumption in row["assumptions"] for value in assumption["values"]]


def _section(row: SweptRowSummary, *, stacked: bool) -> Section:
    """Makes a row's section: the default, then every value of every assumption."""
    names = [metric.name for metric in METRICS.values()]
    differences = [] if stacked else [f"{name} difference" for name in names]
    columns = ("Setting", *names, *differences, "Beyond seeds")
    measured = [row["default"][key] for key in METRICS]
    default = (cell(wording.percent(entry["pooled"]), wording.interval(entry["ci95"])) for entry in measured)
    rows: list[Row] = [(Cell("default"), *default, *(Cell("") for _ in (*differences, "Beyond seeds")))]
    notes = ["Default: " + ", ".join(f"{swept['name']} = {swept['default']}" for swept in row["assumptions"]) + "."]
    for assumption in row["assumptions"]:
        for value in assumption["values"]:
            setting = f"{assumption['name']} = {value['value']}"
            rows.append(_line(setting, value, len(columns), stacked=stacked))
            notes += [f"{setting}: {value['note']}"] * bool(value["note"])
    return Section(row["label"], columns, tuple(rows), tuple(notes))


def _line(setting: str, value: ValueSummary, columns: int, *, stacked: bool) -> Row:
    """Makes the cells of one value, dashes if it failed."""
    effects = [value["effects"][key] for key in METRICS if value["effects"]]
    if not effects:
        return (Cell(setting), *(Cell(wording.DASH) for _ in range(columns - 1)))
    first = Cell(setting + (OTHER_UTTERANCES if value["same_utterances"] is False else ""))
    differences = [
        (f"{100 * effect['difference']:+.1f}", wording.interval(effect["difference_ci95"], signed=True))
        for effect in effects
    ]
    if stacked:
        pairs = zip(effects, differences, strict=True)
        return (first, *(cell(wording.percent(effect["pooled"]), *texts) for effect, texts in pairs), _beyond(value))
    pooled = (cell(wording.percent(effect["pooled"]), wording.interval(effect["ci95"])) for effect in effects)
    return (first, *pooled, *(cell(*texts) for texts in differences), _beyond(value))


def _beyond(value: ValueSummary) -> Cell:
    """Names the metrics that change by more than another seed explains."""
    effects = value["effects"]
    if any(effect["beyond_seeds"] is None for effect in effects.values()):
        return Cell("?")
    names = [METRICS[key].name for key, effect in effects.items() if effect["beyond_seeds"]]
    return cell(*names) if names else Cell("no")


def to_csv(sweep: SweepSummary) -> str:
    """Formats the sweep as CSV with a header and one line for each default and value, in percent or points.

    Args:
        sweep: The content of `sweep.json`.
    """
    columns = ("key", "label", "assumption", "value", "is_default")
    measured = [f"{metric}_{part}" for metric in METRICS for part in EFFECT]
    run = ("experiment", "corpus", "smoke", "seeds", "same_utterances", "note")
    text = io.StringIO()
    writer = csv.DictWriter(text, (*columns, *measured, *run), restval="", lineterminator="\n")
    writer.writeheader()
    for row in sweep["rows"]:
        common = {
            "key": row["key"],
            "label": row["label"],
            "experiment": sweep["experiment"],
            "corpus": sweep["corpus"],
            "smoke": _word(sweep["smoke"]),
        }
        seeds = " ".join(map(str, row["seeds"]))
        for assumption in row["assumptions"]:
            named = common | {"assumption": assumption["name"]}
            first = {"value": assumption["default"], "is_default": "true", "seeds": seeds}
            writer.writerow(named | first | _default_cells(row))
            for value in assumption["values"]:
                writer.writerow(named | _value_cells(value))
    return text.getvalue()


def _default_cells(row: SweptRowSummary) -> dict[str, str]:
    """Returns the default's metrics by column."""
    cells: dict[str, str] = {}
    for key in METRICS:
        low, high = row["default"][key]["ci95"]
        numbers = {"pooled": row["default"][key]["pooled"], "low": low, "high": high}
        cells |= {f"{key}_{part}": _number(number) for part, number in numbers.items()}
    return cells


def _value_cells(value: ValueSummary) -> dict[str, str]:
    """Returns one value's cells by column."""
    cells = {
        "value": value["value"],
        "is_default": "false",
        "seeds": " ".join(map(str, value["seeds"])),
        "same_utterances": _word(value["same_utterances"]),
        "note": value["note"],
    }
    for key, effect in value["effects"].items():
        low, high = effect["ci95"]
        below, above = effect["difference_ci95"]
        numbers = (effect["pooled"], low, high, effect["difference"], below, above, effect["seed_limit"])
        cells |= {f"{key}_{part}": _number(number) for part, number in zip(EFFECT, numbers, strict=False)}
        cells[f"{key}_beyond_seeds"] = _word(effect["beyond_seeds"])
    return cells


def _number(value: float | None) -> str:
    """Formats a fraction in percent with two decimals; empty if there is none."""
    return "" if value is None else f"{100 * value:.2f}"


def _word(value: bool | None) -> str:
    """Formats a truth value as `true`, `false`, or nothing."""
    return "" if value is None else str(value).lower()
