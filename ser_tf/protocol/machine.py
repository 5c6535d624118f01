"""The process that trains: how TensorFlow is set up in it, its memory, and the versions of its libraries."""

import contextlib
import importlib.metadata
import platform
import resource
import sys

from ser_tf import __version__

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn")


def configure_tensorflow() -> None:
    """Makes TensorFlow deterministic: one thread an operation, deterministic kernels.

    Sums over several threads depend on how many there are; cores are kept busy by running folds side by side.
    Called once in a process, before its first TensorFlow operation; later calls change nothing.
    """
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        with contextlib.suppress(RuntimeError):  # already initialised, by whoever imported this as a library
            tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def peak_memory_mb() -> float:
    """The largest resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes there, KiB elsewhere


def versions() -> dict[str, str]:
    """Versions of this project, of Python and of the libraries that numbers depend on."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"ser_tf": __version__, "python": platform.python_version(), **found}
