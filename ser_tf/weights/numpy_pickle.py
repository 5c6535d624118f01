"""Dictionaries of arrays that NumPy saved as a pickle, read so that a hostile file runs nothing.

A pickle can name any function and call it. The reader here admits the few names that NumPy's arrays are made of;
everything else is refused before it is looked up.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.core.multiarray import _reconstruct  # type: ignore[attr-defined]

from ser_tf.errors import UserError

MAGIC = np.lib.format.MAGIC_PREFIX
_ADMITTED = {
    (module, name): value
    for modules, name, value in (
        (("numpy",), "ndarray", np.ndarray),
        (("numpy",), "dtype", np.dtype),
        (("numpy.core.multiarray", "numpy._core.multiarray"), "_reconstruct", _reconstruct),
    )
    for module in modules
}


class _ArraysOnly(pickle.Unpickler):
    """Makes arrays and Python's own containers, strings and numbers."""

    def find_class(self, module: str, name: str) -> Any:
        """Looks up a name that the pickle wants to use."""
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which no array needs")
        return _ADMITTED[module, name]


def read(path: Path) -> Any:
    """The object in a `.npy` file that holds one pickled object, such as a dictionary of arrays.

    Args:
        path: The file; one that Python 2 wrote is read as well.

    Raises:
        UserError: the file cannot be read, holds something else, or more than arrays.
    """
    try:
        with open(path, "rb") as file:
            version = np.lib.format.read_magic(file)
            read_header = (
                np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            )
            shape, _, kind = read_header(file)
            if kind != np.dtype(object) or shape != ():
                raise UserError(f"{path}: an array of {kind}, not a dictionary of layers")
            # Python 2's strings hold bytes.
            held = _ArraysOnly(file, encoding="latin1").load()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    except pickle.UnpicklingError as error:
        raise UserError(f"{path}: refused: {error}") from None
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken pickle can raise anything
        raise UserError(f"{path}: not a NumPy file with a dictionary ({error})") from None
    return held.item() if isinstance(held, np.ndarray) and held.shape == () else held
