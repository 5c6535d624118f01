"""IEMOCAP: five sessions of two actors each, improvised and scripted dialogs, categorical votes of several evaluators.

On disk (N is 1 to 5):
    SessionN/dialog/EmoEvaluation/<dialog>.txt       utterances, majority label, votes
    SessionN/dialog/transcriptions/<dialog>.txt      transcripts
    SessionN/sentences/wav/<dialog>/<id>.wav         one recording an utterance
    SessionN/sentences/ForcedAlignment/<dialog>/<id>.wdseg   word times

The speaker of `Ses01F_impro04_M000` is `Ses01M`: the letter before the final number. The letter after the session's
number is the actor who wears the motion-capture markers in that dialog, whoever speaks.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from ser_tf.corpora import iemocap_format as text
from ser_tf.corpora.base import Corpus, Utterance, Word, duration_or_none, is_hidden, sorted_by_id
from ser_tf.errors import CorpusError

NAME = "iemocap"
CITATION = (
    "C. Busso, M. Bulut, C.-C. Lee, A. Kazemzadeh, E. Mower, S. Kim, J. N. Chang, S. Lee, S. S. Narayanan: IEMOCAP: "
    "interactive emotional dyadic motion capture database. Language Resources and Evaluation 42, 2008"
)
LICENCE = "research licence of the University of Southern California, on request"
EXPECTED = {
    "utterances": 10039,
    "Ses01": 1819,
    "Ses02": 1811,
    "Ses03": 2136,
    "Ses04": 2103,
    "Ses05": 2170,
    "improvised": 4784,
    "scripted": 5255,
    "neutral": 1708,
    "frustrated": 1849,
    "angry": 1103,
    "sad": 1084,
    "excited": 1041,
    "happy": 595,
    "surprise": 107,
    "fear": 40,
    "other": 3,
    "disgust": 2,
    "no majority": 2507,
}
WITHOUT_ALIGNMENT = ("Ses03F_impro07_M030", "Ses03M_impro03_M001")
"""Utterances for which the release has no word alignment."""
SESSIONS = tuple(f"Session{number}" for number in range(1, 6))


@dataclasses.dataclass
class _Found:
    """The contents of one session."""

    utterances: list[Utterance] = dataclasses.field(default_factory=list)
    stray: list[Path] = dataclasses.field(default_factory=list)
    absent: list[str] = dataclasses.field(default_factory=list)
    without_alignment: list[str] = dataclasses.field(default_factory=list)


def load(
    root: Path | str,
    name: str = NAME,
    citation: str = CITATION,
    licence: str = LICENCE,
    expected: Mapping[str, int] = EXPECTED,
) -> Corpus:
    """Loads IEMOCAP, or another corpus in its layout, from the folder that holds `Session1` to `Session5`.

    A corpus without some of the sessions is partial. Missing or broken audio does not stop loading: such an utterance
    has no duration, and `Corpus.check_audio` and `Corpus.validate` name it.

    Args:
        root: The folder, or its parent when it is called `IEMOCAP_full_release`.
        name: The corpus's name in its utterances.
        citation: See `Corpus`.
        licence: See `Corpus`.
        expected: See `Corpus`.

    Raises:
        CorpusError: the folder is not IEMOCAP, or an annotation has a line or label that the release's format does
            not know (names file and line), or an id occurs twice.
    """
    root = Path(root)
    nested = root / "IEMOCAP_full_release"
    home = nested if nested.is_dir() else root
    sessions = [home / session for session in SESSIONS if (home / session / "dialog" / "EmoEvaluation").is_dir()]
    if not sessions:
        raise CorpusError(f"{root}: not IEMOCAP's layout, it has no Session1/dialog/EmoEvaluation")
    found = _Found()
    for session in sessions:
        _read_session(session, name, found)
    if not found.utterances:
        raise CorpusError(f"{root}: the files in {sessions[0]}/dialog/EmoEvaluation hold no utterance")
    return Corpus(
        name=name,
        root=root,
        utterances=sorted_by_id(found.utterances),
        citation=citation,
        licence=licence,
        expected=expected,
        stray=tuple(found.stray),
        absent=tuple(found.absent),
        notes=tuple(f"{key}: the release has no word alignment" for key in sorted(found.without_alignment)),
    )


def _read_session(session: Path, corpus: str, found: _Found) -> None:
    evaluations = session / "dialog" / "EmoEvaluation"
    paths = sorted(path for path in evaluations.glob("*.txt") if path.is_file() and not is_hidden(path))
    if not paths:
        raise CorpusError(f"{evaluations}: has no <dialog>.txt")
    recordings = _recordings(session)
    for path in paths:
        for utterance in _read_dialog(session, path, corpus, found):
            recordings.discard(utterance.path)
            found.utterances.append(utterance)
    found.stray += sorted(recordings)


def _recordings(session: Path) -> set[Path]:
    """Finds all audio files of a session, as spelled by the file system."""
    return {path for path in (session / "sentences" / "wav").glob("*/*.wav") if not is_hidden(path)}


def _read_dialog(session: Path, evaluation: Path, corpus: str, found: _Found) -> Iterator[Utterance]:
    transcription = session / "dialog" / "transcriptions" / evaluation.name
    transcripts: Mapping[str, str] = {}
    if transcription.is_file():
        transcripts = text.parse_transcription(text.read(transcription), str(transcription))
    else:
        found.absent.append(str(transcription))
    for turn in text.parse_evaluation(text.read(evaluation), str(evaluation)):
        place = f"{evaluation}:{turn.line}"
        parts = text.parse_id(turn.id)
        if parts.dialog != evaluation.stem or parts.session[-1] != session.name[-1]:
            raise CorpusError(f"{place}: {turn.id} does not belong to {session.name}, dialog {evaluation.stem}")
        if transcripts and turn.id not in transcripts:
            found.absent.append(f"{transcription}: no line for {turn.id}, which {place} names")
        path = session / "sentences" / "wav" / parts.dialog / f"{turn.id}.wav"
        yield Utterance(
            id=turn.id,
            path=path,
            corpus=corpus,
            speaker=parts.speaker,
            session=parts.session,
            gender=parts.gender,
            style=parts.style,
            label=turn.label,
            votes=turn.votes,
            transcript=transcripts.get(turn.id),
            words=_read_words(session / "sentences" / "ForcedAlignment" / parts.dialog / f"{turn.id}.wdseg", found),
            duration_seconds=duration_or_none(path),
        )


def _read_words(alignment: Path, found: _Found) -> tuple[Word, ...] | None:
    if alignment.is_file():
        return text.parse_wdseg(text.read(alignment), str(alignment))
    if alignment.stem in WITHOUT_ALIGNMENT:
        found.without_alignment.append(alignment.stem)
    else:
        found.absent.append(str(alignment))
    return None
