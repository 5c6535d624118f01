"""Verification of exported models: whatever is wrong with an answer is found out."""

from pathlib import Path

import numpy as np
import pytest

from ser_tf.serving import requests, verification
from ser_tf.serving.verification import BAD_PLACE, Answers, Reference, Request, VerificationError

CLASSES = ("angry", "sad")
POSTERIORS = {"one": np.array([0.7, 0.3]), "two": np.array([0.2, 0.8])}
REFERENCES = [
    Reference(name, np.full(100 + place, 0.1, np.float32), b"RIFF" + name.encode(), POSTERIORS[name])
    for place, name in enumerate(POSTERIORS)
]
FOLDER = Path("served", "1")
WITH_BAD = 6
"""Place of the first request with a bad recording: after waveforms and files of both, of one and of two."""


def answer(names):
    """What a sound model says about recordings; `None` is one that cannot be used."""
    posteriors = np.array([np.zeros(2) if name is None else POSTERIORS[name] for name in names])
    labels = [b"" if name is None else CLASSES[POSTERIORS[name].argmax()].encode() for name in names]
    errors = [b"it is bad" if name is None else b"" for name in names]
    return {
        "probabilities": posteriors, "attention": posteriors.copy(),
        "label": np.array(labels, object), "error": np.array(errors, object),
    }  # fmt: skip


@pytest.fixture
def outputs(monkeypatch):
    """The answers that a fresh process gives, to be changed by a test."""
    groups = [["one", "two"]] * 2 + [["one"]] * 2 + [["two"]] * 2 + [["one", None, "two"]] * 2
    given = [answer(names) for names in groups]
    monkeypatch.setattr(verification, "ask", lambda model, asked: Answers(given[: len(asked)], ("MatMul",), ()))
    return given


def verify(*warm_up):
    return verification.verify(FOLDER, REFERENCES, CLASSES, warm_up)


def test_a_sound_model_agrees(outputs):
    assert BAD_PLACE == 1 and verify() == verification.Agreement(2, 0.0, ("MatMul",))


@pytest.mark.parametrize(("place", "signature"), [(0, "serving_default"), (3, "wav_bytes"), (5, "wav_bytes")])
def test_other_posteriors_are_found_out(outputs, place, signature):
    outputs[place]["probabilities"][0] += [2e-4, -2e-4]
    with pytest.raises(VerificationError, match=f"{signature} of .* differs by 0.0002 from the training path"):
        verify()
    outputs[place]["probabilities"][0] = np.nan
    with pytest.raises(VerificationError, match="differs by nan"):
        verify()


def test_another_label_is_found_out(outputs):
    outputs[1]["label"][0] = b"sad"
    with pytest.raises(VerificationError, match="wav_bytes of one, two names other classes"):
        verify()


@pytest.mark.parametrize(
    ("place", "name", "signature"),
    [(WITH_BAD, "probabilities", "serving_default"), (WITH_BAD + 1, "attention", "wav_bytes")],
)
def test_a_bad_recording_that_changes_others_is_found_out(outputs, place, name, signature):
    outputs[place][name][0] += 1e-12
    said = f"{signature}: a recording that cannot be used changes `{name}` of the others"
    with pytest.raises(VerificationError, match=said):
        verify()


@pytest.mark.parametrize(("name", "value"), [("error", b""), ("label", b"sad"), ("probabilities", 0.5)])
def test_an_answer_about_a_bad_recording_is_found_out(outputs, name, value):
    outputs[WITH_BAD][name][BAD_PLACE] = value
    with pytest.raises(VerificationError, match="serving_default answers about a recording that cannot be used"):
        verify()


def test_refusals_and_failures_are_found_out(outputs):
    outputs[2]["error"][0] = b"it is odd"
    with pytest.raises(VerificationError, match="serving_default of one is refused: it is odd"):
        verify()
    outputs[2] = "no such tensor"
    with pytest.raises(VerificationError, match="a call of serving_default fails: no such tensor"):
        verify()


def test_refused_warm_up_requests_are_found_out(outputs):
    outputs.append(answer([None]))
    with pytest.raises(VerificationError, match="a request for warming up is refused: it is bad"):
        verify(Request("wav_bytes", requests.of_files([b"text"])))


def test_operations_that_a_server_lacks_are_found_out(outputs, monkeypatch):
    monkeypatch.setattr(verification, "ask", lambda model, asked: Answers(outputs, ("IO>X",), ("IO>X",)))
    with pytest.raises(VerificationError, match="a server lacks the operations IO>X"):
        verify()
