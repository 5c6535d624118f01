"""Turning flags into a run: the checked and hashed corpus, and the settings shared by all jobs."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from rich.console import Console

from ser_tf import corpora
from ser_tf.corpora import table_columns
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.corpora.task import Task
from ser_tf.data import digests
from ser_tf.errors import SettingError
from ser_tf.protocol import cross_corpus, leaks, progress, runner
from ser_tf.protocol.cross_corpus import CrossCorpus
from ser_tf.protocol.folds import Fold, testing
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.paper import Material, Paper
from ser_tf.protocol.runner import Run

L = TypeVar("L")
SMOKE_UTTERANCES = 2
"""Number of utterances of each speaker and class in a smoke run."""
SMOKE_FOLDS = 2


@dataclasses.dataclass(frozen=True)
class LoadedRun(Generic[L]):
    """A run as set up from its flags: what jobs share, the corpus, and the table's notes on it.

    Attributes:
        run: Settings and data shared by the jobs.
        corpus: The corpus as prepared by the paper.
        notes: Cautions, one line each.
        twins: Identical recordings under several names (`leaks.twins_of`); None if none were read.
    """

    run: Run[L]
    corpus: Corpus
    notes: list[str]
    twins: Mapping[str, str] | None = None


def load_run(
    paper: Paper[L], flags: argparse.Namespace, ledger: L, output: Console, corpus: Corpus | None = None
) -> LoadedRun[L]:
    """Checks the corpus named by the flags, and sets up the run.

    Args:
        paper: The paper.
        flags: The flags of the run.
        ledger: The assumptions.
        output: The console for progress.
        corpus: Result of `load_corpus` for the same flags; None loads it.

    Raises:
        UserError: bad usage or bad data.
    """
    corpus = corpus or load_corpus(flags, output)
    task = chosen_task(paper.task(ledger), corpus, flags.classes)
    material = prepared(paper, corpus, task, ledger, flags)
    corpus = material.corpus
    parts = cross_corpus.parts_of(corpus)
    warnings = [warning for part in parts if (warning := task.check(part))]
    for part in parts:
        part.check_audio()
    utterances = task.select(corpus)
    if flags.smoke:
        utterances = smoke_subset(utterances, task.target_of)
    by_id = {utterance.id: utterance for utterance in utterances}
    layout = Layout(flags.output, paper.key, corpus.name, cross_corpus.place_of(corpus))
    contents = _contents(utterances, layout, output) if not flags.list else {}
    run = Run(
        layout=layout,
        task=task,
        ledger=ledger,
        utterances=by_id,
        corpus_options=cross_corpus.options_of(corpus),
        recordings=runner.digest_of_recordings(by_id, contents) if contents else "",
        smoke=flags.smoke,
        keep_models=flags.keep_models,
        tensorboard=flags.tensorboard,
        inputs=material.inputs,
        reuse_older_code=flags.reuse_older_code,
    )
    twins = leaks.twins_of(by_id, contents) if contents else None
    return LoadedRun(run, corpus, [*_generated(parts), *warnings, *material.notes], twins)


def chosen_task(task: Task, corpus: Corpus, classes: Sequence[str] | None) -> Task:
    """The task with the classes that it has on a corpus, or on both of two, or that `--classes` names.

    Raises:
        SettingError: `--classes` names a class that does not occur.
    """
    if isinstance(corpus, CrossCorpus):
        return cross_corpus.shared_task(task, corpus, classes)
    task = task.on(corpus.name)
    return task.with_classes("all" if classes == ["all"] else classes, corpus) if classes else task


def prepared(paper: Paper[L], corpus: Corpus, task: Task, ledger: L, flags: argparse.Namespace) -> Material:
    """Returns the corpus and the user's files as prepared by the paper.

    Raises:
        UserError: one of the files cannot be used.
    """
    paths = {option.name: getattr(flags, option.name) for option in paper.options}
    return paper.prepare(corpus, task, ledger, paths) if paper.prepare else Material(corpus)


def _generated(parts: Sequence[Corpus]) -> list[str]:
    """Says which of two corpora is generated; the table of one says so by itself."""
    return [f"{part.name} is generated speech" for part in parts if len(parts) > 1 and part.name == "synthetic"]


def _contents(utterances: Sequence[Utterance], layout: Layout, output: Console) -> dict[Path, str]:
    """The digest of each audio file."""
    paths = sorted({utterance.path for utterance in utterances})
    with progress.bar(output, "recordings", len(paths)) as report:
        return digests.digests_of(paths, layout.features, report)


def smoke_subset(
    utterances: Sequence[Utterance], target_of: Callable[[Utterance], str | None]
) -> tuple[Utterance, ...]:
    """Selects the first utterances of each speaker and class for a smoke run, treating no class as one more class."""
    counts: dict[tuple[str, str | None], int] = {}
    chosen = []
    for utterance in utterances:
        kind = (utterance.speaker, target_of(utterance))
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= SMOKE_UTTERANCES:
            chosen.append(utterance)
    return tuple(chosen)


def load_corpus(flags: argparse.Namespace, output: Console) -> Corpus:
    """Loads the corpora that `--corpus` and `--test-corpus` name, two as one; the generated one is made if need be.

    Raises:
        UserError: a corpus is not there or cannot be read.
    """
    corpus = _load_corpus(flags, output, "")
    if flags.test_corpus is None:
        return corpus
    return cross_corpus.join(corpus, _load_corpus(flags, output, "test_"))


def _load_corpus(flags: argparse.Namespace, output: Console, prefix: str) -> Corpus:
    """Loads the corpus named by its flags.

    Args:
        flags: All flags.
        output: The console for progress.
        prefix: `test_` for the flags of the tested corpus.
    """
    name, root, audio_root, columns = (
        getattr(flags, f"{prefix}{flag}") for flag in ("corpus", "corpus_root", "audio_root", "columns")
    )
    if name == "synthetic":
        root = root or flags.output / "corpora" / "synthetic"
        if not root.exists():
            from ser_tf.corpora.synthetic import generate

            with progress.bar(output, "generating the synthetic corpus", 1) as report:
                generate(root, progress=report)
    elif root is None:
        what = "the file with your recordings" if name == corpora.TABLE else "the folder that holds it"
        dashed = prefix.replace("_", "-")
        raise SettingError(f"--{dashed}corpus {name} needs --{dashed}corpus-root, {what}")
    return corpora.load(name, root, audio_root, table_columns.parse_mapping(columns))


def all_folds(paper: Paper[L], run: Run[L], seed: int) -> tuple[Fold, ...]:
    """Makes the folds of a run by the paper's rule, testing only utterances with one of the run's classes.

    Raises:
        SettingError: the utterances do not suffice for the rule, or none can be tested.
    """
    tested = {key for key, utterance in run.utterances.items() if run.task.target_of(utterance) is not None}
    return testing(paper.folds(tuple(run.utterances.values()), run.ledger, seed), tested)


def chosen_folds(paper: Paper[L], run: Run[L], seed: int, flags: argparse.Namespace) -> tuple[Fold, ...]:
    """Returns the folds named by `--folds`, otherwise the first ones in a smoke run, otherwise all.

    Raises:
        SettingError: there is no such fold.
    """
    folds = all_folds(paper, run, seed)
    unknown = sorted(set(flags.folds or ()) - {fold.name for fold in folds})
    if unknown:
        raise SettingError(f"--folds {unknown[0]}: no such fold; there are {', '.join(fold.name for fold in folds)}")
    if flags.folds:
        return tuple(fold for fold in folds if fold.name in flags.folds)
    return folds[:SMOKE_FOLDS] if flags.smoke else folds
