"""EmoDB, the Berlin database of emotional speech: ten German actors, ten sentences, seven acted emotions.

On disk: `wav/03a01Fa.wav` is speaker 03, text a01, emotion F, version a. `labsilb/03a01Fa.labsilb` holds the times of
the syllables, where the release has them; these are the `words` of the utterances. `erkennung.txt` is the release's
listening test: how many of about twenty listeners recognised the intended emotion (percent, one row a recording). The
release has no sessions and no votes of evaluators; five pairs of one male and one female speaker take the place of
sessions.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ser_tf.corpora import delimited, plain_text
from ser_tf.corpora.base import ACTED, Corpus, Utterance, Word, duration_or_none, is_hidden, sorted_by_id
from ser_tf.errors import CorpusError

NAME = "emodb"
CITATION = "F. Burkhardt, A. Paeschke, M. Rolfes, W. Sendlmeier, B. Weiss: A database of German emotional speech. 2005"
LICENCE = "CC BY 4.0 / CC0, by its distributors"
EXPECTED = {
    "utterances": 535,
    "angry": 127,
    "boredom": 81,
    "disgust": 46,
    "fear": 69,
    "happy": 71,
    "sad": 62,
    "neutral": 79,
}

EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
MALE = ("03", "10", "11", "12", "15")
FEMALE = ("08", "09", "13", "14", "16")
PAIRS = (("03", "08"), ("10", "09"), ("11", "13"), ("12", "14"), ("15", "16"))
SESSIONS = {speaker: f"pair-{first}-{second}" for first, second in PAIRS for speaker in (first, second)}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

LISTENING_TEST = "erkennung.txt"

_PERCENT = re.compile(r"[0-9]{1,3}(?:[,.][0-9]{1,4})?")
_ID = re.compile(r"(?P<speaker>\d\d)(?P<sentence>[a-z]\d\d)(?P<emotion>[A-Z])(?P<version>[a-z])")


def parse_id(stem: str) -> tuple[str, str, str] | None:
    """Splits `03a01Fa` into speaker `03`, sentence `a01` and label `happy`; None when the name has another form.

    Raises:
        ValueError: the name has the form and its speaker or emotion does not exist; names which.
    """
    match = _ID.fullmatch(stem)
    if match is None:
        return None
    if match["speaker"] not in SESSIONS:
        raise ValueError(f"speaker {match['speaker']} is none of {', '.join(sorted(SESSIONS))}")
    if match["emotion"] not in EMOTIONS:
        raise ValueError(f"emotion {match['emotion']} is none of {', '.join(EMOTIONS)}")
    return match["speaker"], match["sentence"], EMOTIONS[match["emotion"]]


def parse_labsilb(text: str, source: str) -> tuple[Word, ...]:
    """Reads xlabel syllables: after a line `#`, rows of end time in seconds, colour, syllable, stress.

    A syllable begins where the row before it ends; marks that are not syllables (`.` at the end, `(` for a pause,
    marks beginning with `_`) are left out, and their time belongs to no syllable.

    Raises:
        CorpusError: a row of another form, or a time before the one above it; names `source` and the line.
    """
    words = []
    start_seconds = 0.0
    in_header = True
    for number, line in plain_text.numbered_lines(text):
        if in_header or not line.strip():
            in_header = in_header and line.strip() != "#"
            continue
        fields, place = line.split(), f"{source}:{number}"
        if len(fields) < 3:
            raise CorpusError(f"{place}: not a syllable row: {plain_text.shown(line)}")
        end_seconds, mark = plain_text.parse_seconds(fields[0], place), fields[2]
        if end_seconds < start_seconds:
            raise CorpusError(f"{place}: the syllable ends at {end_seconds} s, before the one above it")
        if any(letter.isalpha() for letter in mark) and not mark.startswith("_"):
            words.append(Word(mark, start_seconds, end_seconds))
        start_seconds = end_seconds
    if in_header:
        raise CorpusError(f"{source}:1: not an xlabel file, it has no line '#'")
    return tuple(words)


def parse_recognition(text: str, source: str) -> dict[str, float]:
    """Reads `erkennung.txt`: tab-separated, decimal commas, fields padded with no-break spaces.

    Returns:
        For each recording, by its id, the share of the listeners who recognised the intended emotion (`erkannt`), from
        0 to 1. The test had more recordings than the release.

    Raises:
        CorpusError: not a table, a column is missing, a recording occurs twice, or a share is not a percentage; names
            `source` and the line.
    """
    shares: dict[str, float] = {}
    table = delimited.parse(text, source, "\t")
    delimited.require(table, ("Satz", "erkannt"))
    for row in table.rows:
        stem, percent = row.values["Satz"].removesuffix(".wav"), row.values["erkannt"]
        if stem in shares:
            raise CorpusError(f"{row.place}: {plain_text.shown(stem)} occurs twice")
        share = float(percent.replace(",", ".")) / 100 if _PERCENT.fullmatch(percent) else -1.0
        if not 0 <= share <= 1:
            raise CorpusError(f"{row.place}: {plain_text.shown(percent)} is not a percentage of listeners")
        shares[stem] = share
    return shares


def load(root: Path | str) -> Corpus:
    """Loads EmoDB from a folder with `wav/` and optionally `labsilb/` and `erkennung.txt`.

    Raises:
        CorpusError: the folder is not EmoDB, a name carries an unknown speaker or emotion, or a syllable file or the
            listening test is broken.
    """
    root = Path(root)
    recordings = root / "wav"
    if not recordings.is_dir():
        raise CorpusError(f"{root}: not EmoDB, which has a folder wav with files such as 03a01Fa.wav")
    listening_test = root / LISTENING_TEST
    recognition: Mapping[str, float] = {}
    if listening_test.is_file():
        recognition = parse_recognition(plain_text.read(listening_test, "latin-1"), str(listening_test))
    utterances, stray = [], []
    for path in sorted(recordings.iterdir()):
        if is_hidden(path):
            continue
        utterance = _utterance(path, root / "labsilb", recognition) if path.suffix.lower() == ".wav" else None
        if utterance is None:
            stray.append(path)
        else:
            utterances.append(utterance)
    utterances += _without_audio(root, recognition, {utterance.id for utterance in utterances})
    if not utterances:
        raise CorpusError(f"{root}: not EmoDB, no file in its folder wav has a name such as 03a01Fa.wav")
    return Corpus(NAME, root, sorted_by_id(utterances), CITATION, LICENCE, EXPECTED, tuple(stray))


def _without_audio(root: Path, recognition: Mapping[str, float], known: set[str]) -> list[Utterance]:
    """Lists utterances that have syllable times but no recording."""
    labels = sorted((root / "labsilb").glob("*.labsilb"))
    absent = [root / "wav" / f"{path.stem}.wav" for path in labels if path.stem not in known and not is_hidden(path)]
    found = (_utterance(path, root / "labsilb", recognition) for path in absent)
    return [utterance for utterance in found if utterance is not None]


def _utterance(path: Path, labsilb: Path, recognition: Mapping[str, float]) -> Utterance | None:
    try:
        parsed = parse_id(path.stem)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None
    if parsed is None:
        return None
    speaker, sentence, label = parsed
    syllables = labsilb / f"{path.stem}.labsilb"
    # In Latin-1, as written by xlabel in 2002: umlauts are single bytes.
    words = parse_labsilb(plain_text.read(syllables, "latin-1"), str(syllables)) if syllables.is_file() else None
    return Utterance(
        id=path.stem,
        path=path,
        corpus=NAME,
        speaker=speaker,
        session=SESSIONS[speaker],
        gender="male" if speaker in MALE else "female",
        style=ACTED,
        label=label,
        transcript=SENTENCES.get(sentence),
        words=words,
        duration_seconds=duration_or_none(path),
        sentence=sentence,
        listener_recognition=recognition.get(path.stem),
    )
