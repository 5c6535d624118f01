"""Turning flags into a run: the checked and hashed corpus, and the settings shared by all jobs."""

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from rich.console import Console

from ser_tf import corpora, files
from ser_tf.corpora import table_columns
from ser_tf.corpora.base import Corpus, Utterance
from ser_tf.data import digests
from ser_tf.errors import SettingError
from ser_tf.protocol import progress, runner
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.paper import Material, Paper
from ser_tf.protocol.runner import Run

L = TypeVar("L")
SMOKE_UTTERANCES = 2
"""Number of utterances of each speaker and class in a smoke run."""
SMOKE_FOLDS = 2


@dataclasses.dataclass(frozen=True)
class LoadedRun(Generic[L]):
    """A run as set up from its flags: what jobs share, the corpus, and the table's notes on it."""

    run: Run[L]
    corpus: Corpus
    notes: list[str]


def load_run(paper: Paper[L], flags: argparse.Namespace, ledger: L, output: Console) -> LoadedRun[L]:
    """Loads and checks the corpus named by the flags, and sets up the run.

    Raises:
        UserError: bad usage or bad data.
    """
    files.require_writable(flags.output)
    corpus = load_corpus(flags, output)
    paths = {option.name: getattr(flags, option.name) for option in paper.options}
    material = paper.prepare(corpus, ledger, paths) if paper.prepare else Material(corpus)
    corpus = material.corpus
    task = paper.task(ledger).on(corpus.name)
    if flags.classes:
        task = task.with_classes("all" if flags.classes == ["all"] else flags.classes, corpus)
    warning = task.check(corpus)
    corpus.check_audio()
    utterances = task.select(corpus)
    if flags.smoke:
        utterances = smoke_subset(utterances, task.target_of)
    by_id = {utterance.id: utterance for utterance in utterances}
    layout = Layout(flags.output, paper.key, corpus.name)
    run = Run(
        layout=layout,
        task=task,
        ledger=ledger,
        utterances=by_id,
        corpus_options={
            "corpus_root": str(corpus.root.resolve()),
            "audio_root": None if corpus.audio_root is None else str(corpus.audio_root.resolve()),
            "columns": dict(corpus.columns),
        },
        recordings=_digest(utterances, layout, output) if not flags.list else "",
        smoke=flags.smoke,
        keep_models=flags.keep_models,
        tensorboard=flags.tensorboard,
        inputs=material.inputs,
        reuse_older_code=flags.reuse_older_code,
    )
    return LoadedRun(run, corpus, [*filter(None, [warning]), *material.notes])


def _digest(utterances: Sequence[Utterance], layout: Layout, output: Console) -> str:
    paths = sorted({utterance.path for utterance in utterances})
    with progress.bar(output, "recordings", len(paths)) as report:
        contents = digests.digests_of(paths, layout.features, report)
    return runner.digest_of_recordings({utterance.id: utterance for utterance in utterances}, contents)


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
    """Loads the corpus named by `--corpus` and `--corpus-root`, generating the synthetic one if it does not exist.

    Raises:
        UserError: the corpus does not exist or cannot be read.
    """
    root = flags.corpus_root
    if flags.corpus == "synthetic":
        root = root or flags.output / "corpora" / "synthetic"
        if not root.exists():
            from ser_tf.corpora.synthetic import generate

            with progress.bar(output, "generating the synthetic corpus", 1) as report:
                generate(root, progress=report)
    elif root is None:
        what = "the file with your recordings" if flags.corpus == corpora.TABLE else "the folder that holds it"
        raise SettingError(f"--corpus {flags.corpus} needs --corpus-root, {what}")
    return corpora.load(flags.corpus, root, flags.audio_root, table_columns.parse_mapping(flags.columns))


def chosen_folds(paper: Paper[L], run: Run[L], seed: int, flags: argparse.Namespace) -> tuple[Fold, ...]:
    """Returns the folds named by `--folds`, otherwise the first ones in a smoke run, otherwise all.

    Raises:
        SettingError: there is no such fold.
    """
    folds = paper.folds(tuple(run.utterances.values()), run.ledger, seed)
    unknown = sorted(set(flags.folds or ()) - {fold.name for fold in folds})
    if unknown:
        raise SettingError(f"--folds {unknown[0]}: no such fold; there are {', '.join(fold.name for fold in folds)}")
    if flags.folds:
        return tuple(fold for fold in folds if fold.name in flags.folds)
    return folds[:SMOKE_FOLDS] if flags.smoke else folds
