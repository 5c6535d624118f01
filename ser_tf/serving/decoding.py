"""Decodes recordings in a process of its own: run by `ser_tf.serving.reader`, which can end it when a decoder hangs.

    python decoding.py FD

FD is an inherited end of a `multiprocessing` connection. The process sends `READY`; then, for each path that it
receives as bytes, a JSON object: `{"error"}`, or `{"rate_hz", "channels", "frames"}` with the samples after it, float32
(frames, channels) in [-1, 1]. TensorFlow is not imported here: the process starts in a fraction of a second.
"""

import json
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ser_tf.corpora import recordings
from ser_tf.errors import AudioError

READY = b"ready"


def decode(path: Path) -> tuple[npt.NDArray[np.float32], int]:
    """Decodes a file.

    Returns:
        The samples, float32 (frames, channels) in [-1, 1], and the sampling rate in Hz.

    Raises:
        AudioError: it cannot be decoded or used; the message begins with the path.
    """
    samples, header = recordings.read_samples(path)
    return samples, header.sample_rate_hz


def answer(connection: Connection, path: Path) -> None:
    """Sends one recording, or why it cannot be used."""
    try:
        samples, rate_hz = decode(path)
    except AudioError as error:
        _send(connection, error=str(error).removeprefix(f"{path}: "))
    except OSError as error:
        _send(connection, error=f"cannot be read ({error.strerror or error})")
    except MemoryError:
        _send(connection, error="it does not fit into this machine's memory; cut it into several files")
    else:
        frames, channels = samples.shape
        _send(connection, rate_hz=rate_hz, channels=channels, frames=frames)
        connection.send_bytes(np.ascontiguousarray(samples).data.cast("B"))


def _send(connection: Connection, **fields: str | int) -> None:
    connection.send_bytes(json.dumps(fields).encode())


def main(descriptor: int) -> None:
    """Answers until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the reader decides when this process ends
    with Connection(descriptor) as connection:
        connection.send_bytes(READY)
        while True:
            try:
                path = connection.recv_bytes()
            except EOFError:
                return
            answer(connection, Path(os.fsdecode(path)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
