"""A table's page in sections of plain text: main table, claims, recalls, folds, leaks, cost."""

from ser_tf.evaluation import wording
from ser_tf.evaluation.layout import VERDICT, Cell, Page, Row, Section, cell
from ser_tf.evaluation.metrics import METRICS
from ser_tf.evaluation.schema import ClaimSummary, DataSummary, Pairwise, RowSummary, Summary, accuracy
from ser_tf.evaluation.verdicts import CLAIM_WORDS

MAX_BRIEF_PAIRED_ROWS = 7
"""Matrices of more rows are left to the forms that have room for them."""


def page_of(summary: Summary | DataSummary, *, stacked: bool = False) -> Page:
    """Lays out a summary.

    Args:
        summary: From `ser_tf.evaluation.summary.build_summary` or `ser_tf.evaluation.data_summary`.
        stacked: Whether published values go below ours, as in a narrow terminal, rather than in separate columns.
    """
    if "columns" in summary:
        sections: list[Section | None] = [_data(summary)]
        line = ""
    else:
        sections = [
            _main(summary, stacked=stacked),
            _reproduction(summary),
            _claims(summary),
            None if summary["pairwise"] is None else pairwise_section(summary["pairwise"], summary["rows"]),
            _recalls(summary),
            _trainings(summary),
            _leaks(summary),
            Section("Cost", notes=(wording.cost(summary),), brief=False),
        ]
        line = wording.protocol(summary)
    kept = tuple(section for section in sections if section is not None)
    return Page(wording.headline(summary), summary["title"], tuple(wording.cautions(summary)), line, kept)


def label(row: RowSummary) -> str:
    """Returns a row's label, marked if the row is not in the paper."""
    return row["label"] if row["origin"] == "paper" else f"{row['label']} {wording.NOT_IN_PAPER}"


def _ran(summary: Summary) -> list[RowSummary]:
    """Returns the rows with numbers."""
    return [row for row in summary["rows"] if row["status"] in ("run", "reference")]


def _main(summary: Summary, *, stacked: bool) -> Section:
    """Makes the main table: published values, ours with their intervals, and verdicts."""
    columns = ["System"]
    stated = {key for key in METRICS if any((row["published"] or {}).get(key) is not None for row in summary["rows"])}
    for key, metric in METRICS.items():
        columns += [f"{metric.name} paper"] * (key in stated and not stacked)
        columns.append(metric.name if stacked else f"{metric.name} ours")
    rows = []
    for row in summary["rows"]:
        cells = [Cell(label(row))]
        for key in METRICS:
            printed = wording.published(row, key)
            ours, ends = wording.pooled(accuracy(row, key))
            if stacked:
                cells.append(cell(ours, ends, f"paper {printed}" if printed != wording.DASH else ""))
            else:
                cells += [Cell(printed)] * (key in stated) + [cell(ours, ends)]
        rows.append((*cells, Cell(row["verdict"])))
    notes = [f"{label(row)}: {row['note']}" for row in summary["rows"] if row["note"]]
    return Section("", (*columns, VERDICT), tuple(rows), (*notes, *wording.legend(summary)))


def _reproduction(summary: Summary) -> Section | None:
    """Compares published values with a further training of ours, for rows with several seeds."""
    rows = []
    for row in summary["rows"]:
        judged = row["reproduction"]
        if judged is None or judged["seeds"] < 2:
            continue
        for key, entry in judged["metrics"].items():
            ours = cell(wording.percent(entry["mean"]), wording.interval(entry["interval"]))
            cells = [Cell(text) for text in (label(row), METRICS[key].name, wording.percent(entry["published"]))]
            rows.append((*cells, ours, Cell(str(judged["seeds"])), Cell(entry["verdict"])))
    if not rows:
        return None
    note = "Ours: mean over seeds; in brackets where a further training lies with 95% probability."
    return Section("Reproduced?", ("System", "Metric", "Paper", "Ours", "Seeds", VERDICT), tuple(rows), (note,))


def _claims(summary: Summary) -> Section | None:
    """Makes the section of the paper's claims."""
    if not summary["claims"]:
        return None
    corrected = summary["statistics"]["correction"] == "holm"
    rows = tuple(
        (
            Cell(claim["text"]),
            Cell(metric_name(claim)),
            cell(*wording.difference(claim)),
            cell(wording.p_value(claim["p_holm" if corrected else "p_value"]), _opposite(claim)),
            Cell(claim["verdict"]),
        )
        for claim in summary["claims"]
    )
    return Section("Claims", ("Claim", "Metric", "Difference", "p", VERDICT), rows, (wording.claim_legend(summary),))


