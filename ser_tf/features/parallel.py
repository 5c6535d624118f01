"""Features of many utterances on several threads, as the feature store and the benchmark need them."""

import collections
import concurrent.futures
import os
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import tensorflow as tf

from ser_tf.features import FeatureSpec


def compiled(spec: FeatureSpec) -> Callable[[tf.Tensor], tf.Tensor]:
    """One graph for utterances of any length: float32 `(samples,)` -> float32 `(frames, dims)`."""
    graph = tf.function(spec, input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
    return graph.get_concrete_function()


def compute_all(
    compute: Callable[[tf.Tensor], tf.Tensor], waveforms: Iterable[np.ndarray | tf.Tensor], threads: int | None = None
) -> Iterator[np.ndarray]:
    """Computes one feature for each waveform, in the given order.

    Threads call one compiled graph. A map in `tf.data` would do the same, but it runs its function's graph without
    optimisation and hands every small operation from thread to thread: with hundreds of them in the low-level
    descriptors it takes two to three times as long.

    Args:
        compute: From `compiled`.
        waveforms: float32 `(samples,)` each; taken as needed, no more than a few ahead.
        threads: How many utterances at a time; None: one for each processor.

    Yields:
        float32 `(frames, dims)` for each waveform.
    """
    threads = threads or os.cpu_count() or 1
    waiting: collections.deque[concurrent.futures.Future[np.ndarray]] = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        for waveform in waveforms:
            waiting.append(pool.submit(lambda samples: compute(tf.convert_to_tensor(samples)).numpy(), waveform))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
