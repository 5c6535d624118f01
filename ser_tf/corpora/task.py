"""A task: which utterances of a corpus a paper uses, and as which classes."""

import dataclasses
from collections.abc import Mapping

from ser_tf import labels
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.errors import CorpusError


@dataclasses.dataclass(frozen=True)
class Task:
    """Classes, merges and styles that make a classification problem out of a corpus.

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
        name: Names the task in tables and paths.
        classes: Canonical names; kept in the order of `ser_tf.labels.EMOTIONS`, which is the order of all outputs.
        merges: Labels counted as another one, such as `{"excited": "happy"}`.
        styles: Styles that are taken; empty for all.
        expected: Number of utterances on the full corpus, by the corpus's name.
        classes_on: Other classes on some corpora, by the corpus's name; `on` takes them.
        include_others: Also take utterances whose label is none of the classes or that have no majority.
        needs_alignment: Leave out utterances without a word alignment.
    """

    name: str
    classes: tuple[str, ...]
    merges: Mapping[str, str] = dataclasses.field(default_factory=dict)
    styles: tuple[str, ...] = ()
    expected: Mapping[str, int] = dataclasses.field(default_factory=dict)
    classes_on: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    include_others: bool = False
    needs_alignment: bool = False

    def __post_init__(self) -> None:
        """Orders the classes and checks all names.

        Raises:
            ValueError: a class or merge is not a canonical name, or a class is merged away.
        """
        unknown = {*self.classes, *self.merges, *self.merges.values()} - set(labels.EMOTIONS)
        if unknown:
            raise ValueError(f"task {self.name}: not canonical labels: {', '.join(sorted(unknown))}")
        if swallowed := set(self.classes) & set(self.merges):
            raise ValueError(f"task {self.name}: both a class and merged: {', '.join(sorted(swallowed))}")
        object.__setattr__(self, "classes", labels.in_fixed_order(self.classes))

    def on(self, corpus: str) -> "Task":
        """The task with the classes that it has on a corpus, by the corpus's name."""
        return dataclasses.replace(self, classes=self.classes_on.get(corpus, self.classes))

    def target_of(self, utterance: Utterance) -> str | None:
        """The class of an utterance after merging, or None when its label is not one of the classes."""
        label = utterance.label
        merged = self.merges.get(label, label) if label is not None else None
        return merged if merged in self.classes else None

    def label_of(self, utterance: Utterance) -> str:
        """The class of an utterance after merging.

        Raises:
            ValueError: the utterance's label is not one of the classes; `target_of` gives None instead.
        """
        target = self.target_of(utterance)
        if target is None:
            raise ValueError(f"{utterance.id}: label {utterance.label} is not a class of task {self.name}")
        return target

    def class_index(self, utterance: Utterance) -> int:
        """Position of the utterance's class in `classes`.

        Raises:
            ValueError: as `label_of`.
        """
        return self.classes.index(self.label_of(utterance))

    def select(self, corpus: Corpus) -> tuple[Utterance, ...]:
        """The utterances of the task, sorted by id, with the release's labels; `label_of` merges."""
        chosen = (
            utterance
            for utterance in self._candidates(corpus)
            if utterance.words is not None or not self.needs_alignment
        )
        return tuple(sorted(chosen, key=lambda utterance: utterance.id))

    def _candidates(self, corpus: Corpus) -> list[Utterance]:
        return [
            utterance
            for utterance in corpus.utterances
            if (not self.styles or utterance.style in self.styles)
            and (self.include_others or self.target_of(utterance) is not None)
        ]

    def check(self, corpus: Corpus) -> str | None:
        """Compares the number of selected utterances with the task's own count for this corpus.

        Returns:
            None when all is well; on a partial corpus one line of warning to be printed with the results.

        Raises:
            CorpusError: nothing is selected, or the corpus is full and the count is another one; the ids that fall
                out for want of audio or alignment are named.
        """
        number = len(self.select(corpus))
        if number == 0:
            raise CorpusError(f"{corpus.root}: {self._why_nothing(corpus)}")
        expected = self.expected.get(corpus.name)
        if not corpus.is_full:
            of_all = f" of {expected:,}" if expected is not None else ""
            return (
                f"{corpus.name} is partial ({len(corpus.utterances):,} of {corpus.expected['utterances']:,} "
                f"utterances): task {self.name} uses {number:,}{of_all}"
            )
        if expected is None or number == expected:
            return None
        raise CorpusError(
            f"{corpus.root}: task {self.name} selects {number:,} utterances of {corpus.name}, not {expected:,}"
            f"{self._known_missing(corpus)}"
        )

    def _why_nothing(self, corpus: Corpus) -> str:
        candidates = self._candidates(corpus)
        if not candidates:
            return f"task {self.name} finds no utterance of {', '.join(self.classes)} in {corpus.name}"
        return (
            f"task {self.name} needs to know when each word is spoken, and {corpus.name} has no word times for any of "
            f"its {len(candidates):,} utterances; give alignments as TextGrid or CTM files with --alignment DIR"
        )

    def _known_missing(self, corpus: Corpus) -> str:
        if not self.needs_alignment:
            return "; the labels are not those of the release"
        dropped = sorted(utterance.id for utterance in self._candidates(corpus) if utterance.words is None)
        if not dropped:
            return "; the labels are not those of the release"
        shown = ", ".join(dropped[:5]) + (f" and {len(dropped) - 5} more" if len(dropped) > 5 else "")
        return f"; without alignment: {shown}"
