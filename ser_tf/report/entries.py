"""Layout of a table's folder: main table, claims, matrices, figures, sweep, assumptions, leaks, cost, code, command."""

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from ser_tf.evaluation import page, wording
from ser_tf.evaluation.layout import Section
from ser_tf.evaluation.schema import Summary
from ser_tf.protocol.ledger import Entry as Assumption
from ser_tf.protocol.paper import Paper
from ser_tf.report import assumptions, confusions, known, pictures, provenance, rerun
from ser_tf.report.document import Entry, GridCell, Part, Picture
from ser_tf.report.folder import TableFolder
from ser_tf.report.grids import PLOT_NOTE, grid_of, main_grid
from ser_tf.report.known import Origin

LEAKS, COST, RECALLS = "Leaks", "Cost", "Recall by class"
CONFUSION, SWEEP = "confusion_", "sweep"
CONFUSION_NOTE = (
    "A row is a true class with its number of decisions, a column the decided class; percent of the row, counts below."
)
NOT_OF_A_PAPER = "This version has no such table; how to run it again is not known."


@dataclasses.dataclass(frozen=True)
class _Places:
    """Ids below a table's own, one for each part."""

    table: str

    def of(self, heading: str) -> str:
        """The id of a part."""
        return f"{self.table}-{slug(heading) or 'table'}"


def slug(text: str) -> str:
    """Turns text into an id of lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def entry(folder: TableFolder, paper: Paper[Any] | None, place: str) -> Entry:
    """Lays out a table's folder.

    Args:
        folder: The table's folder.
        paper: The table's paper, or None if it is unknown here.
        place: Id of the table.

    Raises:
        Exception: one of `ser_tf.report.folder.DAMAGED`, where the files do not hold what they should.
    """
    summary, origin = folder.summary, Origin.of(folder.summary["experiment"])
    laid, places = page.page_of(summary), _Places(place)
    headline = f"{origin.name} on {summary['corpus']}"
    if "columns" in summary:
        parts = [_section(section, headline, places) for section in laid.sections]
    else:
        parts = _results(laid.sections, summary, headline, places)
    parts += [*_figures(folder, paper, headline, places), *_sweep(folder, headline, places)]
    entries = known.entries_of(paper, summary["experiment"], summary["assumptions"], [])
    parts.append(assumptions.used_part(entries, summary["assumptions"], places.of("Assumptions")))
    if "columns" not in summary:
        leaks = next((section for section in laid.sections if section.heading == LEAKS), None)
        parts.append(provenance.leaks_part(leaks, folder.checks, places.of(LEAKS)))
        parts.append(provenance.cost_part(summary, folder.manifest, places.of(COST)))
        parts.append(provenance.code_part(summary, folder.manifest, places.of("Code")))
    parts.append(_rerun(folder, paper, origin, entries, places))
    return Entry(
        id=place,
        name=headline,
        title=laid.title or _title(paper, origin),
        experiment=summary["experiment"],
        smoke=bool(summary["smoke"]),
        cautions=laid.cautions,
        protocol=laid.protocol,
        parts=tuple(parts),
        overview=_overview(folder),
    )


def _title(paper: Paper[Any] | None, origin: Origin) -> str:
    """Returns the title of the paper's table, for old summaries without one."""
    table = known.table_of(paper, origin)
    return table.title if table else ""


def _section(section: Section, headline: str, places: _Places) -> Part:
    """Makes a part from a section of the table's page."""
    caption = f"{section.heading or 'Results'}: {headline}"
    grids = (grid_of(section, caption),) if section.columns else ()
    return Part(places.of(section.heading), section.heading, grids=grids, notes=section.notes)


