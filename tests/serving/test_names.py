"""Names of files as text: bytes that are no letters, control codes, and formulas."""

import doctest
import os

import pytest

from ser_tf.serving import names


def test_examples():
    found = doctest.testmod(names)
    assert found.failed == 0 and found.attempted == 3


@pytest.mark.parametrize("name", [b"caf\xe9.wav", b"\xff\xfe", "größe.wav".encode(), b"a\nb\x1b[31m.wav"])
def test_any_name_can_be_written_as_utf8_and_shown_on_a_line(name):
    path = os.fsdecode(name)
    assert names.readable(path).encode()
    assert names.one_line(path).isprintable()


def test_letters_stay_as_they_are():
    assert names.readable("größe 日本 🎤.wav") == names.one_line("größe 日本 🎤.wav") == "größe 日本 🎤.wav"


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_formulas_are_text(text):
    assert names.cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["speech.wav", "", "a=b", "/x/=y.wav"])
def test_other_text_is_left_alone(text):
    assert names.cell(text) == text
