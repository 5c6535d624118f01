"""Features of many utterances on all processors, as the feature store and the benchmark need them."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from ser_tf.features.spec import FeatureSpec

UTTERANCES_AT_ONCE = 16

Compute = Callable[[Sequence[np.ndarray | tf.Tensor]], list[np.ndarray]]


def compiled(spec: FeatureSpec) -> Compute:
    """One graph that computes a feature for up to `UTTERANCES_AT_ONCE` utterances of any lengths, each on its own.

    TensorFlow runs the utterances of a call side by side. A call for each utterance costs more than the feature
    itself, and a map in `tf.data` runs its function's graph without optimisation.

    Returns:
        A function: up to so many float32 `(samples,)` -> as many float32 `(frames, dims)`.
    """
    waveform = tf.TensorSpec([None], tf.float32)
    single = tf.function(spec, input_signature=[waveform], autograph=False)
    several = tf.function(
        lambda *waveforms: [single(each) for each in waveforms],
        input_signature=[waveform] * UTTERANCES_AT_ONCE,
        autograph=False,
    ).get_concrete_function()
    nothing = tf.zeros([1])

    def compute(waveforms: Sequence[np.ndarray | tf.Tensor]) -> list[np.ndarray]:
        filled = [tf.convert_to_tensor(each) for each in waveforms] + [nothing] * (UTTERANCES_AT_ONCE - len(waveforms))
        return [features.numpy() for features in several(*filled)[: len(waveforms)]]

    return compute


def compute_all(compute: Compute, waveforms: Iterable[np.ndarray | tf.Tensor]) -> Iterator[np.ndarray]:
    """Computes one feature for each waveform, in the given order.

    Args:
        compute: From `compiled`.
        waveforms: float32 `(samples,)` each; taken as needed, `UTTERANCES_AT_ONCE` at a time.

    Yields:
        float32 `(frames, dims)` for each waveform.
    """
    remaining = iter(waveforms)
    while group := list(itertools.islice(remaining, UTTERANCES_AT_ONCE)):
        yield from compute(group)
