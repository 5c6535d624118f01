"""Computing the features of many utterances on all processors, for the feature store and the benchmark."""

import collections
import concurrent.futures
import contextlib
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ser_tf.features.spec import FeatureSpec

Item = TypeVar("Item")
Result = TypeVar("Result")
Compute = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]

AHEAD = 2
"""Number of items per thread that may be started before the first result is consumed."""


def processors() -> int:
    """Returns the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_processor() -> contextlib.AbstractContextManager[object]:
    """Keeps operations off the GPU, where features would differ in the last bits and take memory from training."""
    return tf.device("/CPU:0")


@functools.lru_cache(maxsize=32)
def compiled(spec: FeatureSpec) -> Compute:
    """Returns a graph that computes a feature for one utterance of any length, traced once per process.

    Returns:
        A function that several threads may call: float32 `(samples,)` -> float32 `(frames, dims)`.
    """

    def compute(waveform: tf.Tensor) -> tf.Tensor:
        with on_processor():
            return spec(waveform)

    graph = tf.function(compute, input_signature=[tf.TensorSpec([None], tf.float32)], autograph=False)
    concrete = graph.get_concrete_function()
    return lambda waveform: concrete(tf.convert_to_tensor(waveform)).numpy()


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """Calls a function for each item in a pool of threads, holding only a few results in memory.

    Args:
        function: A function that mostly runs outside the interpreter's lock (TensorFlow, libsndfile).
        items: The arguments, consumed as needed.
        threads: Number of threads, by default one per processor.

    Yields:
        The results in the order of the items. The first error of an item is raised in its place.
    """
    threads = threads or processors()
    remaining = iter(items)
    waiting: collections.deque[concurrent.futures.Future[Result]] = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        for item in remaining:
            waiting.append(pool.submit(function, item))
            if len(waiting) > AHEAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
