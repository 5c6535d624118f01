"""Systems of different papers on the same recordings: what is asked for, what runs, and the table."""

import dataclasses
import json

import pytest

from ser_tf import cli, papers
from ser_tf.compare import command, common, entrants
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.evaluation import older
from ser_tf.protocol import models
from ser_tf.protocol.paper import Option
from ser_tf.report import folder, rerun
from ser_tf.report.assembly import assemble
from tests.protocol import toy


def _toy(key, *rows, main, classes=("happy", "sad", "neutral", "angry"), **changes):
    made = toy.paper(*rows)
    return dataclasses.replace(made, key=key, main=main, task=lambda _: Task(key, classes), **changes)


FIRST = _toy("first2001", "centroids", "broken", main=("centroids",))
SECOND = _toy(
    "second2002", "unavailable", "centroids", "stage_two", main=("unavailable", "centroids"),
    classes=("sad", "angry", "neutral", "fear"), options=(Option("weights", "FILE", "weights"),),
)  # fmt: skip
WEIGHTS = dataclasses.replace(toy.ROWS["unavailable"], option="weights")
SECOND = dataclasses.replace(
    SECOND,
    tables=(dataclasses.replace(SECOND.tables[0], rows=(WEIGHTS, *SECOND.tables[0].rows[1:])),),
)
PAPERS = {"first2001": FIRST, "second2002": SECOND}


@pytest.fixture(autouse=True)
def two_papers(monkeypatch):
    def load(key):
        if key not in PAPERS:
            raise SettingError(f"no paper {key}; there are {', '.join(PAPERS)}")
        return PAPERS[key]

    monkeypatch.setattr(papers, "keys", lambda: tuple(PAPERS))
    monkeypatch.setattr(papers, "load", load)


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("compare")


def _compare(output, emodb_root, *argv):
    usual = ["--corpus", "emodb", "--corpus-root", emodb_root, "--output", output, "--workers", "1"]
    return cli.status_of(command.main, [str(one) for one in (*argv, *usual)])


def _summary(output):
    return json.loads((output / "compare" / "emodb" / "summary.json").read_text())


def test_main_systems_by_default_and_others_in_their_place(output, emodb_root, capsys):
    """The second paper's main system needs weights; its classes are not all the first's."""
    assert _compare(output, emodb_root) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "second2002:centroids takes the place of second2002:unavailable, which needs --weights FILE" in shown
    summary = _summary(output)
    keys = [row["key"] for row in summary["rows"]]
    assert keys == ["first2001.centroids", "second2002.centroids", "baseline_majority", "baseline_logistic"]
    assert summary["classes"] == ["angry", "sad", "neutral"] and summary["corpus_kind"] == "unpublished"
    assert {row["verdict"] for row in summary["rows"][:2]} == {"not published"}
    assert summary["rows"][0]["ua"]["pooled"] == summary["rows"][1]["ua"]["pooled"] > 0.5
    assert not any(row["published"] for row in summary["rows"])
    assert summary["assumptions"]["second2002.bins"] == 60
    assert len(summary["pairwise"]["pairs"]) == 6
    assert all(0 <= pair["p_value"] <= pair["p_holm"] <= 1 for pair in summary["pairwise"]["pairs"])
    assert "leave one session out" in summary["protocol"]["folds"]
    files = {path.name for path in (output / "compare" / "emodb").iterdir()}
    assert files >= {"table.md", "table.csv", "table.tex", "leaks.json", "manifest.json", "folds"}
    manifest = json.loads((output / "compare" / "emodb" / "manifest.json").read_text())
    places = {entry["file"].split("/")[0] for entry in manifest["results"]}
    assert places == {"first2001", "second2002", "compare"}
    assert "not the paper's corpus" not in (output / "compare" / "emodb" / "table.md").read_text()


def test_results_are_shared_with_the_papers_own_table(output, emodb_root, capsys):
    """With the classes of the comparison, the first paper's table finds its folds trained."""
    classes = ["--classes", "angry", "sad", "neutral"]
    assert _compare(output, emodb_root, "first2001", "second2002:centroids", *classes) == 0
    capsys.readouterr()
    table = toy.run_table
    argv = ["--corpus", "emodb", "--corpus-root", emodb_root, "--output", output, "--workers", "1"]
    rows = [*classes, "--rows", "centroids"]
    assert table(FIRST, FIRST.tables[0], [str(one) for one in (*argv, *rows)], "toy") == 0
    assert "5 of 5 fold results are reused" in capsys.readouterr().out


def test_assumptions_are_set_and_swept_by_paper(output, emodb_root, capsys):
    argv = ["first2001:centroids", "second2002:centroids", "--smoke", "--set", "first2001.distance=absolute"]
    assert _compare(output, emodb_root, *argv, "--sweep", "second2002.centre", "second2002.bins=7") == 0
    summary = _summary(output)
    assert summary["assumptions"]["first2001.distance"] == "absolute"
    assert summary["assumptions"]["second2002.distance"] == "squared"
    assert "first2001.distance=absolute" in summary["corpus_note"]
    sweep = json.loads((output / "compare" / "emodb" / "sweep.json").read_text())
    (row,) = sweep["rows"]
    assert row["key"] == "second2002.centroids" and [one["name"] for one in row["assumptions"]] == ["second2002.bins"]
    assert sweep["unread"] == {"second2002.centre": ["second2002.centroids"]}
    capsys.readouterr()


