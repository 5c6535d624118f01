"""Checks in a fresh process that an exported model answers as the training path did, whatever else is in the batch."""

import base64
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from ser_tf.corpora.base import Word
from ser_tf.serving import requests

TOLERANCE = 1e-4
"""Largest difference of a posterior from the training path's."""
BAD_FILE = b"not a recording"
BAD_PLACE = 1
"""Row of the recording that cannot be used, in the requests that have one."""
SCRIPT = Path(__file__).with_name("fresh_process.py")

Outputs = Mapping[str, npt.NDArray[Any]]


class VerificationError(Exception):
    """An exported model does not answer as it should; the message is one line."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One call of a served model: a signature and its inputs by name."""

    signature: str
    inputs: Mapping[str, npt.NDArray[Any]]


@dataclasses.dataclass(frozen=True)
class Answers:
    """Answers of a fresh process.

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
    """A recording of the test set with what the training path made of it.

    Attributes:
        name: The utterance.
        waveform: As the training path decodes it, float32 (samples,).
        contents: The bytes of its WAV file.
        posteriors: Of the fold result, float64 (classes,).
        words: Its words; None for models that read none.
    """

    name: str
    waveform: npt.NDArray[Any]
    contents: bytes
    posteriors: npt.NDArray[Any]
    words: tuple[Word, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How well an exported model agrees with the training path: recordings, largest difference, operations."""

    recordings: int
    largest_difference: float
    ops: tuple[str, ...]


def ask(model: Path, asked: Sequence[Request]) -> Answers:
    """Lets a fresh process load a SavedModel as TensorFlow Serving does, and answer.

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


def _encoded(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
    return {
        name: base64.b64encode(tf.make_tensor_proto(value).SerializeToString()).decode()
        for name, value in arrays.items()
    }


def _decoded(texts: Mapping[str, str]) -> dict[str, npt.NDArray[Any]]:
    protos = {name: tensor_pb2.TensorProto.FromString(base64.b64decode(text)) for name, text in texts.items()}
    return {name: tf.make_ndarray(proto) for name, proto in protos.items()}


def requests_about(references: Sequence[Reference]) -> list[tuple[list[Reference], Request]]:
    """Makes requests about all recordings in one batch and each by itself, as waveforms and as files.

    Returns:
        The recordings that a request is about, and the request; the first two are about all of them.
    """
    asked = []
    for group in (list(references), *([reference] for reference in references)):
        texts = [reference.words or () for reference in group]
        made = _requests(group, [one.waveform for one in group], [one.contents for one in group], texts)
        asked += [(group, request) for request in made]
    return asked


def requests_with_a_bad_recording(references: Sequence[Reference]) -> list[Request]:
    """Makes requests about all recordings and one that cannot be used, in row `BAD_PLACE`: as waveforms and as files.

    The bad one is longer than the others and has more words, so that it would stretch the batch.
    """
    waveforms = [reference.waveform for reference in references]
    contents = [reference.contents for reference in references]
    texts = [reference.words or () for reference in references]
    waveforms.insert(BAD_PLACE, np.full(2 * max(map(len, waveforms)), np.nan, np.float32))
    contents.insert(BAD_PLACE, BAD_FILE)
    texts.insert(BAD_PLACE, (Word("bad", 0.0, 0.1),) * 2 * max(map(len, texts)))
    return _requests(references, waveforms, contents, texts)


def _requests(
    references: Sequence[Reference],
    waveforms: Sequence[npt.NDArray[Any]],
    contents: Sequence[bytes],
    texts: Sequence[Sequence[Word]],
) -> list[Request]:
    """Makes requests of both signatures; with words only where the references have some."""
    words = {} if references[0].words is None else requests.of_words(texts)
    return [
        Request("serving_default", requests.of_waveforms(waveforms) | words),
        Request("wav_bytes", requests.of_files(contents) | words),
    ]


def verify(
    model: Path, references: Sequence[Reference], classes: Sequence[str], warm_up: Sequence[Request] = ()
) -> Agreement:
    """Checks operations, posteriors, labels and errors of an exported model.

    Args:
        model: Folder of the SavedModel.
        references: Recordings with the training path's posteriors.
        classes: In the order of the posteriors.
        warm_up: Requests that must be answered for all their recordings.

    Raises:
        VerificationError: the model does not load, has operations that a server lacks, or answers something else.
    """
    asked, with_bad = requests_about(references), requests_with_a_bad_recording(references)
    everything = [*(request for _, request in asked), *with_bad, *warm_up]
    answers = ask(model, everything)
    if answers.foreign:
        raise VerificationError(f"{model}: a server lacks the operations {', '.join(answers.foreign)}")
    found = []
    for request, outputs in zip(everything, answers.outputs, strict=True):
        if isinstance(outputs, str):
            raise VerificationError(f"{model}: a call of {request.signature} fails: {outputs}")
        found.append(outputs)
    differences = [
        _difference(f"{model}: {request.signature}", group, classes, outputs)
        for (group, request), outputs in zip(asked, found, strict=False)
    ]
    for request, alone, together in zip(with_bad, found, found[len(asked) :], strict=False):
        _require_independence(f"{model}: {request.signature}", alone, together)
    for outputs in found[len(asked) + len(with_bad) :]:
        if any(outputs["error"]):
            raise VerificationError(f"{model}: a request for warming up is refused: {max(outputs['error']).decode()}")
    return Agreement(len(references), max(differences), answers.ops)


def _difference(what: str, group: Sequence[Reference], classes: Sequence[str], outputs: Outputs) -> float:
    """Compares the answer about recordings with the training path's; gives the largest difference of a posterior.

    Raises:
        VerificationError: it is another answer.
    """
    what = f"{what} of {', '.join(one.name for one in group)}"
    if any(outputs["error"]):
        raise VerificationError(f"{what} is refused: {max(outputs['error']).decode()}")
    difference = float(np.abs(outputs["probabilities"] - np.stack([one.posteriors for one in group])).max())
    if not difference <= TOLERANCE:
        raise VerificationError(f"{what} differs by {difference:.2g} from the training path")
    labels = [classes[place] for place in outputs["probabilities"].argmax(axis=1)]
    if [label.decode() for label in outputs["label"]] != labels:
        raise VerificationError(f"{what} names other classes than {labels}")
    return difference


def _require_independence(what: str, alone: Outputs, together: Outputs) -> None:
    """Checks that a recording that cannot be used has an error, and changes no bit of the other answers.

    Raises:
        VerificationError: it has none, or does.
    """
    bad = {name: value[BAD_PLACE] for name, value in together.items()}
    if not bad["error"] or bad["label"] or np.any(bad["probabilities"]):
        raise VerificationError(f"{what} answers about a recording that cannot be used")
    for name, value in alone.items():
        if not np.array_equal(np.delete(together[name], BAD_PLACE, axis=0), value):
            raise VerificationError(f"{what}: a recording that cannot be used changes `{name}` of the others")
