import dataclasses
import doctest

import pytest

from ser_tf.corpora import Task, iemocap, task
from ser_tf.errors import CorpusError, SettingError
from tests.corpora import trees

FOUR = ("happy", "neutral", "angry", "sad")


@pytest.fixture
def corpus(tmp_path):
    return iemocap.load(trees.iemocap(tmp_path))


@pytest.fixture
def full(corpus):
    return dataclasses.replace(corpus, expected={"utterances": 4})


def test_docstring():
    assert doctest.testmod(task).failed == 0


def test_classes_are_in_the_fixed_order():
    assert Task("t", FOUR).classes == ("angry", "happy", "sad", "neutral")


def test_merges_and_drops(corpus):
    merged = Task("t", FOUR, merges={"excited": "happy"})
    selected = merged.select(corpus)
    assert [utterance.id for utterance in selected] == [
        "Ses01F_impro04_F000",
        "Ses03F_impro05a_F003",
        "Ses03M_script01_1b_F003",
    ]
    assert [merged.label_of(utterance) for utterance in selected] == ["neutral", "angry", "happy"]
    assert [merged.class_index(utterance) for utterance in selected] == [3, 0, 1]
    assert len(Task("t", FOUR).select(corpus)) == 2


def test_styles(corpus):
    assert len(Task("t", FOUR, styles=("improvised",)).select(corpus)) == 2


def test_others_can_be_included(corpus):
    everything = Task("t", FOUR, include_others=True)
    assert len(everything.select(corpus)) == 4
    without_majority = corpus.utterances[1]
    assert everything.target_of(without_majority) is None
    with pytest.raises(ValueError, match="Ses01F_impro04_M000"):
        everything.label_of(without_majority)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, ["1 without a majority label", "1 of other classes (excited 1)"]),
        ({"styles": ("improvised",)}, ["1 without a majority label", "1 scripted"]),
        (
            {"classes": ("happy", "sad")},
            ["3 of other classes (angry 1, excited 1, neutral 1)", "1 without a majority label"],
        ),
        ({"include_others": True}, []),
    ],
)
def test_what_is_left_out_has_its_reason(corpus, changes, reasons):
    left_out = Task(**{"name": "t", "classes": FOUR, **changes})
    assert sorted(left_out.left_out(corpus)) == sorted(reasons)


def test_utterances_without_word_times_are_left_out_where_they_are_needed(corpus):
    first = dataclasses.replace(corpus.utterances[0], words=None)
    wordless = dataclasses.replace(corpus, utterances=(first, *corpus.utterances[1:]))
    assert Task("t", FOUR, needs_alignment=True, include_others=True).left_out(wordless) == ["1 without word times"]
    assert Task("t", FOUR, include_others=True).left_out(wordless) == []


def test_selection_is_sorted_whatever_the_corpus_order(corpus):
    backwards = dataclasses.replace(corpus, utterances=corpus.utterances[::-1])
    assert Task("t", FOUR).select(backwards) == Task("t", FOUR).select(corpus)


def test_full_corpus_with_the_expected_count_has_nothing_to_say(full):
    assert Task("t", FOUR, expected={"iemocap": 2}).check(full) is None
    assert Task("t", FOUR, expected={"casia": 7}).check(full) is None


def test_full_corpus_with_another_count_is_an_error(full):
    with pytest.raises(CorpusError, match="selects 2 utterances of iemocap, not 3"):
        Task("t", FOUR, expected={"iemocap": 3}).check(full)


def test_missing_alignments_are_named(full):
    first = dataclasses.replace(full.utterances[0], words=None)
    broken = dataclasses.replace(full, utterances=(first, *full.utterances[1:]))
    aligned = Task("t", FOUR, expected={"iemocap": 2}, needs_alignment=True)
    assert aligned.check(full) is None
    with pytest.raises(CorpusError, match="selects 1 .* not 2; without alignment: Ses01F_impro04_F000"):
        aligned.check(broken)


