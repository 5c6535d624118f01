"""Word alignments: Praat TextGrid and CTM files, and from an alignment as written to the words that were spoken.

Aligners write more than words: silence, noises, sentence boundaries. `spoken_words` takes these special tokens away
and gives their time to the words beside them (lee2020 §4.2).
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_tf.corpora.base import Word, is_hidden, spoken_word
from ser_tf.errors import CorpusError

WORD_TIERS = ("words", "word")
"""Names of a TextGrid's tier of words, in lower case; with several speakers the Montreal aligner writes `A - words`."""
UNKNOWN_TOKENS = ("<unk>", "[unk]")
"""A word that was spoken and that the aligner did not know; unlike other tokens in brackets it is a word."""
SILENCE_TOKENS = ("sil", "sp", "spn", "silence", "#", "-")
SUFFIXES = (".textgrid", ".ctm")

_VALUE = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?P<flag><\w+>)|(?<![\w.\[])(?P<number>-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?![\w\]])'
)


def plain_word(token: str) -> str | None:
    """The word behind an alignment's token in lower case, or None for silence, noises and sentence boundaries.

    `LIKE(2)` is `like`; `<s>`, `<sil>`, `++LAUGHTER++`, `[noise]`, `{NS}`, `sp` and the empty token are special;
    `<unk>` is a word.
    """
    token = token.strip().lower()
    if token in UNKNOWN_TOKENS:
        return UNKNOWN_TOKENS[0]
    if not token or token in SILENCE_TOKENS or token.startswith(("[", "{")):
        return None
    return spoken_word(token)


def spoken_words(tokens: Sequence[Word], duration_seconds: float | None = None) -> tuple[Word, ...]:
    """Words without special tokens, with no gap between them (lee2020 §4.2).

    The time between two words, whether special tokens lie there or nothing, is divided between both in halves; the
    time before the first word and behind the last belongs to these alone. Overlapping words meet in the middle.

    Args:
        tokens: The alignment as written, in the order of time.
        duration_seconds: Length of the recording; None: it ends with the last token.

    Returns:
        Plain words in lower case; none when nothing was spoken.
    """
    words = [dataclasses.replace(token, text=plain) for token in tokens if (plain := plain_word(token.text))]
    if not words:
        return ()
    end_seconds = max([token.end_seconds for token in tokens] + [duration_seconds or 0.0])
    middles = [(one.end_seconds + other.start_seconds) / 2 for one, other in zip(words, words[1:], strict=False)]
    bounds = [0.0, *middles, end_seconds]
    return tuple(Word(word.text, start, end) for word, start, end in zip(words, bounds, bounds[1:], strict=False))


def parse_textgrid(text: str, source: str) -> tuple[Word, ...]:
    """Reads the tier of words of a Praat TextGrid, in Praat's long or short text format.

    Args:
        text: Content of the file.
        source: The file, for messages.

    Returns:
        All intervals of the tier, silent ones with an empty text, in the order of time.

    Raises:
        CorpusError: not a TextGrid, no tier of words or several, or an interval that ends before it begins.
    """
    values = [_value(match) for match in _VALUE.finditer(text)]
    tiers = [
        (name, intervals)
        for name, intervals in _tiers(values, source)
        if name.lower() in WORD_TIERS or name.lower().endswith(tuple(f" - {tier}" for tier in WORD_TIERS))
    ]
    if len(tiers) != 1:
        found = "no tier" if not tiers else f"{len(tiers)} tiers ({', '.join(name for name, _ in tiers)})"
        raise CorpusError(f"{source}: {found} of words; exactly one must be called {' or '.join(WORD_TIERS)}")
    return _ordered(tiers[0][1], source)


def _value(match: re.Match) -> str | float:
    if match["text"] is not None:
        return match["text"].replace('""', '"')
    return float(match["number"]) if match["number"] else match["flag"]


