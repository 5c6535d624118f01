"""Runs rows x folds x seeds: skips what is done, trains the rest, writes each result as soon as it is there."""

import contextlib
import dataclasses
import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf import __version__, files
from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.protocol import ledger as ledgers
from ser_tf.protocol import results
from ser_tf.protocol.context import FoldContext
from ser_tf.protocol.folds import Fold
from ser_tf.protocol.layout import Layout
from ser_tf.protocol.system import FoldOutcome, RowUnavailableError, System

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn")
Event = tuple[str, int, int, str]
"""What a running job reports: its name, epochs done, epochs at most, text."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What all jobs of a run share; given to each worker process once.

    Attributes:
        layout: Where results lie.
        task: Classes and their order.
        ledger: The assumptions.
        utterances: All of the task, by id.
        corpus_root: Folder of the corpus.
        corpus_digest: SHA-256 over ids, labels and sizes of the audio files.
        smoke: Whether this is a smoke run.
        keep_models: Whether trained models are kept.
        tensorboard: Whether TensorBoard's logs are written.
        options: What the paper's own flags gave; see `Prepared`.
        option_digests: What results depend on beyond ledger and recordings.
    """

    layout: Layout
    task: Task
    ledger: Any
    utterances: Mapping[str, Utterance]
    corpus_root: Path
    corpus_digest: str
    smoke: bool
    keep_models: bool
    tensorboard: bool
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    option_digests: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def settings_hash(self, job: "Job") -> str:
        """SHA-256 over everything that the result of a job depends on."""
        named = job.system.depends_on
        digests = {name: one for name, one in self.option_digests.items() if named is None or name in named}
        return results.hash_of(
            {
                "version": __version__,
                "paper": self.layout.paper,
                "row": job.system.key,
                "features": [spec.fingerprint() for spec in job.system.features(self.ledger)],
                "corpus": [self.layout.corpus, self.corpus_digest],
                "task": [self.task.name, self.task.classes, sorted(self.task.merges.items()), self.task.styles],
                "fold": [job.fold.name, job.fold.digests()],
                "seed": job.seed,
                "ledger": ledgers.as_dict(self.ledger),
                "smoke": self.smoke,
                **({"options": digests} if digests else {}),
            }
        )


@dataclasses.dataclass(frozen=True)
class Job:
    """One row on one fold with one seed."""

    system: System
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


def digest_of(utterances: Mapping[str, Utterance]) -> str:
    """SHA-256 over ids, labels and audio sizes: another copy of the same corpus has the same digest."""
    digest = hashlib.sha256()
    for key in sorted(utterances):
        utterance = utterances[key]
        digest.update(f"{key}\t{utterance.label}\t{utterance.path.stat().st_size}\n".encode())
    return digest.hexdigest()


def finished(plan: Plan, job: Job) -> results.FoldResult | None:
    """The job's result if it is on disk with the same settings, with its model where models are kept."""
    wanted = plan.settings_hash(job)
    if plan.keep_models and job.system.has_model:
        card = _card(plan, job)
        if not card.exists() or json.loads(card.read_text())["settings_hash"] != wanted:
            return None
    return results.read(plan.layout.fold_result(job.system.key, job.fold.name, job.seed), wanted)


def configure_tensorflow() -> None:
    """Makes TensorFlow deterministic: one thread an operation, deterministic kernels.

    Sums over several threads depend on how many there are; cores are kept busy by running folds side by side.
    Called once in a process, before its first TensorFlow operation; later calls change nothing.
    """
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        with contextlib.suppress(RuntimeError):  # already initialised, by whoever imported the runner as a library
            tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def execute(plan: Plan, job: Job, report: Callable[[Event], None]) -> results.FoldResult | Failure:
    """Runs one job in this process and writes its result.

    Args:
        plan: What all jobs share.
        job: The row, fold and seed.
        report: Called with progress events.

    Returns:
        The result, already on disk, or why there is none; a traceback is written beside the results.
    """
    import keras

    error_file = plan.layout.fold_result(job.system.key, job.fold.name, job.seed).with_suffix(".error.txt")
    started = time.perf_counter()
    keras.utils.set_random_seed(seed_of(job.seed, job.fold.name, job.system.key))
    context = context_of(plan, job, report)
    try:
        outcome = job.system.fit_predict(context)  # type: ignore[misc]
        seconds = time.perf_counter() - started - context.waited_seconds  # that belongs to who made the stage
        result = _result(plan, job, context, outcome, seconds)
        _keep_model(plan, job, outcome, result)
        results.write(plan.layout.fold_result(job.system.key, job.fold.name, job.seed), result)
    except RowUnavailableError as error:
        return Failure(str(error), unavailable=True)
    except Exception as error:  # noqa: BLE001 - one row's failure must not end the others; the traceback is kept
        files.atomic_write_text(error_file, traceback.format_exc())
        return Failure(
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''} (see {error_file})", False
        )
    finally:
        keras.backend.clear_session()
        gc.collect()  # models are full of reference cycles; a worker that trains many would grow
    error_file.unlink(missing_ok=True)
    return result


