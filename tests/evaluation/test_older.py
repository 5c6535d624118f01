import json
from pathlib import Path

import numpy as np
import pytest

from ser_tf.errors import UserError
from ser_tf.evaluation import metrics, tables
from ser_tf.evaluation.data_summary import DataRow, build_data_summary
from ser_tf.evaluation.older import completed, read_summary
from ser_tf.evaluation.write import write_results
from tests.evaluation.examples import summary_of
from tests.evaluation.test_tables import printed

TOP = (
    "experiment corpus task seeds smoke rows claims assumptions leaks seconds classes chance corpus_is_papers "
    "corpus_note warnings".split()
)
ROW = "key label published wa ua folds verdict status note per_fold per_class_recall confusion speakers".split()
CLAIM = "text better worse metric difference ci95 p_value verdict speakers trainings".split()
RESULTS = sorted((Path(__file__).parents[2] / "experiments" / "results").glob("*_table*/*/summary.json"))


def old_summary(**changes):
    """A summary with only those keys that the first version wrote."""
    summary = summary_of(**changes)
    whole = {key: summary[key] for key in TOP}
    whole["rows"] = [{key: row[key] for key in ROW} for row in summary["rows"]]
    whole["claims"] = [{key: claim[key] for key in CLAIM} for claim in summary["claims"]]
    return json.loads(json.dumps(whole))


def test_an_old_summary_gets_what_its_counts_tell_and_keeps_what_it_has():
    old, today = old_summary(), summary_of()
    found = completed(old)
    assert all(found[key] == old[key] for key in TOP if key not in ("rows", "claims"))
    assert found.keys() >= today.keys()
    for new, before, row in zip(found["rows"], old["rows"], today["rows"], strict=True):
        assert new.keys() >= row.keys() and all(new[key] == before[key] for key in ROW)
        if row["status"] == "run":
            assert new["macro_f1"]["pooled"] == row["macro_f1"]["pooled"]
            assert new["recalls"]["sad"]["pooled"] == row["recalls"]["sad"]["pooled"]
            assert new["macro_f1"]["ci95"] == [None, None]
    for new, before, claim in zip(found["claims"], old["claims"], today["claims"], strict=True):
        assert new.keys() >= claim.keys() and all(new[key] == before[key] for key in CLAIM)
    assert found["class_counts"] == today["class_counts"]
    assert found["statistics"]["interval"] == "bootstrap" and found["statistics"]["correction"] == "none"


def test_chance_of_an_old_summary_counts_the_classes_that_occur():
    old = old_summary()
    for row in old["rows"]:
        if row["confusion"] is not None:
            row["confusion"][3] = [0, 0, 0, 0]
    assert completed(old)["chance"] == {"ua": 1 / 3}


@pytest.mark.parametrize(("is_papers", "kind"), [(True, "papers"), (False, "other")])
def test_the_kind_of_corpus_follows_from_the_old_key(is_papers, kind):
    assert completed(old_summary() | {"corpus_is_papers": is_papers})["corpus_kind"] == kind


def test_a_summary_of_today_stays_as_it_is():
    summary = summary_of(pairwise_metric="ua", corpus_kind="part")
    assert completed(json.loads(json.dumps(summary))) == summary


def test_the_forms_of_an_old_summary_say_how_its_numbers_were_made():
    found = completed(old_summary())
    text = tables.to_markdown(found)
    assert "percentile bootstrap over speakers" in text and "not corrected for the number of claims" in text
    assert tables.to_csv(found).count("\n") == 12 and r"\begin{table}" in tables.to_latex(found)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: "-".join(path.parts[-3:-1]))
def test_committed_results_are_shown_in_every_form(path, tmp_path):
    summary = read_summary(path)
    write_results(tmp_path, summary)
    text = (tmp_path / "table.md").read_text()
    assert all(row["label"].split("_")[0] in text for row in summary["rows"])
    shown = printed(summary, 80)
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 80 and "…" not in shown
    for row in summary["rows"]:
        if row.get("confusion"):
            matrix = np.array(row["confusion"])
            assert row["ua"]["pooled"] == pytest.approx(metrics.unweighted_accuracy(matrix))


def test_an_old_table_of_data_is_shown():
    summary = build_data_summary(
        experiment="a_table1", title="T", task="t", corpus="emodb", corpus_kind="part", corpus_notes=(), seeds=(0,),
        smoke=False, columns=("Set", "Number"), rows=[DataRow("a", "A", (("1",),), {})], assumptions={}, seconds=1,
    )  # fmt: skip
    assert summary["rows"][0]["verdict"] == "part of the corpus" and summary["rows"][0]["macro_f1"]["pooled"] is None
    old = {key: value for key, value in summary.items() if key != "corpus_kind"}
    assert completed(old)["corpus_kind"] == "other" and "| A | 1 |" in tables.to_markdown(completed(old))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "summary.json: damaged: not JSON in line 1"),
        ("[]", "summary.json: damaged: not a JSON object; run the table again"),
        ('{"rows": []}', "it lacks `experiment`"),
        ('{"experiment": "x", "corpus": "c", "rows": [], "claims": []}', "it lacks 'corpus_is_papers'; run the table"),
    ],
)
def test_other_files_are_refused(text, message, tmp_path):
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_summary(tmp_path / "summary.json")
    with pytest.raises(UserError, match="there is no such file"):
        read_summary(tmp_path / "absent.json")
