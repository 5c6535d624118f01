"""Corpora: from files on disk to `Utterance`, one module per corpus, one contract for all. No TensorFlow here."""

import importlib
from collections.abc import Mapping
from pathlib import Path

from ser_tf.corpora.base import Corpus, Utterance, ValidationReport, Word
from ser_tf.corpora.task import Task
from ser_tf.errors import CorpusError, SettingError

NAMES = ("iemocap", "casia", "emodb", "ravdess", "crema_d", "synthetic", "table")
TABLE = "table"
"""The user's own table, the only corpus whose root is a file and which takes options."""

__all__ = ["NAMES", "TABLE", "Corpus", "Task", "Utterance", "ValidationReport", "Word", "load"]


def load(
    name: str,
    root: Path | str,
    audio_root: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Corpus:
    """Loads a corpus: parses its annotations and reads its audio headers; decodes no audio.

    Args:
        name: One of `NAMES`.
        root: The folder that holds the corpus; for `table` the file.
        audio_root: For `table`, the folder that its paths are relative to; by default the file's own.
        columns: For `table`, the names of columns without a common name, as from
            `ser_tf.corpora.table_columns.parse_mapping`.

    Raises:
        SettingError: there is no corpus of that name, it takes no options, or an option has an unknown name.
        CorpusError: the folder or file does not exist or is not that corpus, or an annotation cannot be read.
    """
    if name not in NAMES:
        raise SettingError(f"corpus {name!r} does not exist; there are {', '.join(NAMES)}")
    root = Path(root)
    _check(name, root, has_options=audio_root is not None or bool(columns))
    try:
        if name == TABLE:
            from ser_tf.corpora import table

            return table.load(root, audio_root, columns)
        corpus: Corpus = importlib.import_module(f"ser_tf.corpora.{name}").load(root)
    except OSError as error:
        raise CorpusError(f"{error.filename or root}: cannot be read ({error.strerror or error})") from None
    return corpus


def _check(name: str, root: Path, has_options: bool) -> None:
    if name != TABLE:
        if has_options:
            raise SettingError(f"corpus {name} takes neither --audio-root nor --columns; only {TABLE} does")
        if not root.is_dir():
            raise CorpusError(f"{root}: no such folder; give the one that holds the corpus {name}")
    elif root.is_dir():
        raise CorpusError(f"{root}: is a folder; give the file with the table of its recordings")
    elif not root.is_file():
        raise CorpusError(f"{root}: no such file; give the table of your recordings (CSV, TSV or Parquet)")
