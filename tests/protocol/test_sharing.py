"""Runs side by side in one folder: claims on jobs, models shelved with their results, and what killed runs left."""

import dataclasses
import json
import multiprocessing
import threading

import pytest

from ser_tf.protocol import executors, kept_models, results, runner, sharing
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.runner import Busy
from tests.protocol.test_results import _result

MORE = {"label": "Network", "corpus_root": "/nowhere"}


class Network:
    """Stands in for a Keras model: saving writes its name, after something else has happened."""

    def __init__(self, name, meanwhile=lambda: None):
        self.name, self.meanwhile = name, meanwhile

    def save(self, path):
        with open(path, "w") as file:
            file.write(self.name)
        self.meanwhile()


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path, "toy2000", "emodb")


def found(layout, result):
    """The text of the model of a result, which comes back to its place if it has moved aside."""
    place = layout.fold_result(result.row, result.fold, result.seed)
    path, there = results.find(place, lambda other: other.digest == result.digest)
    assert kept_models.is_whole(layout.model_of(path), there, layout.features)
    results.bring_back(path, place, layout.model_of)
    return layout.model_of(place).read_text()


def test_models_are_shelved_with_their_results(layout):
    """A, then B, then A: nothing is lost."""
    first, second = _result(60), _result(7)
    kept_models.store(layout, first, Network("A"), MORE)
    kept_models.store(layout, second, Network("B"), MORE)
    assert [found(layout, result) for result in (first, second, first)] == ["A", "B", "A"]
    kept_models.store(layout, _result(8), None, MORE)  # of a run that keeps no models
    assert [found(layout, result) for result in (second, first)] == ["B", "A"]


def test_two_settings_may_finish_at_the_same_moment(layout):
    first, second = _result(60), _result(7)
    inner = Network("B")
    outer = Network("A", lambda: kept_models.store(layout, second, inner, MORE))
    kept_models.store(layout, first, outer, MORE)
    assert [found(layout, result) for result in (first, second)] == ["A", "B"]
    assert [path for path in layout.root.rglob("*") if "partial" in path.name] == []


def test_many_at_once_lose_nothing(layout):
    made = [_result(bins) for bins in range(1, 9)]
    threads = [
        threading.Thread(target=kept_models.store, args=(layout, result, Network(str(place)), MORE))
        for place, result in enumerate(made)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found(layout, result) for result in made] == [str(place) for place in range(8)]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_model_that_cannot_be_saved_leaves_nothing(layout, error):
    def fail():
        raise error

    with pytest.raises(error):
        kept_models.store(layout, _result(), Network("A", fail), MORE)
    assert [path for path in layout.root.rglob("*") if path.is_file()] == []


def damage_card(path, **changes):
    card = json.loads(path.read_text())
    path.write_text(json.dumps({**card, **changes}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda model: model.write_text("a"),
        lambda model: model.unlink(),
        lambda model: model.with_suffix(".json").write_text("{"),
        lambda model: model.with_suffix(".json").unlink(),
        lambda model: damage_card(model.with_suffix(".json"), settings={"batch_size": 9}),
        lambda model: damage_card(model.with_suffix(".json"), record="0"),
        lambda model: damage_card(model.with_suffix(".json"), keras_sha256="0"),
    ],
)
def test_a_damaged_model_is_not_whole(layout, damage):
    result = _result()
    kept_models.store(layout, result, Network("A"), MORE)
    model = layout.model_of(layout.fold_result(result.row, result.fold, result.seed))
    assert kept_models.is_whole(model, result, layout.features)
    damage(model)
    assert not kept_models.is_whole(model, result, layout.features)


def test_a_claim_is_held_by_one(tmp_path):
    with sharing.claim(tmp_path, "job", wait=False) as first, sharing.claim(tmp_path, "job", wait=False) as second:
        assert (first, second) == (True, False)
        with sharing.claim(tmp_path, "another job", wait=False) as other:
            assert other
    with sharing.claim(tmp_path, "job", wait=False) as again:
        assert again


@dataclasses.dataclass
class Named:
    name: str