def _results(sections: Iterable[Section], summary: Summary, headline: str, places: _Places) -> list[Part]:
    """Sections with numbers; the matrices follow the recalls."""
    parts = []
    for section in sections:
        if section.heading in (LEAKS, COST):
            continue
        part = _section(section, headline, places)
        if not section.heading:
            grid = main_grid(section, summary, f"Results: {headline}")
            part = dataclasses.replace(part, grids=(grid,), notes=(*part.notes, PLOT_NOTE))
        parts.append(part)
        if section.heading == RECALLS and (matrices := confusions.matrices(summary)):
            heading = "Confusion matrices"
            parts.append(Part(places.of(heading), heading, matrices=matrices, notes=(CONFUSION_NOTE,)))
    return parts


def _figures(folder: TableFolder, paper: Paper[Any] | None, headline: str, places: _Places) -> list[Part]:
    """Pictures of the folder besides the sweep's; of confusion matrices those of rows without counts."""
    rows: dict[str, Any] = {row["key"]: row for row in folder.summary["rows"]}
    titles = {figure.name: figure.title for figure in (paper.figures if paper else ())}
    shown = []
    for stem, picture in folder.pictures.items():
        if stem.startswith(CONFUSION):
            row = rows.get(stem.removeprefix(CONFUSION))
            if row is None or row.get("confusion") is not None:
                continue
            shown.append(_picture(picture, f"Confusion matrix of {row['label']}, {headline}"))
        elif stem != SWEEP:
            number = re.fullmatch(r"fig(\d+)", stem)
            name = f"Figure {number[1]}" if number else stem.replace("_", " ").capitalize()
            title = f": {titles[stem]}" if stem in titles else ""
            shown.append(
                _picture(picture, f"{name}{title}. {folder.summary['experiment']}, {folder.summary['corpus']}")
            )
    return [Part(places.of("Figures"), "Figures", pictures=tuple(shown))] if shown else []


def _picture(picture: tuple[bytes, int, int], caption: str) -> Picture:
    png, width, height = picture
    return Picture(pictures.address(png), width, height, caption)


def _sweep(folder: TableFolder, headline: str, places: _Places) -> list[Part]:
    """The sweep: a table for each row, the drawing, and how to read them."""
    if folder.sweep is None:
        return []
    from ser_tf.evaluation import sweep_forms

    laid = sweep_forms.page_of(folder.sweep)
    grids = tuple(
        grid_of(section, f"Sweep of {section.heading}, {headline}") for section in laid.sections if section.columns
    )
    notes = [
        f"{section.heading}. {note}" if section.columns else note for section in laid.sections for note in section.notes
    ]
    drawn = folder.pictures.get(SWEEP)
    shown = (_picture(drawn, f"Effects of assumptions on UA, {headline}"),) if drawn else ()
    return [Part(places.of("Sweep"), "Sweep", lead=laid.cautions, grids=grids, pictures=shown, notes=tuple(notes))]


def _rerun(
    folder: TableFolder, paper: Paper[Any] | None, origin: Origin, entries: tuple[Assumption, ...], places: _Places
) -> Part:
    table = known.table_of(paper, origin)
    place = places.of("Run")
    summary = folder.summary
    if origin.group == known.COMPARISON and "columns" not in summary:
        return rerun.comparison(summary, folder.sweep, entries, place)
    if paper is None or table is None:
        return Part(place, "Run it again", notes=(NOT_OF_A_PAPER,))
    return rerun.part(paper, table, summary, folder.sweep, place)


def _overview(folder: TableFolder) -> tuple[GridCell, ...]:
    """Rows, verdicts, claims, leaks and time."""
    summary = folder.summary
    verdicts = Counter(row["verdict"] for row in summary["rows"])
    claims = Counter(claim["verdict"] for claim in summary["claims"])
    leaks = str(len(summary["leaks"]))
    return (
        GridCell(str(len(summary["rows"])), sort=str(len(summary["rows"]))),
        _counted(verdicts),
        _counted(claims),
        GridCell(leaks, sort=leaks),
        GridCell(wording.duration(summary["seconds"]), sort=f"{summary['seconds']:g}"),
    )


def _counted(verdicts: Counter[str]) -> GridCell:
    """Verdicts with their numbers, the most frequent first."""
    said = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.most_common()) or wording.DASH
    return GridCell(said, sort=said.lower())
