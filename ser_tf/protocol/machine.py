"""The training process: TensorFlow's configuration, memory use, and library versions."""

import contextlib
import importlib.metadata
import platform
import resource
import sys

from ser_tf import __version__

LIBRARIES = ("tensorflow", "keras", "numpy", "scikit-learn")


def configure_tensorflow() -> None:
    """Makes TensorFlow deterministic: one thread per operation, deterministic kernels.

    Sums over several threads depend on their number; running folds in parallel keeps the cores busy instead. Must be
    called before a process's first TensorFlow operation; later calls change nothing.
    """
    import tensorflow as tf

    if tf.config.threading.get_intra_op_parallelism_threads() != 1:
        with contextlib.suppress(RuntimeError):  # already initialised by a program that imported this as a library
            tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def peak_memory_mb() -> float:
    """Returns the peak resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10  # bytes on macOS, KiB elsewhere


def versions() -> dict[str, str]:
    """Returns the versions of this project, Python and the libraries that affect results."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"ser_tf": __version__, "python": platform.python_version(), **found}
