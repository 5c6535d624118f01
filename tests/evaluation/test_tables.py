import csv
import io
import re

import numpy as np
import pytest
from rich.console import Console

from ser_tf.evaluation import metrics, tables
from ser_tf.evaluation.claims import Measurement
from ser_tf.evaluation.metrics import METRICS, Metric
from ser_tf.evaluation.predictions import RowResult
from tests.evaluation.examples import summary_of
from tests.evaluation.simulated import simulated_folds

PARTIAL = {"corpus": "emodb", "corpus_kind": "other", "corpus_notes": ["partial: 342 of 535 files"]}
SEVEN = ("angry", "happy", "excited", "sad", "neutral", "frustrated", "surprise")
MEASURED = Measurement(
    "attention on silence", "less attention on silence than its share of time", np.tile([0.1, 0.2], 10),
    tuple(f"S{number}" for number in range(10) for _ in range(2)), np.repeat(np.linspace(0.3, 0.4, 10), 2), "less",
)  # fmt: skip
ENTROPY = Measurement("entropy", "entropy of head 1", np.linspace(1, 2, 20), MEASURED.speakers, form="number")
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


def markdown_rows(text, first_column, nth=0):
    """Cells of the nth table with that first column, by column name, markup removed."""
    lines = text.splitlines()
    start = [index for index, line in enumerate(lines) if line.startswith(f"| {first_column} |")][nth]
    heads, _, *body = lines[start:]
    names = [name.strip() for name in heads.split("|")[1:-1]]
    rows = []
    for line in body:
        if not line.startswith("|"):
            break
        parts = re.split(r"(?<!\\)\|", line)[1:-1]
        rows.append(dict(zip(names, (re.sub(r"\\(.)", r"\1", part.strip()) for part in parts), strict=True)))
    return rows


def test_markdown_gives_back_labels_numbers_and_verdicts():
    summary = summary_of()
    rows = markdown_rows(tables.to_markdown(summary), "System")
    for row, cells in zip(summary["rows"], rows, strict=True):
        mark = "" if row["origin"] == "paper" else " †"
        assert (cells["System"], cells["Verdict"]) == (row["label"] + mark, row["verdict"])
        stated = row["published"] or {"wa": None, "ua": None}
        for key, metric in METRICS.items():
            if key in ("wa", "ua"):
                expected = "–" if stated[key] is None else percent(stated[key])
                assert cells[f"{metric.name} paper"].split(" ± ")[0] == expected
            low, high = row[key]["ci95"]
            ours = cells[f"{metric.name} ours"]
            assert ours == ("–" if low is None else f"{percent(row[key]['pooled'])} [{percent(low)}, {percent(high)}]")
    assert rows[1]["UA paper"] == "58.8 ± 1.7" and "Macro-F1 paper" not in rows[0]


def test_markdown_gives_back_the_claims():
    summary = summary_of(measurements=[MEASURED, ENTROPY])
    claims = markdown_rows(tables.to_markdown(summary), "Claim")
    assert [cells["Claim"] for cells in claims] == [claim["text"] for claim in summary["claims"]]
    assert [cells["Verdict"] for cells in claims] == [
        "supported", "contradicted", "not run", "not run", "supported", "measured"
    ]  # fmt: skip
    first, second, missing, _, measured, entropy = claims
    assert first["Difference"].startswith(f"{100 * summary['claims'][0]['difference']:+.1f} [+")
    assert (first["p"], missing["p"], missing["Difference"]) == ("0.003", "–", "–")
    assert second["p"] == "1.000 opposite 0.003"
    assert measured["Metric"] == "attention on silence"
    assert measured["Difference"].startswith("-20.0 (15.0 against 35.0) [-")
    assert entropy["Difference"].startswith("1.50 [1.") and entropy["p"] == "–"
    assert "corrected for 3 tests (Holm)" in tables.to_markdown(summary)


