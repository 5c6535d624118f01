"""Keeps the notices of TensorFlow's native libraries off stderr, which is for one-line messages of this project.

TensorFlow 2.21, of Python 3.13, prints several at import, whatever `TF_CPP_MIN_LOG_LEVEL` says; only the file
descriptor can be turned aside. Its warnings and errors, and what others print meanwhile, come through after the import.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

STDERR = 2
_NOTICE = re.compile(
    rb"I\d{4} |WARNING: All log messages before absl::InitializeLog|To enable the following instructions"
)
_turned_aside: list[int] = []


def terminal() -> int:
    """The file descriptor of the user's stderr, also while descriptor 2 is turned aside."""
    return _turned_aside[-1] if _turned_aside else STDERR


@contextlib.contextmanager
def without_notices() -> Iterator[None]:
    """Turns descriptor 2 aside; afterwards everything but notices is printed."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        saved = os.dup(STDERR)
        _turned_aside.append(saved)
        os.dup2(file.fileno(), STDERR)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(saved, STDERR)
            _turned_aside.remove(saved)
            os.close(saved)
            file.seek(0)
            for line in file:
                if not _NOTICE.match(line):
                    os.write(STDERR, line)


class _QuietFinder(importlib.abc.MetaPathFinder):
    """Finds a module as the other finders do, and imports it without notices; the first time only."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answers for the one module; see `importlib.abc.MetaPathFinder`."""
        del path, target
        if fullname != self.name:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_quietly(module: ModuleType) -> None:
                with without_notices():
                    execute(module)

            spec.loader.exec_module = execute_quietly  # type: ignore[method-assign]
        return spec


def quieten_import(name: str) -> None:
    """Leaves the notices out when a module is imported for the first time; nothing where it is imported already.

    Args:
        name: Of a top-level module.
    """
    if name not in sys.modules:
        sys.meta_path.insert(0, _QuietFinder(name))
