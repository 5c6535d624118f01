"""CASIA, the Chinese emotional speech corpus: four speakers, six acted emotions, 300 sentences in each of them.

On disk: `<speaker>/<emotion>/<number>.wav`, directly below the root (as in the public subset, numbers 201 to 250) or
below `相同文本300`. The sentence is the number: the same text is spoken in all six emotions by all four speakers. The
release's other part, `不同文本100` (2,400 recordings of texts that depend on the emotion), is not used by the papers
and not read; the corpus's notes say when it is there. Names of folders and files are matched in any case; label files,
pitch marks and the like lie beside the recordings. The release has no sessions and no votes; two pairs of one female
and one male speaker take the place of sessions.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_tf.corpora.base import ACTED, Corpus, Utterance, duration_or_none, is_hidden, sorted_by_id
from ser_tf.errors import CorpusError

NAME = "casia"
CITATION = (
    "Institute of Automation, Chinese Academy of Sciences: CASIA Mandarin emotional speech corpus. Chinese Linguistic "
    "Data Consortium, CLDC-SPC-2005-010"
)
LICENCE = "licence of the Chinese Linguistic Data Consortium, on request"
SPEAKERS = {"liuchanhg": "female", "wangzhe": "male", "zhaoquanyin": "female", "ZhaoZuoxiang": "male"}
"""Speakers of the part of equal texts and their gender, as the release spells them."""
SESSIONS = {
    "liuchanhg": "pair-liuchanhg-wangzhe",
    "wangzhe": "pair-liuchanhg-wangzhe",
    "zhaoquanyin": "pair-zhaoquanyin-zhaozuoxiang",
    "zhaozuoxiang": "pair-zhaoquanyin-zhaozuoxiang",
}
EMOTIONS = {
    "angry": "angry",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "normal": "neutral",
    "sad": "sad",
    "surprise": "surprise",
}
EXPECTED = {"utterances": 7200} | {label: 1200 for label in sorted(set(EMOTIONS.values()))}
SAME_TEXTS = "相同文本300"
DIFFERENT_TEXTS = "不同文本100"

_SPELLING = {speaker.lower(): speaker for speaker in SPEAKERS}
_NUMBER = re.compile(r"\d{1,3}")


def parse_place(speaker: str, emotion: str, file_name: str) -> tuple[str, str, str] | None:
    """Parses `liuchanhg`, `Angry` and `201.wav` into speaker, label and sentence; None for other files.

    Raises:
        ValueError: a recording lies in a folder that is not an emotion; names it.
    """
    stem, _, suffix = file_name.rpartition(".")
    if suffix.lower() != "wav" or not _NUMBER.fullmatch(stem):
        return None
    if emotion.lower() not in EMOTIONS:
        raise ValueError(f"emotion {emotion!r} is none of {', '.join(EMOTIONS)}")
    return _SPELLING[speaker.lower()], EMOTIONS[emotion.lower()], f"{int(stem):03d}"


def load(
    root: Path | str,
    name: str = NAME,
    citation: str = CITATION,
    licence: str = LICENCE,
    expected: Mapping[str, int] = EXPECTED,
) -> Corpus:
    """Loads CASIA, or another corpus in its layout.

    Args:
        root: The folder of the four speakers, or the one above it that holds `相同文本300`.
        name: The corpus's name in its utterances.
        citation: See `Corpus`.
        licence: See `Corpus`.
        expected: See `Corpus`.

    Raises:
        CorpusError: the folder is not CASIA, a folder is misnamed, trees are mixed, or an id occurs twice.
    """
    root = Path(root)
    home = _home(root)
    speakers = _speaker_folders(root, home)
    utterances: list[Utterance] = []
    stray: list[Path] = []
    for speaker in speakers.values():
        for path in sorted(speaker.rglob("*")):
            if path.is_dir() or is_hidden(path):
                continue
            utterance = _utterance(path, speaker, name)
            if utterance is None:
                stray.append(path)
            else:
                utterances.append(utterance)
    _refuse_misnamed_speakers(home)
    if not utterances:
        raise CorpusError(f"{root}: the speakers' folders hold no recording such as liuchanhg/angry/201.wav")
    return Corpus(
        name=name,
        root=root,
        utterances=sorted_by_id(utterances),
        citation=citation,
        licence=licence,
        expected=expected,
        stray=tuple(stray),
        absent=_absent(speakers, utterances),
        notes=_other_part(root),
    )


def _home(root: Path) -> Path:
    """Finds the folder of the four speakers.

    Raises:
        CorpusError: speakers' folders lie both below `相同文本300` and beside it, or only the other part is there.
    """
    home = root / SAME_TEXTS
    beside = [path for path in sorted(root.iterdir()) if path.is_dir() and path.name.lower() in _SPELLING]
    if home.is_dir():
        if beside:
            raise CorpusError(f"{beside[0]}: mixed trees, {SAME_TEXTS} lies beside it; keep one of the two")
        return home
    if not beside and (root / DIFFERENT_TEXTS).is_dir():
        raise CorpusError(f"{root / DIFFERENT_TEXTS}: this part is not used by the papers; {SAME_TEXTS} is missing")
    return root


def _speaker_folders(root: Path, home: Path) -> dict[str, Path]:
    """Finds the folder of each speaker, by the release's spelling of the name.

    Raises:
        CorpusError: there is none, or a speaker or emotion occurs twice. The message names the folder.
    """
    folders: dict[str, Path] = {}
    for path in _folders_in(home):
        speaker = _SPELLING.get(path.name.lower())
        if speaker is None:
            continue
        if speaker in folders:
            raise CorpusError(f"{path}: mixed trees, {folders[speaker].name} is the same speaker; keep one")
        folders[speaker] = path
        emotions: dict[str, Path] = {}
        for inside in _folders_in(path):
            emotion = EMOTIONS.get(inside.name.lower(), inside.name)
            if emotion in emotions:
                raise CorpusError(f"{inside}: mixed trees, {emotions[emotion].name} is the same emotion; keep one")
            emotions[emotion] = inside
    if not folders:
        raise CorpusError(f"{root}: not CASIA, it has none of the folders {', '.join(SPEAKERS)}")
    return folders


def _folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not is_hidden(path))


def _refuse_misnamed_speakers(home: Path) -> None:
    """Raises CorpusError when a folder that is no speaker's has folders of emotions in it."""
    for path in _folders_in(home):
        emotional = any(inside.name.lower() in EMOTIONS for inside in _folders_in(path))
        if emotional and path.name.lower() not in _SPELLING:
            raise CorpusError(f"{path}: not a speaker of CASIA, which are {', '.join(SPEAKERS)}; rename or remove it")


