"""Keras 3 / TensorFlow reproductions of five speech emotion recognition papers.

Importing the package chooses the TensorFlow backend of Keras and silences the start-up messages of
TensorFlow's native libraries; both must happen before TensorFlow is first imported.
"""

import os

from ser_tf import interruption as _interruption  # noqa: F401 - before anything that takes long

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

__version__ = "0.1.0"
