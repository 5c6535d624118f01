"""Attention of trained models, measured on every test utterance after training and prediction.

Papers show attention on a few examples and say what it does. Here the same is counted over whole test sets: which
share of the attention falls on silent frames, for instance, beside these frames' share of the time.

Deviations: no paper says which frames are silent. Here they are those whose level is more than `SILENCE_DECIBELS`
below that of the utterance's loudest frame, whatever the recording's gain; Kinnunen and Li 2010 (An overview of
text-independent speaker recognition, §3.1) detect speech by the same 30 dB.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.features.level import level_spec
from ser_tf.features.spec import FeatureSpec
from ser_tf.protocol.context import FoldContext
from ser_tf.training import loop
from ser_tf.training.batches import Batches

L = TypeVar("L")
SILENCE_DECIBELS = 30.0
"""Frames whose level lies this far below that of the loudest one are silent."""
Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]
Measure = Callable[[str, Mapping[str, Floats]], Mapping[str, float]]
"""From an utterance's id and its outputs to quantities by name, the same names for every utterance."""


def measure(model: keras.Model, batches: Batches[L], names: tuple[str, ...], of_one: Measure) -> dict[str, Floats]:
    """Measures something on a model's outputs for every test utterance.

    Args:
        model: A trained network of whole utterances.
        batches: What it reads.
        names: The outputs that are measured.
        of_one: Gets these outputs of one utterance, padded as its batch was.

    Returns:
        Each quantity by name, float64 (test utterances,), in the order of `fold.test`.
    """
    ids = batches.context.fold.test
    found = {
        utterance_id: of_one(utterance_id, outputs)
        for utterance_id, outputs in loop.utterance_outputs(model, batches, ids, "predict", names)
    }
    return {name: np.asarray([found[utterance_id][name] for utterance_id in ids]) for name in found[ids[0]]}


class Silence:
    """Marks the silent frames of the test utterances."""

    def __init__(self, context: FoldContext[L], spec: FeatureSpec) -> None:
        """Takes the fold, and the feature whose frames are told apart."""
        self._levels = context.view(level_spec(spec.params), context.fold.test, "predict")

    def __getitem__(self, utterance_id: str) -> Mask:
        """True on the silent frames of an utterance, bool (frames,)."""
        return silent(self._levels[utterance_id][:, 0])


def silent(decibels: Floats) -> Mask:
    """True on frames that are much less loud than the loudest one: float (frames,) -> bool (frames,)."""
    quiet: Mask = decibels < decibels.max() - SILENCE_DECIBELS
    return quiet


def share_where(weights: Floats, where: Mask) -> float:
    """The share of non-negative weights, of any shape, that lies where a mask of the same shape is true."""
    return float(weights[where].sum(dtype=np.float64) / weights.sum(dtype=np.float64))


def on_silence(weights: Floats, quiet: Mask) -> dict[str, float]:
    """`attention_on_silence`, and `time_in_silence` to compare it with.

    Args:
        weights: Attention of each frame of an utterance, (frames,).
        quiet: True on its silent frames, (frames,).
    """
    return {"attention_on_silence": share_where(weights, quiet), "time_in_silence": float(quiet.mean())}


def over_silence(model: keras.Model, batches: Batches[L]) -> dict[str, Floats]:
    """For a model with one weight a frame, `on_silence` of every test utterance.

    Args:
        model: Its output `attention` is (batch, frames).
        batches: What it reads.
    """
    quiet = Silence(batches.context, batches.spec)

    def of_one(utterance_id: str, outputs: Mapping[str, Floats]) -> Mapping[str, float]:
        frames = quiet[utterance_id]
        return on_silence(outputs["attention"][: len(frames)], frames)

    return measure(model, batches, ("attention",), of_one)
