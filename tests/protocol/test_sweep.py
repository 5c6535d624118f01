"""Whole sweeps of the toy paper: what is trained, what is said, what is written, and that nothing is done twice."""

import contextlib
import csv
import dataclasses
import io
import json

import pytest
from matplotlib import image

from ser_tf import cli
from ser_tf.protocol import command, folds, material, runner, sweep_plan, variants
from tests.protocol import toy
from tests.protocol.toy import FIRST, SECOND

pytestmark = pytest.mark.slow  # it trains

ROWS = ("centroids", "network")
SWEEP = ("--sweep", "distance", "bins=50,60", "centre")


def sweep_toy(emodb_root, output, *flags, rows=ROWS, paper=None):
    """Exit status and what was printed."""
    made = paper or toy.paper(*rows)
    argv = ["--corpus", "emodb", "--corpus-root", str(emodb_root), "--output", str(output), "--workers", "1", *flags]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        status = cli.status_of(lambda given: command.run_table(made, made.tables[0], given, "toy"), argv)
    return status, shown.getvalue()


def written(output):
    return json.loads((output / "toy2000_table1" / "emodb" / "sweep.json").read_text())


def fold_files(output, row):
    return sorted((output / "toy2000" / "emodb" / "folds" / row).glob("*.json"))


@pytest.fixture(scope="module")
def swept(emodb_root, tmp_path_factory):
    """Output folder and what was printed by a sweep of two rows on two folds; read only."""
    output = tmp_path_factory.mktemp("swept")
    status, shown = sweep_toy(emodb_root, output, "--folds", FIRST, SECOND, *SWEEP)
    assert status == 0
    return output, shown


def test_rows_that_do_not_read_an_assumption_are_not_trained_for_it_and_it_is_said(swept):
    output, shown = swept
    assert "network does not read distance, bins, centre: nothing is trained for it\n" in shown
    assert "centroids does not read centre: nothing is trained for it\n" in shown
    assert written(output)["unread"] == {
        "distance": ["network"], "bins": ["network"], "centre": ["centroids", "network"]
    }  # fmt: skip
    assert len(fold_files(output, "network")) == 2
    assert len(fold_files(output, "centroids")) == 6


def test_every_value_but_the_runs_own_is_compared_with_it(swept):
    output, _ = swept
    (row,) = written(output)["rows"]
    found = {one["name"]: (one["default"], [value["value"] for value in one["values"]]) for one in row["assumptions"]}
    assert row["key"] == "centroids" and found == {"distance": ("squared", ["absolute"]), "bins": ("60", ["50"])}
    for one in row["assumptions"]:
        (value,) = one["values"]
        assert value["same_utterances"] is True and value["effects"]["ua"]["difference"] is not None


def test_the_runs_own_results_are_back_in_their_places(swept):
    output, _ = swept
    for fold in (FIRST, SECOND):
        path = output / "toy2000" / "emodb" / "folds" / "centroids" / f"{fold}-seed0.json"
        assert json.loads(path.read_text())["overridden"] == {}
    summary = json.loads((output / "toy2000_table1" / "emodb" / "summary.json").read_text())
    assert summary["rows"][0]["ua"]["pooled"] == written(output)["rows"][0]["default"]["ua"]["pooled"]


def test_table_data_and_picture_are_written(swept):
    output, shown = swept
    folder = output / "toy2000_table1" / "emodb"
    assert "distance = absolute" in (folder / "sweep.md").read_text()
    with open(folder / "sweep.csv", newline="") as file:
        assert [line["value"] for line in csv.DictReader(file)] == ["squared", "absolute", "60", "50"]
    assert image.imread(folder / "sweep.png").shape[1] > 1000
    assert f"written to {folder}/sweep.md, .csv, .json, .png" in shown.replace("\n", "")


def test_a_sweep_that_is_done_is_not_done_again(swept, emodb_root, monkeypatch):
    output, _ = swept
    before = written(output)
    monkeypatch.setattr(runner, "execute", None)
    status, _ = sweep_toy(emodb_root, output, "--folds", FIRST, SECOND, *SWEEP)
    assert status == 0 and written(output) == before


def _folds_by(utterances, ledger, seed):
    """Folds that an assumption decides on."""
    return folds.by_session(utterances, seed, "speaker" if ledger.centre else "utterances")


def _task_of(ledger):
    """One class fewer where an assumption says so."""
    task = toy.task(ledger)
    return task if ledger.centre else dataclasses.replace(task, classes=task.classes[:3])


def test_what_the_folds_read_is_read_by_every_row(emodb_root, tmp_path):
    paper = dataclasses.replace(toy.paper("centroids"), folds=_folds_by)
    status, shown = sweep_toy(emodb_root, tmp_path, "--sweep", "centre", "--folds", FIRST, paper=paper)
    (value,) = written(tmp_path)["rows"][0]["assumptions"][0]["values"]
    assert status == 0 and value["value"] == "false" and value["effects"] and "does not read" not in shown
    assert len(fold_files(tmp_path, "centroids")) == 2


