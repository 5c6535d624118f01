"""Table 1 of ando2019 through its script: on the generated corpus, on CREMA-D's vote table, and where votes lack."""

import importlib
import json

import numpy as np
import pytest

from ser_tf import cli, corpora
from ser_tf.corpora.synthetic import generation
from ser_tf.corpora.synthetic.iemocap_layout import evaluate
from ser_tf.corpora.synthetic.plan import plan_iemocap
from tests.corpora import trees
from tests.test_experiments import ROW, SUMMARY

table1 = importlib.import_module("experiments.ando2019_table1")


def _rows(corpus):
    return {row.key: row for row in table1.rows_of(corpus)}


@pytest.mark.parametrize("scale", ["small", "full"])
def test_the_generated_corpus_has_the_ratios_that_were_drawn(scale, tmp_path):
    """Written as text, read by the parser of IEMOCAP; nothing is spoken."""
    plan = plan_iemocap(scale, 0)
    description = generation._settings("iemocap", scale, 0) | generation._describe_iemocap(plan)
    (tmp_path / "corpus.json").write_text(json.dumps(description))
    rng = np.random.default_rng(0)
    dialogs = {}
    for place, turn in enumerate(plan):
        folder = tmp_path / f"Session{turn.session[-1]}" / "dialog" / "EmoEvaluation"
        dialogs.setdefault(folder / f"{turn.dialog}.txt", []).append(evaluate(turn, place, place + 1, rng))
    for path, turns in dialogs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n", *turns]) + "\n")
    rows = _rows(corpora.load("synthetic", tmp_path))
    drawn = description["existence_improvised"]
    for name in ("dominant", "all"):
        assert rows[name].existence == drawn[name]
        assert rows[name].verdict == "other corpus"
    if scale == "full":
        assert (rows["dominant"].utterances, rows["all"].utterances) == (2280, 4784)
        for name in ("dominant", "all"):
            assert rows[name].existence == pytest.approx(rows[name].published, abs=0.0006)


def test_verdict_on_the_papers_own_corpus(monkeypatch, tmp_path):
    corpus = corpora.load("iemocap", trees.BUILDERS["iemocap"](tmp_path / "corpus"))
    monkeypatch.setattr(table1, "is_papers_corpus", lambda paper, corpus: True)
    assert {row.verdict for row in table1.rows_of(corpus) if row.published} == {"differs"}
    shares = {row.key: row.existence for row in table1.rows_of(corpus)}
    monkeypatch.setattr(table1.paper, "EXISTENCE_PUBLISHED", {name: shares[name] for name in ("dominant", "all")})
    assert {row.verdict for row in table1.rows_of(corpus) if row.published} == {"matches"}


def test_crema_d_needs_its_two_tables_alone(tmp_path, capsys):
    root = trees.BUILDERS["crema_d"](tmp_path / "corpus")
    for path in (root / "AudioWAV").iterdir():
        path.unlink()
    argv = ["--corpus", "crema_d", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
    assert cli.status_of(table1.main, argv) == 0
    shown = capsys.readouterr().out
    assert "| all |" in shown and "acted" in shown and "partial" in shown
    folder = tmp_path / "out" / "ando2019_table1" / "crema_d"
    summary = json.loads((folder / "summary.json").read_text())
    corpus = corpora.load("crema_d", root)
    heard = [{label for vote in one.votes for label in vote} for one in corpus.utterances]
    everything = next(row for row in summary["rows"] if row["key"] == "all")
    assert everything["utterances"] == len(heard)
    assert everything["existence"] == {
        emotion: pytest.approx(sum(emotion in each for each in heard) / len(heard)) for emotion in table1.ORDER
    }
    assert (folder / "table.csv").read_text().startswith("set,utterances,emotion,existence")
    assert (folder / "table.md").read_text() in shown


def test_a_corpus_without_votes_is_refused_in_one_line(emodb_root, tmp_path, capsys):
    argv = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(tmp_path)]
    assert cli.status_of(table1.main, argv) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "emodb" in line and "no votes" in line


def test_flags_and_summary_are_those_of_every_table(tmp_path, capsys):
    """A caller need not know that this table trains nothing."""
    root = trees.BUILDERS["crema_d"](tmp_path / "corpus")
    common = ["--seeds", "1", "--workers", "1", "--executor", "local", "--set", "patience=3", "--smoke"]
    argv = [*common, "--corpus", "crema_d", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
    assert cli.status_of(table1.main, [*argv, "--rows", "all"]) == 0
    summary = json.loads((tmp_path / "out" / "ando2019_table1" / "crema_d" / "summary.json").read_text())
    assert tuple(summary)[: len(SUMMARY)] == SUMMARY
    (row,) = summary["rows"]
    assert tuple(row)[: len(ROW)] == ROW and row["published_existence"]["sad"] == 0.198
    assert summary["seeds"] == [1] and summary["assumptions"]["patience"] == 3
    capsys.readouterr()
    assert cli.status_of(table1.main, ["--list"]) == 0
    shown = capsys.readouterr().out
    assert all(f"row {key}:" in shown for key in table1.ROWS) and "sad 30.5" in shown and "patience=" in shown
    assert cli.status_of(table1.main, [*argv, "--rows", "some"]) == cli.BAD_INPUT


def test_another_number_of_improvised_utterances_is_an_error_on_the_full_release(monkeypatch, tmp_path, capsys):
    root = trees.BUILDERS["iemocap"](tmp_path / "corpus")
    monkeypatch.setattr(table1.Corpus, "is_full", property(lambda corpus: True))
    argv = ["--corpus", "iemocap", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
    assert cli.status_of(table1.main, argv) == cli.BAD_INPUT
    assert "4,784" in capsys.readouterr().err