def _tiers(values: Sequence[str | float], source: str) -> list[tuple[str, list[Word]]]:
    """Takes the sequence of all numbers and strings of a TextGrid apart: interval tiers with their intervals."""
    rest = iter(values)

    def take(kind: type) -> str | float:
        value = next(rest, None)
        if value is None or not isinstance(value, kind):
            raise CorpusError(f"{source}: not a complete TextGrid in Praat's text format")
        return value

    if [take(str), take(str)] != ["ooTextFile", "TextGrid"]:
        raise CorpusError(f"{source}: not a TextGrid in Praat's text format")
    take(float), take(float), take(str)  # start, end, "<exists>"
    tiers = []
    for _ in range(int(take(float))):
        kind, name = take(str), str(take(str))
        take(float), take(float)
        intervals = []
        for _ in range(int(take(float))):
            times = [float(take(float)) for _ in range(2 if kind == "IntervalTier" else 1)]
            label = str(take(str))
            if kind == "IntervalTier":
                intervals.append(Word(label.strip(), *times))
        if kind == "IntervalTier":
            tiers.append((name, intervals))
    return tiers


def parse_ctm(text: str, source: str) -> dict[str, tuple[Word, ...]]:
    """Reads a CTM file: rows of utterance, channel, start and length in seconds, word, and perhaps a confidence.

    Args:
        text: Content of the file.
        source: The file, for messages.

    Returns:
        The words of each utterance in the order of time.

    Raises:
        CorpusError: a row of another form; names `source` and the line.
    """
    words: dict[str, list[Word]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or line.startswith(";;"):
            continue
        try:
            utterance, _, start, length, token = fields[:5]
            start_seconds, length_seconds = float(start), float(length)
        except ValueError:
            raise CorpusError(
                f"{source}:{number}: not a row of utterance, channel, start, length, word: {line.strip()!r}"
            ) from None
        if start_seconds < 0 or length_seconds < 0:
            raise CorpusError(f"{source}:{number}: negative time: {line.strip()!r}")
        words.setdefault(utterance, []).append(Word(token, start_seconds, start_seconds + length_seconds))
    return {
        utterance: _ordered(sorted(each, key=lambda word: word.start_seconds), source)
        for utterance, each in words.items()
    }


def _ordered(words: Sequence[Word], source: str) -> tuple[Word, ...]:
    for word in words:
        if word.end_seconds < word.start_seconds:
            raise CorpusError(f"{source}: {word.text!r} ends at {word.end_seconds} s, before it begins")
    for before, word in zip(words, words[1:], strict=False):
        if word.start_seconds < before.start_seconds:
            raise CorpusError(f"{source}: {word.text!r} at {word.start_seconds} s begins before the word ahead of it")
    return tuple(words)


def read_alignments(folder: Path) -> Mapping[str, tuple[Word, ...]]:
    """Reads all TextGrid and CTM files below a folder.

    A TextGrid belongs to the utterance that it is named after; a CTM file names the utterance in every row.

    Returns:
        The alignment of each utterance by its id.

    Raises:
        CorpusError: the folder does not exist or has no such file, a file is broken, or an utterance comes twice.
    """
    if not folder.is_dir():
        raise CorpusError(f"{folder}: no such folder; --alignment takes one with TextGrid or CTM files")
    paths = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file() and not is_hidden(path)
    )
    if not paths:
        raise CorpusError(f"{folder}: has no file <utterance>.TextGrid and no *.ctm")
    alignments: dict[str, tuple[Word, ...]] = {}
    sources: dict[str, Path] = {}
    for path in paths:
        text = _read(path)
        is_ctm = path.suffix.lower() == ".ctm"
        found = parse_ctm(text, str(path)) if is_ctm else {path.stem: parse_textgrid(text, str(path))}
        for utterance, words in found.items():
            if utterance in sources:
                raise CorpusError(f"{path}: the alignment of {utterance} comes twice, also in {sources[utterance]}")
            alignments[utterance], sources[utterance] = words, path
    return alignments


def _read(path: Path) -> str:
    """Reads UTF-8, or UTF-16 as Praat writes it when a label is not ASCII."""
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: not {encoding.removesuffix('-sig').upper()} text at byte {error.start}") from None
