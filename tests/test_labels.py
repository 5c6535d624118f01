"""Names of emotions: what other people's spellings mean."""

import doctest

import pytest

from ser_tf import labels
from ser_tf.corpora import casia, crema_d, emodb, iemocap_format, ravdess


def test_docstring():
    assert doctest.testmod(labels).failed == 0


def test_no_word_means_two_classes():
    words = [word for lists in labels.SPELLINGS.values() for word in ", ".join(lists).split(", ")]
    assert len(words) == len(set(words))
    assert set(labels.SPELLINGS) == set(labels.EMOTIONS)
    plain = {labels._plain(labels._spaced(word)) for word in words}
    assert len(plain) == len({*words} - {"felicidade"}) + 1 or len(plain) >= len(words) - 2


@pytest.mark.parametrize(("emotion", "lists"), labels.SPELLINGS.items())
def test_every_spelling_is_found_in_any_case(emotion, lists):
    for word in ", ".join(lists).split(", "):
        assert labels.canonical(word) == labels.canonical(f" {word.upper()} ") == emotion


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Neutral State", "neutral"),
        ("neutral-state", "neutral"),
        ("VERÄRGERT", "angry"),
        ("veraergert", "angry"),
        ("a\u0308rger", "angry"),
        ("ＡＮＧＥＲ", "angry"),
        ("kizgin", "angry"),
        ("zlosc", "angry"),
        ("en_colere", "angry"),
        ("Contempt", "contempt"),
        ("hot__anger", "hot anger"),
        ("Ärgernis", "ärgernis"),
        ("3", "3"),
        ("A", "a"),
        ("-", None),
        ("N/A", None),
        ("  ", None),
        ("XXX", None),
        ("No_Agreement", None),
    ],
)
def test_labels_as_people_write_them(written, expected):
    assert labels.canonical(written) == expected
    if expected is not None:
        assert labels.canonical(expected) == expected


def test_the_corpora_use_canonical_names():
    for table in (casia.EMOTIONS, crema_d.EMOTIONS, emodb.EMOTIONS, ravdess.EMOTIONS, iemocap_format.CODES):
        assert {name for name in table.values() if name} <= set(labels.EMOTIONS)


def test_codes_of_iemocap_and_its_votes_are_known_spellings():
    for table in (iemocap_format.CODES, iemocap_format.VOTES, casia.EMOTIONS, crema_d.EMOTIONS):
        for written, name in table.items():
            assert labels.canonical(written) == name


def test_own_classes_follow_the_canonical_ones():
    assert labels.in_fixed_order(["zeal", "sad", "contempt", "angry"]) == ("angry", "sad", "contempt", "zeal")
