"""What a system is given to train one fold with one seed, and a record of everything that it reads.

Features reach a system only through `FoldContext.view`, for a stated purpose. A view gives the utterances it was
opened for and no others, and a purpose that fits or selects anything refuses test utterances. The leak report is made
from the record of views: what was read, not what was intended.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ser_tf.corpora.base import Utterance, at_speed, source_of, speed_of
from ser_tf.corpora.task import Task
from ser_tf.protocol import stages
from ser_tf.protocol.folds import TARGET, Fold, sha256_of
from ser_tf.protocol.paper import RowUnavailableError
from ser_tf.protocol.record import Circumstances, Inputs, Reads, UserInput, recording

if TYPE_CHECKING:  # TensorFlow comes along with them, and results are tabulated without it
    from ser_tf.data.store import Frames
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.matching import MatchedFrames

L = TypeVar("L")
FIT_PURPOSES = ("train", "normaliser", "vocabulary", "selection")
"""Purposes for which no test utterance may be read; the other purpose is `predict`."""
TARGET_STATISTICS = "target statistics"
"""The purpose for which a tested corpus's features are read, without labels, where its own statistics normalise it."""
COPY_PURPOSES = ("train", "normaliser")
"""Purposes for which copies at another speed may be read, of training utterances."""
EpochReport = Callable[[int, int, str], None]
"""Called with (epochs done, maximum epochs, text for the progress bar)."""


class LeakError(RuntimeError):
    """A system asked for test utterances in order to fit or select something."""


class FeatureView:
    """Features of certain utterances only."""

    def __init__(self, features: "Frames", ids: Sequence[str]) -> None:
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

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Features of one utterance, float32 (frames, dims)."""
        return self._store[self._check(utterance_id)]


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a fold finds and leaves files.

    Attributes:
        features: Folder of the feature stores.
        stages: Folder of the first stages that rows share.
        tensorboard: Folder for TensorBoard's logs, or None.
    """

    features: Path
    stages: Path
    tensorboard: Path | None = None


def _say_nothing(done: int, maximum: int, text: str) -> None:
    """For a job that nobody watches."""
    del done, maximum, text


