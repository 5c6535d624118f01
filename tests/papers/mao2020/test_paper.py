"""The set-up of mao2020: classes and counts, folds, published values, features, the ledger."""

import dataclasses
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from ser_tf import corpora
from ser_tf.corpora import casia, synthetic
from ser_tf.corpora.base import ACTED, Corpus, Utterance
from ser_tf.papers.mao2020 import paper, segcnn, systems
from ser_tf.papers.mao2020.ledger import Ledger
from ser_tf.papers.zhang2018 import paper as zhang2018
from tests.checks import check_ledger

LEDGER = Ledger()
SIX = ("angry", "fear", "happy", "neutral", "sad", "surprise")
KEYS = ("max_rf", "avg_rf", "mp", "ap", "d_single", "d_multi", "feature")


@pytest.fixture(scope="module")
def full_casia():
    """All 7,200 utterances, without audio."""
    utterances = tuple(
        Utterance(
            f"{speaker}-{emotion}-{number}", "a.wav", "casia", speaker, casia.SESSIONS[speaker.lower()], gender, ACTED,
            emotion, sentence=str(number),
        )
        for speaker, gender in casia.SPEAKERS.items()
        for emotion in SIX
        for number in range(201, 501)
    )  # fmt: skip
    return Corpus("casia", "root", utterances, "", "", casia.EXPECTED)


def test_six_classes_on_casia_and_four_elsewhere(full_casia, emodb):
    task = paper.task(LEDGER).on("casia")
    assert set(task.classes) == set(SIX) and task.check(full_casia) is None
    assert len(task.select(full_casia)) == 7200
    elsewhere = paper.task(LEDGER).on("emodb")
    assert set(elsewhere.classes) == {"angry", "happy", "sad", "neutral"}
    assert elsewhere.merges == {"excited": "happy"} and elsewhere.expected["iemocap"] == 5531
    assert len(paper.task(dataclasses.replace(LEDGER, classes="six")).on("emodb").classes) == 6
    four = paper.task(dataclasses.replace(LEDGER, classes="four")).on("casia")
    assert len(four.classes) == 4 and four.check(full_casia) is None


def test_casias_ten_folds_spread_emotions_within_speakers(full_casia):
    folds = paper.make_folds(full_casia.utterances, LEDGER, 0)
    assert len(folds) == 10
    for fold in folds:
        kinds = Counter(one.rsplit("-", 1)[0] for one in fold.test)
        assert len(kinds) == 24 and set(kinds.values()) == {30}
        assert len(fold.train) == 5760 and len(fold.validation) == 720
    assert len({one for fold in folds for one in fold.test}) == 7200


def test_casias_other_splits_keep_speakers_or_sentences_apart(full_casia):
    for split, place, number in (("speaker", 0, 4), ("text", 2, 10)):
        folds = paper.make_folds(full_casia.utterances, dataclasses.replace(LEDGER, casia_split=split), 0)
        assert len(folds) == number
        for fold in folds:
            train, validation, test = (
                {one.split("-")[place] for one in part} for part in (fold.train, fold.validation, fold.test)
            )
            assert not test & train and not test & validation and not train & validation


def test_a_small_casia_has_ten_folds_as_well(full_casia):
    few = [one for one in full_casia.utterances if int(one.sentence) < 203]
    assert len(paper.make_folds(few, LEDGER, 0)) == 10


def test_emodbs_folds_are_pairs_of_speakers(emodb):
    utterances = paper.task(LEDGER).on("emodb").select(emodb)
    folds = paper.make_folds(utterances, LEDGER, 0)
    assert [fold.name for fold in folds] == ["pair-03-08", "pair-10-09", "pair-11-13", "pair-12-14", "pair-15-16"]
    speakers = {one.id: one.speaker for one in utterances}
    assert all(len({speakers[one] for one in fold.test}) == 2 for fold in folds)
    assert all(len({speakers[one] for one in fold.validation}) == 1 for fold in folds)


def test_published_values_and_cited_rows():
    for rows, best in ((paper.TABLE1.rows, 0.9532), (paper.TABLE2.rows, 0.6674)):
        ours = [row for row in rows if row.fit is not None and row.origin == "paper"]
        assert tuple(row.key for row in ours) == KEYS and ours[-1].published == {"ua": best}
        cited = [row for row in rows if row.fit is None and row.origin == "paper"]
        assert len(cited) == 3 and all(row.published for row in cited)
    notes = {row.key: row.note for row in paper.TABLE2.rows}
    other = zhang2018.TABLE2
    for key, row in (("cnn_lstm", "satt_model1"), ("fcn_att", "fcn_attention")):
        assert f"row {row} of experiments.zhang2018_table2" in notes[key]
        assert row in {one.key for one in other.rows}


