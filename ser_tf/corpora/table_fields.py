"""Fields of a user's table: what is written in a row's cells becomes what an utterance holds, or one line of error."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ser_tf import labels
from ser_tf.corpora import plain_text
from ser_tf.corpora.base import ACTED, IMPROVISED, SCRIPTED, UNKNOWN
from ser_tf.corpora.delimited import Row
from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError

GENDERS: Mapping[str, tuple[str, ...]] = {
    "female": ("f", "female", "w", "woman", "weiblich", "frau", "femme", "féminin", "mujer", "femenino", "女"),
    "male": ("m", "male", "man", "männlich", "mann", "homme", "masculin", "hombre", "masculino", "男"),
    UNKNOWN: ("", "-", "?", "unknown", "other", "divers", "diverse", "nonbinary", "non-binary", "n/a", "na", "nan"),
}
STYLES: Mapping[str, tuple[str, ...]] = {
    IMPROVISED: ("improvised", "impro", "improv", "spontaneous", "natural", "elicited"),
    SCRIPTED: ("scripted", "script", "read"),
    ACTED: ("acted", "posed"),
    UNKNOWN: ("", "-", "unknown"),
}
SPLITS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "trn", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "tst", "testing", "eval", "evaluation"),
}
MAX_NAME_CHARACTERS = 100
MAX_CLASS_CHARACTERS = 40

# Names of speakers, sessions and utterances become names of folds, of files and of copies at another speed.
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|@#\u0085\u2028\u2029]")
_CLASS = re.compile(r"\w[\w .+/&'()-]*")


class Fields:
    """One row of a table, asked for its fields by the keys of `table_columns.COLUMNS`."""

    def __init__(self, row: Row, columns: Mapping[str, str]) -> None:
        """Wraps a row.

        Args:
            row: The row.
            columns: The table's columns by the keys of `COLUMNS`.
        """
        self.place = row.place
        self._row, self._columns = row, columns

    def text(self, field: str) -> str:
        """The field as written; empty when the table has no such column."""
        column = self._columns.get(field)
        return "" if column is None else self._row.values[column]

    def has(self, field: str) -> bool:
        """Whether the table has such a column."""
        return field in self._columns

    def fail(self, field: str, problem: str) -> CorpusError:
        """An error that names the row, the column and the problem."""
        return CorpusError(f"{self.place}: column {shown(self._columns.get(field, field))}: {problem}")

    def name(self, field: str) -> str:
        """Name of a speaker, a session or an utterance; empty where nothing is written.

        Raises:
            CorpusError: it has characters that a file's name cannot have, or is too long.
        """
        name = self.text(field)
        if name and (_NOT_IN_NAMES.search(name) or name.startswith(".") or len(name) > MAX_NAME_CHARACTERS):
            problem = f"must have at most {MAX_NAME_CHARACTERS} characters, not begin with a dot and have none of"
            raise self.fail(field, f'{shown(name)} {problem} / \\ : * ? " < > | @ #')
        return name

    def required_name(self, field: str) -> str:
        """As `name`, but it must not be empty.

        Raises:
            CorpusError: it is empty, or as `name`.
        """
        name = self.name(field)
        if not name:
            raise self.fail(field, "is empty")
        return name

    def one_of(self, field: str, choices: Mapping[str, Sequence[str]]) -> str:
        """The key of `choices` whose spellings include what is written.

        Raises:
            CorpusError: none does.
        """
        written = self.text(field).casefold()
        for key, spellings in choices.items():
            if written in spellings:
                return key
        raise self.fail(field, f"{shown(self.text(field))} is none of {', '.join(choices)}")

    def split(self) -> str | None:
        """The set of a fixed split, by its usual name or as written in lower case; None where nothing is written."""
        written = self.name("split").casefold()
        usual = (key for key, spellings in SPLITS.items() if written in spellings)
        return next(usual, written) or None

    def seconds(self, field: str) -> float | None:
        """A time in seconds, with a decimal point or comma; None where nothing is written.

        Raises:
            CorpusError: not a time.
        """
        written = self.text(field)
        if not written:
            return None
        number = written.replace(",", ".") if written.count(",") == 1 and "." not in written else written
        return plain_text.parse_seconds(number, f"{self.place}: column {shown(self._columns[field])}")

    def part(self) -> tuple[float, float | None]:
        """Where in its file the utterance begins and ends.

        Raises:
            CorpusError: not times, or it does not end after it begins.
        """
        start_seconds, end_seconds = self.seconds("start") or 0.0, self.seconds("end")
        if end_seconds is not None and end_seconds <= start_seconds:
            raise self.fail("end", f"ends at {end_seconds:g} s, but begins at {start_seconds:g} s")
        return start_seconds, end_seconds

    def label(self) -> str | None:
        """The class, or None without one.

        Raises:
            CorpusError: not the name of a class.
        """
        return self._class("label", self.text("label"))

    def votes(self, field: str = "votes") -> tuple[tuple[str, ...], ...]:
        """Votes as `angry;angry|sad;neutral`: annotators apart by semicolons, several labels of one by bars.

        Raises:
            CorpusError: not names of classes.
        """
        written = self.text(field).removesuffix(";")
        return tuple(self.vote(field, vote) for vote in written.split(";")) if written else ()

    def vote(self, field: str, written: str) -> tuple[str, ...]:
        """The labels of one annotator, each once; none for one who chose no label.

        Raises:
            CorpusError: not names of classes.
        """
        found = (self._class(field, name) for name in written.split("|"))
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def _class(self, field: str, written: str) -> str | None:
        name = labels.canonical(written)
        if name is not None and (len(name) > MAX_CLASS_CHARACTERS or not _CLASS.fullmatch(name)):
            raise self.fail(field, f"{shown(written)} is not the name of a class")
        return name


def usable_name(name: str) -> str:
    """A name made from that of a file, with other characters in place of those that `Fields.name` refuses."""
    return _NOT_IN_NAMES.sub("_", name.replace("/", "-")).lstrip(".") or "_"


def majority(votes: Sequence[Sequence[str]]) -> str | None:
    """The label with most votes, or None when several share the first place or there is no vote."""
    counts = Counter(label for vote in votes for label in vote).most_common(2)
    if not counts or (len(counts) == 2 and counts[0][1] == counts[1][1]):
        return None
    return counts[0][0]
