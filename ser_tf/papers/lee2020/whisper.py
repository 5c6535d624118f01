"""Word times from the JSON that Whisper and its relatives write, as an alignment.

Forms: openai-whisper and faster-whisper with word timestamps (`segments` of `words`), WhisperX (which gives some words
no times), whisper-timestamped (`text` in place of `word`), the verbose answer of OpenAI's API (`words`), and pipelines
of transformers with `return_timestamps="word"` (`chunks`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import TypeAlias, cast

from ser_tf.corpora import plain_text
from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | float | bool | None"

_PUNCTUATION = '"\u201c\u201d.,;:!?()\u2026-\u2013\u2014\u3002\uff0c\uff01\uff1f\u00bf\u00a1 '
MAX_BYTES = 50_000_000


def parse_whisper(text: str, source: str) -> tuple[Word, ...]:
    """Reads Whisper's JSON.

    Words lose the punctuation around them. A word without times, as WhisperX leaves numbers, has the time between its
    neighbours.

    Args:
        text: Content of the file.
        source: The file, for messages.

    Returns:
        The words in the order of time; none when nothing was said.

    Raises:
        CorpusError: not JSON of a form above, no word times, or times that are not numbers, negative, reversed or not
            in order; names `source` and the word.
    """
    if len(text) > MAX_BYTES:
        raise CorpusError(f"{source}: longer than a recording's words can be")
    try:
        document: Json = json.loads(text)
    except (ValueError, RecursionError):
        raise CorpusError(f"{source}: not JSON as Whisper writes it") from None
    if not isinstance(document, Mapping) or not {"segments", "words", "chunks"} & document.keys():
        raise CorpusError(f"{source}: not Whisper's JSON, it has no segments, words or chunks")
    words: list[Word] = []
    for number, (spoken, start, end) in enumerate(_entries(document, source), 1):
        place = f"{source}: word {number}"
        plain = spoken.strip(_PUNCTUATION)
        if not plain:
            continue
        before = words[-1].end_seconds if words else 0.0
        start_seconds = before if start is None else _seconds(start, place)
        end_seconds = start_seconds if end is None else _seconds(end, place)
        word = Word(plain, start_seconds, end_seconds)
        plain_text.check_order(words[-1] if words else None, word, place)
        words.append(word)
    return tuple(words)


def _seconds(value: Json, place: str) -> float:
    """A time, which must be a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CorpusError(f"{place}: {plain_text.shown(str(value))} is not a time in seconds")
    return plain_text.parse_seconds(str(value), place)


def _entries(document: Mapping[str, Json], source: str) -> Iterator[tuple[str, Json, Json]]:
    """Text, start and end of each word as written."""
    for entry in _word_entries(document, source):
        spoken = entry.get("word", entry.get("text"))
        if not isinstance(spoken, str):
            raise CorpusError(f"{source}: a word has no text: {plain_text.shown(json.dumps(entry))}")
        if "timestamp" in entry:
            times = entry["timestamp"]
            if not isinstance(times, list) or len(times) != 2:
                raise CorpusError(f"{source}: {plain_text.shown(spoken)} has no start and end")
            yield spoken, times[0], times[1]
        else:
            yield spoken, entry.get("start"), entry.get("end")


def _word_entries(document: Mapping[str, Json], source: str) -> list[Mapping[str, Json]]:
    if "chunks" in document:
        return _objects(document["chunks"], source)
    if "words" in document:
        return _objects(document["words"], source)
    segments = _objects(document["segments"], source)
    if without := [segment for segment in segments if "words" not in segment]:
        spoken = plain_text.shown(str(without[0].get("text", "")))
        raise CorpusError(f"{source}: the segment {spoken} has no word times; let Whisper write them (word_timestamps)")
    return [word for segment in segments for word in _objects(segment["words"], source)]


def _objects(value: Json, source: str) -> list[Mapping[str, Json]]:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise CorpusError(f"{source}: not Whisper's JSON, its words are no list of objects")
    return cast("list[Mapping[str, Json]]", value)
