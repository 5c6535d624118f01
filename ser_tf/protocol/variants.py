"""The protocols that papers on IEMOCAP differ in, for `--sweep protocol`: what their numbers owe to the protocol.

{happy, happy+excited} x {all speech, improvised} x {the paper's folds, random folds}. Everything else stays the
paper's. Random folds draw utterances whoever speaks, as many folds as there are sessions, so that training sets keep
their size: what changes is that tested speakers are heard in training.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import TypeVar

from ser_tf.corpora.base import IMPROVISED, SCRIPTED, Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.errors import SettingError
from ser_tf.protocol import folds
from ser_tf.protocol.paper import Paper

L = TypeVar("L")
PROTOCOL = "protocol"
HAPPY, EXCITED = "happy", "excited"
STYLES = ((), (IMPROVISED,))


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One combination.

    Attributes:
        with_excited: Whether excited counts as happy.
        styles: Styles that are used; empty for all.
        random_folds: Whether folds are drawn whoever speaks, in place of the paper's folds.
    """

    with_excited: bool
    styles: tuple[str, ...]
    random_folds: bool

    @property
    def text(self) -> str:
        """In words, such as `happy+excited, improvised, random folds`."""
        classes = f"{HAPPY}+{EXCITED}" if self.with_excited else HAPPY
        whose = "random" if self.random_folds else "session"
        return f"{classes}, {' and '.join(self.styles) or 'all'}, {whose} folds"


def all_protocols() -> tuple[Protocol, ...]:
    """The eight combinations."""
    return tuple(itertools.starmap(Protocol, itertools.product((False, True), STYLES, (False, True))))


def protocol_of(task: Task) -> Protocol:
    """The combination that a paper's own task stands for, with its own folds."""
    styles = tuple(style for style in task.styles if style in (IMPROVISED, SCRIPTED))
    return Protocol(task.merges.get(EXCITED) == HAPPY, styles, False)


def require_protocols(task: Task, corpus: Corpus) -> None:
    """Checks that the combinations exist.

    Raises:
        SettingError: the task does not distinguish them, or the corpus does not.
    """
    if HAPPY not in task.classes or EXCITED in task.classes:
        raise SettingError(f"--sweep {PROTOCOL}: task {task.name} needs the class {HAPPY}, and not {EXCITED}")
    labels = {utterance.label for utterance in corpus.utterances}
    styles = {utterance.style for utterance in corpus.utterances}
    if missing := sorted({HAPPY, EXCITED} - labels) + sorted({IMPROVISED, SCRIPTED} - styles):
        raise SettingError(
            f"--sweep {PROTOCOL}: {corpus.name} has no {missing[0]} speech; the combinations are IEMOCAP's"
        )


def with_protocol(paper: Paper[L], protocol: Protocol) -> Paper[L]:
    """The paper with another protocol; its counts of utterances do not apply any more.

    Args:
        paper: The paper.
        protocol: The combination.
    """

    def task(ledger: L) -> Task:
        own = paper.task(ledger)
        merges = {label: merged for label, merged in own.merges.items() if label != EXCITED}
        merges |= {EXCITED: HAPPY} if protocol.with_excited else {}
        return dataclasses.replace(own, merges=merges, styles=protocol.styles, expected={})

    def make_folds(utterances: Sequence[Utterance], ledger: L, seed: int) -> tuple[folds.Fold, ...]:
        return random_folds(utterances, task(ledger), seed)

    return dataclasses.replace(paper, task=task, folds=make_folds if protocol.random_folds else paper.folds)


def random_folds(utterances: Sequence[Utterance], task: Task, seed: int) -> tuple[folds.Fold, ...]:
    """As many folds as there are sessions, drawn at random with every class spread evenly; only classes are tested.

    Args:
        utterances: All of the task.
        task: Says what class each has.
        seed: Draws the folds.

    Raises:
        SettingError: fewer than three sessions, or a class is too small.
    """
    number = len({utterance.session for utterance in utterances})
    drawn = folds.k_fold(utterances, seed, number, lambda utterance: str(task.target_of(utterance)))
    return folds.testing(drawn, {utterance.id for utterance in utterances if task.target_of(utterance) is not None})
