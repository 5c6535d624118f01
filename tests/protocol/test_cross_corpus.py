"""One corpus trains and another is tested: names, classes, folds, and whose statistics normalise."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.features.level import level_spec
from ser_tf.papers.lee2020.segment_mfcc import WAVEFORM
from ser_tf.papers.mirsamadi2017.spectral import SPECTRAL
from ser_tf.protocol import cross_corpus, folds, leaks
from ser_tf.protocol.context import TARGET_STATISTICS, LeakError
from ser_tf.protocol.layout import Layout, folder_of
from ser_tf.protocol.matching import MatchedFrames
from ser_tf.protocol.paper import RowUnavailableError
from tests.contexts import fold_context
from tests.protocol import toy

TASK = Task("four", ("angry", "happy", "sad", "neutral"), expected={"emodb": 99})


def corpus(name, labels, speakers=("01", "02", "03", "04"), stem="u", root=None):
    """One recording of each speaker and class."""
    utterances = tuple(
        Utterance(f"{stem}{speaker}-{label}", Path(f"{name}/{speaker}{label}.wav"), name, speaker,
                  f"s{int(speaker) // 2}", "male", "acted", label)
        for speaker in speakers for label in labels
    )  # fmt: skip
    return Corpus(name, Path(root or f"/nowhere/{name}"), utterances, "", "", {"utterances": len(utterances)})


EMODB = corpus("emodb", ("angry", "happy", "sad", "neutral", "boredom"))
RAVDESS = corpus("ravdess", ("angry", "happy", "sad", "calm"), stem="r")


def test_speakers_of_two_corpora_never_meet_and_recordings_keep_their_names():
    joined = cross_corpus.join(EMODB, RAVDESS)
    train, test = joined.parts
    assert {one.id for one in test.utterances} == {one.id for one in RAVDESS.utterances}
    assert {one.speaker for one in test.utterances} == {f"ravdess-{number}" for number in ("01", "02", "03", "04")}
    assert set(train.utterances) == set(EMODB.utterances) and joined.is_full
    assert not {one.session for one in train.utterances} & {one.session for one in test.utterances}
    assert (joined.name, cross_corpus.place_of(joined)) == ("emodb-to-ravdess", "emodb-to-ravdess")


def test_recordings_with_the_same_names_are_renamed():
    joined = cross_corpus.join(EMODB, corpus("ravdess", ("angry", "sad")))
    assert {one.id for one in joined.parts[1].utterances} >= {"ravdess-u01-angry", "ravdess-u04-sad"}
    assert len(joined.utterances) == 28


def test_a_corpus_is_not_tested_on_itself():
    with pytest.raises(SettingError, match="is the corpus that trains"):
        cross_corpus.join(EMODB, EMODB)


def test_the_users_tables_have_folders_of_their_own():
    mine, other = (corpus("table", ("angry", "sad"), root=f"/data/{name}.csv") for name in ("calls 2024", "pilot"))
    assert [folder_of(one) for one in (mine, other, EMODB)] == ["table-calls 2024", "table-pilot", "emodb"]
    assert cross_corpus.join(mine, other).folder == "table-calls 2024-to-table-pilot"
    layout = Layout(Path("runs"), "zhang2018", "table", folder_of(other))
    assert layout.root == Path("runs/zhang2018/table-pilot")
    assert layout.experiment("zhang2018_table2") == Path("runs/zhang2018_table2/table-pilot")


@pytest.mark.parametrize(
    ("asked", "classes"),
    [
        (None, ("angry", "happy", "sad")),
        (["all"], ("angry", "happy", "sad")),
        (["Wut", "sadness"], ("angry", "sad")),
    ],
)
def test_classes_are_those_that_both_corpora_have(asked, classes):
    shared = cross_corpus.shared_task(TASK, cross_corpus.join(EMODB, RAVDESS), asked)
    assert shared.classes == classes and shared.expected == {}


def test_a_task_whose_classes_both_have_stays_as_it_is():
    joined = cross_corpus.join(EMODB, corpus("ravdess", TASK.classes, stem="r"))
    assert cross_corpus.shared_task(TASK, joined, None) == TASK


@pytest.mark.parametrize(
    ("labels", "asked", "reason"),
    [
        (("calm", "fear"), None, "fewer than two classes are in both corpora .*ravdess has none of them"),
        (("angry", "sad"), ["angry", "neutral"], "ravdess has no utterance of 'neutral'"),
    ],
)
def test_classes_that_are_not_in_both_are_one_line(labels, asked, reason):
    with pytest.raises(SettingError, match=reason):
        cross_corpus.shared_task(TASK, cross_corpus.join(EMODB, corpus("ravdess", labels, stem="r")), asked)


def _fold(normalise=folds.SOURCE):
    utterances = cross_corpus.join(EMODB, RAVDESS).utterances
    (fold,) = folds.cross_corpus(utterances, lambda training: folds.by_session(training, 0), normalise)
    return fold, {one.id: one for one in utterances}


def test_validation_is_that_of_the_papers_first_fold_and_the_rest_of_the_corpus_trains():
    fold, by_id = _fold()
    first = folds.by_session(EMODB.utterances, 0)[0]
    assert fold.validation == first.validation and set(fold.test) == {one.id for one in RAVDESS.utterances}
    assert set(fold.train) == {one.id for one in EMODB.utterances} - set(first.validation)
    assert not [finding for finding in leaks.inspect_folds([fold], by_id) if finding.shared and finding.check != "text"
                and finding.against == "train"]  # fmt: skip


def test_whose_statistics_normalise_is_part_of_what_a_result_was_made_from():
    (source, _), (target, _) = _fold(), _fold(folds.TARGET)
    assert set(source.digests()) == {"train", "validation", "test"}
    assert target.digests() == {**source.digests(), "normalise": "target"}


def _splits(*values):
    named = zip(EMODB.utterances, (*values, *["train"] * len(EMODB.utterances)), strict=False)
    return [dataclasses.replace(one, split=value) for one, value in named]


def test_a_split_column_is_one_fold():
    (fold,) = folds.by_column(_splits("test", "validation", "test"))
    ids = [one.id for one in EMODB.utterances]
    assert (fold.name, fold.test, fold.validation) == ("split", tuple(sorted((ids[0], ids[2]))), (ids[1],))
    assert len(fold.train) == len(ids) - 3


@pytest.mark.parametrize(
    ("splits", "reason"),
    [
        (["test", "holdout"], "recording u01-happy is in set 'holdout'; expected train, validation"),
        (["test", None], "recording u01-happy has no entry in the split column"),
        (["test"], r"is in set validation \(train 19, validation 0, test 1\)"),
    ],
)
def test_a_split_column_that_is_no_split(splits, reason):
    with pytest.raises(SettingError, match=reason):
        folds.by_column(_splits(*splits))
    with pytest.raises(SettingError, match="have no split column"):
        folds.by_column(EMODB.utterances)


class _Frames(dict):
    dims = 3

    def num_frames(self, key):
        return len(self[key])


def _random_frames():
    rng = np.random.default_rng(0)
    scale = {"a": (1, 0), "b": (1, 0), "x": (5, 40), "y": (5, 40)}
    return _Frames({
        key: (size * rng.standard_normal((50 + 9 * place, 3)) + shift).astype(np.float32)
        for place, (key, (size, shift)) in enumerate(scale.items())
    })  # fmt: skip


def test_matched_frames_have_the_statistics_of_training():
    frames = _random_frames()
    matched = MatchedFrames(frames, ["a", "b"], ["x", "y"])
    ours = np.concatenate([matched["x"], matched["y"]])
    trained = np.concatenate([frames["a"], frames["b"]])
    np.testing.assert_allclose(ours.mean(0), trained.mean(0), atol=1e-5)
    np.testing.assert_allclose(ours.std(0), trained.std(0), rtol=1e-5)
    assert matched["a"] is frames["a"] and matched.num_frames("y") == len(frames["y"])
    assert ours.dtype == np.float32


def test_only_the_test_set_of_a_target_fold_is_matched(emodb, tmp_path):
    by_id = {one.id: one for one in emodb.utterances[::5]}
    plain = folds.by_session(list(by_id.values()), 0)[0]
    source = fold_context(tmp_path, plain, toy.task(None), toy.Ledger(), by_id)
    target = fold_context(
        tmp_path, dataclasses.replace(plain, normalise=folds.TARGET), toy.task(None), toy.Ledger(), by_id
    )
    trained, tested = plain.train[0], plain.test[0]
    theirs, ours = (one.view(SPECTRAL, plain.test, "predict")[tested] for one in (source, target))
    assert not np.allclose(theirs, ours)
    theirs, ours = (one.view(SPECTRAL, plain.train, "train")[trained] for one in (source, target))
    np.testing.assert_array_equal(theirs, ours)
    assert target.used()[TARGET_STATISTICS]["in_test_part"] == len(plain.test)
    assert TARGET_STATISTICS not in source.used()
    levels = level_spec(SPECTRAL.params)
    theirs, ours = (one.view(levels, plain.test, "predict")[tested] for one in (source, target))
    np.testing.assert_array_equal(theirs, ours)
    with pytest.raises(LeakError, match="--normalise target was not"):
        source.record(plain.test, TARGET_STATISTICS)
    with pytest.raises(RowUnavailableError, match="--normalise target"):
        target.view(WAVEFORM, plain.test, "predict")
