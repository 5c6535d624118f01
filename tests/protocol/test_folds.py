import collections
import dataclasses
import hashlib

import pytest

from ser_tf.errors import SettingError
from ser_tf.protocol import folds
from tests.protocol.utterances import utterances

EVERYTHING = utterances()
BY_ID = {utterance.id: utterance for utterance in EVERYTHING}


def _label(utterance):
    return utterance.label


def _speaker(utterance):
    return utterance.speaker


RULES = {
    "by_session": folds.by_session,
    "by_session_and_tenth": lambda given, seed: folds.by_session(given, seed, "utterances"),
    "by_speaker": folds.by_speaker,
    "by_session_actor": folds.by_session_actor,
    "k_fold": lambda given, seed: folds.k_fold(given, seed, 4, _label),
    "k_fold_of_speakers": lambda given, seed: folds.k_fold(given, seed, 4, _label, _speaker),
}


def _values(ids, of):
    return {getattr(BY_ID[one], of) for one in ids}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rule", RULES)
def test_parts_are_disjoint_sorted_and_complete(rule, seed):
    made = RULES[rule](EVERYTHING, seed)
    assert len({fold.name for fold in made}) == len(made)
    for fold in made:
        parts = [fold.train, fold.validation, fold.test]
        assert all(parts) and all(list(part) == sorted(part) for part in parts)
        assert sorted(one for part in parts for one in part) == sorted(BY_ID)


@pytest.mark.parametrize("rule", RULES)
def test_every_utterance_is_tested_exactly_once(rule):
    tested = collections.Counter(one for fold in RULES[rule](EVERYTHING, 0) for one in fold.test)
    assert tested == dict.fromkeys(BY_ID, 1)


@pytest.mark.parametrize("rule", RULES)
def test_folds_do_not_depend_on_the_order_of_utterances(rule):
    assert RULES[rule](EVERYTHING, 1) == RULES[rule](EVERYTHING[::-1], 1)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ("k_fold", "by_session_and_tenth")])
def test_speakers_are_in_one_part_alone(rule):
    for fold in RULES[rule](EVERYTHING, 0):
        train, validation, test = (_values(part, "speaker") for part in (fold.train, fold.validation, fold.test))
        assert not train & test and not validation & test and not train & validation


def test_by_session_leaves_one_session_out_and_one_speaker_validates():
    made = folds.by_session(EVERYTHING, 0)
    assert [fold.name for fold in made] == ["Ses01", "Ses02", "Ses03", "Ses04", "Ses05"]
    for fold in made:
        assert _values(fold.test, "session") == {fold.name}
        assert len(_values(fold.validation, "speaker")) == 1
        assert fold.name not in _values((*fold.train, *fold.validation), "session")
    validators = [tuple(sorted(_values(fold.validation, "session"))) for fold in made]
    assert validators == [("Ses02",), ("Ses03",), ("Ses04",), ("Ses05",), ("Ses01",)]


def test_the_seed_draws_the_validating_speaker():
    drawn = {tuple(fold.validation[0] for fold in folds.by_session(EVERYTHING, seed)) for seed in range(8)}
    assert len(drawn) > 1


def test_a_tenth_of_the_training_sessions_may_validate_instead():
    for fold in folds.by_session(EVERYTHING, 0, "utterances"):
        assert _values(fold.test, "session") == {fold.name}
        assert len(fold.validation) == (len(fold.train) + len(fold.validation)) // 10
        assert fold.name not in _values((*fold.train, *fold.validation), "session")


def test_by_speaker_leaves_one_out_and_the_partner_validates():
    for fold in folds.by_speaker(EVERYTHING, 0):
        assert _values(fold.test, "speaker") == {fold.name}
        partner = fold.name[:-1] + {"F": "M", "M": "F"}[fold.name[-1]]
        assert _values(fold.validation, "speaker") == {partner}