def _opposite(claim: ClaimSummary) -> str:
    """Returns the p-value of the opposite claim if the verdict rests on it."""
    decides = claim["verdict"] in (words[1] for words in CLAIM_WORDS.values())
    return f"opposite {wording.p_value(claim['p_reversed_holm'])}" if decides and claim["p_reversed_holm"] else ""


def metric_name(claim: ClaimSummary) -> str:
    """Returns the name of a claim's metric, or of a measurement."""
    return claim["metric"] if claim["kind"] == "measurement" else METRICS[claim["metric"]].name


def pairwise_section(pairwise: Pairwise, rows: list[RowSummary]) -> Section:
    """Makes the matrix of differences: the row's system minus the column's.

    Args:
        pairwise: The comparisons.
        rows: The rows of the summary.
    """
    names = {row["key"]: label(row) for row in rows}
    keys = pairwise["rows"]
    found = {(pair["first"], pair["second"]): pair for pair in pairwise["pairs"]}
    matrix = []
    for place, key in enumerate(keys):
        best = " (best)" if key == pairwise["best"] else ""
        cells = [Cell(f"{place + 1} {names[key]}{best}")]
        for other in keys[1:]:
            pair = found.get((key, other))
            if pair is None:
                cells.append(Cell(""))
            else:
                p = f"p {wording.p_value(pair['p_holm'])}"
                ends = wording.interval(pair["ci95"], signed=True)
                cells.append(cell(f"{100 * pair['difference']:+.1f}", ends, p))
        matrix.append(tuple(cells))
    best = (
        f"Best: {names[pairwise['best']]}, which differs significantly from every other row."
        if pairwise["best"]
        else "No row is significantly better than all others; none is marked as best."
    )
    note = (
        f"The row's {METRICS[pairwise['metric']].name} less the column's in percentage points, with its 95% interval; "
        f"p: two-sided paired permutation test, corrected for {wording.counted(len(found), 'pair')} (Holm)."
    )
    columns = ("System", *(f"less {place + 1}" for place in range(1, len(keys))))
    notes = (best, note, *([pairwise["warning"]] if pairwise["warning"] else []))
    return Section("All pairs", columns, tuple(matrix), notes, brief=len(keys) <= MAX_BRIEF_PAIRED_ROWS)


def _recalls(summary: Summary) -> Section | None:
    """Makes the section of recalls of the classes that occur."""
    ran = _ran(summary)
    present = [name for name in summary["classes"] if any(row["recalls"][name]["pooled"] is not None for row in ran)]
    if not present:
        return None
    rows = tuple((Cell(label(row)), *(cell(*wording.pooled(row["recalls"][name])) for name in present)) for row in ran)
    return Section("Recall by class", ("System", *present), rows)


def _trainings(summary: Summary) -> Section | None:
    """Makes the section of means over folds, spread over seeds, epochs and durations."""
    ran = [row for row in summary["rows"] if row["status"] == "run"]
    if not ran:
        return None
    names = [metric.name for metric in METRICS.values()]
    columns = ("System", *(f"{name} folds" for name in names), *(f"{name} seeds ±" for name in names))
    rows = tuple(
        (
            Cell(label(row)),
            *(
                Cell(wording.spread(entry["fold_mean"], entry["fold_std"]))
                for entry in (accuracy(row, key) for key in METRICS)
            ),
            *(Cell(wording.percent(row["seed_std"].get(key))) for key in METRICS),
            Cell(wording.epochs(row)),
            Cell(wording.duration(row["seconds"])),
        )
        for row in ran
    )
    note = (
        "Folds: mean ± sample standard deviation over individual trainings; seeds: standard deviation over seeds of "
        "the value over all folds; epochs: trained, and the one that was kept."
    )
    return Section("Folds, seeds and epochs", (*columns, "Epochs", "Time"), rows, (note,), brief=False)


def _leaks(summary: Summary) -> Section | None:
    """Makes the section of the leak report's findings."""
    if not summary["leaks"]:
        return None
    found = tuple(leak if isinstance(leak, str) else _fields(leak) for leak in summary["leaks"])
    return Section("Leaks", notes=found, brief=False)


def _fields(leak: object) -> str:
    """Formats a finding that is a mapping as `name: value` pairs."""
    if isinstance(leak, dict):
        return ", ".join(f"{name}: {value}" for name, value in leak.items())
    return str(leak)


def _data(summary: DataSummary) -> Section:
    """Makes a table of data; only the first of a row's lines has its label and verdict."""
    rows: list[Row] = []
    for row in summary["rows"]:
        for place, line in enumerate(row["lines"]):
            first = place == 0
            cells = (row["label"] if first else "", *line, row["verdict"] if first else "")
            rows.append(tuple(Cell(text) for text in cells))
    notes = tuple(f"{row['label']}: {row['note']}" for row in summary["rows"] if row["note"])
    return Section("", (*summary["columns"], VERDICT), tuple(rows), notes)
