"""Runs rows x folds x seeds: skips what is done, trains the rest, writes each result as soon as it is there."""

import dataclasses
import gc
import hashlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from ser_tf import code_digest, files
from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.protocol import kept_models, machine, results, sharing
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol.context import FoldContext, Places, seed_of
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.paper import FoldOutcome, RowUnavailableError, System
from ser_tf.protocol.record import Circumstances, UserInput

L = TypeVar("L")
Event = tuple[str, int, int, str]
"""What a running job reports: its name, epochs done, maximum epochs, text."""
OTHER_CODE = "made by other code"


@dataclasses.dataclass(frozen=True)
class Run(Generic[L]):
    """What all jobs of a run share; given to each worker process once.

    Attributes:
        layout: Where results lie.
        task: Classes and their order.
        ledger: The assumptions.
        utterances: All of the task, by id.
        corpus_options: Where the corpus lies and how it is read, for the cards of models.
        recordings: Digest of the recordings, with labels, votes and words.
        smoke: Whether this is a smoke run.
        keep_models: Whether trained models are kept.
        tensorboard: Whether TensorBoard's logs are written.
        inputs: What the user's own files gave, by name.
        reuse_older_code: Whether results that other code made are taken as they are.
    """

    layout: Layout
    task: Task
    ledger: L
    utterances: Mapping[str, Utterance]
    corpus_options: Mapping[str, Any]
    recordings: str
    smoke: bool = False
    keep_models: bool = False
    tensorboard: bool = False
    inputs: Mapping[str, UserInput] = dataclasses.field(default_factory=dict)
    reuse_older_code: bool = False


@dataclasses.dataclass(frozen=True)
class Job(Generic[L]):
    """One row on one fold with one seed."""

    system: System[L]
    fold: Fold
    seed: int

    @property
    def name(self) -> str:
        """Shown in progress and messages."""
        return f"{self.system.key} {self.fold.name} seed {self.seed}"


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a job gave no result: one line, and whether it is something that the user can provide."""

    reason: str
    unavailable: bool


@dataclasses.dataclass(frozen=True)
class Busy:
    """Another run is training the same job at this moment."""


def digest_of_recordings(utterances: Mapping[str, Utterance], contents: Mapping[Path, str]) -> str:
    """SHA-256 over ids, labels, votes, words and contents: another copy of the same corpus has the same digest.

    Args:
        utterances: By id.
        contents: Digest of each audio file.
    """
    digest = hashlib.sha256()
    for key in sorted(utterances):
        utterance = utterances[key]
        words = [
            (word.text, round(word.start_seconds, 6), round(word.end_seconds, 6)) for word in utterance.words or ()
        ]
        part = (utterance.start_seconds, utterance.end_seconds)
        whole = part == (0.0, None)
        content = (key, utterance.label, utterance.votes, words, contents[utterance.path], *(() if whole else part))
        digest.update(repr(content).encode())
    return digest.hexdigest()


def circumstances_of(run: Run[L], job: Job[L]) -> Circumstances:
    """What the job's result depends on besides what its system reads."""
    return Circumstances(
        code=code_digest.digest_of(job.system.fit) if job.system.fit is not None else "",
        recordings=run.recordings,
        fold=job.fold.digests(),
        classes=run.task.classes,
        merges=dict(run.task.merges),
        seed=job.seed,
        smoke=run.smoke,
    )


def _place(run: Run[L], job: Job[L]) -> Path:
    return run.layout.fold_result(job.system.key, job.fold.name, job.seed)


def differences(run: Run[L], job: Job[L], result: results.FoldResult) -> list[str]:
    """Says why a result cannot stand for a job; empty when it can.

    Args:
        run: The run.
        job: The job.
        result: A result of the same row, fold and seed.
    """
    ledger = ledgers.as_dict(run.ledger)
    if result.record is not None:
        reasons = result.record.differences(circumstances_of(run, job), ledger, run.inputs)
    else:  # it tells its folds and all assumptions of its time, and nothing of recordings or code
        changed = [key for key, value in result.settings.items() if key in ledger and ledger[key] != value]
        same = dict(result.parts) == job.fold.digests() and result.classes == run.task.classes
        reasons = [*(f"read {key}" for key in changed), *([] if same else ["made on other folds"]), OTHER_CODE]
        if result.smoke != run.smoke:
            reasons.append("made in a smoke run" if result.smoke else "made in a full run")
    return [reason for reason in reasons if not (run.reuse_older_code and reason == OTHER_CODE)]


def finished(run: Run[L], job: Job[L]) -> results.FoldResult | None:
    """The job's result if it is on disk and still stands, with its model where models are kept."""
    place = _place(run, job)
    if not results.candidates(place):
        return None
    with sharing.moving(run.layout.root, place):
        found = results.find(place, lambda result: not differences(run, job, result))
        if found is None:
            return None
        path, result = found
        model = run.layout.model_of(path)
        if run.keep_models and job.system.keras and not kept_models.is_whole(model, result, run.layout.features):
            return None
        results.bring_back(path, place, run.layout.model_of)
        return result


