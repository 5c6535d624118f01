"""Corpora: from files on disk to `Utterance`, one module a corpus, one contract for all. No TensorFlow here."""

import importlib
from pathlib import Path

from ser_tf.corpora.base import Corpus, Utterance, ValidationReport, Word
from ser_tf.corpora.task import Task
from ser_tf.errors import CorpusError, SettingError

NAMES = ("iemocap", "casia", "emodb", "ravdess", "crema_d", "synthetic")

__all__ = ["NAMES", "Corpus", "Task", "Utterance", "ValidationReport", "Word", "load"]


def load(name: str, root: Path | str) -> Corpus:
    """Loads a corpus: parses its annotations and reads its audio headers; decodes no audio.

    Args:
        name: One of `NAMES`.
        root: The folder that holds the corpus.

    Raises:
        SettingError: there is no corpus of that name.
        CorpusError: the folder does not exist or is not that corpus, or an annotation cannot be read.
    """
    if name not in NAMES:
        raise SettingError(f"corpus {name!r} does not exist; there are {', '.join(NAMES)}")
    root = Path(root)
    if not root.is_dir():
        raise CorpusError(f"{root}: no such folder; give the one that holds the corpus {name}")
    try:
        corpus: Corpus = importlib.import_module(f"ser_tf.corpora.{name}").load(root)
    except OSError as error:
        raise CorpusError(f"{error.filename or root}: cannot be read ({error.strerror or error})") from None
    return corpus
