"""Tasks: the utterances of a corpus used by a paper, and their classes."""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from ser_tf import labels
from ser_tf.corpora.base import UNKNOWN, Corpus, Utterance
from ser_tf.corpora.plain_text import shown
from ser_tf.errors import CorpusError, SettingError

OTHER_CLASSES, NO_LABEL, NO_WORDS = "of other classes", "without a majority label", "without word times"
"""Why a task leaves utterances out, besides their style."""


@dataclasses.dataclass(frozen=True)
class Task:
    """Classes, merges and styles that define a classification problem on a corpus.

    IEMOCAP's improvised speech in four classes, 2,280 utterances:

        >>> task = Task(
        ...     name="improvised-4",
        ...     classes=("angry", "happy", "sad", "neutral"),
        ...     styles=("improvised",),
        ...     expected={"iemocap": 2280},
        ... )
        >>> task.classes
        ('angry', 'happy', 'sad', 'neutral')

    Attributes:
        name: Name of the task in tables and paths.
        classes: Canonical names; kept in the order of `ser_tf.labels.EMOTIONS`, which is the order of all outputs.
        merges: Labels that count as another label, such as `{"excited": "happy"}`.
        styles: Styles to use; empty for all. Utterances of unknown style are always used.
        expected: Number of utterances in the full corpus, by the corpus's name.
        own_classes: Names among `classes` that are not canonical but from the user's own table.
        classes_on: Other classes for some corpora, by the corpus's name; `on` applies them.
        include_others: Also take utterances whose label is none of the classes or that have no majority.
        needs_alignment: Leave out utterances without a word alignment.
    """

    name: str
    classes: tuple[str, ...]
    merges: Mapping[str, str] = dataclasses.field(default_factory=dict)
    styles: tuple[str, ...] = ()
    expected: Mapping[str, int] = dataclasses.field(default_factory=dict)
    own_classes: tuple[str, ...] = ()
    classes_on: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    include_others: bool = False
    needs_alignment: bool = False

    def __post_init__(self) -> None:
        """Orders the classes and checks all names.

        Raises:
            ValueError: a class or merge is not a canonical name, or a class is merged away.
        """
        unknown = {*self.classes, *self.merges, *self.merges.values()} - set(labels.EMOTIONS) - set(self.own_classes)
        if unknown:
            raise ValueError(f"task {self.name}: not canonical labels: {', '.join(sorted(unknown))}")
        if swallowed := set(self.classes) & set(self.merges):
            raise ValueError(f"task {self.name}: both a class and merged: {', '.join(sorted(swallowed))}")
        object.__setattr__(self, "classes", labels.in_fixed_order(self.classes))

    def on(self, corpus: str) -> "Task":
        """Returns the task with its classes on a corpus, given by name."""
        return dataclasses.replace(self, classes=self.classes_on.get(corpus, self.classes))

    def with_classes(self, names: Sequence[str] | Literal["all"], corpus: Corpus) -> "Task":
        """Returns the task with other classes, for a corpus that is not the paper's.

        A label that the task merges into another one (`excited` into `happy`) becomes a separate class if it is named,
        or, with `all`, if the corpus has it. The paper's counts no longer apply.

        Args:
            names: The classes, in any spelling known to `ser_tf.labels.canonical`, or `all` for every class of the
                corpus in the task's styles.
            corpus: The corpus whose labels to choose from.

        Raises:
            SettingError: the corpus is the paper's own, there are fewer than two classes, or a class is given twice or
                has no utterance in the corpus; lists the classes of the corpus.
        """
        if corpus.name in self.expected:
            fixed = ", ".join(self.classes)
            raise SettingError(f"--classes: {corpus.name} is the paper's own corpus, with the classes {fixed}")
        counts = Counter(
            utterance.label
            for utterance in corpus.utterances
            if utterance.label is not None and self._has_style(utterance)
        )
        chosen = list(counts) if names == "all" else [self._class_named(name, counts, corpus) for name in names]
        if twice := [name for name, number in Counter(chosen).items() if number > 1]:
            raise SettingError(f"--classes: {twice[0]} is given twice")
        if len(chosen) < 2:
            raise SettingError(f"--classes: at least two are needed; {_present(counts, corpus)}")
        classes = labels.in_fixed_order(chosen)
        return dataclasses.replace(
            self,
            name=f"{self.name}-{len(classes)}-classes",
            classes=classes,
            merges={
                label: merged for label, merged in self.merges.items() if label not in classes and merged in classes
            },
            expected={},
            own_classes=tuple(name for name in classes if name not in labels.EMOTIONS),
            classes_on={},
        )

    def target_of(self, utterance: Utterance) -> str | None:
        """Returns the class of an utterance after merging, or None if its label is not one of the classes."""
        label = utterance.label
        merged = self.merges.get(label, label) if label is not None else None
        return merged if merged in self.classes else None

    def label_of(self, utterance: Utterance) -> str:
        """Returns the class of an utterance after merging.

        Raises:
            ValueError: the utterance's label is not one of the classes; `target_of` gives None instead.
        """
        target = self.target_of(utterance)
        if target is None:
            raise ValueError(f"{utterance.id}: label {utterance.label} is not a class of task {self.name}")
        return target

    def class_index(self, utterance: Utterance) -> int:
        """Returns the index of the utterance's class in `classes`.

        Raises:
            ValueError: as `label_of`.
        """
        return self.classes.index(self.label_of(utterance))

    def select(self, corpus: Corpus) -> tuple[Utterance, ...]:
        """Selects the utterances of the task, sorted by id, with the release's labels; `label_of` merges."""
        chosen = (utterance for utterance in corpus.utterances if self._why_unused(utterance) is None)
        return tuple(sorted(chosen, key=lambda utterance: utterance.id))

    def left_out(self, corpus: Corpus) -> list[str]:
        """Says how many utterances of a corpus the task does not use and why, such as `2,943 scripted`."""
        unused = [(self._why_unused(utterance), str(utterance.label)) for utterance in corpus.utterances]
        reasons = Counter(reason for reason, _ in unused if reason is not None)
        others = Counter(label for reason, label in unused if reason == OTHER_CLASSES)
        named = ", ".join(f"{name} {others[name]:,}" for name in labels.in_fixed_order(list(others)))
        return [
            f"{number:,} {reason}" + (f" ({named})" if reason == OTHER_CLASSES else "")
            for reason, number in reasons.items()
        ]

    def _why_unused(self, utterance: Utterance) -> str | None:
        """Why the task does not use an utterance, or None for one that it uses."""
        if not self._has_style(utterance):
            return utterance.style
        if self.target_of(utterance) is None and not self.include_others:
            return NO_LABEL if utterance.label is None else OTHER_CLASSES
        return NO_WORDS if self.needs_alignment and utterance.words is None else None

    def _candidates(self, corpus: Corpus) -> list[Utterance]:
        return [
            utterance
            for utterance in corpus.utterances
            if self._has_style(utterance) and (self.include_others or self.target_of(utterance) is not None)
        ]

    def _class_named(self, name: str, counts: Mapping[str, int], corpus: Corpus) -> str:
        """Returns the class meant by the user, which the corpus must have."""
        found = labels.canonical(name)
        if found is None or not any(label == found or self.merges.get(label) == found for label in counts):
            raise SettingError(
                f"--classes: {corpus.name} has no utterance of {shown(name)}; {_present(counts, corpus)}"
            )
        return found

    def _has_style(self, utterance: Utterance) -> bool:
        return not self.styles or utterance.style in (*self.styles, UNKNOWN)

    def check(self, corpus: Corpus) -> str | None:
        """Compares the number of selected utterances with the task's own count for this corpus.

        Returns:
            None if the counts agree; for a partial corpus, a one-line warning to print with the results.

        Raises:
            CorpusError: nothing or only one class is selected, or the corpus is full and the counts differ. The message
                names utterances without a word alignment if the task needs one.
        """
        selected = self.select(corpus)
        number = len(selected)
        if number == 0:
            raise CorpusError(f"{corpus.root}: {self._why_nothing(corpus)}")
        expected = self.expected.get(corpus.name)
        if corpus.is_full and expected is not None and number != expected:
            raise CorpusError(
                f"{corpus.root}: task {self.name} selects {number:,} utterances of {corpus.name}, not {expected:,}"
                f"{self._known_missing(corpus)}"
            )
        found = {target for utterance in selected if (target := self.target_of(utterance)) is not None}
        if len(found) < 2:
            only = f"are {found.pop()}" if found else "are of none of its classes"
            raise CorpusError(f"{corpus.root}: all utterances that task {self.name} uses {only}; it needs two classes")
        if corpus.is_full:
            return None
        of_all = f" of {expected:,}" if expected is not None else ""
        return (
            f"{corpus.name} is partial ({len(corpus.utterances):,} of {corpus.expected['utterances']:,} "
            f"utterances): task {self.name} uses {number:,}{of_all}"
        )

    def _why_nothing(self, corpus: Corpus) -> str:
        candidates = self._candidates(corpus)
        if not candidates:
            return f"task {self.name} finds no utterance of {', '.join(self.classes)} in {corpus.name}"
        return (
            f"task {self.name} needs to know when each word is spoken, and {corpus.name} has no word times for any of "
            f"its {len(candidates):,} utterances; give alignments with --alignment DIR (ser-tf align makes"
            " them for English)"
        )

    def _known_missing(self, corpus: Corpus) -> str:
        if not self.needs_alignment:
            return "; the labels are not those of the release"
        dropped = sorted(utterance.id for utterance in self._candidates(corpus) if utterance.words is None)
        if not dropped:
            return "; the labels are not those of the release"
        named = ", ".join(dropped[:5]) + (f" and {len(dropped) - 5} more" if len(dropped) > 5 else "")
        return f"; without alignment: {named}"


def _present(counts: Mapping[str, int], corpus: Corpus) -> str:
    if not counts:
        return f"{corpus.name} has no labelled utterance of the task's styles"
    listed = ", ".join(f"{name} ({counts[name]:,})" for name in labels.in_fixed_order(list(counts)))
    return f"it has {listed}"
