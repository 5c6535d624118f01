"""Shared parts of a comparison's systems: recordings, classes and folds."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.evaluation.schema import Conditions
from ser_tf.protocol import folds
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.paper import Material, Paper

L = TypeVar("L")
KEY = "compare"
NUM_FOLDS = 10
RULES: Mapping[str, tuple[Callable[[Sequence[Utterance], int], tuple[Fold, ...]], str, str]] = {
    "session": (folds.by_session, "leave one session out", "one speaker of the other sessions"),
    "speaker": (folds.by_speaker, "leave one speaker out", "the tested speaker's partner"),
    "utterance": (
        lambda utterances, seed: folds.k_fold(utterances, seed, NUM_FOLDS, lambda utterance: str(utterance.label)),
        f"{NUM_FOLDS} folds of utterances, whoever speaks",
        "the fold after the tested one",
    ),
}
"""For each unit of `--folds-by` the rule, and in words how folds are made and what chooses the epoch."""


@dataclasses.dataclass(frozen=True)
class NoLedger:
    """The ledger of the baselines, which assume nothing."""


def common_task(tasks: Sequence[Task], corpus: str) -> Task:
    """The task of a comparison: classes, merges and styles that all papers have.

    Args:
        tasks: The papers' tasks.
        corpus: Name of the corpus that trains.

    Raises:
        SettingError: the papers have no style of speech, or fewer than two classes, in common.
    """
    on_corpus = [task.on(corpus) for task in tasks]
    classes = [name for name in on_corpus[0].classes if all(name in task.classes for task in on_corpus)]
    merges = dict(on_corpus[0].merges)
    for task in on_corpus:
        merges = {label: merged for label, merged in merges.items() if task.merges.get(label) == merged}
    restricted = [task.styles for task in on_corpus if task.styles]
    styles = [style for style in (restricted[0] if restricted else ()) if all(style in other for other in restricted)]
    if restricted and not styles:
        raise SettingError("the compared papers have no style of speech in common; --set PAPER.styles=... changes it")
    if len(classes) < 2:
        raise SettingError("the compared papers have fewer than two classes in common; choose some with --classes")
    return Task(
        KEY,
        tuple(classes),
        merges={label: merged for label, merged in merges.items() if merged in classes and label not in classes},
        styles=tuple(styles),
    )


def compared(paper: Paper[L], task: Task, unit: str, reads_words: bool, aligned: frozenset[str] | None) -> Paper[L]:
    """A paper with the recordings, classes and folds of the comparison.

    Args:
        paper: The paper.
        task: The common task.
        unit: A key of `RULES`.
        reads_words: Whether one of its systems reads words.
        aligned: The only utterances that are used, those with words; None for all.
    """
    rule, made, validation = RULES[unit]
    words: Conditions = {
        "folds": made,
        "epoch_choice": f"each paper's own criterion on {validation}",
    }
    return dataclasses.replace(
        paper,
        task=functools.partial(_given, task),
        folds=functools.partial(_folds, rule=rule),
        prepare=functools.partial(_prepare, own=paper, reads_words=reads_words, aligned=aligned),
        conditions=functools.partial(_given, words),
    )


G = TypeVar("G")


def _given(value: G, ledger: object) -> G:
    """The value, whatever the ledger says."""
    del ledger
    return value


def _folds(
    utterances: Sequence[Utterance],
    ledger: object,
    seed: int,
    rule: Callable[[Sequence[Utterance], int], tuple[Fold, ...]],
) -> tuple[Fold, ...]:
    del ledger
    return rule(utterances, seed)


def _prepare(  # noqa: PLR0913 - the four arguments of every `prepare`
    corpus: Corpus,
    task: Task,
    ledger: L,
    paths: Mapping[str, Path | None],
    own: Paper[L],
    reads_words: bool,
    aligned: frozenset[str] | None,
) -> Material:
    """Returns the material prepared by the paper, unless it concerns words that none of its systems reads."""
    needs_alignment = own.task(ledger).needs_alignment
    material = Material(corpus)
    if own.prepare is not None and (reads_words or not needs_alignment):
        chosen = dataclasses.replace(task, needs_alignment=needs_alignment)
        material = own.prepare(corpus, chosen, ledger, paths)
    if aligned is None:
        return material
    # Without a label they are none of the comparison's, and the corpus keeps its number of utterances.
    utterances = tuple(
        utterance if utterance.id in aligned else dataclasses.replace(utterance, label=None)
        for utterance in material.corpus.utterances
    )
    return dataclasses.replace(material, corpus=dataclasses.replace(material.corpus, utterances=utterances))


def with_words(corpus: Corpus) -> frozenset[str]:
    """Ids of the utterances of which it is known when each word is spoken."""
    return frozenset(utterance.id for utterance in corpus.utterances if utterance.words is not None)


BASELINES = Paper(
    key=KEY,
    citation="",
    ledger=NoLedger(),
    task=lambda _: Task(KEY, ("angry", "happy", "sad", "neutral")),
    folds=lambda utterances, _, seed: folds.by_session(utterances, seed),
    tables=(),
)
"""The paper of the baselines, to which `compared` adds task and folds."""
