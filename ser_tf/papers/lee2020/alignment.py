"""Word alignments: reading files of aligners and recognisers, and extracting the spoken words.

Aligners write more than words: silence, noises, sentence boundaries. `spoken_words` removes these special tokens and
divides their time between the neighbouring words (lee2020 §4.2).

Deviations: §4.2 divides a special token's time between the neighbouring words; at the start and end of an utterance the
only neighbour takes all of it.
"""

import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ser_tf.corpora import plain_text
from ser_tf.corpora.base import Word, is_hidden, spoken_word
from ser_tf.corpora.iemocap_format import parse_wdseg
from ser_tf.errors import CorpusError
from ser_tf.papers.lee2020.whisper import parse_whisper

WORD_TIERS = ("words", "word")
"""Names of a TextGrid's word tier, in lower case; for several speakers the Montreal aligner writes `A - words`."""
UNKNOWN_TOKENS = ("<unk>", "[unk]")
"""A spoken word unknown to the aligner; unlike other bracketed tokens it is a word."""
SILENCE_TOKENS = ("sil", "sp", "spn", "silence", "#", "-")
_FILLER = re.compile(r"\+\+.+\+\+|\[(?!sil(ence)?\]).+\]|\{(?!sl\}|sil\}).+\}")
"""Laughter, breath and noises as written by aligners, in lower case: `++laughter++`, `[noise]`, `{lg}`; not silence."""
FORMATS = "TextGrid, CTM, wdseg or Whisper's JSON"
"""Formats of alignments, for messages."""

_VALUE = re.compile(
    r'"(?P<text>[^"]*(?:""[^"]*)*)"|(?P<flag><\w+>)'
    r"|(?<![\w.\[])(?P<number>-?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[-+]?(?:nan|inf)|--undefined--)(?![\w\]])",
    re.IGNORECASE,
)
_COUNT = re.compile(r"[0-9]{1,9}")


def plain_word(token: str, fillers: str = "special") -> str | None:
    """Returns a token's word in lower case, or None for silence, noises and sentence boundaries.

    `LIKE(2)` is `like`; `<s>`, `<sil>`, `++LAUGHTER++`, `[noise]`, `{NS}`, `sp` and the empty token are special;
    `<unk>` is a word.

    Args:
        token: The token.
        fillers: `words` treats `++LAUGHTER++`, `[noise]` and `{NS}` as words.
    """
    token = token.strip().lower()
    if token in UNKNOWN_TOKENS:
        return UNKNOWN_TOKENS[0]
    if fillers == "words" and _FILLER.fullmatch(token):
        return token
    if not token or token in SILENCE_TOKENS or token.startswith(("[", "{")):
        return None
    return spoken_word(token)


def spoken_words(
    tokens: Sequence[Word], duration_seconds: float | None = None, fillers: str = "special"
) -> tuple[Word, ...]:
    """Removes special tokens and closes the gaps between words (lee2020 §4.2).

    The time between two words, whether it holds special tokens or nothing, is divided equally between them; the time
    before the first word and after the last goes to that word. Overlapping words meet in the middle.

    Args:
        tokens: The alignment as written, in temporal order.
        duration_seconds: Length of the recording; by default it ends with the last token.
        fillers: As for `plain_word`.

    Returns:
        Plain words in lower case; empty if nothing was spoken.
    """
    plain = ((token, plain_word(token.text, fillers)) for token in tokens)
    words = [dataclasses.replace(token, text=text) for token, text in plain if text]
    if not words:
        return ()
    end_seconds = max([token.end_seconds for token in tokens] + [duration_seconds or 0.0])
    middles = [(word.end_seconds + following.start_seconds) / 2 for word, following in itertools.pairwise(words)]
    bounds = itertools.pairwise([0.0, *middles, end_seconds])
    return tuple(Word(word.text, start, end) for word, (start, end) in zip(words, bounds, strict=True))


def parse_textgrid(text: str, source: str) -> tuple[Word, ...]:
    """Reads the word tier of a Praat TextGrid, in Praat's long or short text format.

    Args:
        text: Content of the file.
        source: Name of the file, for messages.

    Returns:
        All intervals of the tier in temporal order, silent ones with an empty text.

    Raises:
        CorpusError: not a TextGrid, no word tier or several, or times that are not numbers, negative, reversed or out
            of order. The message names `source` and the line.
    """
    tiers = [
        (name, intervals)
        for name, intervals in _tiers(_Values(text, source))
        if name.lower() in WORD_TIERS or name.lower().endswith(tuple(f" - {tier}" for tier in WORD_TIERS))
    ]
    if len(tiers) != 1:
        names = plain_text.shown(", ".join(name for name, _ in tiers))
        found = "no tier" if not tiers else f"{len(tiers)} tiers ({names})"
        raise CorpusError(f"{source}: {found} of words; exactly one must be called {' or '.join(WORD_TIERS)}")
    return tiers[0][1]