def test_markdown_gives_recalls_folds_seeds_epochs_and_cost():
    rows = [RowResult("only", "Only", {"wa": 0.6}, simulated_folds(0.6, 1, seeds=(0, 1, 2)))]
    summary = summary_of(rows=rows, claims=[], seconds=4479, machine={"processor": "x86_64", "cores": 2})
    text, row = tables.to_markdown(summary), summary["rows"][0]
    reproduced = markdown_rows(text, "System", 1)[0]
    assert (reproduced["Metric"], reproduced["Paper"], reproduced["Seeds"]) == ("WA", "60.0", "3")
    assert reproduced["Verdict"] == row["verdict"]
    recalls = markdown_rows(text, "System", 2)[0]
    sad = row["recalls"]["sad"]
    assert recalls["sad"] == f"{percent(sad['pooled'])} [{percent(sad['ci95'][0])}, {percent(sad['ci95'][1])}]"
    trainings = markdown_rows(text, "System", 3)[0]
    assert trainings["UA folds"] == f"{percent(row['ua']['fold_mean'])} ± {percent(row['ua']['fold_std'])}"
    assert trainings["Macro-F1 seeds ±"] == percent(row["seed_std"]["macro_f1"])
    assert (trainings["Epochs"], trainings["Time"]) == ("12 (best 7)", "22 s")
    assert "Training took 1.2 h (processor x86_64, cores 2)." in text


def test_one_seed_is_not_held_against_its_spread():
    assert "## Reproduced?" not in tables.to_markdown(summary_of())


def test_all_pairs_are_a_matrix_and_the_best_is_marked():
    rows = [
        RowResult(key, key, None, simulated_folds(skill, seed, num_speakers=12))
        for seed, (key, skill) in enumerate({"low": 0.3, "middle": 0.55, "high": 0.85}.items())
    ]
    summary = summary_of(rows=rows, claims=[], pairwise_metric="ua")
    matrix = markdown_rows(tables.to_markdown(summary), "System", 1)
    assert [cells["System"] for cells in matrix] == ["1 low", "2 middle", "3 high (best)"]
    assert matrix[0]["less 3"].startswith("-") and matrix[1]["less 2"] == matrix[2]["less 3"] == ""
    assert "Best: high, which differs significantly from every other row." in tables.to_markdown(summary)
    weak = tables.to_markdown(summary_of(rows=[rows[0], *[RowResult("l", "l", None, rows[0].folds)]], claims=[],
                                         pairwise_metric="ua"))  # fmt: skip
    assert "none is marked as best" in weak and "(best)" not in weak


def test_the_page_has_the_protocol_in_one_line_and_details_below():
    protocol = {
        "style": "acted", "folds": "one speaker out", "epoch_choice": "lowest loss of the partner",
        "left_out": ["2 recordings without a label"], "trained_on": "trained on ravdess",
    }  # fmt: skip
    code = {"commit": "9f8c7d6e5f4a3b2c", "digest": "0123456789abcdef"}
    text = tables.to_markdown(summary_of(protocol=protocol, code=code, leaks=["text: 10 of 10", "speakers: 1 of 2"]))
    (line,) = [line for line in text.splitlines() if line.startswith("Protocol:")]
    assert line == (
        "Protocol: 200 recordings in 4 classes (angry 53, happy 54, sad 41, neutral 52; chance UA 25.0); acted; "
        "trained on ravdess; 5 folds (one speaker out); epoch chosen by lowest loss of the partner; 1 seed (0); "
        "left out: 2 recordings without a label; code 9f8c7d6e5f4a, digest 0123456789ab."
    )
    assert text.index("The leak report found 2 issues; these numbers may be optimistic.") < text.index("| System |")
    assert text.index("## Leaks\n\n- text: 10 of 10\n- speakers: 1 of 2\n") > text.index("## Recall by class")


def test_classes_that_do_not_occur_are_named_and_no_part_of_chance():
    rows = [RowResult("only", "Only", None, simulated_folds(0.6, 9, weights=[0.5, 0.25, 0.25, 0.0]))]
    text = tables.to_markdown(summary_of(rows=rows, claims=[]))
    assert re.search(r"in 3 classes \(angry \d+, happy \d+, sad \d+; no neutral; chance UA 33\.3\)", text)
    assert "neutral" not in markdown_rows(text, "System", 1)[0]
    assert "4 classes (chance UA 25.0); 0 folds" in tables.to_markdown(summary_of(rows=[], claims=[]))


