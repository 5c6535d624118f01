"""Second cross-validation of §4.1: inner folds, who embeds whom, alignment, and what goes wrong without it."""

import dataclasses
import zlib

import numpy as np
import pytest

from ser_tf.corpora import casia
from ser_tf.corpora.base import ACTED, Utterance
from ser_tf.data import store
from ser_tf.errors import SettingError
from ser_tf.papers.mao2020 import second_cv, segcnn, splits, systems
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.mao2020.second_cv import SecondStageInputs
from ser_tf.protocol.folds import Fold
from tests.contexts import fold_context

pytestmark = pytest.mark.slow  # it trains

DIMS, SEGMENTS = 64, 12
ONE_SECOND = Ledger(utterance_seconds=1.0)


def _named(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def memorising(context, folder):
    """A stand-in for SegCNN that has learnt its training segments by heart.

    Of unseen speech, one segment clearly tells the class and the others say something weak about all classes. Of what
    it was trained on, every segment weakly tells the class. Inner SegCNNs have axes of their own.
    """
    axes = np.eye(DIMS)
    if "inner" in context.fold.name:
        axes = np.linalg.qr(_named(context.fold.name).normal(size=(DIMS, DIMS)))[0]
    purposes = {"train": context.fold.train, "selection": context.fold.validation, "predict": context.fold.test}

    def embeddings():
        for purpose, ids in purposes.items():
            context.record(ids, purpose)
            for name, label in zip(ids, context.targets(ids), strict=True):
                rng = _named(name)
                told = rng.permutation([*range(4), *rng.integers(0, 4, SEGMENTS - 4)])
                values = np.eye(DIMS)[np.full(SEGMENTS, label) if purpose == "train" else told]
                if purpose != "train":
                    values[0] = 3 * np.eye(DIMS)[label]
                yield name, (values + 0.01 * rng.normal(size=values.shape)) @ axes

    (folder / segcnn.EMBEDDINGS).mkdir()
    store.fill(folder / segcnn.EMBEDDINGS, "memorised", DIMS, embeddings())


@pytest.fixture
def make_context(emodb, tmp_path, monkeypatch):
    """Contexts of one fold whose SegCNNs are the stand-in."""
    monkeypatch.setattr(segcnn, "make", memorising)
    task = splits.task(ONE_SECOND).on("emodb")
    utterances = {utterance.id: utterance for utterance in task.select(emodb)}
    fold = splits.make_folds(list(utterances.values()), ONE_SECOND, 0)[0]

    def make(**assumptions):
        return fold_context(tmp_path, fold, task, dataclasses.replace(ONE_SECOND, **assumptions), utterances)

    return make


def _ua(context, pooling):
    decided = systems.fit_forest(context, pooling).posteriors.argmax(axis=1)
    truth = context.targets(context.fold.test)
    return np.mean([np.mean(decided[truth == label] == label) for label in np.unique(truth)])


def test_inner_keeps_the_order_of_the_rows_that_outer_inverts(make_context):
    """On unseen speech the maximum finds the telling segment, and the mean drowns it; on memorised speech both work."""
    ua = {
        (kind, pooling): _ua(make_context(second_cv=kind), pooling)
        for kind in ("inner", "outer")
        for pooling in ("max", "mean")
    }
    assert ua["inner", "max"] > 0.95
    assert ua["inner", "max"] > ua["inner", "mean"] + 0.1
    assert ua["outer", "mean"] > ua["outer", "max"] + 0.1


def test_without_alignment_embeddings_of_several_segcnns_are_of_no_use(make_context):
    aligned, apart = (_ua(make_context(inner_alignment=how), "max") for how in ("rotation", "none"))
    assert aligned > 0.95 and apart < 0.6


def test_every_utterance_is_embedded_by_a_segcnn_that_was_not_trained_on_it(make_context):
    context = make_context()
    inputs = SecondStageInputs(context)
    fold = context.fold
    for ids, purpose in ((fold.train, "train"), (fold.validation, "selection"), (fold.test, "predict")):
        view = inputs.view(ids, purpose)
        for name in ids:
            assert np.abs(view[name][0]).max() == pytest.approx(3, abs=0.1), "a memorised one has no telling segment"
    assert not context.reads.utterances["train"] & set(fold.test)
    assert context.reads.utterances["predict"] == set(fold.test)


def test_the_outer_segcnn_embeds_all_on_request(make_context):
    context = make_context(second_cv="outer")
    view = SecondStageInputs(context).view(context.fold.train, "train")
    assert max(np.abs(view[name]).max() for name in context.fold.train) < 1.1
    assert len(list((context.places.stages / "segcnn").glob("*/record.json"))) == 1


def test_a_rotation_and_a_shift_are_found():
    rng = np.random.default_rng(0)
    outer = rng.normal(size=(50, 6)).astype(np.float32)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    inner = ((outer + 2) @ axes).astype(np.float32)
    aligned = second_cv.rotation(inner[:40], outer[:40])
    np.testing.assert_allclose(aligned(inner[40:]), outer[40:], atol=1e-5)
    assert aligned(inner).dtype == np.float32


def _people(sessions, speakers, number=6, corpus="emodb"):
    utterances = [
        Utterance(
            f"s{session}p{speaker}u{place}", "a.wav", corpus, f"s{session}p{speaker}", f"s{session}", "female", ACTED,
            ("angry", "sad")[place % 2],
        )
        for session in range(sessions)
        for speaker in range(speakers)
        for place in range(number)
    ]  # fmt: skip
    by_id = {utterance.id: utterance for utterance in utterances}
    return Fold("outer", tuple(by_id), ("validation",), ("test",)), by_id


def _check(fold, inner):
    assert sorted(name for each in inner for name in each.test) == sorted(fold.train)
    for each in inner:
        assert each.validation == fold.validation and each.name.startswith("outer-inner")
        assert sorted(each.train + each.test) == sorted(fold.train) and each.train and each.test
    assert len({each.name for each in inner}) == len(inner)


@pytest.mark.parametrize(("sessions", "number", "parts"), [(4, 5, 4), (4, 2, 2), (8, 5, 5)])
def test_sessions_are_left_out_as_in_the_outer_folds(sessions, number, parts):
    fold, by_id = _people(sessions, 2)
    inner = splits.inner_folds(fold, by_id, Ledger(inner_folds=number), 0)
    _check(fold, inner)
    assert len(inner) == parts
    for each in inner:
        assert not {by_id[name].session for name in each.train} & {by_id[name].session for name in each.test}


def test_one_session_is_cut_by_speakers_and_one_speaker_by_utterances():
    fold, by_id = _people(1, 3)
    inner = splits.inner_folds(fold, by_id, Ledger(), 0)
    _check(fold, inner)
    assert [len({by_id[name].speaker for name in each.test}) for each in inner] == [1, 1, 1]
    fold, by_id = _people(1, 1)
    _check(fold, splits.inner_folds(fold, by_id, Ledger(), 0))
    fold, by_id = _people(1, 1, number=1)
    with pytest.raises(SettingError, match="only s0p0u0"):
        splits.inner_folds(fold, by_id, Ledger(), 0)


def _casia():
    utterances = [
        Utterance(
            f"{speaker}-{emotion}-{number}", "a.wav", "casia", speaker, casia.SESSIONS[speaker.lower()], gender, ACTED,
            emotion, sentence=str(number),
        )
        for speaker, gender in casia.SPEAKERS.items()
        for emotion in splits.SIX
        for number in range(201, 221)
    ]  # fmt: skip
    by_id = {utterance.id: utterance for utterance in utterances}
    return Fold("outer", tuple(by_id), (), ()), by_id


def test_casias_parts_have_as_much_of_every_emotion_of_every_speaker():
    fold, by_id = _casia()
    inner = splits.inner_folds(fold, by_id, Ledger(), 0)
    _check(fold, inner)
    for each in inner:
        kinds = [name.rsplit("-", 1)[0] for name in each.test]
        assert len(set(kinds)) == 24 and {kinds.count(kind) for kind in kinds} == {4}


@pytest.mark.parametrize(("split", "place"), [("speaker", 0), ("text", 2)])
def test_casias_other_rules_hold_inside_as_well(split, place):
    fold, by_id = _casia()
    inner = splits.inner_folds(fold, by_id, Ledger(casia_split=split), 0)
    _check(fold, inner)
    for each in inner:
        assert not {name.split("-")[place] for name in each.train} & {name.split("-")[place] for name in each.test}


def test_parts_depend_on_the_seed_and_a_smoke_run_has_two():
    fold, by_id = _casia()
    first, again, other = (splits.inner_folds(fold, by_id, Ledger(), seed) for seed in (0, 0, 1))
    assert first == again != other
    assert len(splits.inner_folds(fold, by_id, Ledger(), 0, smoke=True)) == 2