def seed_of(*parts: object) -> int:
    """A seed of 31 bits that depends on all parts and on nothing else."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") >> 1


class FoldContext(Generic[L]):
    """One fold, one seed, and what is needed to train on it.

    Attributes:
        fold: Which utterances train, validate and test.
        seed: The run's seed; Python's, NumPy's and Keras's generators are already seeded for this row.
        ledger: The paper's assumptions; reading one is recorded.
        inputs: What the user's own files gave; reading one is recorded.
        task: Classes and their order.
        utterances: All of the task, by id.
        places: Where files lie.
        circumstances: What the result depends on besides what is read.
        report: Tells the progress display about epochs.
        reads: Everything read so far.
        stage_seconds: For each first stage that was asked for, the seconds that it cost (0 when it was reused).
        waited_seconds: Time spent waiting for first stages that another process was making.
    """

    def __init__(  # noqa: PLR0913 - a record of named parts
        self,
        *,
        fold: Fold,
        seed: int,
        ledger: L,
        task: Task,
        utterances: Mapping[str, Utterance],
        places: Places,
        circumstances: Circumstances,
        inputs: Mapping[str, UserInput] | None = None,
        report: EpochReport | None = None,
    ) -> None:
        """Takes what the runner knows of the job; see the class's attributes."""
        self.reads = Reads()
        self.fold, self.seed, self.task = fold, seed, task
        self.utterances, self.places, self.circumstances = utterances, places, circumstances
        self.report: EpochReport = report or _say_nothing
        self.stage_seconds: dict[str, float] = {}
        self.waited_seconds = 0.0
        self.given_ledger, self.given_inputs = ledger, inputs or {}
        self.ledger: L = recording(ledger, self.reads)
        self.inputs = Inputs(self.given_inputs, self.reads)
        self._matchings: dict[str, MatchedFrames] = {}

    @property
    def smoke(self) -> bool:
        """Whether this run only shows that everything works."""
        return self.circumstances.smoke

    def child(self, circumstances: Circumstances, fold: Fold | None = None) -> "FoldContext[L]":
        """A context of the same job whose reads are recorded apart, as a first stage's are.

        Args:
            circumstances: Those of the child.
            fold: A fold inside of this one, of utterances that this one may fit on; by default the same.

        Raises:
            LeakError: the inner fold has test utterances of this one.
        """
        inner = fold or self.fold
        if fold and (leaked := set(self.fold.test) & {*fold.train, *fold.validation, *fold.test}):
            raise LeakError(f"{len(leaked)} test utterances in the inner fold {fold.name}, such as {min(leaked)}")
        return FoldContext(
            fold=inner,
            seed=self.seed,
            ledger=self.given_ledger,
            task=self.task,
            utterances=self.utterances,
            places=self.places,
            circumstances=circumstances,
            inputs=self.given_inputs,
            report=self.report,
        )

    def reseed(self, *parts: object) -> None:
        """Seeds Python's, NumPy's and Keras's generators from the run's seed, the fold's name and these parts."""
        import keras

        keras.utils.set_random_seed(seed_of(self.seed, self.fold.name, *parts))

    def view(self, spec: "FeatureSpec", ids: Sequence[str], purpose: str) -> FeatureView:
        """Opens features for a purpose and records it.

        Args:
            spec: The feature.
            ids: The utterances; `<id>@<speed>` is the copy at another speed that `at_speed` makes.
            purpose: `train`, `normaliser`, `vocabulary`, `selection` or `predict`.

        Raises:
            LeakError: a purpose other than `predict` asks for test utterances, or a copy at another speed is asked
                for whose original is not a training utterance, or not to train.
            ValueError: the purpose is unknown.
        """
        from ser_tf.data import store

        self.record(ids, purpose)
        self.reads.features[spec.name] = spec.fingerprint()
        everything = [self.utterances[utterance_id] for utterance_id in sorted(self.utterances)]
        stores = [
            store.ensure(self.places.features, spec, [at_speed(utterance, speed) for utterance in everything])
            for speed in sorted({speed_of(utterance_id) for utterance_id in ids} or {1.0})
        ]
        features: Frames = stores[0] if len(stores) == 1 else store.JoinedStores(stores)
        return FeatureView(self._matched(spec, features, ids), ids)

    def _matched(self, spec: "FeatureSpec", features: "Frames", ids: Sequence[str]) -> "Frames":
        """The features, those of the test set with the statistics of training where the fold says so.

        Raises:
            RowUnavailableError: the feature is the waveform, whose statistics are those of its loudness.
        """
        if self.fold.normalise != TARGET or not set(self.fold.test).intersection(ids):
            return features
        from ser_tf.protocol.matching import MatchedFrames

        if spec.dims == 1:
            raise RowUnavailableError(
                "--normalise target: this row reads the waveform, and its features are computed inside of the model"
            )
        self.record(self.fold.train, "normaliser")
        self.record(self.fold.test, TARGET_STATISTICS)
        if spec.fingerprint() not in self._matchings:
            self._matchings[spec.fingerprint()] = MatchedFrames(features, self.fold.train, self.fold.test)
        return self._matchings[spec.fingerprint()]

    def record(self, ids: Sequence[str], purpose: str) -> None:
        """Records that something of utterances besides their features (their words) is read for a purpose.

        Arguments and errors as for `view`.
        """
        if purpose not in (*FIT_PURPOSES, "predict", TARGET_STATISTICS):
            raise ValueError(f"unknown purpose {purpose!r}")
        if purpose == TARGET_STATISTICS and self.fold.normalise != TARGET:
            raise LeakError("statistics of the test set asked for, and --normalise target was not")
        leaked = set(self.fold.test).intersection(map(source_of, ids)) if purpose in FIT_PURPOSES else set()
        if leaked:
            raise LeakError(f"{len(leaked)} test utterances asked for as {purpose}, such as {min(leaked)}")
        training = set(self.fold.train) if purpose in COPY_PURPOSES else set()
        strayed = [copy for copy in ids if source_of(copy) != copy and source_of(copy) not in training]
        if strayed:
            raise LeakError(f"{len(strayed)} copies asked for as {purpose} that may not be, such as {min(strayed)}")
        self.reads.utterances.setdefault(purpose, set()).update(ids)

    def targets(self, ids: Sequence[str]) -> npt.NDArray[np.int32]:
        """Class indices of utterances, int32 (utterances,)."""
        return np.asarray([self.task.class_index(self.utterances[utterance_id]) for utterance_id in ids], np.int32)

    def labelled(self, ids: Sequence[str], *labels: str) -> tuple[str, ...]:
        """Those of the utterances whose class is one of `labels`."""
        return tuple(
            utterance_id for utterance_id in ids if self.task.label_of(self.utterances[utterance_id]) in labels
        )

    def once(self, name: str, make: "Callable[[FoldContext[L], Path], None]", fold: Fold | None = None) -> Path:
        """Gives the folder of a first stage that several rows share, made once for each fold and seed.

        Whoever comes first makes it, seeded by the stage's own name; others wait, and find it ready. It is made anew
        when anything that it read has changed. What it read counts as read by whoever asks for it.

        Args:
            name: Names the stage.
            make: Fills an empty folder; a function at the top of a module, or a partial of one. It is given a context
                of its own.
            fold: A fold inside of this one that the stage is trained on; by default the same.
        """
        return stages.once(self, name, make, fold)

    def used(self) -> dict[str, dict[str, Any]]:
        """For each purpose, how many utterances were read, how many of the test set, and the SHA-256 of their ids.

        Where copies at another speed were read: how many, and how many of each set that may not have any.
        """
        return {purpose: self._used(ids) for purpose, ids in sorted(self.reads.utterances.items())}

    def _used(self, ids: set[str]) -> dict[str, Any]:
        test, validation = set(self.fold.test), set(self.fold.validation)
        used: dict[str, Any] = {
            "utterances": len(ids),
            "in_test_part": sum(source_of(utterance_id) in test for utterance_id in ids),
            "sha256": sha256_of(sorted(ids)),
        }
        copied = [source_of(utterance_id) for utterance_id in ids if source_of(utterance_id) != utterance_id]
        if copied:
            used["copies"] = {
                "all": len(copied),
                "test": sum(source in test for source in copied),
                "validation": sum(source in validation for source in copied),
            }
        return used