def test_a_corpus_without_word_times_is_told_apart_from_one_without_the_classes(full):
    wordless = dataclasses.replace(
        full, utterances=tuple(dataclasses.replace(utterance, words=None) for utterance in full.utterances)
    )
    aligned = Task("t", FOUR, needs_alignment=True)
    with pytest.raises(CorpusError, match="has no word times for any of its 2 utterances; give alignments with"):
        aligned.check(wordless)
    with pytest.raises(CorpusError, match="finds no utterance of boredom"):
        Task("t", ("boredom",), needs_alignment=True).check(wordless)


def test_partial_corpus_is_a_warning_of_one_line(corpus):
    warning = Task("t", FOUR, expected={"iemocap": 2280}).check(corpus)
    assert warning == "iemocap is partial (4 of 10,039 utterances): task t uses 2 of 2,280"


def test_nothing_selected_is_an_error(corpus):
    with pytest.raises(CorpusError, match="finds no utterance of boredom"):
        Task("t", ("boredom",)).check(corpus)


@pytest.mark.parametrize(
    ("classes", "merges", "reason"),
    [(("joy",), {}, "joy"), (("happy",), {"glad": "happy"}, "glad"), (("happy", "sad"), {"sad": "happy"}, "sad")],
)
def test_wrong_names_are_refused(classes, merges, reason):
    with pytest.raises(ValueError, match=reason):
        Task("t", classes, merges)


def test_with_all_classes_of_the_corpus(full):
    task = Task("t", FOUR, merges={"excited": "happy"}, expected={"casia": 1}, classes_on={"iemocap": FOUR})
    other = task.with_classes("all", full)
    assert other.classes == ("angry", "excited", "neutral") and other.name == "t-3-classes"
    assert other.merges == other.classes_on == other.expected == {}
    assert len(other.select(full)) == 3 and other.on("iemocap") == other
    assert other.check(full) is None


def test_with_named_classes_in_any_spelling(full):
    task = Task("t", FOUR, merges={"excited": "happy"})
    named = task.with_classes(["Neutral_State", "Freude"], full)
    assert named.classes == ("happy", "neutral") and named.merges == {"excited": "happy"}
    assert [named.label_of(utterance) for utterance in named.select(full)] == ["neutral", "happy"]
    assert task.with_classes(["excited", "angry"], full).merges == {}


def test_with_classes_of_ones_own(full):
    own = tuple(dataclasses.replace(utterance, label="contempt") for utterance in full.utterances[:2])
    corpus = dataclasses.replace(full, utterances=own + full.utterances[2:])
    task = Task("t", FOUR).with_classes(["Contempt", "wut"], corpus)
    assert task.classes == ("angry", "contempt") and task.own_classes == ("contempt",)
    assert [task.class_index(utterance) for utterance in task.select(corpus)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["angry", "joi"], r"iemocap has no utterance of 'joi'; it has angry \(1\), excited \(1\), neutral \(1\)"),
        (["angry", "sad"], "no utterance of 'sad'"),
        (["angry", "xxx"], "no utterance of 'xxx'"),
        (["angry", "Wut"], "angry is given twice"),
        (["angry"], "at least two are needed"),
        ([], "at least two are needed"),
    ],
)
def test_wrong_classes_are_refused(full, names, reason):
    with pytest.raises(SettingError, match=f"^--classes: .*{reason}"):
        Task("t", FOUR).with_classes(names, full)


def test_classes_of_the_papers_own_corpus_are_fixed(full):
    with pytest.raises(SettingError, match="iemocap is the paper's own corpus, with the classes angry, happy"):
        Task("t", FOUR, expected={"iemocap": 2}).with_classes("all", full)


def test_classes_are_those_of_the_tasks_styles(full):
    with pytest.raises(SettingError, match="no utterance of 'excited'"):
        Task("t", FOUR, styles=("improvised",)).with_classes(["angry", "excited"], full)


def test_utterances_of_unknown_style_are_always_taken(full):
    unknown = tuple(dataclasses.replace(utterance, style="unknown") for utterance in full.utterances)
    assert len(Task("t", FOUR, styles=("improvised",)).select(dataclasses.replace(full, utterances=unknown))) == 2


def test_one_class_is_an_error(full):
    angry = tuple(dataclasses.replace(utterance, label="angry") for utterance in full.utterances)
    with pytest.raises(CorpusError, match="all utterances that task t uses are angry; it needs two classes"):
        Task("t", FOUR).check(dataclasses.replace(full, utterances=angry))