def context_of(plan: Plan, job: Job, report: Callable[[Event], None]) -> FoldContext:
    """What the job's system is given."""
    return FoldContext(
        fold=job.fold,
        seed=job.seed,
        ledger=plan.ledger,
        task=plan.task,
        utterances=plan.utterances,
        feature_root=plan.layout.features,
        stage_root=plan.layout.stages,
        smoke=plan.smoke,
        report=lambda done, most, text: report((job.name, done, most, text)),
        tensorboard=_tensorboard_folder(plan, job),
        options=plan.options,
    )


def seed_of(*parts: Any) -> int:
    """A seed of 31 bits that depends on all parts and on nothing else."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") >> 1


def _tensorboard_folder(plan: Plan, job: Job) -> Path | None:
    if not plan.tensorboard:
        return None
    return plan.layout.root / "tensorboard" / job.system.key / f"{job.fold.name}-seed{job.seed}"


def _card(plan: Plan, job: Job) -> Path:
    return plan.layout.model(job.system.key, job.fold.name, job.seed).with_suffix(".json")


def _keep_model(plan: Plan, job: Job, outcome: FoldOutcome, result: results.FoldResult) -> None:
    """Saves the trained model and a card that says what it is; the card comes last, so that it vouches for both."""
    if not plan.keep_models or not job.system.has_model:
        return
    if outcome.model is None:
        raise ValueError(f"row {job.system.key} gave no model to keep")
    path = plan.layout.model(job.system.key, job.fold.name, job.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".partial-{path.name}")
    outcome.model.save(str(partial))
    os.replace(partial, path)
    card = {
        key: getattr(result, key)
        for key in ("paper", "row", "corpus", "task", "classes", "fold", "seed", "smoke", "settings_hash", "settings")
    }
    card["corpus_root"] = str(plan.corpus_root.resolve())
    card["label"] = job.system.label
    files.atomic_write_text(_card(plan, job), json.dumps(card, indent=1) + "\n")


def _result(plan: Plan, job: Job, context: FoldContext, outcome: FoldOutcome, seconds: float) -> results.FoldResult:
    posteriors = np.asarray(outcome.posteriors, np.float64)
    if posteriors.shape != (len(job.fold.test), len(plan.task.classes)) or not np.isfinite(posteriors).all():
        raise ValueError(f"posteriors of shape {posteriors.shape} or not finite")
    return results.FoldResult(
        paper=plan.layout.paper,
        row=job.system.key,
        corpus=plan.layout.corpus,
        task=plan.task.name,
        classes=plan.task.classes,
        fold=job.fold.name,
        seed=job.seed,
        smoke=plan.smoke,
        settings_hash=plan.settings_hash(job),
        settings=ledgers.as_dict(plan.ledger),
        overridden=ledgers.overridden(plan.ledger),
        ids=job.fold.test,
        speakers=tuple(plan.utterances[one].speaker for one in job.fold.test),
        truth=tuple(context.targets(job.fold.test).tolist()),
        posteriors=tuple(tuple(row) for row in posteriors.tolist()),
        epochs=outcome.epochs,
        seconds=round(seconds, 3),
        stage_seconds={name: round(spent, 3) for name, spent in context.stage_seconds.items()},
        peak_memory_mb=round(_peak_memory_mb(), 1),
        versions=_versions(),
        uses=context.used(),
        parts=job.fold.digests(),
    )


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB elsewhere


def _versions() -> dict[str, str]:
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"ser_tf": __version__, "python": platform.python_version(), **versions}