def test_csv_gives_back_every_number():
    summary = summary_of(**PARTIAL, measurements=[MEASURED, ENTROPY])
    lines = list(csv.DictReader(io.StringIO(tables.to_csv(summary))))
    assert [line["kind"] for line in lines] == ["row"] * 7 + ["claim"] * 6
    for row, line in zip(summary["rows"], lines, strict=False):
        assert (line["key"], line["label"], line["verdict"]) == (row["key"], row["label"], row["verdict"])
        assert (int(line["folds"]), int(line["units"]), line["origin"]) == (
            len(row["folds"]), row["units"], row["origin"]
        )  # fmt: skip
        for metric in METRICS:
            low, high = row[metric]["ci95"]
            stated = (row["published"] or {}).get(metric)
            expected = [stated, row[metric]["pooled"], low, high, row[metric]["fold_mean"], row[metric]["fold_std"]]
            cells = [line[f"{metric}_{name}"] for name in ("published", "pooled", "low", "high", "mean", "std")]
            assert cells == ["" if value is None else percent(value) for value in expected]
        recall = row["recalls"]["happy"]["pooled"]
        assert line["recall_happy_pooled"] == ("" if recall is None else percent(recall))
    for claim, line in zip(summary["claims"][:4], lines[7:11], strict=True):
        assert (line["better"], line["worse"], line["metric"]) == (claim["better"], claim["worse"], claim["metric"])
        assert line["difference"] == ("" if claim["difference"] is None else percent(claim["difference"]))
        for name in ("p_value", "p_holm"):
            assert line[name] == ("" if claim[name] is None else str(claim[name]))
    assert [lines[11][name] for name in ("value", "compared_with", "difference")] == ["15.0", "35.0", "-20.0"]
    assert (lines[12]["value"], lines[12]["compared_with"]) == ("1.5000", "")
    assert {(line["corpus"], line["corpus_kind"], line["corpus_note"], line["smoke"]) for line in lines} == {
        ("emodb", "other", "partial: 342 of 535 files", "false")
    }


def test_a_new_metric_is_in_every_form(monkeypatch):
    error = Metric("Error rate", lambda counts: 1 - metrics.share_right(counts), averages_classes=False)
    monkeypatch.setitem(METRICS, "error", error)
    summary = summary_of()
    assert "error_pooled" in tables.to_csv(summary).splitlines()[0]
    assert "Error rate ours" in tables.to_markdown(summary)
    assert r"Error\\rate" in tables.to_latex(summary)
    text = printed(summary)
    assert f"{100 * summary['rows'][0]['error']['pooled']:.1f}" in text and re.search(r"Error\s", text)


def test_latex_is_well_formed():
    text = tables.to_latex(summary_of(smoke=True, pairwise_metric="ua", measurements=[MEASURED]))
    body = re.sub(r"(?m)^%.*$", "", text)
    bare = re.sub(r"\\[{}]", "", body.replace(r"\\", ""))
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    opened = re.findall(r"\\begin\{(\w+)\}", body)
    assert sorted(opened) == sorted(re.findall(r"\\end\{(\w+)\}", body))
    assert opened.count("table") == 4 and body.isascii()
    prose = re.sub(r"\\label\{[^}]*\}", "", body)
    assert not re.search(r"(?<!\\)[#_^]|(?<!\\)%", prose.replace(r"\textasciicircum{}", ""))
    outer = re.sub(r"\\begin\{tabular\}\[t\].*?\\end\{tabular\}", "", body)
    columns = []
    for table in re.findall(r"\\toprule\n(.*?)\\bottomrule", outer, re.S):
        widths = {len(re.findall(r"(?<!\\)&", row)) for row in table.splitlines() if row.endswith(r"\\")}
        assert len(widths) == 1
        columns += widths
    assert columns == [6, 4, 2, 4]
    assert r"Frame-wise, 100\% of LLD\_frames \& \textless{}more\textgreater{}" in body
    assert r"Deeper \#2 \$x\textasciicircum{}2\$ $\dagger$" in body and r"get\_them \{so\}" in body
    commands = set(re.findall(r"(?<!\\)\\([a-zA-Z]+)", body))
    assert commands <= set(
        "begin end centering footnotesize scriptsize tiny setlength tabcolsep caption label toprule midrule bottomrule "
        "addlinespace smallskip linewidth parbox par raggedright strut pm dagger textless textgreater textasciicircum "
        "textbar".split()
    )


