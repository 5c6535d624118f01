"""What a system is given to train one fold with one seed, and a record of everything that it touches.

Features reach a system only through `FoldContext.view`, for a stated purpose. A view gives the utterances it was
opened for and no others, and a purpose that fits or selects anything refuses utterances of the test part. The leak
report is made from the record of views: what was read, not what was intended.
"""

import contextlib
import dataclasses
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf.corpora.base import Utterance
from ser_tf.corpora.task import Task
from ser_tf.data import store
from ser_tf.features import FeatureSpec
from ser_tf.protocol.folds import Fold, sha256_of

FIT_PURPOSES = ("train", "normaliser", "vocabulary", "selection")
"""Purposes for which no utterance of the test part may be read; the other purpose is `predict`."""

EpochReport = Callable[[int, int, str], None]
"""Called with (epochs done, epochs at most, text for the progress bar)."""


class LeakError(RuntimeError):
    """A system asked for utterances of the test part in order to fit or select something."""


class FeatureView:
    """Features of certain utterances only."""

    def __init__(self, features: store.FeatureStore, ids: Sequence[str]) -> None:
        """Narrows a store to `ids`."""
        self._store = features
        self.ids = tuple(ids)
        self._allowed = frozenset(ids)
        self.dims = features.dims

    def _check(self, utterance_id: str) -> str:
        if utterance_id not in self._allowed:
            raise LeakError(f"{utterance_id} is not among the utterances that this view was opened for")
        return utterance_id

    def num_frames(self, utterance_id: str) -> int:
        """Number of frames of one utterance."""
        return self._store.num_frames(self._check(utterance_id))

    def __getitem__(self, utterance_id: str) -> np.ndarray:
        """Features of one utterance, float32 (frames, dims)."""
        return self._store[self._check(utterance_id)]


@dataclasses.dataclass
class FoldContext:
    """One fold, one seed, and what is needed to train on it.

    Attributes:
        fold: Which utterances train, validate and test.
        seed: Of all random choices; Python's, NumPy's and Keras's generators are already seeded.
        ledger: The paper's assumptions.
        task: Classes and their order.
        utterances: All of the task, by id.
        feature_root: Where feature stores lie.
        stage_root: Where first stages that rows share are kept.
        smoke: A run of seconds to see that everything works.
        report: Tells the progress display about epochs.
        tensorboard: Folder for TensorBoard's logs, or None.
        options: What the paper's own flags gave; see `Prepared`.
        uses: For each purpose, the ids that views were opened for.
        stage_seconds: For each first stage that was asked for, the seconds that it cost (0 when it was reused).
    """

    fold: Fold
    seed: int
    ledger: Any
    task: Task
    utterances: Mapping[str, Utterance]
    feature_root: Path
    stage_root: Path
    smoke: bool = False
    report: EpochReport = lambda done, most, text: None
    tensorboard: Path | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    uses: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    stage_seconds: dict[str, float] = dataclasses.field(default_factory=dict)

    def view(self, spec: FeatureSpec, ids: Sequence[str], purpose: str) -> FeatureView:
        """Opens features for a purpose and records it.

        Args:
            spec: The feature.
            ids: The utterances.
            purpose: `train`, `normaliser`, `vocabulary`, `selection` or `predict`.

        Raises:
            LeakError: a purpose other than `predict` asks for utterances of the test part.
            ValueError: the purpose is unknown.
        """
        self.record(ids, purpose)
        everything = [self.utterances[utterance_id] for utterance_id in sorted(self.utterances)]
        return FeatureView(store.ensure(self.feature_root, spec, everything), ids)

    def record(self, ids: Sequence[str], purpose: str) -> None:
        """Records that something of utterances besides their features (their words) is read for a purpose.

        Arguments and errors as for `view`.
        """
        if purpose not in (*FIT_PURPOSES, "predict"):
            raise ValueError(f"unknown purpose {purpose!r}")
        leaked = set(self.fold.test).intersection(ids) if purpose in FIT_PURPOSES else set()
        if leaked:
            raise LeakError(f"{len(leaked)} test utterances asked for as {purpose}, such as {min(leaked)}")
        self.uses.setdefault(purpose, set()).update(ids)

    def targets(self, ids: Sequence[str]) -> np.ndarray:
        """Class indices of utterances, int32 (utterances,)."""
        return np.asarray([self.task.class_index(self.utterances[one]) for one in ids], np.int32)

    def labelled(self, ids: Sequence[str], *labels: str) -> tuple[str, ...]:
        """Those of the utterances whose class is one of `labels`."""
        return tuple(one for one in ids if self.task.label_of(self.utterances[one]) in labels)

    def used(self) -> dict[str, dict[str, Any]]:
        """For each purpose, how many utterances were read, how many of the test part, and the SHA-256 of their ids."""
        test = set(self.fold.test)
        return {
            purpose: {
                "utterances": len(ids),
                "in_test_part": len(ids & test),
                "sha256": sha256_of(sorted(ids)),
            }
            for purpose, ids in sorted(self.uses.items())
        }

    @contextlib.contextmanager
    def stage(self, name: str, settings_hash: str) -> Iterator[tuple[Path, bool]]:
        """A folder for a first stage that several rows share, made once for each fold and seed.

        The first process that enters gets an empty folder and has to fill it; it becomes visible when the block is
        left without an error. Others wait, and find it ready.

        Args:
            name: Names the stage.
            settings_hash: Of everything the stage's result depends on besides fold and seed.

        Yields:
            The folder and whether it is ready (then nothing is to be done).
        """
        digest = hashlib.sha256(f"{settings_hash}{self.fold.digests()}".encode()).hexdigest()[:16]
        folder = self.stage_root / name / f"{self.fold.name}-seed{self.seed}-{digest}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                yield folder, True
                return
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            yield partial, False
            os.replace(partial, folder)
