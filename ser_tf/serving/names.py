"""Names of files as text that can be printed, stored and opened in a spreadsheet, whatever bytes they consist of."""

import os
from pathlib import Path

_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def readable(path: str | Path) -> str:
    r"""Decodes a path; bytes that are not UTF-8 become `\xNN`, so that any file and terminal can hold the text.

    >>> readable(os.fsdecode(b"caf\xe9.wav"))
    'caf\\xe9.wav'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def one_line(path: str | Path) -> str:
    r"""Makes a path readable on one line of a terminal: line ends and control codes become escapes.

    >>> one_line("two\nlines.wav")
    'two\\nlines.wav'
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in readable(path)
    )


def cell(text: str) -> str:
    """Makes text safe for a spreadsheet, which would run what begins like a formula: it gets a `'` in front.

    >>> cell("=cmd|' /C calc'!A0.wav")
    "'=cmd|' /C calc'!A0.wav"
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
