"""What every corpus gives: utterances, where they came from, and a report of what is wrong on disk."""

import dataclasses
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ser_tf.corpora import recordings
from ser_tf.errors import AudioError, CorpusError

IMPROVISED = "improvised"
SCRIPTED = "scripted"
ACTED = "acted"
UNKNOWN = "unknown"
"""Gender or style that the user's own table does not tell; releases of corpora tell both."""
NO_MAJORITY = "no majority"
"""Key of `ValidationReport.counts` for utterances whose label is None."""


@dataclasses.dataclass(frozen=True)
class Word:
    """One word (or, in EmoDB, one syllable) of an alignment; times from the start of the utterance."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclasses.dataclass(frozen=True)
class Utterance:
    """One recording with everything that its release says about it.

    Attributes:
        id: The release's own identifier, unique in the corpus.
        path: The audio file.
        corpus: Name of the corpus.
        speaker: Unique within the corpus; IEMOCAP's is `Ses01F`, never the bare letter.
        session: The session, or for a corpus without sessions the group of speakers that takes its place.
        gender: `female`, `male` or `unknown`.
        style: `improvised`, `scripted`, `acted` or `unknown`.
        label: The release's majority label as a canonical name of `ser_tf.labels`, or None without a majority. The
            user's own table may have other classes, each under its own name.
        votes: For each outside evaluator, in the order of the file, the canonical labels that they gave.
        transcript: The words as the release writes them, or None.
        words: The forced alignment as written (fillers included), or None without one.
        duration_seconds: Length of the utterance, from the audio file's header; None when the file is missing or
            unreadable.
        sentence: The release's code of the fixed sentence that is spoken (`a01`, `IEO`, `201`), equal for all
            speakers and emotions, or None where the release has no such code.
        listener_recognition: Share of the listeners of the release's own listening test who recognised the intended
            emotion, from 0 to 1, or None where there is no such test. One number for a recording, not votes.
        start_seconds: Where the utterance begins in its audio file, in the file's own time.
        end_seconds: Where it ends, or None for the end of the file.
        split: The set that a fixed split puts it in (`train`, `validation`, `test`, or another name of the user's
            table), or None without a fixed split.
        speed: How many times as fast as recorded it is read; 1 but for the copies that `at_speed` makes.
    """

    id: str
    path: Path
    corpus: str
    speaker: str
    session: str
    gender: str
    style: str
    label: str | None
    votes: tuple[tuple[str, ...], ...] = ()
    transcript: str | None = None
    words: tuple[Word, ...] | None = None
    duration_seconds: float | None = None
    sentence: str | None = None
    listener_recognition: float | None = None
    start_seconds: float = 0.0
    end_seconds: float | None = None
    split: str | None = None
    speed: float = 1.0


def at_speed(utterance: Utterance, speed: float) -> Utterance:
    """A copy that is read `speed` times as fast, named `<id>@<speed>`; the utterance itself for a speed of 1.

    Tempo and pitch change alike (speed perturbation). The copy has no word times.
    """
    if speed == 1:
        return utterance
    seconds = utterance.duration_seconds
    return dataclasses.replace(
        utterance,
        id=f"{utterance.id}@{speed:g}",
        words=None,
        duration_seconds=None if seconds is None else seconds / speed,
        speed=speed,
    )


def source_of(utterance_id: str) -> str:
    """The id of the recording that an utterance or a copy of `at_speed` is read from."""
    return utterance_id.partition("@")[0]


def speed_of(utterance_id: str) -> float:
    """The speed of a copy by its id; 1 for an utterance itself."""
    return float(utterance_id.partition("@")[2] or 1)


@dataclasses.dataclass(frozen=True)
class ValidationReport:
    """Files of a corpus that are missing, unreadable or unexpected, and what the others are like.

    Attributes:
        missing: One line for each file that the annotations name and that is not there.
        unreadable: One line for each file that is there and cannot be used, with the reason.
        unexpected: One line for each file or utterance that the release does not have.
        counts: What is there: `utterances`, and a count for each label, session and style.
        expected: The release's counts for the same keys.
        notes: What the release itself lacks, or what a user's table is understood as.
        seconds: Length of each usable utterance.
        rates_hz: Number of usable files by their sampling rate.
        channels: Number of usable files by their number of channels.
        twins: Ids of utterances with identical samples, two or more each; a corpus with twins may be complete.
    """

    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    unexpected: tuple[str, ...]
    counts: Mapping[str, int]
    expected: Mapping[str, int]
    notes: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()
    rates_hz: Mapping[int, int] = dataclasses.field(default_factory=dict)
    channels: Mapping[int, int] = dataclasses.field(default_factory=dict)
    twins: tuple[tuple[str, ...], ...] = ()

    @property
    def complete(self) -> bool:
        """True when nothing is missing or unreadable and all expected counts are met."""
        differs = any(self.counts.get(key, 0) != number for key, number in self.expected.items())
        return not (self.missing or self.unreadable or differs)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A corpus on disk, loaded: annotations parsed, audio headers read, no audio decoded.

    Attributes:
        name: One of `ser_tf.corpora.NAMES`.
        root: The folder it was loaded from.
        utterances: All that the annotations name, sorted by id, whether their audio is there or not.
        citation: What a paper that uses the corpus cites.
        licence: Under which terms the corpus is had.
        expected: Counts of the full release, by the keys of `ValidationReport.counts`.
        stray: Files beside the recordings that the release does not have, or has and that are not recordings.
        absent: One line for each annotation that the release has and this copy lacks.
        notes: What the release itself lacks, or what a user's table is understood as.
        audio_root: The folder of the recordings that `load` was given for a user's table.
        columns: The names of columns that `load` was given for a user's table.
    """

    name: str
    root: Path
    utterances: tuple[Utterance, ...]
    citation: str
    licence: str
    expected: Mapping[str, int]
    stray: tuple[Path, ...] = ()
    absent: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    audio_root: Path | None = None
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """True when the number of utterances is that of the full release."""
        return len(self.utterances) == self.expected["utterances"]

    def check_audio(self) -> None:
        """Reads every audio header, which takes about a second for ten thousand files, and the samples of other files.

        Raises:
            CorpusError: one line with the first file that cannot be used, the reason, and how many others there are.
        """
        from ser_tf.corpora import inspection

        if problems := inspection.header_problems(self.utterances):
            others = f" ({len(problems) - 1} more files cannot be used)" if len(problems) > 1 else ""
            raise CorpusError(f"{problems[0]}{others}; for the full list run: {self.validate_command}")

    @property
    def validate_command(self) -> str:
        """The command line that lists everything that is wrong."""
        words = ["python", "-m", "ser_tf.corpora.validate", self.name, str(self.root)]
        if self.audio_root is not None:
            words += ["--audio-root", str(self.audio_root)]
        if self.columns:
            words += ["--columns", *(f"{ours}={theirs}" for ours, theirs in self.columns.items())]
        return shlex.join(words)

    def validate(self, progress: Callable[[int, int], None] | None = None) -> ValidationReport:
        """Reads all audio and compares what is there with what the release should have.

        Args:
            progress: Called after each file with the number of utterances done and of all utterances.
        """
        from ser_tf.corpora import inspection

        found = inspection.inspect(self.utterances, progress)
        return ValidationReport(
            missing=(*self.absent, *found.missing),
            unreadable=found.unreadable,
            unexpected=tuple(str(path) for path in self.stray),
            counts=count(self.utterances),
            expected=self.expected,
            notes=self.notes,
            seconds=found.seconds,
            rates_hz=found.rates_hz,
            channels=found.channels,
            twins=found.twins,
        )


