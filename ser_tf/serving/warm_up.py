"""Requests that TensorFlow Serving sends itself when it loads a model, so that the first user does not wait.

The recordings are made up: a corpus's own must not travel with the model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.corpora.base import Word
from ser_tf.serving import requests
from ser_tf.serving.verification import Request

FILE = Path("assets.extra", "tf_serving_warmup_requests")
SECONDS = (1.0, 3.0)
BATCH_SIZES = (1, 4)
WORD_SECONDS = 0.4


def _murmur(seconds: float) -> npt.NDArray[Any]:
    """A vibrating tone with overtones and noise, float32 (samples,) at 16 kHz."""
    time = np.arange(round(seconds * requests.SAMPLE_RATE_HZ)) / requests.SAMPLE_RATE_HZ
    phase = 2 * np.pi * 150.0 * (time + 0.002 * np.sin(2 * np.pi * 4 * time))
    voice = sum(np.sin(overtone * phase) / overtone for overtone in (1, 2, 3))
    return (0.1 * voice + 0.001 * np.random.default_rng(0).standard_normal(len(time))).astype(np.float32)


def _words(seconds: float) -> tuple[Word, ...]:
    edges = np.arange(0.0, seconds, WORD_SECONDS).tolist() + [seconds]
    return tuple(Word("word", begin, end) for begin, end in zip(edges, edges[1:], strict=False))


def requests_for(reads_words: bool) -> list[Request]:
    """Both signatures with recordings of different lengths, alone and together."""
    made = []
    for number in BATCH_SIZES:
        lengths = [SECONDS[place % len(SECONDS)] for place in range(number)]
        waveforms = [_murmur(seconds) for seconds in lengths]
        words = requests.of_words([_words(seconds) for seconds in lengths]) if reads_words else {}
        made.append(Request("serving_default", requests.of_waveforms(waveforms) | words))
        files = [requests.wav_of(waveform) for waveform in waveforms]
        made.append(Request("wav_bytes", requests.of_files(files) | words))
    return made


def write(model: Path, name: str, made: Sequence[Request]) -> None:
    """Writes the records into a SavedModel.

    Args:
        model: Its folder.
        name: Of the model, as a server knows it.
        made: The requests.
    """
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    path = model / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for one in made:
            request = predict_pb2.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = name, one.signature
            for key, value in one.inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictLog(request=request)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
