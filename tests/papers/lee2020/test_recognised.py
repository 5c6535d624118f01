"""Recognised words in the test set, and what a table says of them and of sentences that are read in every emotion."""

import dataclasses

import numpy as np
import pytest

from ser_tf.asr import extra
from ser_tf.corpora.base import Corpus, Utterance, Word
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020 import paper, recognised, systems, words
from ser_tf.papers.lee2020.ledger import Ledger
from ser_tf.papers.lee2020.words import words_of
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.paper import FoldOutcome, RowUnavailableError
from ser_tf.protocol.record import UserInput
from tests.contexts import fold_context

LEDGER = Ledger()
SPOKEN = (Word("KIDS", 0.1, 0.4), Word("TALK", 0.5, 0.9))
HEARD = {"u2": (Word("<sil>", 0.0, 0.2), Word("GIDS", 0.2, 0.8))}


def utterance(number, label="angry", transcript="Kids talk."):
    return Utterance(
        f"u{number}", "u.wav", "ravdess", f"s{number}", "s", "female", "acted", label,
        transcript=transcript, words=SPOKEN, duration_seconds=1.0,
    )  # fmt: skip


@pytest.fixture
def context(tmp_path):
    utterances = {each.id: each for each in map(utterance, range(4))}
    fold = Fold("fold01", ("u0",), ("u1",), ("u2", "u3"))
    inputs = {recognised.INPUT: UserInput(HEARD, "digest")}
    return fold_context(tmp_path, fold, paper.task(LEDGER), LEDGER, utterances, inputs=inputs)


def test_only_the_test_set_has_recognised_words(context):
    changed = recognised.with_recognised(context)
    said = {key: [word.text for word in words_of(each)] for key, each in changed.utterances.items()}
    assert said == {"u0": ["kids", "talk"], "u1": ["kids", "talk"], "u2": ["gids"], "u3": [words.NO_WORD]}
    assert [word.text for word in words_of(context.utterances["u2"])] == ["kids", "talk"]
    assert changed.reads is context.reads and context.reads.inputs == {recognised.INPUT: "digest"}


def test_the_row_is_cans_network_on_these_words(context, monkeypatch):
    seen = []

    def fit(context):
        seen.append(context)
        return FoldOutcome(np.zeros((2, 7)))

    monkeypatch.setattr(systems, "fit_cross_attention", fit)
    row = paper.PAPER.systems["can_asr"]
    row.fit(context)
    assert seen[0].utterances["u2"].words == HEARD["u2"]
    assert row.origin == "beyond" and row.published is None and row.needs == "recognised words"
    assert "can_asr" not in {claim.worse for claim in paper.TABLE2.claims}


def test_without_recognised_words_the_row_says_how_to_make_them(tmp_path):
    utterances = {each.id: each for each in map(utterance, range(3))}
    fold = Fold("fold01", ("u0",), ("u1",), ("u2",))
    with pytest.raises(RowUnavailableError, match="ser-tf align --recognise and give --recognised DIR"):
        recognised.fit(fold_context(tmp_path, fold, paper.task(LEDGER), LEDGER, utterances))


def prepared(folder, utterances):
    corpus = Corpus("ravdess", "root", tuple(utterances), "", "", {"utterances": len(utterances)})
    return paper.prepare(corpus, paper.task(LEDGER), LEDGER, {"recognised": folder})


def test_recognised_words_reach_the_systems_and_the_table(tmp_path, monkeypatch):
    (tmp_path / "a.ctm").write_text("u2 1 0.2 0.6 kids\nelsewhere 1 0.0 0.1 no\n")
    material = prepared(tmp_path, [*map(utterance, range(3))])
    given = material.inputs[recognised.INPUT]
    assert given.value == {"u2": (Word("kids", 0.2, pytest.approx(0.8)),)} and len(given.digest) == 64
    (note,) = [note for note in material.notes if "can_asr" in note]
    assert "trained on reference words, tested on recognised ones (2 of 3 utterances have none)" in note
    if extra.is_installed("jiwer"):
        assert "word error rate 83.3% over 6 words (0 substituted, 5 deleted, 0 inserted); 0 of 3" in note
    monkeypatch.setattr(extra, "is_installed", lambda package="pocketsphinx": False)
    assert any("their error rate needs jiwer" in note for note in prepared(tmp_path, [*map(utterance, range(3))]).notes)
    with pytest.raises(CorpusError, match="none of its 2 alignments .such as elsewhere. is of the task"):
        prepared(tmp_path, [utterance(5)])


def test_sentences_in_every_emotion_carry_no_information():
    task = paper.task(LEDGER)
    read = [
        utterance(number, label, text)
        for number, (label, text) in enumerate(
            (label, text) for label in ("angry", "sad") for text in ("Kids talk.", "Dogs sit.")
        )
    ]
    assert words.sentences_note(task, read) == (
        "text carries no information: each of the 2 sentences is read in each of the 2 emotions, and a model of text"
        " can do no better than chance"
    )
    assert "the only sentence is read in each" in words.sentences_note(task, read[::2])
    assert words.sentences_note(task, read[:3]) == ""  # one sentence lacks an emotion
    assert words.sentences_note(task, [dataclasses.replace(each, label="sad") for each in read]) == ""
    spoken = [dataclasses.replace(each, transcript=None) for each in read]
    assert "the only sentence" in words.sentences_note(task, spoken)