def count(utterances: Sequence[Utterance]) -> dict[str, int]:
    """Counts utterances in all, by label (`no majority` for None), by session and by style."""
    counts = Counter({"utterances": 0})
    counts.update(utterance.label or NO_MAJORITY for utterance in utterances)
    counts.update(utterance.session for utterance in utterances)
    counts.update(utterance.style for utterance in utterances)
    counts["utterances"] = len(utterances)  # a class or session of the user's own may have that name too
    return dict(counts)


def sorted_by_id(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Puts utterances in the order of their ids.

    Raises:
        CorpusError: an id comes twice; names it and both files.
    """
    by_id: dict[str, Utterance] = {}
    for utterance in utterances:
        other = by_id.setdefault(utterance.id, utterance)
        if other is not utterance:
            raise CorpusError(f"{utterance.path}: utterance {utterance.id} comes twice, also as {other.path}")
    return tuple(by_id[key] for key in sorted(by_id))


def duration_or_none(path: Path) -> float | None:
    """Length in seconds by the audio file's header, or None when it is missing or unreadable."""
    try:
        return recordings.read_header(path).duration_seconds
    except AudioError:
        return None


def part_seconds(utterance: Utterance, file_seconds: float | None) -> float | None:
    """Length of the part of its file that is the utterance, or None when it does not lie in the file.

    Args:
        utterance: With its start and end.
        file_seconds: Length of the file; None when it cannot be read.
    """
    if file_seconds is None:
        return None
    end_seconds = file_seconds if utterance.end_seconds is None else utterance.end_seconds
    return end_seconds - utterance.start_seconds if utterance.start_seconds < end_seconds <= file_seconds else None


def spoken_word(text: str) -> str | None:
    """The word behind an alignment's token: `LIKE(2)` is `LIKE`; None for `<s>`, `<sil>`, `++LAUGHTER++` and so on."""
    if text.startswith(("<", "++")):
        return None
    return text.partition("(")[0] or None


def is_hidden(path: Path) -> bool:
    """True for `.DS_Store`, `._name` and other files that an operating system leaves behind."""
    return path.name.startswith(".")
