"""From a transcript as people write it to the words that a pronunciation dictionary has."""

import dataclasses
import re
from collections.abc import Callable

_ANNOTATION = re.compile(r"\[[^\]]*\]|\+\+[^+]*\+\+|<[^>]*>|\{[^}]*\}")
"""`[LAUGHTER]`, `++BREATHING++`, `<unk>`, `{noise}`: not words."""
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'"})
_OUTER = "\"\u201c\u201d'.,;:!?()-\u2013\u2014\u2026*_/&"
_BETWEEN = re.compile(r"\s+|\u2014|\u2013|\u2026|--+|\.\.+|/")


@dataclasses.dataclass(frozen=True)
class Spoken:
    """The words of a transcript in lower case.

    Attributes:
        words: All words in order, each in the dictionary's spelling where it has one.
        unknown: Those that the dictionary lacks, in order.
    """

    words: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def words_in(text: str, is_known: Callable[[str], bool] = lambda _: True) -> Spoken:
    """Splits a transcript into words.

    Annotations in brackets are left out. A word that the dictionary lacks is tried without full stops (`t.v.`) and as
    the parts between its hyphens.

        >>> words_in("Well, [LAUGHTER] it's state-of-the-art \u2014 OK?", {"well", "it's", "state", "ok"}.__contains__)
        Spoken(words=('well', "it's", 'state-of-the-art', 'ok'), unknown=('state-of-the-art',))

    Args:
        text: The transcript.
        is_known: Whether the dictionary has a word in lower case.
    """
    words: list[str] = []
    unknown: list[str] = []
    plain = _ANNOTATION.sub(" ", text).translate(_APOSTROPHES).lower()
    for token in _BETWEEN.split(plain):
        if not any(letter.isalnum() for letter in token):
            continue
        found = _in_dictionary(token, is_known)
        words += found or [token.strip(_OUTER)]
        unknown += [] if found else [token.strip(_OUTER)]
    return Spoken(tuple(words), tuple(unknown))


def _in_dictionary(token: str, is_known: Callable[[str], bool]) -> list[str]:
    """The dictionary's word or words for a token; none when it has none."""
    inner = token.strip(_OUTER)
    quoted = token.strip(_OUTER.replace("'", ""))  # 'cause, goin'
    for form in dict.fromkeys((inner, quoted, inner.replace(".", ""))):
        if form and is_known(form):
            return [form]
    parts = [part for part in inner.split("-") if part]
    return parts if len(parts) > 1 and all(map(is_known, parts)) else []
