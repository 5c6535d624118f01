"""A folder of alignments: one `.wdseg` file an utterance, how they were made, and the recordings with problems.

`problems.csv` keeps apart what could not be aligned or recognised. How the files were made lies in a hidden file, so
that another run does not mix alignments of two kinds.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser_tf import files
from ser_tf.asr import wdseg
from ser_tf.asr.work import Done
from ser_tf.corpora import iemocap_format, plain_text
from ser_tf.corpora.base import Word
from ser_tf.errors import CorpusError, SettingError

SUFFIX = ".wdseg"
PROBLEMS_FILE = "problems.csv"
_MADE = ".align.json"


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder of alignments."""

    path: Path

    def begin(self, made: Mapping[str, str]) -> None:
        """Makes the folder, or checks that what it holds was made in the same way.

        Args:
            made: What decides the alignments: corpus, words, version, dictionary.

        Raises:
            SettingError: it was made in another way, or holds alignments of unknown origin.
            UserError: it cannot be written.
        """
        files.require_writable(self.path)
        record = self.path / _MADE
        if record.exists():
            self._check(record, made)
        elif strange := next(self.path.rglob(f"*{SUFFIX}"), None):
            raise SettingError(
                f"--output {self.path}: holds {strange.name}, which this did not make; name a new folder"
            )
        files.atomic_write_text(record, json.dumps(made, indent=1) + "\n")

    def _check(self, record: Path, made: Mapping[str, str]) -> None:
        try:
            before = json.loads(plain_text.read(record))
            differing = [key for key in made if before.get(key) != made[key]]
        except (ValueError, AttributeError):
            raise CorpusError(f"{record}: is damaged; delete the folder, or name a new one") from None
        if differing:
            key = differing[0]
            raise SettingError(
                f"--output {self.path}: holds alignments with {key} {before.get(key)}, not {made[key]}; name a new"
                " folder"
            )

    def has(self, utterance_id: str) -> bool:
        """Whether an utterance has its alignment."""
        return self._file(utterance_id).exists()

    def add(self, done: Done) -> None:
        """Writes an alignment, if there is one."""
        if done.tokens is not None:
            files.atomic_write_text(self._file(done.id), wdseg.render(done.tokens))

    def words(self, utterance_id: str) -> tuple[Word, ...]:
        """Reads the alignment of an utterance, as written."""
        path = self._file(utterance_id)
        return iemocap_format.parse_wdseg(plain_text.read(path), str(path))

    def write_problems(self, problems: Sequence[Done]) -> Path:
        """Writes `problems.csv`: id, problem, detail."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["id", "problem", "detail"])
        writer.writerows([done.id, done.problem, done.detail] for done in sorted(problems, key=lambda done: done.id))
        return files.atomic_write_text(self.path / PROBLEMS_FILE, text.getvalue())

    def _file(self, utterance_id: str) -> Path:
        return self.path / f"{utterance_id}{SUFFIX}"
