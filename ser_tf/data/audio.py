"""Reading audio files as mono waveforms at 16 kHz, full scale 1, and computing their features.

One utterance per processor is in memory at a time. libsndfile decodes the files (`ser_tf.corpora.recordings`), or
tensorflow-io, where it is installed, with `SER_TF_AUDIO=tensorflow-io` in the environment.
"""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.corpora import recordings
from ser_tf.corpora.base import Utterance
from ser_tf.corpora.recordings import RecordingHeader
from ser_tf.errors import SettingError
from ser_tf.features import parallel, resampling
from ser_tf.features.spec import FeatureSpec

SAMPLE_RATE_HZ = MODEL_SAMPLE_RATE_HZ
READER_VARIABLE = "SER_TF_AUDIO"
SOUNDFILE, TENSORFLOW_IO = "soundfile", "tensorflow-io"

Waveform = npt.NDArray[np.float32]
ReadSamples = Callable[[Path, float, float | None], tuple[npt.NDArray[np.float32], RecordingHeader]]

probe = recordings.read_header


def reader_name() -> str:
    """Returns the name of the reader chosen in the environment, by default `soundfile`.

    Raises:
        SettingError: `SER_TF_AUDIO` does not name a reader.
    """
    name = os.environ.get(READER_VARIABLE) or SOUNDFILE
    if name not in (SOUNDFILE, TENSORFLOW_IO):
        raise SettingError(f"{READER_VARIABLE}={name}: must be {SOUNDFILE} or {TENSORFLOW_IO}")
    return name


def _reader() -> ReadSamples:
    if reader_name() == SOUNDFILE:
        return recordings.read_samples
    from ser_tf.data import tensorflow_io_reader

    return tensorflow_io_reader.read_samples


def read(path: Path, speed: float = 1.0, start_seconds: float = 0.0, end_seconds: float | None = None) -> Waveform:
    """Reads one file, or part of it, as a mono waveform at 16 kHz; channels are averaged.

    Args:
        path: An audio file of any supported format and rate.
        speed: Playback speed: the file is read as if its sampling rate were this many times as high.
        start_seconds: Start of the part, in the file's own time.
        end_seconds: End of the part, or None for the end of the file.

    Returns:
        float32 (samples,).

    Raises:
        AudioError: the file cannot be decoded, is empty, does not contain this part, or has samples that are not finite
            or on another scale. The message is one line that names the file.
    """
    samples, header = _reader()(path, start_seconds, end_seconds)
    rate_hz = round(header.sample_rate_hz * speed)
    if rate_hz == SAMPLE_RATE_HZ and header.channels == 1:
        return samples[:, 0]
    return _at_model_rate()(samples, tf.constant(rate_hz, tf.int64)).numpy()


def read_utterance(utterance: Utterance) -> Waveform:
    """Reads an utterance, which may be part of a file, at its speed; result and errors as for `read`."""
    return read(utterance.path, utterance.speed, utterance.start_seconds, utterance.end_seconds)


@functools.cache
def _at_model_rate() -> Callable[[npt.NDArray[np.float32], tf.Tensor], tf.Tensor]:
    """Returns a graph that mixes the channels and resamples, traced once per process."""

    def mix_and_resample(samples: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
        with parallel.on_processor():
            return resampling.resample(tf.reduce_mean(samples, axis=1), rate_hz)

    signature = [tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int64)]
    return tf.function(mix_and_resample, input_signature=signature, autograph=False)


def map_utterances(utterances: Sequence[Utterance], spec: FeatureSpec) -> Iterator[tuple[Utterance, Waveform]]:
    """Computes one feature for many utterances on all processors.

    Each utterance is decoded, resampled and processed in one thread, with one thread per operation; its features depend
    neither on the other utterances nor on the number of processors.

    Yields:
        Each utterance with its features, float32 (frames, dims), in the given order.

    Raises:
        AudioError: an audio file cannot be used. The message names the file and says why.
    """
    compute = parallel.compiled(spec)

    def features_of(utterance: Utterance) -> npt.NDArray[np.float32]:
        waveform = read_utterance(utterance)
        features = compute(waveform)
        expected = (spec.num_frames(len(waveform)), spec.dims)
        if features.shape != expected:
            raise ValueError(f"{spec.name} of {utterance.id} has shape {features.shape}, not {expected}")
        return features

    yield from zip(utterances, parallel.map_in_order(features_of, utterances), strict=True)
