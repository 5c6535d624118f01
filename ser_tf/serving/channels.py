"""From the channels of a decoded file to the waveforms that a model hears, at 16 kHz."""

import functools
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.audio_limits import MODEL_SAMPLE_RATE_HZ
from ser_tf.errors import AudioError
from ser_tf.features import parallel
from ser_tf.features.resampling import resample
from ser_tf.serving.reader import Sound

MEAN, LEFT, RIGHT, EACH = "mean", "left", "right", "each"
CHOICES = (LEFT, RIGHT, MEAN, EACH)
MONO = "mono"
STEREO = (LEFT, RIGHT)
"""Names of the channels of a stereo file; those of files with more are numbers from 1."""


def waveforms(sound: Sound, choice: str) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Gives the chosen channels one after the other, or the mean of all.

    Args:
        sound: A decoded file.
        choice: One of `CHOICES`.

    Yields:
        Name of the channel, and its waveform, float32 (samples,) at 16 kHz.

    Raises:
        AudioError: the left or right channel is wanted of a file that is not stereo.
    """
    number = sound.samples.shape[1]
    if choice == MEAN:
        yield MEAN, _at_model_rate(sound.samples, sound.rate_hz)
        return
    if choice in STEREO and number != len(STEREO):
        raise AudioError(f"it has {number} channel{'s' * (number > 1)}, so none is the {choice} one; see --channel")
    numbers = tuple(str(place) for place in range(1, number + 1))
    channels = {1: (MONO,), len(STEREO): STEREO}.get(number, numbers)
    for place, name in enumerate(channels):
        if choice in (EACH, name):
            yield name, _at_model_rate(sound.samples[:, place : place + 1], sound.rate_hz)


def _at_model_rate(samples: npt.NDArray[np.float32], rate_hz: int) -> npt.NDArray[np.float32]:
    """Averages channels, float32 (samples, channels), and resamples to 16 kHz."""
    if samples.shape[1] == 1 and rate_hz == MODEL_SAMPLE_RATE_HZ:
        return samples[:, 0]
    return _graph()(samples, tf.constant(rate_hz, tf.int64)).numpy()


@functools.cache
def _graph() -> Callable[[npt.NDArray[np.float32], tf.Tensor], tf.Tensor]:
    """The operations of training and of the served graph, traced once in a process."""

    def compute(samples: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
        with parallel.on_processor():
            return resample(tf.reduce_mean(samples, axis=1), rate_hz)

    signature = [tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int64)]
    return tf.function(compute, input_signature=signature, autograph=False)