def test_a_value_that_cannot_be_compared_is_left_out_in_one_line(emodb_root, tmp_path):
    paper = dataclasses.replace(toy.paper("centroids"), task=_task_of)
    status, shown = sweep_toy(emodb_root, tmp_path, "--sweep", "centre", "--folds", FIRST, paper=paper)
    (value,) = written(tmp_path)["rows"][0]["assumptions"][0]["values"]
    assert status == 0 and value["effects"] == {}
    assert value["note"] == "other classes than the run's: angry, happy, sad"
    assert f"left out: {value['note']}" in shown and len(fold_files(tmp_path, "centroids")) == 1


@pytest.fixture
def like_iemocap(emodb, monkeypatch):
    """The tiny corpus with half of its happy utterances excited and half of its sentences improvised."""
    utterances = [
        dataclasses.replace(
            one,
            label="excited" if one.label == "happy" and one.speaker in ("03", "09", "11", "13", "15") else one.label,
            style="improvised" if one.id[2:5] == "a01" else "scripted",
        )
        for one in emodb.utterances
    ]
    corpus = dataclasses.replace(emodb, utterances=tuple(utterances))
    monkeypatch.setattr(material, "load_corpus", lambda flags, output: corpus)
    return corpus


@pytest.mark.usefixtures("like_iemocap")
def test_the_protocol_is_swept_in_all_combinations(emodb_root, tmp_path):
    status, shown = sweep_toy(emodb_root, tmp_path, "--smoke", "--sweep", "protocol", rows=("centroids",))
    assert status == 0, shown
    (swept,) = written(tmp_path)["rows"][0]["assumptions"]
    assert (swept["name"], swept["default"]) == ("protocol", "happy, all, session folds")
    assert {value["value"] for value in swept["values"]} == {
        f"{classes}, {styles}, {which} folds"
        for classes in ("happy", "happy+excited")
        for styles in ("all", "improvised")
        for which in ("session", "random")
    } - {swept["default"]}
    assert all(value["effects"] for value in swept["values"])
    folds = {json.loads(path.read_text())["fold"] for path in fold_files(tmp_path, "centroids")}
    assert folds == {FIRST, SECOND, "fold01", "fold02"}


def test_random_folds_are_as_many_as_sessions_and_mix_speakers(like_iemocap):
    protocol = variants.Protocol(True, (), True)
    paper = variants.with_protocol(toy.paper("centroids"), protocol)
    task = paper.task(paper.ledger)
    assert task.target_of(dataclasses.replace(like_iemocap.utterances[0], label="excited")) == "happy"
    drawn = paper.folds(task.select(like_iemocap), paper.ledger, 0)
    assert len(drawn) == len({one.session for one in like_iemocap.utterances})
    speaker = {one.id: one.speaker for one in like_iemocap.utterances}
    for fold in drawn:
        assert {speaker[one] for one in fold.test} & {speaker[one] for one in fold.train}
    tested = sorted(one for fold in drawn for one in fold.test)
    assert tested == sorted(one.id for one in task.select(like_iemocap))


def test_utterances_of_no_class_are_trained_on_and_not_tested(like_iemocap):
    task = dataclasses.replace(toy.task(None), include_others=True)
    utterances = [
        dataclasses.replace(one, label="fear") if one.label == "sad" else one for one in task.select(like_iemocap)
    ]
    drawn = variants.random_folds(utterances, task, 0)
    others = {one.id for one in utterances if one.label in ("fear", "excited")}
    assert not any(others & set(fold.test) for fold in drawn) and any(others & set(fold.train) for fold in drawn)


def test_protocols_need_a_corpus_and_a_task_that_tell_them_apart(emodb_root, emodb, like_iemocap, tmp_path, capsys):
    with pytest.raises(Exception, match="emodb has no excited speech; the combinations are IEMOCAP's"):
        variants.require_protocols(toy.task(None), emodb)
    seven = dataclasses.replace(toy.task(None), classes=("happy", "excited", "sad"))
    with pytest.raises(Exception, match="needs the class happy, and not excited"):
        variants.require_protocols(seven, like_iemocap)
    assert sweep_toy(emodb_root, tmp_path, "--sweep", "protocols")[0] == cli.BAD_INPUT
    assert "--sweep protocols: no assumption protocols; there are bins, centre" in capsys.readouterr().err
    assert not fold_files(tmp_path, "centroids"), "it was trained first"


def test_alternatives_are_choices_or_half_and_double():
    assert sweep_plan.parse(toy.Ledger(), ["all"]) == {
        "bins": ("30", "120"), "shrink": ("0.5", "2.0"), "centre": ("false",), "distance": ("absolute",)
    }  # fmt: skip