def test_the_report_shows_it_with_its_command(output, emodb_root):
    found = assemble(folder.read(output), "runs")
    entry = next(entry for group in found.groups for entry in group.entries if entry.experiment == "compare")
    commands = [command.text for part in entry.parts for command in part.commands]
    start = "python -m ser_tf compare first2001:centroids second2002:centroids --corpus emodb --corpus-root DIR"
    assert commands[0].startswith(start) and "--set first2001.distance=absolute" in commands[0]
    assert "--folds-by session" in commands[0] and commands[1].endswith("--sweep second2002.bins=7")
    assert not [line for line in found.unfinished if "compare" in line or "first2001" in line]
    assert rerun.comparison(older.read_summary(output / "compare/emodb/summary.json"), None, (), "x").commands


def test_rows_of_two_papers_with_one_name_are_told_apart(output):
    run = output / "compare" / "emodb"
    assert {one.paper for one in models.fold_results(run, "second2002.centroids")} == {"second2002"}
    with pytest.raises(SettingError, match="several papers have a row centroids; name one of first2001.centroids, se"):
        models.fold_results(run, "centroids")


def test_a_system_that_lacks_something_is_left_out_and_a_failure_is_told(output, emodb_root, capsys):
    argv = ["first2001:broken", "second2002:unavailable", "--smoke", "--folds-by", "speaker"]
    assert _compare(output, emodb_root, *argv) == 0
    shown = capsys.readouterr().out
    assert "left out: second2002:unavailable needs --weights FILE" in shown
    rows = {row["key"]: row for row in _summary(output)["rows"]}
    assert rows["second2002.unavailable"]["status"] == "left out" and rows["first2001.broken"]["status"] == "run"
    assert len(rows["first2001.broken"]["folds"]) == 2


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["third2003"], "no paper third2003"),
        (["first2001:svm"], "first2001:svm: first2001 has no such row to train; there are centroids, broken"),
        (["first2001:centroids", "first2001"], "first2001:centroids: given twice"),
        (["second2002:unavailable"], "nothing is left to compare: second2002:unavailable needs --weights FILE"),
        (["first2001", "--set", "bins=3"], "--set bins=3: expected PAPER.ASSUMPTION"),
        (["first2001", "--set", "second2002.bins=3"], "with one of the papers first2001"),
        (["first2001", "--set", "first2001.bin=3"], "no assumption bin"),
        (["first2001", "--sweep", "bins"], "--sweep bins: expected PAPER.ASSUMPTION"),
        (["first2001", "--sweep", "first2001.bin"], "--sweep bin: no assumption bin"),
        (["first2001", "--folds-by", "moon"], "--folds-by"),
        (["first2001", "--classes", "calm"], "--classes: emodb has no utterance of 'calm'"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_one_line(tmp_path, emodb_root, capsys, argv, reason):
    assert _compare(tmp_path, emodb_root, *argv) == cli.BAD_INPUT
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert reason in line


def test_list_shows_systems_and_assumptions(capsys):
    assert cli.status_of(command.main, ["--list", "--set", "first2001.bins=3"]) == 0
    shown = capsys.readouterr().out
    assert "second2002:unavailable (Toy unavailable), or second2002:centroids" in shown
    assert "first2001.bins" in shown and "3 (default 60)" in shown


def _task(**changes):
    return dataclasses.replace(Task("one", ("angry", "happy", "sad"), merges={"excited": "happy"}), **changes)


def test_classes_merges_and_styles_are_those_of_all_papers():
    first = _task(styles=("improvised", "acted"))
    second = _task(classes=("sad", "angry", "fear"), styles=("acted", "scripted"))
    made = common.common_task([first, second, _task()], "emodb")
    assert (made.classes, made.styles, made.merges) == (("angry", "sad"), ("acted",), {})
    assert common.common_task([_task(), _task()], "emodb").merges == {"excited": "happy"}
    with pytest.raises(SettingError, match="no style"):
        common.common_task([_task(styles=("improvised",)), _task(styles=("scripted",))], "emodb")
    with pytest.raises(SettingError, match="fewer than two classes in common"):
        common.common_task([_task(), _task(classes=("fear", "sad"))], "emodb")


def test_utterances_without_words_are_left_out_of_a_comparison_of_words(emodb):
    task = common.common_task([FIRST.task(None)], "emodb")
    some = frozenset(one.id for one in emodb.utterances[::2])
    made = common.compared(FIRST, task, "session", reads_words=True, aligned=some)
    material = made.prepare(emodb, task, FIRST.ledger, {})
    assert {one.id for one in task.select(material.corpus)} == some & {one.id for one in task.select(emodb)}
    assert len(material.corpus.utterances) == len(emodb.utterances)


def test_all_real_papers_name_a_main_system(monkeypatch):
    monkeypatch.undo()
    wanted = {each.paper.key: [system.key for system in each.candidates] for each in entrants.parse([])}
    assert wanted == {
        "ando2019": ["fusion_soft_all", "dominant_hard_all"],
        "lee2020": ["can", "audio"],
        "mao2020": ["feature"],
        "mirsamadi2017": ["lld_weighted_pool"],
        "zhang2018": ["fcn_attention", "fcn_attention_random"],
    }