class _Values:
    """The strings, flags and numbers of a TextGrid in order, ignoring the words between them."""

    def __init__(self, text: str, source: str) -> None:
        self._text, self._source = text, source
        self._matches = _VALUE.finditer(text)
        self._line, self._position = 1, 0

    @property
    def place(self) -> str:
        """File and line of the value taken last."""
        return f"{self._source}:{self._line}"

    def take(self, kind: str) -> str:
        """Takes the next value as written, which must be of the given kind: `text`, `flag` or `number`."""
        match = next(self._matches, None)
        if match is not None:
            self._line += self._text.count("\n", self._position, match.start())
            self._position = match.start()
        if match is None or match[kind] is None:
            raise CorpusError(f"{self.place}: not a complete TextGrid in Praat's text format")
        return str(match[kind])

    def string(self) -> str:
        return self.take("text").replace('""', '"')

    def seconds(self) -> float:
        return plain_text.parse_seconds(self.take("number"), self.place)

    def count(self) -> int:
        number = self.take("number")
        if not _COUNT.fullmatch(number):
            raise CorpusError(f"{self.place}: {plain_text.shown(number)} is not a number of tiers or intervals")
        return int(number)


def _tiers(values: _Values) -> list[tuple[str, tuple[Word, ...]]]:
    """Parses the values of a TextGrid into name and intervals of each interval tier."""
    if [values.string(), values.string()] != ["ooTextFile", "TextGrid"]:
        raise CorpusError(f"{values.place}: not a TextGrid in Praat's text format")
    _skip_times(values)
    values.take("flag")  # <exists>
    tiers = []
    for _ in range(values.count()):
        kind, name = values.string(), values.string()
        _skip_times(values)
        if kind == "IntervalTier":
            tiers.append((name, _intervals(values)))
        else:
            for _ in range(values.count()):
                values.seconds(), values.string()
    return tiers


def _skip_times(values: _Values) -> None:
    """Skips start and end of the recording or of a tier."""
    values.seconds(), values.seconds()


def _intervals(values: _Values) -> tuple[Word, ...]:
    words: list[Word] = []
    for _ in range(values.count()):
        start_seconds, end_seconds = values.seconds(), values.seconds()
        place = values.place
        word = Word(values.string().strip(), start_seconds, end_seconds)
        plain_text.check_order(words[-1] if words else None, word, place)
        words.append(word)
    return tuple(words)


def parse_ctm(text: str, source: str) -> dict[str, tuple[Word, ...]]:
    """Reads a CTM file: rows of utterance, channel, start and length in seconds, word, and optionally a confidence.

    Args:
        text: Content of the file.
        source: Name of the file, for messages.

    Returns:
        The words of each utterance in temporal order.

    Raises:
        CorpusError: a malformed row, a time that is not a number or negative, or a word inside another one. The message
            names `source` and the line.
    """
    rows: dict[str, list[tuple[Word, int]]] = {}
    for number, line in plain_text.numbered_lines(text):
        fields = line.split()
        if not fields or line.startswith(";;"):
            continue
        place = f"{source}:{number}"
        if len(fields) < 5:
            raise CorpusError(
                f"{place}: not a row of utterance, channel, start, length, word: {plain_text.shown(line)}"
            )
        start_seconds, length_seconds = (plain_text.parse_seconds(field, place) for field in fields[2:4])
        word = Word(fields[4], start_seconds, start_seconds + length_seconds)
        rows.setdefault(fields[0], []).append((word, number))
    return {utterance: _in_time(each, source) for utterance, each in rows.items()}


def _in_time(rows: Sequence[tuple[Word, int]], source: str) -> tuple[Word, ...]:
    """Sorts the words of one utterance by time."""
    ordered = sorted(rows, key=lambda row: (row[0].start_seconds, row[0].end_seconds))
    for (before, _), (word, number) in zip(ordered, ordered[1:], strict=False):
        plain_text.check_order(before, word, f"{source}:{number}")
    return tuple(word for word, _ in ordered)


def _parse_file(path: Path) -> dict[str, tuple[Word, ...]]:
    """The alignments in a file by utterance."""
    text, source = plain_text.read(path), str(path)
    if path.suffix.lower() == ".ctm":
        return parse_ctm(text, source)
    return {path.stem: _ONE_UTTERANCE[path.suffix.lower()](text, source)}


_ONE_UTTERANCE: Mapping[str, Callable[[str, str], tuple[Word, ...]]] = {
    ".textgrid": parse_textgrid,
    ".wdseg": parse_wdseg,
    ".json": parse_whisper,
}
"""Readers of files that are named after their utterance, by suffix."""
SUFFIXES = (*_ONE_UTTERANCE, ".ctm")


def read_alignments(folder: Path) -> Mapping[str, tuple[Word, ...]]:
    """Reads all alignments below a folder: TextGrid, SPHINX's wdseg, Whisper's JSON and CTM files.

    A file belongs to the utterance that it is named after; a CTM file names the utterance in every row.

    Returns:
        The alignment of each utterance by its id.

    Raises:
        CorpusError: the folder does not exist or has no such file, a file is malformed, or an utterance occurs twice.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; --alignment takes one with files in {FORMATS}")
    paths = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file() and not is_hidden(path)
    )
    if not paths:
        raise CorpusError(
            f"{folder}: has no file <utterance>.TextGrid, .wdseg or .json (Whisper's), and no *.ctm; `ser-tf align`"
            " makes alignments"
        )
    alignments: dict[str, tuple[Word, ...]] = {}
    sources: dict[str, Path] = {}
    for path in paths:
        for utterance, words in _parse_file(path).items():
            if utterance in sources:
                raise CorpusError(f"{path}: the alignment of {utterance} comes twice, also in {sources[utterance]}")
            alignments[utterance], sources[utterance] = words, path
    return alignments
