"""The text formats of the IEMOCAP release: ids, evaluations with votes, transcriptions, word alignments."""

import dataclasses
import re
from pathlib import Path

from ser_tf.corpora import plain_text
from ser_tf.corpora.base import IMPROVISED, SCRIPTED, Word
from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError

CODES = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "sad": "sad",
    "neu": "neutral",
    "fru": "frustrated",
    "sur": "surprise",
    "fea": "fear",
    "dis": "disgust",
    "oth": "other",
    "xxx": None,
}
"""Majority labels of the evaluation files; `xxx` marks an utterance without a majority."""

VOTES = {
    "neutral": "neutral",
    "neutral state": "neutral",
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
    "excited": "excited",
    "frustration": "frustrated",
    "fear": "fear",
    "surprise": "surprise",
    "disgust": "disgust",
    "other": "other",
}
"""Labels in the lines of single evaluators, in lower case."""

FRAMES_PER_SECOND = 100
"""Frame rate of the alignments."""
_MAX_FRAME_DIGITS = len(str(int(plain_text.MAX_SECONDS * FRAMES_PER_SECOND)))

# Dialogs are never parsed by fixed positions: `impro05a`, `script01_1b` and the like vary in length.
_ID = re.compile(r"(?P<dialog>(?P<session>Ses\d\d)[FM]_(?P<style>impro|script)\w{1,40})_(?P<letter>[FM])\d{3}")
_TURN = re.compile(r"\[(\d+\.\d+) - (\d+\.\d+)\]\s+(?P<id>\S+)\s+(?P<code>\S+)\s+\[[-\d., ]+\]\s*")
_VOTE = re.compile(r"C-(?P<who>[EFM])\d+:(?P<labels>[^()]*)(?:\(.*)?")
_VALUE = r"\s*(?:[\d.]+\s*)?;"
_ATTRIBUTES = re.compile(rf"A-[EFM]\d+:\s*val{_VALUE}\s*act{_VALUE}\s*dom{_VALUE}.*")
_TRANSCRIPT = re.compile(r"(?P<id>Ses\S{1,60}_[FM]\d{3}) \[[\d.]+-[\d.]+\]:\s?(?P<text>.*)")
_FRAME = re.compile(rf"-?[0-9]{{1,{_MAX_FRAME_DIGITS}}}")
_STYLES = {"impro": IMPROVISED, "script": SCRIPTED}


@dataclasses.dataclass(frozen=True)
class UtteranceId:
    """The parts of an id: `Ses01F_impro04_M000` is spoken by `Ses01M` in dialog `Ses01F_impro04` of `Ses01`."""

    dialog: str
    session: str
    speaker: str
    gender: str
    style: str


@dataclasses.dataclass(frozen=True)
class Turn:
    """An utterance in an evaluation file: its line, its times in the dialog, majority label and outside votes."""

    id: str
    line: int
    start_seconds: float
    end_seconds: float
    label: str | None
    votes: tuple[tuple[str, ...], ...]


def read(path: Path) -> str:
    """Reads an annotation file; Latin-1, since comments are typed by hand and not all of them are UTF-8.

    Raises:
        CorpusError: the file cannot be read, or has a byte order mark and is not text in that encoding.
    """
    return plain_text.read(path, "latin-1")


def parse_id(utterance_id: str) -> UtteranceId:
    """Parses an utterance's id.

    Raises:
        ValueError: the id has another form.
    """
    match = _ID.fullmatch(utterance_id)
    if match is None:
        raise ValueError(f"{shown(utterance_id)} is not an utterance of IEMOCAP")
    return UtteranceId(
        dialog=match["dialog"],
        session=match["session"],
        speaker=match["session"] + match["letter"],
        gender="female" if match["letter"] == "F" else "male",
        style=_STYLES[match["style"]],
    )


def parse_evaluation(text: str, source: str) -> tuple[Turn, ...]:
    """Reads an `EmoEvaluation/<dialog>.txt`.

    Votes are those of outside evaluators (`C-E<n>`) only; self-evaluations (`C-F`, `C-M`) and attributes (`A-`) are
    checked for their form and left out.

    Raises:
        CorpusError: a line of an unknown form, an unknown id, code or label, an id that occurs twice, or a turn that
            ends before it begins; names `source` and the line.
    """
    turns: list[Turn] = []
    first_lines: dict[str, int] = {}
    for number, line in plain_text.numbered_lines(text):
        if not line.strip() or line.startswith("%"):
            continue
        place = f"{source}:{number}"
        if line.startswith("["):
            turn = _parse_turn(line, number, place)
            first = first_lines.setdefault(turn.id, number)
            if first != number:
                raise CorpusError(f"{place}: {turn.id} occurs twice, first in line {first}")
            turns.append(turn)
        elif not turns:
            raise CorpusError(f"{place}: evaluation before the first utterance: {shown(line)}")
        elif line.startswith("C-"):
            outside, labels = parse_vote(line, place)
            if outside:
                turns[-1] = dataclasses.replace(turns[-1], votes=(*turns[-1].votes, labels))
        elif not _ATTRIBUTES.fullmatch(line):
            raise CorpusError(f"{place}: line of unknown form: {shown(line)}")
    return tuple(turns)


