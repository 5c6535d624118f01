"""Whether an exported model answers as the training path did, asked in a fresh process about real recordings."""

import base64
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from ser_tf.corpora.base import Word
from ser_tf.serving import requests

TOLERANCE = 1e-4
"""Largest difference of a posterior from the training path's."""
SCRIPT = Path(__file__).with_name("fresh_process.py")

Outputs = Mapping[str, np.ndarray]


class VerificationError(Exception):
    """An exported model does not answer as it should; the message is one line."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One call of a served model: a signature and its inputs by name."""

    signature: str
    inputs: Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a fresh process had to say.

    Attributes:
        outputs: For each request its outputs by name, or the text of its error.
        ops: All operations of the graph.
        foreign: Those that a server without this project could not run.
    """

    outputs: list[Outputs | str]
    ops: tuple[str, ...]
    foreign: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Reference:
    """A recording of the test part with what the training path made of it.

    Attributes:
        name: The utterance.
        waveform: As the training path decodes it, float32 (samples,).
        contents: The bytes of its WAV file.
        posteriors: Of the fold result, float64 (classes,).
        words: Its words; None for models that read none.
    """

    name: str
    waveform: np.ndarray
    contents: bytes
    posteriors: np.ndarray
    words: tuple[Word, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well an exported model agrees with the training path: recordings, largest difference, operations."""

    recordings: int
    largest_difference: float
    ops: tuple[str, ...]


def ask(model: Path, asked: Sequence[Request]) -> Answers:
    """Has a fresh process load a SavedModel as TensorFlow Serving does, and answer.

    Raises:
        VerificationError: it cannot be loaded there.
    """
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "requests.json"), Path(folder, "answers.json")
        question.write_text(json.dumps([{"signature": one.signature, "inputs": _encoded(one.inputs)} for one in asked]))
        command = [sys.executable, "-I", str(SCRIPT), str(model), str(question), str(answer)]
        without_gpu = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
        done = subprocess.run(command, capture_output=True, text=True, env=without_gpu)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise VerificationError(f"{model}: cannot be loaded in a process of its own: {reason}")
        found = json.loads(answer.read_text())
    outputs = [one["error"] if "error" in one else _decoded(one["outputs"]) for one in found["answers"]]
    return Answers(outputs, tuple(found["ops"]), tuple(found["foreign"]))


def _encoded(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    return {
        name: base64.b64encode(tf.make_tensor_proto(value).SerializeToString()).decode()
        for name, value in arrays.items()
    }


def _decoded(texts: Mapping[str, str]) -> dict[str, np.ndarray]:
    protos = {name: tensor_pb2.TensorProto.FromString(base64.b64decode(text)) for name, text in texts.items()}
    return {name: tf.make_ndarray(proto) for name, proto in protos.items()}


def requests_about(references: Sequence[Reference]) -> list[tuple[list[Reference], Request]]:
    """All recordings in one batch and each alone, as waveforms and as files, with those that each request is about."""
    groups = [list(references), *([one] for one in references)]
    asked = []
    for group in groups:
        words = {}
        if group[0].words is not None:
            words = requests.of_words([one.words or () for one in group])
        of_waveforms = requests.of_waveforms([one.waveform for one in group])
        of_files = requests.of_files([one.contents for one in group])
        asked.append((group, Request("serving_default", of_waveforms | words)))
        asked.append((group, Request("wav_bytes", of_files | words)))
    return asked


def verify(
    model: Path, references: Sequence[Reference], classes: Sequence[str], warm_up: Sequence[Request] = ()
) -> Agreement:
    """Checks operations, posteriors and labels of an exported model.

    Args:
        model: Folder of the SavedModel.
        references: Recordings with the training path's posteriors.
        classes: In the order of the posteriors.
        warm_up: Requests that must be answered, whatever the answer.

    Raises:
        VerificationError: the model does not load, has operations that a server lacks, or answers something else.
    """
    asked = requests_about(references)
    answers = ask(model, [*(request for _, request in asked), *warm_up])
    if answers.foreign:
        raise VerificationError(f"{model}: a server lacks the operations {', '.join(answers.foreign)}")
    largest = 0.0
    for (group, request), outputs in zip(asked, answers.outputs, strict=False):
        names = ", ".join(one.name for one in group)
        if isinstance(outputs, str):
            raise VerificationError(f"{model}: {request.signature} of {names} fails: {outputs}")
        expected = np.stack([one.posteriors for one in group])
        difference = float(np.abs(outputs["probabilities"] - expected).max())
        if not difference <= TOLERANCE:
            raise VerificationError(
                f"{model}: {request.signature} of {names} differs by {difference:.2g} from the training path"
            )
        labels = [classes[place] for place in outputs["probabilities"].argmax(axis=1)]
        if [label.decode() for label in outputs["label"]] != labels:
            raise VerificationError(f"{model}: {request.signature} of {names} names other classes than {labels}")
        largest = max(largest, difference)
    broken = [one for one in answers.outputs[len(asked) :] if isinstance(one, str)]
    if broken:
        raise VerificationError(f"{model}: a request for warming up fails: {broken[0]}")
    return Agreement(len(references), largest, answers.ops)
