"""One folder per paper, with everything that only this paper needs. `load` returns a paper by its key."""

import importlib
import pkgutil
from typing import Any

from ser_tf.errors import SettingError
from ser_tf.protocol.paper import Paper


def keys() -> tuple[str, ...]:
    """Returns the keys of all papers, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


def load(key: str) -> Paper[Any]:
    """Returns the paper with this key.

    Raises:
        SettingError: there is no such paper.
    """
    if key not in keys():
        raise SettingError(f"no paper {key}; there are {', '.join(keys())}")
    paper: Paper[Any] = importlib.import_module(f"ser_tf.papers.{key}").PAPER
    return paper
