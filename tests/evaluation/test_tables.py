import csv
import io
import re

import pytest
from rich.console import Console

from ser_tf.evaluation import tables
from tests.evaluation.examples import summary_of

PARTIAL = {"corpus": "emodb", "corpus_is_papers": False, "corpus_notes": ["partial: 342 of 535 files"]}
FORMS = {
    "markdown": tables.to_markdown,
    "latex": tables.to_latex,
    "rich": lambda summary: printed(summary),
}


def printed(summary, width=100):
    """What the terminal shows."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(tables.to_rich(summary))
    return console.file.getvalue()


def percent(value):
    return f"{100 * value:.1f}"


def markdown_rows(text, first_column):
    """Cells of the table with that first column, markup removed."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    cells = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        parts = re.split(r"(?<!\\)\|", line)[1:-1]
        cells.append([re.sub(r"\\(.)", r"\1", part.strip()) for part in parts])
    return cells


def test_markdown_gives_back_labels_numbers_and_verdicts():
    summary = summary_of()
    cells = markdown_rows(tables.to_markdown(summary), "System")
    for row, (label, wa_paper, wa_ours, wa_folds, ua_paper, _, _, verdict) in zip(summary["rows"], cells, strict=True):
        assert (label, verdict) == (row["label"], row["verdict"])
        stated = row["published"] or {"wa": None, "ua": None}
        assert wa_paper == ("–" if stated["wa"] is None else percent(stated["wa"]))
        assert ua_paper.split(" ± ")[0] == ("–" if stated["ua"] is None else percent(stated["ua"]))
        if row["status"] == "run":
            low, high = row["wa"]["ci95"]
            assert wa_ours == f"{percent(row['wa']['pooled'])} [{percent(low)}, {percent(high)}]"
            assert wa_folds == f"{percent(row['wa']['fold_mean'])} ± {percent(row['wa']['fold_std'])}"
        else:
            assert wa_ours == wa_folds == "–"
    assert cells[1][4] == "58.8 ± 1.7"
    claims = markdown_rows(tables.to_markdown(summary), "Claim")
    assert [line[0] for line in claims] == [claim["text"] for claim in summary["claims"]]
    assert [line[-1] for line in claims] == ["supported", "contradicted", "not run", "not run"]
    assert claims[0][2].startswith(f"{100 * summary['claims'][0]['difference']:+.1f} [+")
    assert claims[0][3] == "<0.001" and claims[2][2:4] == ["–", "–"]


def test_csv_gives_back_every_number():
    summary = summary_of(**PARTIAL)
    lines = list(csv.DictReader(io.StringIO(tables.to_csv(summary))))
    assert [line["kind"] for line in lines] == ["row"] * 6 + ["claim"] * 4
    for row, line in zip(summary["rows"], lines, strict=False):
        assert (line["key"], line["label"], line["verdict"]) == (row["key"], row["label"], row["verdict"])
        assert int(line["folds"]) == len(row["folds"])
        for metric in ("wa", "ua"):
            low, high = row[metric]["ci95"]
            stated = (row["published"] or {}).get(metric)
            expected = [stated, row[metric]["pooled"], low, high, row[metric]["fold_mean"], row[metric]["fold_std"]]
            cells = [line[f"{metric}_{name}"] for name in ("published", "pooled", "low", "high", "mean", "std")]
            assert cells == ["" if value is None else percent(value) for value in expected]
    for claim, line in zip(summary["claims"], lines[6:], strict=True):
        assert (line["better"], line["worse"], line["metric"]) == (claim["better"], claim["worse"], claim["metric"])
        assert line["difference"] == ("" if claim["difference"] is None else percent(claim["difference"]))
        assert line["p_value"] == ("" if claim["p_value"] is None else str(claim["p_value"]))
    assert {(line["corpus"], line["corpus_note"], line["smoke"]) for line in lines} == {
        ("emodb", "partial: 342 of 535 files", "false")
    }


def test_latex_is_well_formed():
    text = tables.to_latex(summary_of(smoke=True, leaks=["50% of a_b & c"]))
    body = re.sub(r"(?m)^%.*$", "", text)
    bare = re.sub(r"\\[{}]", "", body)
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    opened = re.findall(r"\\begin\{(\w+)\}", body)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+)\}", body)) == ["table", "tabular", "tabular"]
    assert body.isascii()
    prose = re.sub(r"\\label\{[^}]*\}", "", body)
    assert not re.search(r"(?<!\\)[#_^]|(?<!\\)%", prose.replace(r"\textasciicircum{}", ""))
    for line in re.findall(r"\\toprule\n(.*?)\\bottomrule", body, re.S):
        widths = {len(re.findall(r"(?<!\\)&", row)) for row in line.splitlines() if row.endswith(r"\\")}
        assert widths in ({7}, {4})
    assert r"Frame-wise, 100\% of LLD\_frames \& \textless{}more\textgreater{}" in body
    assert r"Deeper \#2 \$x\textasciicircum{}2\$" in body and r"get\_them \{so\}" in body
    commands = set(re.findall(r"\\([a-zA-Z]+)", body))
    assert commands <= set(
        "begin end centering footnotesize setlength tabcolsep caption label toprule midrule bottomrule medskip "
        "linewidth parbox pm textless textgreater textasciicircum textbar".split()
    )


def test_latex_gives_back_the_numbers():
    summary = summary_of()
    text = tables.to_latex(summary)
    for row in summary["rows"][:3]:
        low, high = row["ua"]["ci95"]
        assert f"{percent(row['ua']['pooled'])} {{[}}{percent(low)}, {percent(high)}{{]}}" in text


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_the_numbers_are_worth(form):
    def words(**changes):
        return re.sub(r"[\s*\\]+", " ", FORMS[form](summary_of(**changes)))

    plain = words()
    assert "on corpus iemocap" in plain and "5 folds, 1 seed (0)" in plain and "chance: UA 25.0" in plain
    assert "says nothing" not in plain and "Smoke" not in plain
    assert "Smoke run" in words(smoke=True) and "says nothing about the systems" in words(smoke=True)
    other = words(**PARTIAL)
    assert "emodb is not the paper's corpus" in other and "partial: 342 of 535 files" in other
    generated = words(corpus="synthetic", corpus_is_papers=False)
    assert "generated speech" in generated and "says nothing about the paper's corpus" in generated
    assert "leak report" not in plain
    assert "leak report has findings (1)" in words(leaks=[{"kind": "speakers", "fold": "Ses01"}])
    assert "kind: speakers, fold: Ses01" in words(leaks=[{"kind": "speakers", "fold": "Ses01"}])
    assert "SVM: no memory" in plain and "Satt 2017: published value, not run here" in plain


def test_the_terminal_form_fits_100_columns_with_every_number_whole():
    summary = summary_of(**PARTIAL)
    text = printed(summary)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "…" not in text
    for row in summary["rows"]:
        assert row["verdict"] in text
        for metric in ("wa", "ua"):
            if row["status"] == "run":
                low, high = row[metric]["ci95"]
                assert f"{percent(row[metric]['pooled'])} [{percent(low)}, {percent(high)}]" in text
                assert f"({percent(row[metric]['fold_mean'])} ± {percent(row[metric]['fold_std'])})" in text


def test_labels_with_brackets_are_not_taken_for_markup():
    summary = summary_of()
    summary["rows"][0]["label"] = "[bold]x[/nothing]"
    assert "[bold]x" in printed(summary)