def test_claims_are_the_papers_order():
    assert [(claim.better, claim.worse) for claim in paper.CLAIMS] == list(zip(KEYS[:0:-1], KEYS[-2::-1], strict=True))


@pytest.mark.parametrize(
    ("corpus", "setting", "number"), [("casia", 0.0, 29), ("iemocap", 0.0, 71), ("emodb", 0.0, 71), ("casia", 4.55, 71)]
)
def test_lengths_are_the_papers(corpus, setting, number):
    context = SimpleNamespace(
        ledger=dataclasses.replace(LEDGER, utterance_seconds=setting),
        utterances={"a": SimpleNamespace(corpus=corpus)},
        smoke=False,
    )
    assert segcnn.segment_params(context).max_segments == number


def test_features_are_the_papers():
    (spec,) = segcnn.features(LEDGER)
    params = spec.params
    assert (spec.dims, params.window_seconds, params.hop_seconds, params.fft_samples) == (64, 0.025, 0.010, 512)
    for change in (
        {"window": "hamming"},
        {"mel_scale": "htk"},
        {"log_floor": 1e-6},
        {"mel_low_hz": 60.0},
        {"mel_high_hz": 7000.0},
        {"mel_unit_area": False},
    ):
        (changed,) = segcnn.features(dataclasses.replace(LEDGER, **change))
        assert changed.fingerprint() != spec.fingerprint()


@pytest.mark.parametrize(("staircase", "after_one"), [(True, 1e-3), (False, 1e-3 * 0.8**0.5)])
def test_the_learning_rate_decays_by_a_fifth_every_two_epochs(staircase, after_one):
    optimiser = segcnn.recipe(dataclasses.replace(LEDGER, decay_staircase=staircase)).make_optimiser(30)
    rates = []
    for epoch in (0, 1, 2, 4):
        optimiser.iterations.assign(30 * epoch)
        rates.append(float(optimiser.learning_rate))
    np.testing.assert_allclose(rates, [1e-3, after_one, 0.8e-3, 0.64e-3], rtol=1e-5)


@pytest.mark.parametrize("stage", [segcnn, systems])
def test_both_stages_train_as_the_paper_says(stage):
    """§4.1: Adam, 0.001, decay by 0.8 every two epochs, batches of 128, patience of 3."""
    recipe = stage.recipe(LEDGER)
    assert (recipe.optimiser, recipe.learning_rate, recipe.batch_size, recipe.patience) == ("adam", 1e-3, 128, 3)
    assert (recipe.decay.rate, recipe.decay.epochs) == (0.8, 2)
    changed = stage.recipe(dataclasses.replace(LEDGER, monitor="ua", class_weights="balanced"))
    assert (changed.monitor, changed.class_weights) == ("ua", "balanced")


def test_the_stated_procedures_are_what_a_plain_command_runs():
    assert (LEDGER.second_cv, LEDGER.bag_padding, LEDGER.bag_dropout) == ("inner", "speech", 0.0)
    assert LEDGER.segment_min_frames == 32


def test_the_page_says_what_chooses_the_epoch():
    assert "one speaker" in paper.conditions(LEDGER)["epoch_choice"]
    changed = paper.conditions(dataclasses.replace(LEDGER, monitor="ua", stopping="utterances"))
    assert changed["epoch_choice"].startswith("highest UA on a tenth")


def test_every_assumption_has_a_reason_and_a_switch():
    check_ledger(LEDGER)


def test_the_generated_casia_layout_has_six_classes_and_folds_by_pair(tmp_path):
    corpus = corpora.load("synthetic", synthetic.generate(tmp_path / "casia", layout="casia"))
    task = paper.task(dataclasses.replace(LEDGER, classes="six")).on(corpus.name)
    assert {utterance.label for utterance in corpus.utterances} == set(SIX)
    assert len(task.select(corpus)) == len(corpus.utterances)
    assert len(paper.make_folds(task.select(corpus), LEDGER, 0)) == 2
