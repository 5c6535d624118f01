"""Records of what a result was made from, compared with what it would be made from now.

A fold records the assumptions, user files and utterances it reads. Its result can be reused as long as all of these,
the code, the recordings and the fold are unchanged.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

from ser_tf import documents
from ser_tf.documents import NOTHING, VALUE
from ser_tf.protocol.ledger import Value

L = TypeVar("L")
_CIRCUMSTANCES = {
    "code": str,
    "recordings": str,
    "fold": {str: str},
    "classes": [str],
    "merges": {str: str},
    "seed": int,
    "smoke": bool,
}
_SHAPE = {
    "circumstances": _CIRCUMSTANCES,
    "assumptions": {str: VALUE},
    "inputs": {str: str},
    "features": {str: str},
    "commit": (str, NOTHING),
}


@dataclasses.dataclass(frozen=True)
class UserInput:
    """Input from the user's own files other than the corpus: word vectors, pretrained weights.

    Attributes:
        value: The value that systems get through `FoldContext.inputs`; picklable.
        digest: SHA-256 of the content.
    """

    value: Any
    digest: str


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """Dependencies of a job's result apart from what its system reads.

    Attributes:
        code: Digest of the code the row can reach.
        recordings: Digest of the recordings, with labels, votes and words.
        fold: SHA-256 of each list of the fold's ids.
        classes: The task's classes in order.
        merges: Labels counted as another one.
        seed: The seed.
        smoke: Whether it is a smoke run.
    """

    code: str
    recordings: str
    fold: Mapping[str, str]
    classes: tuple[str, ...]
    merges: Mapping[str, str]
    seed: int
    smoke: bool

    def differences(self, other: "Circumstances") -> list[str]:
        """Names the differences, in words that complete `made ...`."""
        words = {
            "code": "by other code",
            "recordings": "from other recordings",
            "fold": "on other folds",
            "classes": "for other classes",
            "merges": "for other classes",
            "seed": "with another seed",
            "smoke": "in a smoke run" if other.smoke else "in a full run",
        }
        mine, theirs = _plain(self), _plain(other)
        return list(dict.fromkeys(text for key, text in words.items() if mine[key] != theirs[key]))


def _plain(circumstances: Circumstances) -> dict[str, Any]:
    return cast(dict[str, Any], json.loads(json.dumps(dataclasses.asdict(circumstances))))


@dataclasses.dataclass(frozen=True)
class Record:
    """Everything that a result, or a stage shared by several rows, was made from.

    Attributes:
        circumstances: Circumstances of the job.
        assumptions: The assumptions read, with their values.
        inputs: SHA-256 of each user file read; "" for one that was not given.
        features: Fingerprint of each feature read.
        commit: The project's commit, with `+` if files differ from it; None outside a checkout.
    """

    circumstances: Circumstances
    assumptions: Mapping[str, Value]
    inputs: Mapping[str, str]
    features: Mapping[str, str]
    commit: str | None

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Record":
        """The inverse of `dataclasses.asdict` and JSON.

        Raises:
            ValueError: the fields are not a record of this version. The message says why.
        """
        documents.check(fields, _SHAPE, "record")
        circumstances = {**fields["circumstances"], "classes": tuple(fields["circumstances"]["classes"])}
        if fields.keys() != _SHAPE.keys() or circumstances.keys() != _CIRCUMSTANCES.keys():
            raise ValueError("its record is of another version")
        return cls(**{**fields, "circumstances": Circumstances(**circumstances)})

    def differences(
        self, now: Circumstances, ledger: Mapping[str, Value], inputs: Mapping[str, UserInput]
    ) -> list[str]:
        """Lists reasons why a result with this record cannot be reused for a job; empty if it can.

        Args:
            now: The job's circumstances.
            ledger: All assumptions with the values the job would read.
            inputs: The user's inputs to this run.

        Returns:
            Reasons: `read svm_c`, `made by other code`, `read --glove`.
        """
        changed = [key for key, value in self.assumptions.items() if key not in ledger or ledger[key] != value]
        given = {key: value.digest for key, value in inputs.items()}
        files = [key for key, digest in self.inputs.items() if given.get(key, "") != digest]
        return [
            *(f"read {key}" for key in changed),
            *(f"read --{key.replace('_', '-')}" for key in files),
            *(f"made {text}" for text in now.differences(self.circumstances)),
        ]

    def digest(self) -> str:
        """Returns the SHA-256 of the record without the commit, identical wherever the same result is made."""
        fields = {**dataclasses.asdict(self), "commit": None}
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


class Reads:
    """Collects everything that one training reads."""

    def __init__(self) -> None:
        """Starts with nothing read."""
        self.assumptions: dict[str, Value] = {}
        self.inputs: dict[str, str] = {}
        self.features: dict[str, str] = {}
        self.utterances: dict[str, set[str]] = {}

    def record(self, circumstances: Circumstances, commit: str | None) -> Record:
        """Returns the record of everything read so far."""
        return Record(circumstances, dict(self.assumptions), dict(self.inputs), dict(self.features), commit)

    def add(self, record: Record) -> None:
        """Adds what a stage read, whoever made it; its utterances are recorded separately by purpose."""
        self.assumptions |= record.assumptions
        self.inputs |= record.inputs
        self.features |= record.features


class _RecordingLedger:
    """Stands in for a ledger and records each assumption read."""

    def __init__(self, ledger: object, reads: Reads) -> None:
        self.__dict__["_ledger"] = ledger
        self.__dict__["_reads"] = reads

    def __getattr__(self, name: str) -> Value:
        value = getattr(self.__dict__["_ledger"], name)
        self.__dict__["_reads"].assumptions[name] = value
        return cast(Value, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to assumption {name!r}")


def recording(ledger: L, reads: Reads) -> L:
    """Returns a view of a ledger that records in `reads` which assumptions are read."""
    return cast(L, _RecordingLedger(ledger, reads))


class Inputs(Mapping[str, Any]):
    """The values of the user's inputs by name, recording every read, even of inputs not given."""

    def __init__(self, given: Mapping[str, UserInput], reads: Reads) -> None:
        """Takes the user's inputs."""
        self._given, self._reads = given, reads

    def __getitem__(self, name: str) -> Any:
        """Returns the value of an input.

        Raises:
            KeyError: the input was not given.
        """
        self._reads.inputs[name] = self._given[name].digest if name in self._given else ""
        return self._given[name].value

    def __iter__(self) -> Iterator[str]:
        """Iterates over the names of the given inputs."""
        return iter(self._given)

    def __len__(self) -> int:
        """Returns the number of given inputs."""
        return len(self._given)