def test_latex_gives_back_the_numbers():
    summary = summary_of()
    text = tables.to_latex(summary)
    for row in summary["rows"][:3]:
        for metric in METRICS:
            low, high = row[metric]["ci95"]
            assert f"{percent(row[metric]['pooled'])}\\\\{{[}}{percent(low)}, {percent(high)}{{]}}" in text
    assert f"$-${percent(-summary['claims'][1]['difference'])}" in text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"title": "Share of \\ and % " * 40},
        {"title": "A title " * 40, "corpus_kind": "other", "smoke": True, "experiment": "a_long_name" * 6},
        {"corpus_kind": "part", "corpus": "a_corpus_with_a_long_name" * 4, "pairwise_metric": "ua"},
    ],
)
def test_captions_are_short(changes):
    captions = re.findall(r"\\caption\{(.*)\}\n", tables.to_latex(summary_of(**changes)))
    assert len(captions) >= 3 and all(len(caption) < 300 for caption in captions)


def test_captions_say_what_the_numbers_are_not():
    other = tables.to_latex(summary_of(**PARTIAL, smoke=True))
    for caption in re.findall(r"\\caption\{(.*)\}\n", other):
        assert "Smoke run." in caption and "emodb is not the paper's corpus." in caption
    assert "Only part of the paper's corpus (iemocap) was used." in tables.to_latex(summary_of(corpus_kind="part"))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_the_numbers_are_worth(form):
    def words(**changes):
        return re.sub(r"[\s*\\]+", " ", FORMS[form](summary_of(**changes)))

    plain = words()
    assert "mirsamadi2017" in plain and "5 folds; 1 seed (0)" in plain and "chance UA 25.0" in plain
    assert "paper's corpus" not in plain and "Smoke" not in plain and "leak report" not in plain
    assert "Smoke run: it shows that the software runs; its numbers mean nothing." in words(smoke=True)
    other = words(**PARTIAL)
    assert (
        "emodb is not the paper's corpus: published values are shown for reference only; being above or below them "
        "says nothing about the reproduction."
    ) in other
    assert "Corpus: partial: 342 of 535 files." in other and "part of the paper's corpus" not in other
    part = words(corpus_kind="part")
    assert "Only part of the paper's corpus (iemocap) was used: published values were measured on all of it" in part
    assert "is not the paper's corpus" not in part
    generated = words(corpus="synthetic", corpus_kind="other")
    assert "generated speech" in generated and "say nothing about the paper's corpus" in generated
    assert "The leak report found 1 issue; these numbers may be optimistic." in words(leaks=["speakers: Ses01"])
    assert "SVM: no memory" in plain and "Satt 2017: published value, not run here" in plain
    assert "not in the paper." in plain and "reference" in plain


def test_leaks_are_listed_in_the_file_in_words():
    text = tables.to_markdown(summary_of(leaks=[{"kind": "speakers", "fold": "Ses01"}]))
    assert text.count("kind: speakers, fold: Ses01") == 1


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("classes", [SEVEN[:4], SEVEN])
def test_the_terminal_form_fits_with_every_number_whole(width, classes):
    rows = [
        RowResult(f"row{seed}", f"System {seed} with a label of several words, more_than_a_few_underscores",
                  {"wa": 0.5, "wa_std": 0.02, "ua": 0.49, "ua_std": 0.019},
                  simulated_folds(0.4 + 0.05 * seed, seed, classes=len(classes), seeds=(0, 1)))
        for seed in range(7)
    ]  # fmt: skip
    summary = summary_of(**PARTIAL, rows=rows, claims=[], classes=classes, pairwise_metric="ua", seeds=(0, 1))
    text = printed(summary, width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width and "…" not in text
    for row in summary["rows"]:
        for entry in (*(row[metric] for metric in METRICS), *row["recalls"].values()):
            low, high = entry["ci95"]
            assert percent(entry["pooled"]) in text and f"[{percent(low)}, {percent(high)}]" in text
    for pair in summary["pairwise"]["pairs"]:
        assert f"{100 * pair['difference']:+.1f}" in text
    assert "paper 50.0 ± 2.0" in text


def test_labels_with_brackets_are_not_taken_for_markup():
    summary = summary_of()
    summary["rows"][0]["label"] = "[bold]x[/nothing]"
    assert "[bold]x" in printed(summary)
