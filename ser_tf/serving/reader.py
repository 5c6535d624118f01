"""Reads recordings in a process beside this one, which is ended when a file takes too long or makes it crash."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from ser_tf.errors import AudioError, UserError
from ser_tf.serving import names

TIMEOUT_SECONDS = 60.0
_SCRIPT = Path(__file__).with_name("decoding.py")
_ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Sound:
    """A decoded file.

    Attributes:
        samples: float32 (frames, channels) in [-1, 1].
        rate_hz: Sampling rate.
    """

    samples: npt.NDArray[np.float32]
    rate_hz: int


class Reader:
    """Decodes files one after the other; to be closed, or used in a `with` statement."""

    def __init__(self, timeout_seconds: float = TIMEOUT_SECONDS, script: Path = _SCRIPT) -> None:
        """Starts no process yet.

        Args:
            timeout_seconds: Time limit for a file.
            script: What decodes; see `ser_tf.serving.decoding`.
        """
        self._timeout_seconds, self._script = timeout_seconds, script
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        """Gives the reader."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends the process."""
        self.close()

    def close(self) -> None:
        """Ends the process; the next file starts another one."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._connection = None

    def read(self, path: Path) -> Sound:
        """Decodes a file.

        Raises:
            AudioError: it cannot be decoded, or not in time; names the file and the reason.
            UserError: no file can be decoded here.
        """
        try:
            return self._read(path)
        except AudioError as error:
            raise AudioError(f"{names.one_line(path)}: {error}") from None
        except UserError:
            self.close()
            raise
        except (EOFError, OSError):
            status = self._process.wait() if self._process is not None else 0
            self.close()
            how = signal.Signals(-status).name if status < 0 else f"status {status}"
            raise AudioError(f"{names.one_line(path)}: the decoder died of it ({how}); the file is corrupt") from None
        except BaseException:  # an interruption leaves half an answer in the connection
            self.close()
            raise

    def _read(self, path: Path) -> Sound:
        connection = self._connection or self._start()
        connection.send_bytes(os.fsencode(path))
        if not connection.poll(self._timeout_seconds):
            self.close()
            raise AudioError(f"not decoded within {self._timeout_seconds:g} s (--file-timeout)")
        found = json.loads(connection.recv_bytes())
        if "error" in found:
            raise AudioError(found["error"])
        samples = np.empty((found["frames"], found["channels"]), np.float32)
        connection.recv_bytes_into(samples.data.cast("B"))
        return Sound(samples, found["rate_hz"])

    def _start(self) -> Connection:
        """Starts the process without copying this one, whose threads a copy would not have."""
        self._connection, theirs = Pipe()
        paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(self._script), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            self._connection.recv_bytes()
        except EOFError:
            command = f"{sys.executable} -P {self._script} 0"
            raise UserError(f"the process that decodes recordings does not start; `{command}` may say why") from None
        return self._connection