def test_by_speaker_can_take_another_session_to_validate():
    for fold in folds.by_speaker(EVERYTHING, 0, "next_session"):
        (validator,) = _values(fold.validation, "speaker")
        following = f"Ses{int(fold.name[3:5]) % 5 + 1:02d}"
        assert validator == f"{following}F"


def test_by_speaker_without_partners_takes_the_next():
    alone = utterances(sessions=4, speakers=1)
    validators = {fold.name: fold.validation[0][:6] for fold in folds.by_speaker(alone, 0)}
    assert validators == {"Ses01F": "Ses02F", "Ses02F": "Ses03F", "Ses03F": "Ses04F", "Ses04F": "Ses01F"}


def test_by_session_actor_tests_each_speaker_while_the_other_validates():
    made = folds.by_session_actor(EVERYTHING, 0)
    assert [fold.name for fold in made][:3] == ["Ses01-Ses01F", "Ses01-Ses01M", "Ses02-Ses02F"] and len(made) == 10
    for fold in made:
        session, speaker = fold.name.split("-")
        assert _values(fold.test, "speaker") == {speaker}
        assert _values(fold.validation, "session") == {session}
        assert session not in _values(fold.train, "session")


def test_k_fold_spreads_classes_evenly_and_rotates_validation():
    made = folds.k_fold(EVERYTHING, 0, 5, _label)
    for position, fold in enumerate(made):
        counts = collections.Counter(BY_ID[one].label for one in fold.test)
        assert set(counts.values()) == {len(EVERYTHING) // 20}
        assert fold.validation == made[(position + 1) % 5].test
    assert folds.k_fold(EVERYTHING, 0, 5, _label) == made != folds.k_fold(EVERYTHING, 1, 5, _label)
    assert [fold.name for fold in made] == ["fold01", "fold02", "fold03", "fold04", "fold05"]


def test_k_fold_keeps_groups_together():
    for seed in range(5):
        for fold in folds.k_fold(EVERYTHING, seed, 5, _label, lambda utterance: utterance.session):
            assert not _values(fold.test, "session") & _values(fold.train + fold.validation, "session")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: folds.by_session(utterances(sessions=1), 0), "1 sessions with usable utterances; .* needs 2"),
        (lambda: folds.by_session([], 0), "0 sessions"),
        (lambda: folds.by_speaker(utterances(sessions=1), 0), "2 speakers .* needs 3"),
        (lambda: folds.by_session_actor(utterances(sessions=1), 0), "1 sessions .* needs 2"),
        (lambda: folds.by_session_actor(utterances(speakers=1), 0), r"1 speaker \(in session Ses01\)s .* needs 2"),
        (lambda: folds.k_fold(EVERYTHING, 0, 2, _label), "2 folds leave no training set"),
        (lambda: folds.k_fold(EVERYTHING, 0, 21, _label), "21 folds need 21 utterances in the smallest class, not 20"),
        (lambda: folds.k_fold(EVERYTHING, 0, 11, _label, _speaker), "11 folds need 11 groups in the corpus, not 10"),
    ],
)
def test_too_little_is_one_clear_line(make, reason):
    with pytest.raises(SettingError, match=reason):
        make()


@pytest.mark.parametrize(("sessions", "speakers"), [(2, 1), (2, 2), (3, 1)])
def test_by_session_never_gives_an_empty_training_part(sessions, speakers):
    few = utterances(sessions=sessions, speakers=speakers)
    try:
        made = folds.by_session(few, 0)
    except SettingError:
        return
    assert all(fold.train and fold.validation and fold.test for fold in made)


def test_digests_are_those_of_the_joined_ids():
    fold = folds.by_session(EVERYTHING, 0)[0]
    expected = {
        part: hashlib.sha256("\n".join(getattr(fold, part)).encode()).hexdigest()
        for part in ("train", "validation", "test")
    }
    assert fold.digests() == expected
    assert dataclasses.replace(fold, test=fold.test[1:]).digests()["test"] != expected["test"]
