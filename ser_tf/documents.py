"""JSON documents that earlier commands wrote, read as a whole and of the expected shape, or refused in one sentence.

A shape is a type, a tuple of types, a list of one shape, a dictionary from `str` to one shape, or a dictionary of names
to shapes, of which those that end with `?` may be missing. Numbers are finite, and `True` is no number.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ser_tf.errors import DamagedError

NOTHING = type(None)
NUMBER = (int, float)
VALUE = (bool, int, float, str)
"""Types of an assumption."""
Shape = type | tuple[type, ...] | list[Any] | Mapping[Any, Any]

_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", NOTHING: "null", dict: "object"}
_WORDS |= {list: "list"}
_BROKEN_JSON = (ValueError, RecursionError)


def read(path: Path, shape: Shape, remedy: str) -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        path: The file.
        shape: What it must hold.
        remedy: Completes the message: what the user can do about a damaged file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedError: it cannot be read, is not JSON or has another shape; names the file, what is wrong and the remedy.
    """
    try:
        return parse(path.read_bytes(), shape)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror or error}); {remedy}") from None
    except ValueError as error:
        raise DamagedError(f"{path}: damaged: {error}; {remedy}") from None


def parse(content: bytes, shape: Shape) -> dict[str, Any]:
    """Parses a JSON object, UTF-8, and checks its shape.

    Raises:
        ValueError: it is something else; says what.
    """
    if not content:
        raise ValueError("it is empty (0 bytes)")
    try:
        document = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON in line {error.lineno} ({error.msg})") from None
    except _BROKEN_JSON as error:  # a number of thousands of digits, or a thousand brackets
        raise ValueError(f"not JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    check(document, shape)
    return cast(dict[str, Any], document)


def check(value: object, shape: Shape, place: str = "") -> None:
    """Checks that a value has a shape.

    Args:
        value: JSON's values.
        shape: See the module.
        place: Where the value stands in its document, for messages.

    Raises:
        ValueError: it has another one; says where.
    """
    if isinstance(shape, list):
        _require(value, (list,), place)
        for number, item in enumerate(cast(list[object], value)):
            check(item, shape[0], f"{place}[{number}]")
    elif isinstance(shape, Mapping):
        _require(value, (dict,), place)
        _check_object(cast(dict[str, object], value), shape, place)
    else:
        _require(value, shape if isinstance(shape, tuple) else (shape,), place)


def _check_object(value: Mapping[str, object], shape: Mapping[Any, Any], place: str) -> None:
    if str in shape:
        for key, item in value.items():
            check(item, shape[str], f"{place}.{key}" if place else key)
        return
    for key, inner in shape.items():
        name = key.removesuffix("?")
        where = f"{place}.{name}" if place else name
        if name in value:
            check(value[name], inner, where)
        elif name == key:
            raise ValueError(f"it lacks `{where}`")


def _require(value: object, types: tuple[type, ...], place: str) -> None:
    wanted = (*types, int) if float in types else types
    is_one = type(value) in wanted and not (isinstance(value, float) and not math.isfinite(value))
    if not is_one:
        words = " or ".join(dict.fromkeys(_WORDS[kind] for kind in types))
        raise ValueError(f"`{place[:60]}` is not {words}" if place else f"it is not {words}")
