"""The types of a loaded corpus: utterances, the corpus with its origin, and the validation report."""

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
"""Gender or style missing from the user's own table; releases of corpora give both."""
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
    """One recording, or part of one, with everything its release says about it.

    Attributes:
        id: The release's own identifier, unique in the corpus.
        path: The audio file.
        corpus: Name of the corpus.
        speaker: Unique within the corpus; IEMOCAP's is `Ses01F`, never the bare letter.
        session: The session, or, for a corpus without sessions, a group of speakers instead.
        gender: `female`, `male` or `unknown`.
        style: `improvised`, `scripted`, `acted` or `unknown`.
        label: The release's majority label as a canonical name of `ser_tf.labels`, or None without a majority. The
            user's own table may have other classes, under their own names.
        votes: The canonical labels given by each outside evaluator, in the order of the file.
        transcript: The words as written in the release, or None.
        words: The forced alignment as written (fillers included), or None without one.
        duration_seconds: Length of the utterance, from the audio file's header; None when the file is missing or
            unreadable.
        sentence: The release's code of the fixed sentence spoken (`a01`, `IEO`, `201`), equal for all speakers and
            emotions, or None if the release has no such code.
        listener_recognition: Fraction of listeners in the release's own listening test who recognised the intended
            emotion, or None if there is no such test. One number per recording, not votes.
        start_seconds: Start of the utterance in its audio file, in the file's own time.
        end_seconds: End of the utterance, or None for the end of the file.
        split: The utterance's set in a fixed split (`train`, `validation`, `test`, or another name in the user's
            table), or None without a fixed split.
        speed: Playback speed; 1 except for copies made by `at_speed`.
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
    """Makes a copy that is read `speed` times as fast, named `<id>@<speed>`; a speed of 1 returns the utterance itself.

    Tempo and pitch change together (speed perturbation). The copy has no word times.
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
    """Returns the id of the utterance from which `at_speed` made a copy; other ids are returned unchanged."""
    return utterance_id.partition("@")[0]


def speed_of(utterance_id: str) -> float:
    """Returns the speed of a copy, from its id; 1 for other utterances."""
    return float(utterance_id.partition("@")[2] or 1)


@dataclasses.dataclass(frozen=True)
class ValidationReport:
    """Files of a corpus that are missing, unreadable or unexpected, and properties of the others.

    Attributes:
        missing: One line for each file named in the annotations that does not exist.
        unreadable: One line for each file that exists but cannot be used, with the reason.
        unexpected: One line for each file or utterance that the release does not have.
        counts: Numbers found: `utterances`, and a count for each label, session and style.
        expected: The release's counts for the same keys.
        notes: What the release itself lacks, or how a user's table was understood.
        seconds: Length of each usable utterance.
        rates_hz: Number of usable files by sampling rate.
        channels: Number of usable files by number of channels.
        twins: Groups of ids of utterances with identical samples; a corpus with twins may be complete.
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
        """Whether nothing is missing or unreadable and all expected counts are met."""
        differs = any(self.counts.get(key, 0) != number for key, number in self.expected.items())
        return not (self.missing or self.unreadable or differs)


@dataclasses.dataclass(frozen=True)
class Corpus:
    """A loaded corpus: annotations parsed, audio headers read, no audio decoded.

    Attributes:
        name: One of `ser_tf.corpora.NAMES`.
        root: The folder, or for a user's table the file, it was loaded from.
        utterances: All utterances named in the annotations, sorted by id, whether or not their audio exists.
        citation: Reference to cite when the corpus is used.
        licence: Terms under which the corpus is distributed.
        expected: Counts of the full release, by the keys of `ValidationReport.counts`.
        stray: Files among the recordings that are not recordings of the release.
        absent: One line for each annotation in the release that this copy lacks.
        notes: What the release itself lacks, or how a user's table was understood.
        audio_root: The folder of the recordings given to `load` for a user's table.
        columns: The names of columns given to `load` for a user's table.
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
        """Whether the number of utterances is that of the full release."""
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
        """The command line that lists every problem."""
        words = ["python", "-m", "ser_tf.corpora.validate", self.name, str(self.root)]
        if self.audio_root is not None:
            words += ["--audio-root", str(self.audio_root)]
        if self.columns:
            words += ["--columns", *(f"{ours}={theirs}" for ours, theirs in self.columns.items())]
        return shlex.join(words)

    def validate(self, progress: Callable[[int, int], None] | None = None) -> ValidationReport:
        """Reads all audio and compares it with the release.

        Args:
            progress: Called after each file with the number of utterances done and the total.
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
    """Counts all utterances, and utterances by label (`no majority` for None), by session and by style."""
    counts = Counter({"utterances": 0})
    counts.update(utterance.label or NO_MAJORITY for utterance in utterances)
    counts.update(utterance.session for utterance in utterances)
    counts.update(utterance.style for utterance in utterances)
    counts["utterances"] = len(utterances)  # a user's class or session may have that name too
    return dict(counts)


def sorted_by_id(utterances: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """Sorts utterances by id.

    Raises:
        CorpusError: an id occurs twice. The message names it and both files.
    """
    by_id: dict[str, Utterance] = {}
    for utterance in utterances:
        other = by_id.setdefault(utterance.id, utterance)
        if other is not utterance:
            raise CorpusError(f"{utterance.path}: utterance {utterance.id} occurs twice, also as {other.path}")
    return tuple(by_id[key] for key in sorted(by_id))


def duration_or_none(path: Path) -> float | None:
    """Returns the length in seconds from the audio file's header, or None if the file is missing or unreadable."""
    try:
        return recordings.read_header(path).duration_seconds
    except AudioError:
        return None


def part_seconds(utterance: Utterance, file_seconds: float | None) -> float | None:
    """Returns the length of the utterance's part of its file, or None if the part does not lie within the file.

    Args:
        utterance: The utterance, with its start and end.
        file_seconds: Length of the file; None if it cannot be read.
    """
    if file_seconds is None:
        return None
    end_seconds = file_seconds if utterance.end_seconds is None else utterance.end_seconds
    return end_seconds - utterance.start_seconds if utterance.start_seconds < end_seconds <= file_seconds else None


def spoken_word(text: str) -> str | None:
    """Returns the word of an alignment's token: `LIKE(2)` is `LIKE`; None for `<s>`, `<sil>`, `++LAUGHTER++`."""
    if text.startswith(("<", "++")):
        return None
    return text.partition("(")[0] or None


def is_hidden(path: Path) -> bool:
    """Returns whether a file is one that operating systems create, such as `.DS_Store` or `._name`."""
    return path.name.startswith(".")
