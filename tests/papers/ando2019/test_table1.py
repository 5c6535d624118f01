"""Table 1 of ando2019 through its script: on the generated corpus, on CREMA-D's vote table, and where votes lack."""

import importlib
import json
from types import SimpleNamespace

import numpy as np
import pytest

from ser_tf import cli, corpora
from ser_tf.corpora.synthetic import generation
from ser_tf.corpora.synthetic.iemocap_layout import evaluate
from ser_tf.corpora.synthetic.plan import plan_iemocap
from ser_tf.papers.ando2019 import table1
from ser_tf.papers.ando2019.ledger import Ledger
from ser_tf.protocol import command
from tests.corpora import trees

page = importlib.import_module("experiments.ando2019_table1")


def _rows(corpus, smoke=False):
    flags = SimpleNamespace(smoke=smoke)
    return {row.key: row for row in table1.show(corpus, Ledger(), flags).rows}


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
    corpus = corpora.load("synthetic", tmp_path)
    rows = _rows(corpus)
    assert _rows(corpus, smoke=True)["all"].values["utterances"] <= 10 * 5 * 2  # speakers, classes and none, of each
    drawn = description["existence_improvised"]
    for name in ("dominant", "all"):
        assert rows[name].values["existence"] == drawn[name]
    if scale == "full":
        assert [rows[name].values["utterances"] for name in ("dominant", "all")] == [2280, 4784]
        for name in ("dominant", "all"):
            published = rows[name].values["published_existence"]
            assert rows[name].values["existence"] == pytest.approx(published, abs=0.0006)


def test_verdict_on_the_papers_own_corpus(monkeypatch, tmp_path):
    root = trees.BUILDERS["iemocap"](tmp_path / "corpus")
    shares = {key: row.values["existence"] for key, row in _rows(corpora.load("iemocap", root)).items()}
    monkeypatch.setattr(command, "corpus_kind", lambda is_papers, is_whole: "papers")

    def verdicts():
        argv = ["--corpus", "iemocap", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
        assert cli.status_of(page.main, argv) == 0
        summary = json.loads((tmp_path / "out" / "ando2019_table1" / "iemocap" / "summary.json").read_text())
        return {row["key"]: row["verdict"] for row in summary["rows"]}

    assert verdicts() == {"dominant": "differs", "dominant_by_votes": "not published", "all": "differs"}
    monkeypatch.setattr(table1, "EXISTENCE_PUBLISHED", {name: shares[name] for name in ("dominant", "all")})
    assert verdicts() == {"dominant": "matches", "dominant_by_votes": "not published", "all": "matches"}


def test_crema_d_needs_its_two_tables_alone(tmp_path, capsys):
    root = trees.BUILDERS["crema_d"](tmp_path / "corpus")
    for path in (root / "AudioWAV").iterdir():
        path.unlink()
    argv = ["--corpus", "crema_d", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
    assert cli.status_of(page.main, argv) == 0
    shown = capsys.readouterr().out
    assert "acted" in shown and "partial" in shown
    folder = tmp_path / "out" / "ando2019_table1" / "crema_d"
    summary = json.loads((folder / "summary.json").read_text())
    corpus = corpora.load("crema_d", root)
    heard = [{label for vote in one.votes for label in vote} for one in corpus.utterances]
    everything = next(row for row in summary["rows"] if row["key"] == "all")
    assert everything["utterances"] == len(heard)
    assert everything["existence"] == {
        emotion: pytest.approx(sum(emotion in each for each in heard) / len(heard)) for emotion in table1.ORDER
    }
    assert (folder / "table.csv").read_text().startswith("key,label,utterances,neutral_paper,neutral_ours")
    assert f"| all | {len(heard)} | 45.2 |" in (folder / "table.md").read_text()


def test_a_corpus_without_votes_is_refused_in_one_line(emodb_root, tmp_path, capsys):
    argv = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(tmp_path)]
    assert cli.status_of(page.main, argv) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "emodb" in line and "no votes" in line


def test_list_has_the_papers_shares(capsys):
    assert cli.status_of(page.main, ["--list"]) == 0
    assert "neutral 58.2, happy 15.4, sad 30.5, angry 15.9" in capsys.readouterr().out


def test_another_number_of_improvised_utterances_is_an_error_on_the_full_release(monkeypatch, tmp_path, capsys):
    root = trees.BUILDERS["iemocap"](tmp_path / "corpus")
    monkeypatch.setattr(table1.Corpus, "is_full", property(lambda corpus: True))
    argv = ["--corpus", "iemocap", "--corpus-root", str(root), "--output", str(tmp_path / "out")]
    assert cli.status_of(page.main, argv) == cli.BAD_INPUT
    assert "4,784" in capsys.readouterr().err
