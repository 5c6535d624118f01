"""RAVDESS, the Ryerson audio-visual database of emotional speech and song: 24 actors, two sentences, eight emotions.

On disk: `03-01-05-01-02-01-12.wav`, or the same recording as `.flac`, in any folder below the root (the release has
`Actor_01` to `Actor_24`): modality (03 audio only), vocal channel (01 speech), emotion, intensity, statement,
repetition, actor. Songs and other modalities are not part of the corpus here. The release has no sessions; twelve pairs
of one male (odd) and one female (even) actor take their place.
"""

import re
from pathlib import Path

from ser_tf.corpora.base import ACTED, Corpus, Utterance, duration_or_none, is_hidden, sorted_by_id
from ser_tf.errors import CorpusError

NAME = "ravdess"
CITATION = (
    "S. R. Livingstone, F. A. Russo: The Ryerson audio-visual database of emotional speech and song (RAVDESS). PLoS "
    "ONE 13(5), 2018"
)
LICENCE = "CC BY-NC-SA 4.0"
EXPECTED = {
    "utterances": 1440,
    "neutral": 96,
    "calm": 192,
    "happy": 192,
    "sad": 192,
    "angry": 192,
    "fear": 192,
    "disgust": 192,
    "surprise": 192,
}
EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
STATEMENTS = {"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."}
NUM_ACTORS = 24
SUFFIXES = (".wav", ".flac")
AUDIO_ONLY, SPEECH = "03", "01"

_ID = re.compile(r"\d\d(-\d\d){6}")


def parse_id(stem: str) -> tuple[int, str, str] | None:
    """Takes `03-01-05-01-02-01-12` as actor 12, label `angry` and statement `02`; None for anything but spoken audio.

    Raises:
        ValueError: emotion, statement or actor do not exist; names which.
    """
    if not _ID.fullmatch(stem):
        return None
    modality, channel, emotion, _, statement, _, actor = stem.split("-")
    if (modality, channel) != (AUDIO_ONLY, SPEECH):
        return None
    if emotion not in EMOTIONS:
        raise ValueError(f"emotion {emotion} is none of {', '.join(EMOTIONS)}")
    if statement not in STATEMENTS:
        raise ValueError(f"statement {statement} is none of {', '.join(STATEMENTS)}")
    if not 1 <= int(actor) <= NUM_ACTORS:
        raise ValueError(f"actor {actor} is not one of 01 to {NUM_ACTORS}")
    return int(actor), EMOTIONS[emotion], statement


def load(root: Path | str) -> Corpus:
    """Loads RAVDESS's speech.

    Raises:
        CorpusError: there is no recording of that form below the folder, a name carries an unknown number, or an id
            comes twice.
    """
    root = Path(root)
    utterances, stray = [], []
    for path in sorted(root.rglob("*")):
        if path.is_dir() or is_hidden(path):
            continue
        utterance = _utterance(path) if path.suffix.lower() in SUFFIXES else None
        if utterance is None:
            stray.append(path)
        else:
            utterances.append(utterance)
    if not utterances:
        raise CorpusError(f"{root}: not RAVDESS, it has no recording such as Actor_12/03-01-05-01-02-01-12.wav")
    return Corpus(NAME, root, sorted_by_id(utterances), CITATION, LICENCE, EXPECTED, tuple(stray))


def _utterance(path: Path) -> Utterance | None:
    try:
        parsed = parse_id(path.stem)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None
    if parsed is None:
        return None
    actor, label, statement = parsed
    odd = actor - 1 + actor % 2
    return Utterance(
        id=path.stem,
        path=path,
        corpus=NAME,
        speaker=f"{actor:02d}",
        session=f"pair-{odd:02d}-{odd + 1:02d}",
        gender="male" if actor % 2 else "female",
        style=ACTED,
        label=label,
        transcript=STATEMENTS[statement],
        duration_seconds=duration_or_none(path),
        sentence=statement,
    )
