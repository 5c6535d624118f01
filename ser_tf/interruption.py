"""Ctrl-C while a command's modules are imported: one line and the status of an interruption.

Importing TensorFlow takes seconds, and a `KeyboardInterrupt` in the middle of it comes out as a traceback of many
pages, or is swallowed. Nothing has begun by then; the process can exit at once.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import NoReturn

STATUS = 128 + signal.SIGINT
_PAGES = ("ser_tf", "experiments", "figures")
_PROGRAM = "ser-tf"


def is_command(argv: list[str]) -> bool:
    """Whether a process runs a command of this project, and is not a program of others that imports it.

    Args:
        argv: The command line with the interpreter, as in `sys.orig_argv`.
    """
    if "-m" in argv[1:]:
        module = argv[argv.index("-m") + 1 :][:1]
        return bool(module) and module[0].partition(".")[0] in _PAGES
    return any(Path(word).stem == _PROGRAM for word in argv[:2])


def answer_during_imports() -> None:
    """Makes Ctrl-C one line from now on; `end` gives it back to Python."""
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def end() -> None:
    """Lets Ctrl-C raise `KeyboardInterrupt` again: the imports are over."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    os.write(2, b"interrupted: nothing was done\n")
    os._exit(STATUS)


if is_command(sys.orig_argv):
    answer_during_imports()