def _parse_turn(line: str, number: int, place: str) -> Turn:
    match = _TURN.fullmatch(line)
    if match is None:
        raise CorpusError(f"{place}: line of unknown form: {shown(line)}")
    if match["code"] not in CODES:
        raise CorpusError(f"{place}: label {shown(match['code'])} is none of {', '.join(CODES)}")
    try:
        parse_id(match["id"])
    except ValueError as error:
        raise CorpusError(f"{place}: {error}") from None
    start_seconds, end_seconds = (plain_text.parse_seconds(match[group], place) for group in (1, 2))
    if end_seconds < start_seconds:
        raise CorpusError(f"{place}: {match['id']} begins at {start_seconds} s and ends before, at {end_seconds} s")
    return Turn(match["id"], number, start_seconds, end_seconds, CODES[match["code"]], ())


def parse_vote(line: str, place: str) -> tuple[bool, tuple[str, ...]]:
    """Parses `C-E3:<tab>Neutral; Anger;<tab>(comment)`: any case, one or several labels, free text in the comment.

    Returns:
        Whether the evaluator is an outside one, and the canonical labels in the order of the line, each once; none
        for an evaluator who chose no label.

    Raises:
        CorpusError: the line has another form, or a label is unknown; begins with `place`.
    """
    match = _VOTE.fullmatch(line)
    if match is None or "\t" in match["labels"].strip():
        raise CorpusError(f"{place}: line of unknown form: {shown(line)}")
    labels = []
    for label in match["labels"].split(";"):
        if not label.strip():
            continue
        if label.strip().lower() not in VOTES:
            raise CorpusError(f"{place}: vote {shown(label)} is none of {', '.join(VOTES)}")
        labels.append(VOTES[label.strip().lower()])
    return match["who"] == "E", tuple(dict.fromkeys(labels))


def parse_transcription(text: str, source: str) -> dict[str, str]:
    """Reads a `transcriptions/<dialog>.txt` into a transcript for each id.

    Lines of other shapes (`M: sorry`) and turns that were not segmented (`..._MXX0`) are left out.

    Raises:
        CorpusError: an utterance's line without times, or an id that occurs twice; names `source` and the line.
    """
    transcripts: dict[str, str] = {}
    for number, line in plain_text.numbered_lines(text):
        match = _TRANSCRIPT.fullmatch(line)
        if match is None:
            if _ID.match(line):
                raise CorpusError(f"{source}:{number}: line of unknown form: {shown(line)}")
        elif match["id"] in transcripts:
            raise CorpusError(f"{source}:{number}: {match['id']} occurs twice")
        else:
            transcripts[match["id"]] = match["text"].strip()
    return transcripts


def parse_wdseg(text: str, source: str) -> tuple[Word, ...]:
    """Reads a SPHINX word alignment: frames of 10 ms, the last one of a word inclusive.

    Words stay as written, with fillers (`<sil>`, `++LAUGHTER++`) and pronunciation variants (`LIKE(2)`);
    `ser_tf.corpora.base.spoken_word` gives the plain word.

    Raises:
        CorpusError: a line of another form, or frames that are negative, reversed or not in order; names `source` and
            the line.
    """
    words: list[Word] = []
    for number, line in plain_text.numbered_lines(text):
        fields = line.split()
        if not fields or fields[0] == "SFrm" or line.strip().startswith("Total score"):
            continue
        place = f"{source}:{number}"
        if len(fields) != 4 or not all(_FRAME.fullmatch(field) for field in fields[:2]):
            raise CorpusError(f"{place}: not a row of start frame, end frame, score, word: {shown(line)}")
        first_frame, last_frame = int(fields[0]), int(fields[1])
        if first_frame < 0 or last_frame < first_frame:
            raise CorpusError(f"{place}: frames {first_frame} to {last_frame} of {shown(fields[3])} are not in order")
        word = Word(fields[3], first_frame / FRAMES_PER_SECOND, (last_frame + 1) / FRAMES_PER_SECOND)
        plain_text.check_order(words[-1] if words else None, word, place)
        words.append(word)
    return tuple(words)