def reasons_to_train(run: Run[L], jobs: Sequence[Job[L]]) -> str:
    """Says in a few words why results on disk are not reused, such as `3 read svm_c; 2 were made by other code`.

    Args:
        run: The run.
        jobs: Those that will be trained.

    Returns:
        "" when none of them had a result.
    """
    counts: dict[str, int] = {}
    for job in jobs:
        if not results.candidates(_place(run, job)):
            continue
        there = results.all_of(_place(run, job))
        nearest = min((differences(run, job, result) for result in there), key=len, default=["damaged"])
        text = ", ".join(nearest or ["kept no whole model"])
        counts[text] = counts.get(text, 0) + 1
    return "; ".join(
        f"{number} {('was ' if number == 1 else 'were ') if text.startswith(('made', 'damaged')) else ''}{text}"
        for text, number in counts.items()
    )


def execute(
    run: Run[L], job: Job[L], report: Callable[[Event], None], wait: bool = True
) -> results.FoldResult | Failure | Busy:
    """Runs one job in this process and writes its result, unless another run has just made it.

    Args:
        run: What all jobs share.
        job: The row, fold and seed.
        report: Called with progress events.
        wait: Whether to wait for another run that trains the same job.

    Returns:
        The result, already on disk, or why there is none; a traceback is written beside the results.
    """
    given = {name: value.digest for name, value in run.inputs.items()}
    depends_on = (job.name, circumstances_of(run, job), ledgers.as_dict(run.ledger), given)
    with sharing.claim(run.layout.root, repr(depends_on), wait) as claimed:
        if not claimed:
            return Busy()
        return finished(run, job) or _train(run, job, report)


def _train(run: Run[L], job: Job[L], report: Callable[[Event], None]) -> results.FoldResult | Failure:
    import keras

    error_file = _place(run, job).with_suffix(".error.txt")
    started = time.perf_counter()
    keras.utils.set_random_seed(seed_of(job.seed, job.fold.name, job.system.key))
    context = context_of(run, job, report)
    try:
        outcome = job.system.fit(context)  # type: ignore[misc]
        seconds = time.perf_counter() - started - context.waited_seconds  # that belongs to who made the stage
        result = _result(run, job, context, outcome, seconds)
        keeps = run.keep_models and job.system.keras
        if keeps and outcome.model is None:
            raise ValueError(f"row {job.system.key} gave no model to keep")
        more = {"label": job.system.label, **run.corpus_options}
        kept_models.store(run.layout, result, outcome.model if keeps else None, more)
    except RowUnavailableError as error:
        return Failure(str(error), unavailable=True)
    except Exception as error:  # noqa: BLE001 - one row's failure must not end the others; the traceback is kept
        files.atomic_write_text(error_file, traceback.format_exc())
        return Failure(
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} (see {error_file})", False
        )
    finally:
        keras.backend.clear_session(free_memory=False)
        gc.collect()  # models are full of reference cycles; a worker that trains many would grow
    error_file.unlink(missing_ok=True)
    return result


def context_of(run: Run[L], job: Job[L], report: Callable[[Event], None]) -> FoldContext[L]:
    """What the job's system is given."""
    name = f"{job.fold.name}-seed{job.seed}"
    logs = run.layout.root / "tensorboard" / job.system.key / name if run.tensorboard else None
    return FoldContext(
        fold=job.fold,
        seed=job.seed,
        ledger=run.ledger,
        task=run.task,
        utterances=run.utterances,
        places=Places(run.layout.features, run.layout.stages, logs),
        circumstances=circumstances_of(run, job),
        inputs=run.inputs,
        report=lambda done, maximum, text: report((job.name, done, maximum, text)),
    )


def _result(
    run: Run[L], job: Job[L], context: FoldContext[L], outcome: FoldOutcome, seconds: float
) -> results.FoldResult:
    posteriors = np.asarray(outcome.posteriors, np.float64)
    if posteriors.shape != (len(job.fold.test), len(run.task.classes)) or not np.isfinite(posteriors).all():
        raise ValueError(f"posteriors of shape {posteriors.shape} or not finite")
    return results.FoldResult(
        paper=run.layout.paper,
        row=job.system.key,
        corpus=run.layout.corpus,
        task=run.task.name,
        classes=run.task.classes,
        fold=job.fold.name,
        seed=job.seed,
        smoke=run.smoke,
        settings=ledgers.as_dict(run.ledger),
        overridden=ledgers.overridden(run.ledger),
        ids=job.fold.test,
        speakers=tuple(run.utterances[utterance_id].speaker for utterance_id in job.fold.test),
        sessions=tuple(run.utterances[utterance_id].session for utterance_id in job.fold.test),
        truth=tuple(context.targets(job.fold.test).tolist()),
        posteriors=tuple(tuple(row) for row in posteriors.tolist()),
        epochs=outcome.epochs,
        best_epoch=outcome.best_epoch,
        measured={name: np.asarray(values, np.float64).tolist() for name, values in outcome.measured.items()},
        seconds=round(seconds, 3),
        stage_seconds={name: round(spent, 3) for name, spent in context.stage_seconds.items()},
        peak_memory_mb=round(machine.peak_memory_mb(), 1),
        versions=machine.versions(),
        uses=context.used(),
        parts=job.fold.digests(),
        record=context.reads.record(context.circumstances, code_digest.commit()),
    )
