"""The context in which a system trains one fold with one seed, and a record of everything it reads.

Features reach a system only through `FoldContext.view`, for a stated purpose. A view gives access only to the
utterances it was opened for, and purposes that fit or select anything refuse test utterances. The leak report is based
on the record of views: on what was read, not on what was intended.
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

if TYPE_CHECKING:  # they import TensorFlow, which tabulating results does not need
    from ser_tf.data.store import Frames
    from ser_tf.features.spec import FeatureSpec
    from ser_tf.protocol.matching import MatchedFrames

L = TypeVar("L")
FIT_PURPOSES = ("train", "normaliser", "vocabulary", "selection")
"""Purposes that may not read test utterances; the only other purpose is `predict`."""
TARGET_STATISTICS = "target statistics"
"""The purpose for which a tested corpus's features are read, without labels, where its own statistics normalise it."""
COPY_PURPOSES = ("train", "normaliser")
"""Purposes that may read speed-perturbed copies, of training utterances only."""
EpochReport = Callable[[int, int, str], None]
"""Called with (epochs done, maximum epochs, text for the progress bar)."""


class LeakError(RuntimeError):
    """A system requested test utterances to fit or select something."""


class FeatureView:
    """Access to the features of certain utterances only."""

    def __init__(self, features: "Frames", ids: Sequence[str]) -> None:
        """Restricts a store to `ids`."""
        self._store = features
        self.ids = tuple(ids)
        self._allowed = frozenset(ids)
        self.dims = features.dims

    def _check(self, utterance_id: str) -> str:
        if utterance_id not in self._allowed:
            raise LeakError(f"{utterance_id} is not among the utterances that this view was opened for")
        return utterance_id

    def num_frames(self, utterance_id: str) -> int:
        """Returns the number of frames of one utterance."""
        return self._store.num_frames(self._check(utterance_id))

    def __getitem__(self, utterance_id: str) -> npt.NDArray[np.float32]:
        """Returns the features of one utterance, float32 (frames, dims)."""
        return self._store[self._check(utterance_id)]


@dataclasses.dataclass(frozen=True)
class Places:
    """Folders that a fold reads and writes.

    Attributes:
        features: Folder of the feature stores.
        stages: Folder of first stages shared by rows.
        tensorboard: Folder for TensorBoard logs, or None.
    """

    features: Path
    stages: Path
    tensorboard: Path | None = None


def _say_nothing(done: int, maximum: int, text: str) -> None:
    """Ignores progress that is not displayed."""
    del done, maximum, text


def seed_of(*parts: object) -> int:
    """Derives a 31-bit seed from all parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") >> 1


class FoldContext(Generic[L]):
    """One fold, one seed, and everything needed to train on it.

    Attributes:
        fold: Training, validation and test utterances.
        seed: The run's seed; Python's, NumPy's and Keras's generators are already seeded for this row.
        ledger: The paper's assumptions; every read is recorded.
        inputs: Contents of the user's own files; every read is recorded.
        task: Classes and their order.
        utterances: All utterances of the task, by id.
        places: Folders to read and write.
        circumstances: What the result depends on besides what is read.
        report: Reports epochs to the progress display.
        reads: Everything read so far.
        stage_seconds: Seconds taken by each first stage requested (0 if reused).
        waited_seconds: Time spent waiting for first stages being made by another process.
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
        """Takes what the runner knows about the job; see the class's attributes."""
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
        """Whether this is a smoke run, which only checks that everything works."""
        return self.circumstances.smoke

    def child(self, circumstances: Circumstances, fold: Fold | None = None) -> "FoldContext[L]":
        """Makes a context of the same job whose reads are recorded separately, as for a first stage.

        Args:
            circumstances: The child's circumstances.
            fold: A fold within this one, of utterances that this one may fit on; by default the same.

        Raises:
            LeakError: the inner fold contains test utterances of this one.
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
        """Opens features for a purpose and records the access.

        Args:
            spec: The feature.
            ids: The utterances; `<id>@<speed>` is a speed-perturbed copy made by `at_speed`.
            purpose: `train`, `normaliser`, `vocabulary`, `selection` or `predict`.

        Raises:
            LeakError: test utterances are requested for a purpose other than `predict`, or speed-perturbed copies of
                utterances outside the training set or for another purpose than training.
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

        if spec.dims == 1:  # a level, which claims are measured by, or the waveform, a frame a sample
            if spec.params.hop_seconds * spec.params.sample_rate_hz > 1:
                return features
            raise RowUnavailableError(
                "--normalise target: this row reads the waveform, and its features are computed inside of the model"
            )
        self.record(self.fold.train, "normaliser")
        self.record(self.fold.test, TARGET_STATISTICS)
        if spec.fingerprint() not in self._matchings:
            self._matchings[spec.fingerprint()] = MatchedFrames(features, self.fold.train, self.fold.test)
        return self._matchings[spec.fingerprint()]

    def record(self, ids: Sequence[str], purpose: str) -> None:
        """Records that something other than features (words) is read from utterances for a purpose.

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
        """Returns the class indices of utterances, int32 (utterances,)."""
        return np.asarray([self.task.class_index(self.utterances[utterance_id]) for utterance_id in ids], np.int32)

    def labelled(self, ids: Sequence[str], *labels: str) -> tuple[str, ...]:
        """Returns the utterances whose class is one of `labels`."""
        return tuple(
            utterance_id for utterance_id in ids if self.task.label_of(self.utterances[utterance_id]) in labels
        )

    def once(self, name: str, make: "Callable[[FoldContext[L], Path], None]", fold: Fold | None = None) -> Path:
        """Returns the folder of a first stage shared by several rows, made once for each fold and seed.

        The first caller makes it, seeded by the stage's own name; others wait for it. It is remade if anything it read
        has changed. Whatever it read counts as read by every caller.

        Args:
            name: Name of the stage.
            make: Fills an empty folder; a function at the top of a module, or a partial of one. It gets its own
                context.
            fold: A fold within this one to train the stage on; by default the same.
        """
        return stages.once(self, name, make, fold)

    def used(self) -> dict[str, dict[str, Any]]:
        """Returns, for each purpose, the number of utterances read, of test utterances, and the SHA-256 of their ids.

        If speed-perturbed copies were read: their number, and the number from each set that may not have any.
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
