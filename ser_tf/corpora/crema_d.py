"""CREMA-D, the crowd-sourced emotional multimodal actors dataset: 91 actors, twelve sentences, six emotions.

On disk: `AudioWAV/1001_DFA_ANG_XX.wav` is actor, sentence, intended emotion, level; `VideoDemographics.csv` has the
actors' sex, `tabulatedVotes.csv` (also found in `processedResults/`) the votes of the crowd. Its rows whose id begins
with 1 are votes on the voice without the picture; they also tell which recordings the release has. The label is the
intended emotion. The release has no sessions; five groups of actors, balanced by sex, take their place.
"""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path

from ser_tf.corpora import delimited, plain_text
from ser_tf.corpora.base import ACTED, Corpus, Utterance, duration_or_none, is_hidden, sorted_by_id
from ser_tf.errors import CorpusError

NAME = "crema_d"
CITATION = (
    "H. Cao, D. G. Cooper, M. K. Keutmann, R. C. Gur, A. Nenkova, R. Verma: CREMA-D: crowd-sourced emotional "
    "multimodal actors dataset. IEEE Transactions on Affective Computing 5(4), 2014"
)
LICENCE = "Open Database License 1.0"
EXPECTED = {
    "utterances": 7442,
    "angry": 1271,
    "disgust": 1271,
    "fear": 1271,
    "happy": 1271,
    "neutral": 1087,
    "sad": 1271,
}
EMOTIONS = {"ANG": "angry", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
VOTES = {"A": "angry", "D": "disgust", "F": "fear", "H": "happy", "N": "neutral", "S": "sad"}
SENTENCES = {
    "DFA": "Don't forget a jacket.",
    "IEO": "It's eleven o'clock.",
    "IOM": "I'm on my way to the meeting.",
    "ITH": "I think I have a doctor's appointment.",
    "ITS": "I think I've seen this before.",
    "IWL": "I would like a new alarm clock.",
    "IWW": "I wonder what this is about.",
    "MTI": "Maybe tomorrow it will be cold.",
    "TAI": "The airplane is almost full.",
    "TIE": "That is exactly what happened.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}
NUM_GROUPS = 5

_ID = re.compile(r"(?P<actor>\d{4})_(?P<sentence>[A-Z]{3})_(?P<emotion>[A-Z]{3})_[A-Z]{1,2}")
_VOICE_ONLY = "1"
_COUNT = re.compile(r"[0-9]{1,4}")


@dataclasses.dataclass(frozen=True)
class Judged:
    """A recording in the table of votes.

    Attributes:
        place: File and line, for messages.
        votes: One tuple of one label for each voter.
    """

    place: str
    votes: tuple[tuple[str, ...], ...]


def parse_id(stem: str) -> tuple[str, str, str]:
    """Parses `1001_DFA_ANG_XX` into actor `1001`, sentence `DFA` and label `angry`.

    Raises:
        ValueError: the name has another form, or its sentence or emotion does not exist; says which.
    """
    match = _ID.fullmatch(stem)
    if match is None:
        raise ValueError(f"{plain_text.shown(stem)} is not of the form 1001_DFA_ANG_XX")
    if match["sentence"] not in SENTENCES:
        raise ValueError(f"sentence {match['sentence']} of {stem} is none of {', '.join(SENTENCES)}")
    if match["emotion"] not in EMOTIONS:
        raise ValueError(f"emotion {match['emotion']} of {stem} is none of {', '.join(EMOTIONS)}")
    return match["actor"], match["sentence"], EMOTIONS[match["emotion"]]


def parse_votes(text: str, source: str) -> dict[str, Judged]:
    """Reads `tabulatedVotes.csv`: the votes on the voice of each recording.

    The table gives only counts, not who voted for what: votes are listed in the order of its columns.

    Raises:
        CorpusError: not a table, a column is missing, a count is not a number, or a recording occurs twice; names
            `source` and the line.
    """
    recordings: dict[str, Judged] = {}
    table = delimited.parse(text, source)
    delimited.require(table, ("", "fileName", *VOTES))
    for row in table.rows:
        if not row.values[""].startswith(_VOICE_ONLY):
            continue
        counts = {label: row.values[code] for code, label in VOTES.items()}
        if wrong := [number for number in counts.values() if not _COUNT.fullmatch(number)]:
            raise CorpusError(f"{row.place}: a count of votes is not a number: {plain_text.shown(wrong[0])}")
        stem = row.values["fileName"]
        if stem in recordings:
            raise CorpusError(f"{row.place}: {plain_text.shown(stem)} occurs twice, also in {recordings[stem].place}")
        votes = tuple((label,) for label, number in counts.items() for _ in range(int(number)))
        recordings[stem] = Judged(row.place, votes)
    return recordings


def parse_demographics(text: str, source: str) -> dict[str, str]:
    """Reads `VideoDemographics.csv` into `female` or `male` for each actor.

    Raises:
        CorpusError: not a table, a column is missing, an actor occurs twice, or a sex is unknown; names `source` and
            the line.
    """
    genders: dict[str, str] = {}
    table = delimited.parse(text, source)
    delimited.require(table, ("ActorID", "Sex"))
    for row in table.rows:
        actor, sex = row.values["ActorID"], row.values["Sex"]
        if sex not in ("Female", "Male"):
            raise CorpusError(f"{row.place}: sex {plain_text.shown(sex)} is neither Female nor Male")
        if actor in genders:
            raise CorpusError(f"{row.place}: actor {plain_text.shown(actor)} occurs twice")
        genders[actor] = sex.lower()
    return genders


def groups_of(genders: Mapping[str, str]) -> dict[str, str]:
    """Assigns the actors of each sex, in the order of their numbers, to groups that replace sessions."""
    groups = {}
    for gender in ("female", "male"):
        actors = sorted(actor for actor, its_gender in genders.items() if its_gender == gender)
        groups.update({actor: f"group-{rank % NUM_GROUPS + 1}" for rank, actor in enumerate(actors)})
    return groups


def load(root: Path | str) -> Corpus:
    """Loads CREMA-D.

    Raises:
        CorpusError: the folder is not CREMA-D (its two tables are not there), or a table has a line of unknown form,
            recording or actor.
    """
    root = Path(root)
    table = _find(root, "tabulatedVotes.csv")
    demographics = _find(root, "VideoDemographics.csv")
    genders = parse_demographics(plain_text.read(demographics), str(demographics))
    groups = groups_of(genders)
    utterances = []
    for stem, judged in parse_votes(plain_text.read(table), str(table)).items():
        try:
            actor, sentence, label = parse_id(stem)
        except ValueError as error:
            raise CorpusError(f"{judged.place}: {error}") from None
        if actor not in genders:
            raise CorpusError(f"{demographics}: has no actor {actor}, who speaks {stem}")
        path = root / "AudioWAV" / f"{stem}.wav"
        utterance = Utterance(stem, path, NAME, actor, groups[actor], genders[actor], ACTED, label, judged.votes)
        utterances.append(
            dataclasses.replace(
                utterance,
                transcript=SENTENCES[sentence],
                duration_seconds=duration_or_none(path),
                sentence=sentence,
            )
        )
    known = {utterance.path for utterance in utterances}
    recordings = sorted((root / "AudioWAV").glob("*"))
    stray = tuple(path for path in recordings if path not in known and not is_hidden(path))
    return Corpus(NAME, root, sorted_by_id(utterances), CITATION, LICENCE, EXPECTED, stray)


def _find(root: Path, name: str) -> Path:
    for path in (root / name, root / "processedResults" / name):
        if path.is_file():
            return path
    raise CorpusError(f"{root}: not CREMA-D, it has no {name}")
