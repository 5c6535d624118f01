import dataclasses
import functools
import json
import multiprocessing
import time

import numpy as np
import pytest

from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from ser_tf.protocol import folds
from ser_tf.protocol.context import FoldContext, LeakError
from ser_tf.protocol.record import UserInput
from tests.contexts import circumstances, fold_context
from tests.protocol import toy


def _context(emodb, root, **changes):
    by_id = {utterance.id: utterance for utterance in emodb.utterances[::3]}
    fold = changes.pop("fold", folds.by_session(list(by_id.values()), 0)[0])
    ledger = changes.pop("ledger", toy.Ledger())
    return fold_context(root, fold, toy.task(None), ledger, by_id, **changes)


@pytest.fixture
def context(emodb, tmp_path):
    return _context(emodb, tmp_path)


@pytest.mark.parametrize("purpose", ["train", "normaliser", "vocabulary", "selection"])
def test_nothing_is_fitted_or_selected_on_test_utterances(context, purpose):
    test = context.fold.test
    with pytest.raises(LeakError, match=f"1 test utterances asked for as {purpose}, such as {test[0]}"):
        context.view(SPECTRAL, (*context.fold.train, test[0]), purpose)
    assert context.reads.utterances == {} and context.used() == {}
    assert context.view(SPECTRAL, context.fold.train, purpose).ids == context.fold.train


def _copies(ids, speed="0.9"):
    return tuple(f"{one}@{speed}" for one in ids)


@pytest.mark.parametrize("part", ["test", "validation"])
@pytest.mark.parametrize("purpose", ["train", "normaliser"])
def test_no_copy_of_a_test_or_development_utterance_trains(context, part, purpose):
    wanted = (*context.fold.train, *_copies(getattr(context.fold, part)[:1]))
    with pytest.raises(LeakError, match="1 test utterances|1 copies"):
        context.view(SPECTRAL, wanted, purpose)
    assert context.reads.utterances == {}


@pytest.mark.parametrize("purpose", ["vocabulary", "selection", "predict"])
def test_copies_are_for_training_alone(context, purpose):
    with pytest.raises(LeakError, match=f"copies asked for as {purpose} that may not be"):
        context.view(SPECTRAL, _copies(context.fold.train), purpose)


def test_copies_are_read_beside_their_originals_and_counted(context):
    train = context.fold.train[:3]
    view = context.view(SPECTRAL, train + _copies(train) + _copies(train, "1.1"), "train")
    for one in train:
        frames = [view.num_frames(name) for name in (f"{one}@1.1", one, f"{one}@0.9")]
        assert frames == sorted(set(frames))
        assert len(view[f"{one}@0.9"]) == frames[2]
    with pytest.raises(LeakError, match="is not among the utterances"):
        view[f"{context.fold.train[3]}@0.9"]
    used = context.used()["train"]
    assert used["utterances"] == 9 and used["copies"] == {"all": 6, "test": 0, "validation": 0}


def test_a_copy_that_got_into_the_record_is_counted_for_its_part(context):
    context.reads.utterances["train"] = {*_copies(context.fold.test[:2]), *_copies(context.fold.validation[:1])}
    used = context.used()["train"]
    assert used["in_test_part"] == 2 and used["copies"] == {"all": 3, "test": 2, "validation": 1}


def test_prediction_may_read_the_test_part_and_unknown_purposes_nothing(context):
    context.view(SPECTRAL, context.fold.test, "predict")
    with pytest.raises(ValueError, match="unknown purpose 'peek'"):
        context.view(SPECTRAL, context.fold.train, "peek")
    assert context.used()["predict"]["in_test_part"] == len(context.fold.test)


def test_a_view_gives_its_own_utterances_alone(context):
    view = context.view(SPECTRAL, context.fold.train, "train")
    assert view.dims == 257
    one, other = context.fold.train[0], context.fold.test[0]
    assert view[one].shape == (view.num_frames(one), 257)
    for read in (view.__getitem__, view.num_frames):
        with pytest.raises(LeakError, match=f"^{other} is not among the utterances"):
            read(other)


def test_every_view_is_recorded(context):
    train = context.fold.train
    context.view(SPECTRAL, train[:3], "train")
    context.view(SPECTRAL, train[2:5], "train")
    context.view(SPECTRAL, train[:1], "normaliser")
    used = context.used()
    assert used["train"] == {
        "utterances": 5, "in_test_part": 0, "sha256": folds.sha256_of(sorted(train[:5]))
    }  # fmt: skip
    assert used["normaliser"]["utterances"] == 1 and json.loads(json.dumps(used)) == used


def test_targets_and_labelled(context):
    ids = context.fold.train
    targets = context.targets(ids)
    assert targets.dtype == np.int32
    assert [context.task.classes[target] for target in targets] == [context.utterances[one].label for one in ids]
    assert context.labelled(ids, "sad", "angry") == tuple(
        one for one in ids if context.utterances[one].label in ("sad", "angry")
    )