class Scripted:
    """An executor that finds the first job busy until it waits for it."""

    def __init__(self):
        self.asked = []

    def run(self, run, jobs, report, wait):
        del run, report
        for job in jobs:
            self.asked.append((job.name, wait))
            yield job, Busy() if job.name == "a" and not wait else job.name.upper()


def test_jobs_of_another_run_come_last():
    executor, events = Scripted(), []
    outcomes = executors.run_jobs(executor, None, [Named("a"), Named("b")], events.append)
    assert [outcome for _, outcome in outcomes] == ["B", "A"]
    assert executor.asked == [("a", False), ("b", False), ("a", True)]
    assert events == [("a", 0, 0, "in another run")]


def unfinished(output):
    """What killed runs leave: parts of models, stages, stores and small files, and locks."""
    root = output / "toy2000" / "emodb"
    paths = [
        *(root / "models" / "network" / ".partial-12-0123abcd-pair-seed0.keras", root / "folds" / f".{'a' * 32}.tmp"),
        *(root / "locks" / "0123.job", output / f".{'0' * 32}.probe", output / "toy2000_table1" / f".{'1' * 32}.tmp"),
        root / "stages" / "encoder" / ".partial-pair-seed0.77" / "weights",
        output / "features" / "emodb" / "lld-0123.partial-1-0123abcd" / "data.f32",
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    return paths


FOLDERS = ("toy2000", "toy2000_table1", "features")


def test_a_run_that_is_alone_removes_what_others_left(tmp_path):
    left = unfinished(tmp_path)
    kept = tmp_path / "toy2000" / "emodb" / "folds" / "pair-seed0.json"
    kept.write_text("whole")
    with sharing.presence(tmp_path, FOLDERS):
        assert not any(path.exists() for path in left)
        left = unfinished(tmp_path)
    assert not any(path.exists() for path in left) and kept.exists()
    assert [path.name for path in tmp_path.rglob("*partial*")] == []


def stand_by(output, ready, go):
    with sharing.presence(output, ()):
        ready.set()
        go.wait(60)


def test_nothing_is_removed_while_another_run_is_there(tmp_path):
    fork = multiprocessing.get_context("fork")
    ready, go = fork.Event(), fork.Event()
    other = fork.Process(target=stand_by, args=(tmp_path, ready, go))
    other.start()
    try:
        assert ready.wait(60)
        left = unfinished(tmp_path)
        with sharing.presence(tmp_path, FOLDERS):
            assert all(path.exists() for path in left)
    finally:
        go.set()
        other.join(60)
    with sharing.presence(tmp_path, FOLDERS):
        assert not any(path.exists() for path in left)


def test_other_peoples_files_stay(tmp_path):
    folder = tmp_path / "toy2000"
    folder.mkdir()
    for name in ("notes.partial", ".tmp", "x.tmp", ".abc.tmp", "partial-1.keras"):
        (folder / name).write_text("mine")
    with sharing.presence(tmp_path, FOLDERS):
        assert len(list(folder.iterdir())) == 5


def test_an_equal_job_is_busy_and_then_finished(layout, monkeypatch):
    """The second run takes the result of the first one."""
    monkeypatch.setattr(runner, "circumstances_of", lambda run, job: "same")
    monkeypatch.setattr(runner.ledgers, "as_dict", dict)
    monkeypatch.setattr(runner, "_train", lambda run, job, report: "trained")
    ready = []
    monkeypatch.setattr(runner, "finished", lambda run, job: ready[0] if ready else None)
    run = runner.Run(layout, None, {}, {}, {}, "recordings")
    job = runner.Job(Named("network"), Named("pair"), 0)
    monkeypatch.setattr(runner.Job, "name", "network pair seed 0")
    with sharing.claim(layout.root, repr(("network pair seed 0", "same", {}, {})), wait=False):
        assert runner.execute(run, job, print, wait=False) == Busy()
    assert runner.execute(run, job, print) == "trained"
    ready.append("made by another run")
    assert runner.execute(run, job, print) == "made by another run"
