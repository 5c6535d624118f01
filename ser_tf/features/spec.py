"""The specification of a feature: everything needed to compute, name and store it."""

import dataclasses
import hashlib
import json
from collections.abc import Callable

import tensorflow as tf

from ser_tf import code_digest
from ser_tf.features import framing


@dataclasses.dataclass(frozen=True)
class FeatureSpec:
    """A feature with its settings: everything needed to compute, name and store it. Picklable.

    Attributes:
        name: The feature's name, as in the papers' tables.
        params: Its frozen settings.
        function: The feature function, defined at the top of a module.
        dims: Size of the last axis.
        names: Name of each dimension.
    """

    name: str
    params: framing.FrameParams
    function: Callable[..., tf.Tensor]
    dims: int
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Checks that every dimension has a name.

        Raises:
            ValueError: the number of names is not `dims`.
        """
        if len(self.names) != self.dims:
            raise ValueError(f"feature {self.name} has {self.dims} dimensions and {len(self.names)} names")

    def __call__(self, waveform: tf.Tensor, num_samples: tf.Tensor | None = None) -> tf.Tensor:
        """Computes the feature: float32 `(..., samples)`, integers `(...)` -> float32 `(..., frames, dims)`."""
        return self.function(waveform, self.params, num_samples)

    def num_frames(self, num_samples: framing.Count) -> framing.Count:
        """Returns the number of frames of an utterance, given as a Python integer or an integer tensor."""
        return framing.num_frames(num_samples, self.params)

    def fingerprint(self) -> str:
        """Returns the SHA-256 of name, settings and code, identical in every process and on every machine."""
        settings = {
            "name": self.name,
            "params": dataclasses.asdict(self.params),
            "code": code_digest.digest_of(self.function),
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode("utf-8")).hexdigest()
