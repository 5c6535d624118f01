import json
import multiprocessing
import time

import numpy as np
import pytest

from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from ser_tf.protocol import folds
from ser_tf.protocol.context import FoldContext, LeakError
from tests.protocol import toy


def _context(emodb, root, **changes):
    by_id = {utterance.id: utterance for utterance in emodb.utterances[::3]}
    settings = {
        "fold": folds.by_session(list(by_id.values()), 0)[0],
        "seed": 0,
        "ledger": toy.Ledger(),
        "task": toy.task(None),
        "utterances": by_id,
        "feature_root": root / "features",
        "stage_root": root / "stages",
    }
    return FoldContext(**settings | changes)


@pytest.fixture
def context(emodb, tmp_path):
    return _context(emodb, tmp_path)


@pytest.mark.parametrize("purpose", ["train", "normaliser", "vocabulary", "selection"])
def test_nothing_is_fitted_or_selected_on_test_utterances(context, purpose):
    test = context.fold.test
    with pytest.raises(LeakError, match=f"1 test utterances asked for as {purpose}, such as {test[0]}"):
        context.view(SPECTRAL, (*context.fold.train, test[0]), purpose)
    assert context.uses == {} and context.used() == {}
    assert context.view(SPECTRAL, context.fold.train, purpose).ids == context.fold.train


def _copies(ids, speed="0.9"):
    return tuple(f"{one}@{speed}" for one in ids)


@pytest.mark.parametrize("part", ["test", "validation"])
@pytest.mark.parametrize("purpose", ["train", "normaliser"])
def test_no_copy_of_a_test_or_development_utterance_trains(context, part, purpose):
    wanted = (*context.fold.train, *_copies(getattr(context.fold, part)[:1]))
    with pytest.raises(LeakError, match="1 test utterances|1 copies"):
        context.view(SPECTRAL, wanted, purpose)
    assert context.uses == {}


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
    context.uses["train"] = {*_copies(context.fold.test[:2]), *_copies(context.fold.validation[:1])}
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


def test_a_stage_is_made_once_and_then_found(context):
    with context.stage("encoder", "hash") as (folder, ready):
        assert not ready and list(folder.iterdir()) == []
        (folder / "weights").write_text("trained")
    with context.stage("encoder", "hash") as (folder, ready):
        assert ready and (folder / "weights").read_text() == "trained"


def test_other_settings_folds_and_seeds_make_other_stages(emodb, context, tmp_path):
    others = folds.by_session(list(context.utterances.values()), 0)
    contexts = [context, context, _context(emodb, tmp_path, seed=1), _context(emodb, tmp_path, fold=others[1])]
    seen = set()
    for one, settings in zip(contexts, ("a", "b", "a", "a"), strict=True):
        with one.stage("encoder", settings) as (folder, ready):
            assert not ready
            seen.add(folder)
    assert len(seen) == 4


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_stage_leaves_nothing(context, error):
    with pytest.raises(error):
        with context.stage("encoder", "hash") as (folder, _):
            (folder / "half").write_text("half")
            raise error
    with context.stage("encoder", "hash") as (folder, ready):
        assert not ready and list(folder.iterdir()) == []
        (folder / "weights").write_text("trained")
    names = sorted(path.name for path in context.stage_root.rglob("*") if not path.name.endswith(".lock"))
    assert len(names) == 3 and names[0] == "encoder" and names[-1] == "weights"


def _make_stage(context, barrier, answers):
    barrier.wait()
    with context.stage("encoder", "hash") as (folder, ready):
        if not ready:
            time.sleep(0.3)
            (folder / "weights").write_text("trained")
        answers.put((ready, (folder / "weights").read_text(), context.waited_seconds > 0.2))


def test_of_two_processes_at_once_one_makes_the_stage(emodb, tmp_path):
    """The others wait and know it. Forked: a stage's bookkeeping does not touch TensorFlow."""
    fork = multiprocessing.get_context("fork")
    context = _context(emodb, tmp_path, report=None)
    barrier, answers = fork.Barrier(4), fork.Queue()
    processes = [fork.Process(target=_make_stage, args=(context, barrier, answers)) for _ in range(4)]
    for process in processes:
        process.start()
    given = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert sorted(given) == [(False, "trained", False), *[(True, "trained", True)] * 3]