def _absent(folders: Mapping[str, Path], utterances: Sequence[Utterance]) -> tuple[str, ...]:
    """Lists the folders that are missing, or that lack sentences which most folders have."""
    spoken: dict[tuple[str, str], set[str]] = {}
    for utterance in utterances:
        spoken.setdefault((utterance.speaker, str(utterance.label)), set()).add(str(utterance.sentence))
    counts = Counter(sentence for sentences in spoken.values() for sentence in sentences)
    usual = {sentence for sentence, count in counts.items() if count > len(spoken) / 2}
    home = next(iter(folders.values())).parent
    lines = [f"{home / speaker}: no folder of this speaker" for speaker in SPEAKERS if speaker not in folders]
    for speaker, folder in folders.items():
        for emotion in sorted(set(EMOTIONS.values())):
            lacking = sorted(usual - spoken.get((speaker, emotion), set()))
            if len(lacking) == len(usual):
                lines.append(f"{folder / emotion}: no recordings")
            elif lacking:
                shown = ", ".join(lacking[:5]) + (", ..." if len(lacking) > 5 else "")
                lines.append(
                    f"{folder / emotion}: {len(lacking)} recordings that most folders have are missing: {shown}"
                )
    return tuple(lines)


def _other_part(root: Path) -> tuple[str, ...]:
    folder = root / DIFFERENT_TEXTS
    if not folder.is_dir():
        return ()
    number = sum(path.suffix.lower() == ".wav" for path in folder.rglob("*") if not is_hidden(path))
    return (f"{folder}: {number:,} recordings of other texts, which are not part of the {EXPECTED['utterances']:,}",)


def _utterance(path: Path, speaker_folder: Path, corpus: str) -> Utterance | None:
    if path.parent.parent != speaker_folder:
        return None
    try:
        parsed = parse_place(speaker_folder.name, path.parent.name, path.name)
    except ValueError as error:
        raise CorpusError(f"{path}: {error}") from None
    if parsed is None:
        return None
    speaker, label, sentence = parsed
    return Utterance(
        id=f"{speaker}-{label}-{sentence}",
        path=path,
        corpus=corpus,
        speaker=speaker,
        session=SESSIONS[speaker.lower()],
        gender=SPEAKERS[speaker],
        style=ACTED,
        label=label,
        duration_seconds=duration_or_none(path),
        sentence=sentence,
    )
