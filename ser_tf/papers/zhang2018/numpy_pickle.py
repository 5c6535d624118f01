"""Reading dictionaries of arrays that NumPy saved as a pickle, without letting a hostile file run code.

A pickle can name any function and call it. This reader admits the three names that NumPy's arrays consist of and
refuses everything else before looking it up. For those three it uses stand-ins that only store their arguments: NumPy's
own would take bytes from the file as addresses of Python objects.
"""

import pickle
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ser_tf.errors import UserError

MAGIC = np.lib.format.MAGIC_PREFIX
_NUMBERS = re.compile("[biuf][1248]")
_OBJECTS = re.compile("O[48]?")


class _Kind:
    """Stands in for `numpy.dtype`."""

    __slots__ = ("name", "order", "plain")

    def __init__(self, name: str, *_: Any) -> None:
        self.name, self.order, self.plain = name, "=", True

    def __setstate__(self, state: Any) -> None:
        self.order, self.plain = state[1], not any(state[2:5])  # subtype, names and fields of structured types


class _Array:
    """Stands in for `numpy.ndarray` and the function that reconstructs one."""

    __slots__ = ("state",)

    def __init__(self, *_: Any) -> None:
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


_ADMITTED = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


_Interpreted: Any = pickle._Unpickler  # its type stubs are those of the compiled one


class _ArraysOnly(_Interpreted):
    """Unpickles only stand-ins for arrays, and Python's own containers, strings and numbers.

    The interpreted unpickler, unlike the compiled one, lets dictionary keys be checked before they are hashed: the hash
    of deeply nested tuples can take forever.
    """

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(_Interpreted.dispatch)

    def load_setitem(self) -> None:
        """Adds one value to a dictionary whose key is plain."""
        _require_plain(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Adds values to a dictionary whose keys are plain."""
        _require_plain(self.stack[::2])
        super().load_setitems()

    def load_dict(self) -> None:
        """Builds a dictionary whose keys are plain."""
        _require_plain(self.stack[::2])
        super().load_dict()

    def refuse_set(self) -> None:
        """Refuses sets, which no array needs."""
        raise pickle.UnpicklingError("it has a set, which no array needs")

    dispatch |= {pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems, pickle.DICT[0]: load_dict}
    dispatch |= dict.fromkeys((pickle.EMPTY_SET[0], pickle.ADDITEMS[0], pickle.FROZENSET[0]), refuse_set)

    def find_class(self, module: str, name: str) -> Any:
        """Looks up a name that the pickle refers to."""
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which no array needs")
        return _ADMITTED[module, name]


def _require_plain(keys: Sequence[object]) -> None:
    if not all(isinstance(key, str | bytes | int) for key in keys):
        raise pickle.UnpicklingError("it has a dictionary whose keys are neither names nor numbers")


def _made(value: Any, done: dict[int, Any]) -> Any:
    """Returns the value with arrays in place of their stand-ins; `done` maps ids of originals to finished results."""
    if not isinstance(value, dict | list | tuple | _Array):
        return value
    if id(value) not in done:
        if isinstance(value, dict):
            made: Any = {key: _made(held, done) for key, held in value.items()}
        elif isinstance(value, _Array):
            made = _array(value, done)
        else:
            made = type(value)(_made(held, done) for held in value)
        done[id(value)] = made
    return done[id(value)]


def _array(value: _Array, done: dict[int, Any]) -> Any:
    """Converts a stand-in to an array of numbers, or an array of objects to a list (the object itself without axes)."""
    _, shape, kind, is_fortran, content = value.state
    if kind.plain and _NUMBERS.fullmatch(kind.name):
        raw = content.encode("latin1") if isinstance(content, str) else content  # strings of Python 2 hold bytes
        numbers = np.frombuffer(raw, np.dtype(kind.name).newbyteorder(kind.order))
        return numbers.reshape(shape, order="F" if is_fortran else "C")
    if kind.plain and _OBJECTS.fullmatch(kind.name) and isinstance(content, list):
        objects = _made(content, done)
        return objects if shape else objects[0]
    raise pickle.UnpicklingError(f"it has an array of {kind.name!r} that is none of numbers")


def read(path: Path) -> Any:
    """Reads a `.npy` file that holds one pickled object, such as a dictionary of arrays.

    Arrays of numbers stay arrays; arrays of objects become lists.

    Args:
        path: The file; files written by Python 2 work too.

    Raises:
        UserError: the file cannot be read or holds anything but arrays.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)  # type: ignore[no-untyped-call]
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            shape, _, kind = read_header(file)  # type: ignore[no-untyped-call]
            if kind != np.dtype(object) or shape != ():
                raise UserError(f"{path}: an array of {kind}, not a dictionary of layers")
            return _made(_ArraysOnly(file, encoding="latin1").load(), {})
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except pickle.UnpicklingError as error:
        raise UserError(f"{path}: refused: {error}") from None
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken pickle can raise anything
        raise UserError(f"{path}: not a NumPy file with a dictionary ({error})") from None