def test_reading_an_assumption_or_an_input_is_recorded(emodb, tmp_path):
    inputs = {"glove": UserInput("vectors", "digest"), "other": UserInput(1, "not read")}
    context = _context(emodb, tmp_path, ledger=toy.Ledger(bins=7), inputs=inputs)
    assert context.ledger.bins == 7 and context.inputs.get("weights") is None and context.inputs["glove"] == "vectors"
    record = context.reads.record(context.circumstances, "commit")
    assert record.assumptions == {"bins": 7} and record.inputs == {"weights": "", "glove": "digest"}
    with pytest.raises(dataclasses.FrozenInstanceError):
        context.ledger.bins = 8


def _differences(context, **changes):
    ledger = {"bins": 60, "shrink": 1.0, **changes.pop("ledger", {})}
    now = circumstances(context.fold, context.task, **changes)
    return context.reads.record(context.circumstances, None).differences(now, ledger, changes.pop("inputs", {}))


def test_a_record_names_what_differs(context):
    assert context.ledger.bins
    assert _differences(context) == []
    assert _differences(context, ledger={"shrink": 2.0}) == [], "an assumption that was not read changes nothing"
    assert _differences(context, ledger={"bins": 7}) == ["read bins"]
    assert _differences(context, code="new") == ["made by other code"]
    assert _differences(context, recordings="new", seed=1) == ["made from other recordings", "made with another seed"]
    assert _differences(context, smoke=True) == ["made in a full run"]


def _write(context, folder, text="trained"):
    assert context.ledger.bins
    context.record(context.fold.train, "train")
    (folder / "weights").write_text(f"{text} {context.ledger.bins} {np.random.default_rng().integers(2**40)}")


def _other(context, folder):
    _write(context, folder, "other")


def test_a_stage_is_made_once_and_what_it_read_counts_as_read(emodb, tmp_path):
    first, second = _context(emodb, tmp_path), _context(emodb, tmp_path)
    made = (first.once("encoder", _write) / "weights").read_text()
    assert (second.once("encoder", _write) / "weights").read_text() == made
    for context in (first, second):
        assert context.reads.assumptions == {"bins": 60}
        assert context.reads.utterances == {"train": set(context.fold.train)}
    assert first.stage_seconds["encoder"] > 0 == second.stage_seconds["encoder"]


def test_other_settings_code_folds_and_seeds_make_other_stages(emodb, context, tmp_path):
    others = folds.by_session(list(context.utterances.values()), 0)
    made = {
        context.once("encoder", _write),
        context.once("encoder", _other),
        context.once("encoder", functools.partial(_write, text="more")),
        _context(emodb, tmp_path, ledger=toy.Ledger(bins=7)).once("encoder", _write),
        _context(emodb, tmp_path, seed=1).once("encoder", _write),
        _context(emodb, tmp_path, fold=others[1]).once("encoder", _write),
    }
    assert len(made) == 6
    unread = _context(emodb, tmp_path, ledger=toy.Ledger(shrink=2.0))
    assert unread.once("encoder", _write) in made, "an assumption that the stage does not read"


def test_an_inner_fold_has_no_test_utterance_and_what_it_predicts_trains(emodb, context):
    inner = folds.by_session([context.utterances[one] for one in context.fold.train], 0)[0]
    context.once("encoder", _read_all, inner)
    assert context.reads.utterances.keys() == {"train"}
    assert context.reads.utterances["train"] == set(inner.train + inner.test)
    with pytest.raises(LeakError, match="test utterances in the inner fold"):
        context.once("encoder", _read_all, dataclasses.replace(inner, test=context.fold.test))


def _read_all(context, folder):
    context.record(context.fold.train, "train")
    context.record(context.fold.test, "predict")


def _fail(context, folder, error):
    (folder / "half").write_text("half")
    raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_stage_leaves_nothing(context, error):
    with pytest.raises(error):
        context.once("encoder", functools.partial(_fail, error=error))
    assert [path.name for path in (context.places.stages / "encoder").iterdir() if path.suffix != ".lock"] == []
    assert (context.once("encoder", _write) / "weights").exists()


@pytest.mark.parametrize("damage", ["", "{", '{"record": {}}'])
def test_a_damaged_stage_is_made_anew(emodb, tmp_path, damage):
    folder = _context(emodb, tmp_path).once("encoder", _write)
    (folder / "record.json").write_text(damage)
    again = _context(emodb, tmp_path)
    assert (again.once("encoder", _write) / "weights").exists() and again.stage_seconds["encoder"] > 0


def _slowly(context, folder):
    time.sleep(0.3)
    _write(context, folder)


def _make_stage(context, barrier, answers):
    barrier.wait()
    text = (context.once("encoder", _slowly) / "weights").read_text()
    answers.put((context.stage_seconds["encoder"] > 0, text, context.waited_seconds > 0.2))


def test_of_two_processes_at_once_one_makes_the_stage(emodb, tmp_path, monkeypatch):
    """The others wait and know it. Forked: a stage's bookkeeping does not touch TensorFlow."""
    monkeypatch.setattr(FoldContext, "reseed", lambda self, *parts: None)
    fork = multiprocessing.get_context("fork")
    context = _context(emodb, tmp_path)
    barrier, answers = fork.Barrier(4), fork.Queue()
    processes = [fork.Process(target=_make_stage, args=(context, barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    given = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    made, texts, waited = zip(*given, strict=True)
    assert sorted(made) == [False, False, False, True] and len(set(texts)) == 1
    assert sorted(waited) == [False, True, True, True]
