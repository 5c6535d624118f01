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
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_tf.corpora.base import Utterance, at_speed, source_of, speed_of
from ser_tf.corpora.task import Task
from ser_tf.data import store
from ser_tf.features import FeatureSpec
from ser_tf.protocol.folds import Fold, sha256_of

FIT_PURPOSES = ("train", "normaliser", "vocabulary", "selection")
"""Purposes for which no utterance of the test part may be read; the other purpose is `predict`."""

EpochReport = Callable[[int, int, str], None]
"""Called with (epochs done, epochs at most, text for the progress bar)."""


COPY_PURPOSES = ("train", "normaliser")
"""Purposes for which copies at another speed may be read, of utterances of the training part."""


class LeakError(RuntimeError):
    """A system asked for utterances of the test part in order to fit or select something."""


class FeatureView:
    """Features of certain utterances only."""

    def __init__(self, features: store.Frames, ids: Sequence[str]) -> None:
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
        before_training: Called with each compiled model and its training batches before it is trained.
        uses: For each purpose, the ids that views were opened for.
        stage_seconds: For each first stage that was asked for, the seconds that it cost (0 when it was reused).
        waited_seconds: How long it waited for first stages that another process was making.
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
    before_training: Callable[[Any, Any], None] | None = None
    uses: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    stage_seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    waited_seconds: float = 0.0

    def view(self, spec: FeatureSpec, ids: Sequence[str], purpose: str) -> FeatureView:
        """Opens features for a purpose and records it.

        Args:
            spec: The feature.
            ids: The utterances; `<id>@<speed>` is the copy at another speed that `at_speed` makes.
            purpose: `train`, `normaliser`, `vocabulary`, `selection` or `predict`.

        Raises:
            LeakError: a purpose other than `predict` asks for utterances of the test part, or a copy at another
                speed is asked for whose original is not in the training part, or not to train.
            ValueError: the purpose is unknown.
        """
        self.record(ids, purpose)
        everything = [self.utterances[utterance_id] for utterance_id in sorted(self.utterances)]
        stores = [
            store.ensure(self.feature_root, spec, [at_speed(utterance, speed) for utterance in everything])
            for speed in sorted({speed_of(one) for one in ids} or {1.0})
        ]
        return FeatureView(stores[0] if len(stores) == 1 else store.JoinedStores(stores), ids)

    def record(self, ids: Sequence[str], purpose: str) -> None:
        """Records that something of utterances besides their features (their words) is read for a purpose.

        Arguments and errors as for `view`.
        """
        if purpose not in (*FIT_PURPOSES, "predict"):
            raise ValueError(f"unknown purpose {purpose!r}")
        leaked = set(self.fold.test).intersection(map(source_of, ids)) if purpose in FIT_PURPOSES else set()
        if leaked:
            raise LeakError(f"{len(leaked)} test utterances asked for as {purpose}, such as {min(leaked)}")
        training = set(self.fold.train) if purpose in COPY_PURPOSES else set()
        strayed = [one for one in ids if source_of(one) != one and source_of(one) not in training]
        if strayed:
            raise LeakError(f"{len(strayed)} copies asked for as {purpose} that may not be, such as {min(strayed)}")
        self.uses.setdefault(purpose, set()).update(ids)

    def targets(self, ids: Sequence[str]) -> np.ndarray:
        """Class indices of utterances, int32 (utterances,)."""
        return np.asarray([self.task.class_index(self.utterances[one]) for one in ids], np.int32)

    def labelled(self, ids: Sequence[str], *labels: str) -> tuple[str, ...]:
        """Those of the utterances whose class is one of `labels`."""
        return tuple(one for one in ids if self.task.label_of(self.utterances[one]) in labels)

    def used(self) -> dict[str, dict[str, Any]]:
        """For each purpose, how many utterances were read, how many of the test part, and the SHA-256 of their ids.

        Where copies at another speed were read: how many, and how many of each part that may not have any.
        """
        return {purpose: self._used(ids) for purpose, ids in sorted(self.uses.items())}

    def _used(self, ids: set[str]) -> dict[str, Any]:
        test, validation = set(self.fold.test), set(self.fold.validation)
        used = {
            "utterances": len(ids),
            "in_test_part": sum(source_of(one) in test for one in ids),
            "sha256": sha256_of(sorted(ids)),
        }
        copied = [source_of(one) for one in ids if source_of(one) != one]
        if copied:
            used["copies"] = {
                "all": len(copied),
                "test": sum(one in test for one in copied),
                "validation": sum(one in validation for one in copied),
            }
        return used

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
            asked = time.perf_counter()
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.waited_seconds += time.perf_counter() - asked
            if folder.exists():
                self.stage_seconds.setdefault(name, 0.0)
                yield folder, True
                return
            started = time.perf_counter()
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            yield partial, False
            os.replace(partial, folder)
            self.stage_seconds[name] = time.perf_counter() - started
