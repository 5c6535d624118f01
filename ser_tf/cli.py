"""Shared parts of all command lines: one-line errors, exit statuses, and silenced messages of libraries.

Exit status: 0 done, 1 something failed and the rest is finished, 2 bad usage or bad data, 130 interrupted.
"""

import argparse
import contextlib
import contextvars
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from ser_tf import errors, interruption

DONE = 0
FAILED = 1
BAD_INPUT = 2
INTERRUPTED = interruption.STATUS


_called_as: contextvars.ContextVar[str | None] = contextvars.ContextVar("_called_as", default=None)


@contextlib.contextmanager
def called_as(program: str) -> Iterator[None]:
    """Names the command as the user typed it; parsers made inside show this in place of their own `prog`."""
    token = _called_as.set(program)
    try:
        yield
    finally:
        _called_as.reset(token)


class ArgumentParser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser` that keeps its description's lines and reports bad usage in one line."""

    def __init__(self, **kwargs: Any) -> None:
        """Creates a parser; arguments as for `argparse.ArgumentParser`.

        `prog` gives way to the name in `called_as`.
        """
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        kwargs["prog"] = _called_as.get() or kwargs.get("prog")
        super().__init__(**kwargs)

    def error(self, message: str) -> NoReturn:
        """Raises the usage error instead of printing the whole usage.

        Raises:
            SettingError: always.
        """
        raise errors.SettingError(f"{message} (see {self.prog} --help)")


def quieten() -> None:
    """Silences warnings of libraries that a user of the command line can do nothing about."""
    warnings.filterwarnings("ignore")
    for name in ("absl", "tensorflow", "tensorflow_io", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)


def run(main: Callable[[list[str]], int], argv: Sequence[str] | None = None) -> NoReturn:
    """Runs `main` with the command line's arguments and leaves the process with its exit status.

    Args:
        main: Takes the arguments without the program's name, returns the exit status.
        argv: Arguments in place of the command line's.
    """
    interruption.end()
    quieten()
    sys.exit(status_of(main, list(sys.argv[1:] if argv is None else argv)))


def status_of(main: Callable[[list[str]], int], argv: list[str]) -> int:
    """Calls `main` and turns a user's mistake or an interruption into one line on stderr and a status."""
    try:
        return main(argv)
    except errors.UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt as interruption:
        print(f"interrupted: {str(interruption) or 'nothing further was done'}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe (`| head`) has gone; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
