import dataclasses
from pathlib import Path

import pytest

from ser_tf.protocol import folds, leaks
from tests.protocol.utterances import utterances

EVERYTHING = {utterance.id: utterance for utterance in utterances()}
CLEAN = folds.by_session(list(EVERYTHING.values()), 0)


def _found(made, given=EVERYTHING):
    return leaks.found(leaks.inspect_folds(made, given))


def test_clean_folds_give_no_leak_and_every_check_is_listed():
    findings = leaks.inspect_folds(CLEAN, EVERYTHING)
    assert leaks.found(findings) == []
    checks = {(finding.check, finding.against) for finding in findings}
    assert checks == {(c, p) for c in ("utterances", "speakers", "sessions", "text") for p in ("train", "validation")}
    assert len(findings) == 8 * len(CLEAN)


NAMES = {"train": "training", "validation": "validation"}


def test_identical_recordings_are_found_where_a_fold_separates_them_and_only_there():
    fold = CLEAN[0]
    together, apart = fold.test[:2], (fold.test[2], fold.train[0])
    contents = {Path(key): key for key in EVERYTHING} | {Path(key): "same" for key in together}
    assert _twins(fold, contents) == []
    contents |= {Path(key): "copied" for key in apart}
    (finding,) = _twins(fold, contents)
    assert finding.examples == (min(apart),)
    assert finding.text == "Ses01: 1 of 15 recordings (identical files) of the test set are also in the training set"


def _twins(fold, contents):
    given = {key: dataclasses.replace(one, path=Path(key)) for key, one in EVERYTHING.items()}
    found = leaks.inspect_folds([fold], given, leaks.twins_of(given, contents))
    assert sum(one.check == "recordings" for one in found) == 2
    return [one for one in found if one.check == "recordings" and one.shared]


@pytest.mark.parametrize("part", NAMES)
def test_a_planted_test_utterance_is_found(part):
    fold = CLEAN[1]
    planted = dataclasses.replace(fold, **{part: (*getattr(fold, part), fold.test[0])})
    lines = _found([CLEAN[0], planted])
    assert f"utterances of the test set that are also in the {NAMES[part]} set: 1 of 16 (Ses02)" in lines
    assert f"speakers of the test set that are also in the {NAMES[part]} set: 1 of 2 (Ses02)" in lines
    assert f"sessions of the test set that are also in the {NAMES[part]} set: 1 of 1 (Ses02)" in lines
    assert f"sentences of the test set that are also in the {NAMES[part]} set: 1 of 16 (Ses02)" in lines


def test_random_folds_share_speakers_and_sessions():
    made = folds.k_fold(list(EVERYTHING.values()), 0, 4, lambda utterance: utterance.label)
    lines = _found(made)
    assert len(lines) == 4 and all("fold01" in line and "fold04" in line for line in lines)
    assert {line.split()[0] for line in lines} == {"speakers", "sessions"}


def test_folds_by_actor_share_the_session_with_validation_alone():
    lines = _found(folds.by_session_actor(list(EVERYTHING.values()), 0))
    assert [line.split(":")[0] for line in lines] == ["sessions of the test set that are also in the validation set"]


def test_repeated_text_is_found_whatever_its_spelling():
    given = dict(EVERYTHING)
    test, train = CLEAN[0].test[0], CLEAN[0].train[0]
    given[test] = dataclasses.replace(given[test], transcript="Oh, my   GOD!")
    given[train] = dataclasses.replace(given[train], transcript="oh my god")
    lines = _found(CLEAN[:1], given)
    assert lines == ["sentences of the test set that are also in the training set: 1 of 16 (Ses01)"]
    finding = next(one for one in leaks.inspect_folds(CLEAN[:1], given) if one.shared)
    assert finding.examples == ("oh my god",)
    assert finding.text == "Ses01: 1 of 16 sentences of the test set are also in the training set"


def test_utterances_without_transcript_share_no_text():
    given = {key: dataclasses.replace(value, transcript=None) for key, value in EVERYTHING.items()}
    assert _found(CLEAN, given) == []


def test_what_a_training_read_is_held_against_its_test_part():
    from tests.protocol.test_results import _result

    def used(number):
        return {"utterances": 9, "in_test_part": number, "sha256": ""}

    clean = dataclasses.replace(_result(), uses={"train": used(0), "predict": used(20)})
    assert leaks.found(leaks.inspect_uses([clean])) == []
    for purpose in ("train", "normaliser", "selection", "vocabulary"):
        leaky = dataclasses.replace(clean, uses={**clean.uses, purpose: used(2)})
        lines = leaks.found(leaks.inspect_uses([clean, leaky]))
        assert lines == [f"utterances of the test set that are also in {purpose} of network seed 0: 2 of 20 (pair)"]


def test_copies_at_another_speed_are_held_against_both_parts():
    from tests.protocol.test_results import _result

    def used(test, validation):
        copies = {"all": 6, "test": test, "validation": validation}
        return {"train": {"utterances": 9, "in_test_part": 0, "sha256": "", "copies": copies}}

    clean = dataclasses.replace(_result(), uses=used(0, 0))
    findings = leaks.inspect_uses([clean])
    assert leaks.found(findings) == []
    assert [(one.check, one.part, one.shared, one.of) for one in findings[1:]] == [
        ("copies at another speed", "test", 0, 6),
        ("copies at another speed", "validation", 0, 6),
    ]
    lines = leaks.found(leaks.inspect_uses([dataclasses.replace(clean, uses=used(2, 1))]))
    assert lines == [
        "copies at another speed of the test set that are also in train of network seed 0: 2 of 6 (pair)",
        "copies at another speed of the validation set that are also in train of network seed 0: 1 of 6 (pair)",
    ]
