"""Two corpora as one, of which the first trains and the second is tested.

Speakers and sessions of the tested corpus are named after it, to keep them distinct from those of the first; its
recordings have `test` as their `Utterance.split`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_tf import corpora
from ser_tf.corpora.base import Corpus, Utterance, sorted_by_id
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.protocol.folds import SOURCE
from ser_tf.protocol.layout import folder_of

TESTED = "test"


@dataclasses.dataclass(frozen=True)
class CrossCorpus(Corpus):
    """Two corpora as one.

    Attributes:
        origins: The corpus that trains, and the one that is tested.
    """

    origins: tuple[Corpus, ...] = ()

    @property
    def parts(self) -> tuple[Corpus, Corpus]:
        """Both corpora, with the utterances as they are here."""
        train, test = self.origins
        tested = [utterance for utterance in self.utterances if utterance.split == TESTED]
        others = [utterance for utterance in self.utterances if utterance.split != TESTED]
        return (
            dataclasses.replace(train, utterances=tuple(others)),
            dataclasses.replace(test, utterances=tuple(tested)),
        )

    @property
    def folder(self) -> str:
        """The name of its folders."""
        return "-to-".join(map(folder_of, self.origins))


def join(train: Corpus, test: Corpus) -> CrossCorpus:
    """Makes one corpus of two.

    Args:
        train: The corpus that trains.
        test: The corpus that is tested.

    Raises:
        SettingError: they are the same files.
    """
    if train.root.resolve() == test.root.resolve():
        raise SettingError(f"--test-corpus-root {test.root}: is the corpus that trains; give another one")
    taken = {utterance.id for utterance in train.utterances}
    rename = any(utterance.id in taken for utterance in test.utterances)
    tested = [_tested(utterance, train.name, folder_of(test), rename) for utterance in test.utterances]
    utterances = [*(dataclasses.replace(utterance, split=None) for utterance in train.utterances), *tested]
    return CrossCorpus(
        name=f"{train.name}-to-{test.name}",
        root=train.root,
        utterances=sorted_by_id(utterances),
        citation=f"{train.citation}; {test.citation}",
        licence=f"{train.licence}; {test.licence}",
        expected={"utterances": train.expected["utterances"] + test.expected["utterances"]},
        origins=(train, test),
    )


def _tested(utterance: Utterance, corpus: str, name: str, rename: bool) -> Utterance:
    """An utterance of the tested corpus; what the training corpus decides by its name holds for it as well."""
    return dataclasses.replace(
        utterance,
        id=f"{name}-{utterance.id}" if rename else utterance.id,
        corpus=corpus,
        speaker=f"{name}-{utterance.speaker}",
        session=f"{name}-{utterance.session}",
        split=TESTED,
    )


def parts_of(corpus: Corpus) -> tuple[Corpus, ...]:
    """The corpora that a corpus was joined of, or the corpus itself."""
    return corpus.parts if isinstance(corpus, CrossCorpus) else (corpus,)


def place_of(corpus: Corpus) -> str:
    """Returns the folder name of a corpus, or of two."""
    return corpus.folder if isinstance(corpus, CrossCorpus) else folder_of(corpus)


def shared_task(task: Task, corpus: CrossCorpus, classes: Sequence[str] | None) -> Task:
    """The task with the classes that both corpora have.

    Args:
        task: The paper's.
        corpus: Both corpora.
        classes: Those of `--classes`, which both must have; `all` for all that both have, None for the paper's.

    Raises:
        SettingError: a class of `--classes` is not in both, or they share fewer than two.
    """
    train, test = corpus.parts
    free = dataclasses.replace(task.on(train.name), expected={}, classes_on={})
    if classes and list(classes) != ["all"]:
        tasks = [free.with_classes(classes, part) for part in (train, test)]
        return tasks[0]
    wide = free.with_classes("all", corpus) if classes else free
    having = [_classes_in(wide, part) for part in (train, test)]
    shared = [name for name in wide.classes if all(name in found for found in having)]
    if len(shared) < 2:
        there = "; ".join(f"{part.name} has {', '.join(found) or 'none of them'}" for part, found in zip(
            (train, test), having, strict=True))  # fmt: skip
        raise SettingError(f"--test-corpus {test.name}: fewer than two classes are in both corpora ({there})")
    return task.on(train.name) if tuple(shared) == free.classes else free.with_classes(shared, corpus)


def _classes_in(task: Task, corpus: Corpus) -> list[str]:
    """The task's classes that occur in a corpus."""
    selected = dataclasses.replace(task, needs_alignment=False).select(corpus)
    found = {task.target_of(utterance) for utterance in selected}
    return [name for name in task.classes if name in found]


def in_words(train: str, test: str, normalise: str) -> str:
    """Describes a pair of corpora for the head of a table and the leak report.

    Args:
        train: Name of the corpus that trains.
        test: Name of the tested corpus.
        normalise: One of `ser_tf.protocol.folds.NORMALISE`.
    """
    statistics = (
        f"features normalised by {train}"
        if normalise == SOURCE
        else f"features of {test} normalised by its own unlabelled recordings"
    )
    return f"cross-corpus: trained on {train}, tested on {test}; {statistics}"


def options_of(corpus: Corpus) -> dict[str, Any]:
    """Returns location and options of a corpus, or of two, for the cards of models.

    Args:
        corpus: The corpus of a run.
    """
    if isinstance(corpus, CrossCorpus):
        train, test = corpus.origins
        return {**_options_of_one(train), "test_corpus": _options_of_one(test)}
    return _options_of_one(corpus)


def _options_of_one(corpus: Corpus) -> dict[str, Any]:
    return {
        "corpus": corpus.name,
        "corpus_root": str(corpus.root.resolve()),
        "audio_root": None if corpus.audio_root is None else str(corpus.audio_root.resolve()),
        "columns": dict(corpus.columns),
    }


def load(options: Mapping[str, Any], root: Path | None = None) -> Corpus:
    """Loads the corpus, or the two, that `options_of` describes.

    Args:
        options: From `options_of`, or a model's card.
        root: Where the corpus that trains has been moved; None for where it was.

    Raises:
        UserError: a corpus is not there or cannot be read.
    """
    train = _load_one(options, root)
    return join(train, _load_one(options["test_corpus"])) if options.get("test_corpus") else train


def _load_one(options: Mapping[str, Any], root: Path | None = None) -> Corpus:
    place = root or options["corpus_root"]
    return corpora.load(options["corpus"], place, options.get("audio_root"), options.get("columns"))
