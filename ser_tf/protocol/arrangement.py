"""A paper with the folds that the flags ask for in place of its own: a fixed split, or another corpus as the test."""

import argparse
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

from ser_tf.corpora.base import Utterance
from ser_tf.evaluation.schema import Conditions
from ser_tf.protocol import cross_corpus, folds
from ser_tf.protocol.folds import SOURCE, Fold
from ser_tf.protocol.paper import Paper

L = TypeVar("L")
Rule = Callable[[Sequence[Utterance], L, int], tuple[Fold, ...]]


def arranged(paper: Paper[L], flags: argparse.Namespace) -> Paper[L]:
    """The paper with the folds that `--split` or `--test-corpus` ask for; everything else is its own.

    Args:
        paper: The paper.
        flags: Those of the run.
    """
    changed = Conditions()
    if given := data_flags(flags):
        changed["flags"] = given
    rule: Rule[L] = paper.folds
    if flags.test_corpus:
        rule = functools.partial(_cross_corpus, own=paper.folds, normalise=flags.normalise)
        changed["cross_corpus"] = cross_corpus.in_words(flags.corpus, flags.test_corpus, flags.normalise)
        changed["folds"] = "one corpus trains, the other is tested"
    elif flags.split:
        rule = _by_column
        changed["folds"] = "the table's own split column"
        changed["epoch_choice"] = "the table's own validation set"
    if not changed:
        return paper
    return dataclasses.replace(
        paper, folds=rule, conditions=functools.partial(_conditions, own=paper.conditions, changed=changed)
    )


def _cross_corpus(
    utterances: Sequence[Utterance], ledger: L, seed: int, own: Rule[L], normalise: str
) -> tuple[Fold, ...]:
    return folds.cross_corpus(utterances, lambda training: own(training, ledger, seed), normalise)


def _by_column(utterances: Sequence[Utterance], ledger: object, seed: int) -> tuple[Fold, ...]:
    """The split is fixed: neither the ledger nor the seed changes it."""
    del ledger, seed
    return folds.by_column(utterances)


def _conditions(ledger: L, own: Callable[[L], Conditions] | None, changed: Conditions) -> Conditions:
    return {**(own(ledger) if own else Conditions()), **changed}


def data_flags(flags: argparse.Namespace) -> list[str]:
    """The flags that choose classes, sets and the tested corpus, as a command has them; paths are left out."""
    words = ["--classes", *flags.classes] if flags.classes else []
    words += ["--split", flags.split] if flags.split else []
    for prefix in ("", "test-"):
        name = flags.test_corpus if prefix else flags.corpus
        if prefix and name:
            words += ["--test-corpus", name, "--test-corpus-root", "DIR"]
        if getattr(flags, f"{prefix}audio-root".replace("-", "_")):
            words += [f"--{prefix}audio-root", "DIR"]
        if columns := getattr(flags, f"{prefix}columns".replace("-", "_")):
            words += [f"--{prefix}columns", *columns]
    return [*words, *(["--normalise", flags.normalise] if flags.normalise != SOURCE else [])]
