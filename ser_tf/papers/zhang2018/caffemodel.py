"""Reading the weights of a Caffe model file from the wire format of protocol buffers.

Three message types matter (`caffe.proto`), each with a handful of fields. Their arrays are hundreds of megabytes and
are views of the file's bytes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf.errors import UserError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
Field = tuple[int, int, int | memoryview]
"""Number, wire type and value of a field; a value other than a varint is given as its bytes."""

# NetParameter: field of the layers -> (field of a layer's name, field of its blobs), in the old and new form.
_LAYERS = {2: (4, 6), 100: (1, 7)}
# BlobProto; each of the old form's four sizes has a field of its own.
_OLD_SIZES = (1, 2, 3, 4)
_FLOATS, _SHAPE, _DOUBLES = 5, 7, 8
_DIM = 1  # BlobShape
_MOST_VARINT_BYTES = 10


def read(path: Path) -> dict[str, list[npt.NDArray[Any]]]:
    """Reads the arrays of all layers that have any, by layer name: weights, then biases.

    Args:
        path: A `.caffemodel` file.

    Returns:
        Arrays of float32, in the shapes that the file states.

    Raises:
        UserError: the file cannot be read or is not a Caffe model.
    """
    try:
        content = memoryview(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    try:
        layers = dict(_layers(content))
    except ValueError as error:
        raise UserError(f"{path}: not a Caffe model ({error})") from None
    if not layers:
        raise UserError(f"{path}: not a Caffe model with weights (no layer has any)")
    return layers


def _layers(content: memoryview) -> Iterator[tuple[str, list[npt.NDArray[Any]]]]:
    for number, kind, value in fields(content):
        if number not in _LAYERS or kind != BYTES:
            continue
        of_name, of_blobs = _LAYERS[number]
        name, blobs = "", []
        for inner, _, part in fields(_bytes(value)):
            if inner == of_name:
                name = bytes(_bytes(part)).decode("utf-8")
            elif inner == of_blobs:
                blobs.append(_blob(_bytes(part)))
        if blobs:
            yield name, blobs


def _blob(content: memoryview) -> npt.NDArray[Any]:
    """Reads one array, in the new form's shape if stated, otherwise in the old form's."""
    shape: list[int] = []
    old: dict[int, int] = {}
    parts: list[npt.NDArray[Any]] = []
    for number, kind, value in fields(content):
        if number in (_FLOATS, _DOUBLES) and kind != VARINT:
            parts.append(_numbers(_bytes(value), np.dtype("<f4" if number == _FLOATS else "<f8")))
        elif number == _SHAPE:
            shape = [size for inner, of, dims in fields(_bytes(value)) if inner == _DIM for size in _sizes(of, dims)]
        elif number in _OLD_SIZES and isinstance(value, int):
            old[number] = value
    values = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    shape = shape or [old.get(number, 1) for number in _OLD_SIZES]
    if int(np.prod(shape, dtype=object)) != values.size:
        raise ValueError(f"an array of shape {shape} has {values.size} values")
    return values.astype(np.float32, copy=False).reshape(shape)


def _numbers(content: memoryview, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    if len(content) % kind.itemsize:
        raise ValueError(f"{len(content)} bytes are no whole number of {kind}")
    return np.frombuffer(content, kind)


def _sizes(kind: int, value: int | memoryview) -> list[int]:
    """Reads the sizes packed into one field, or a field's single size."""
    if kind == VARINT and isinstance(value, int):
        return [value]
    sizes, place, content = [], 0, _bytes(value)
    while place < len(content):
        size, place = _varint(content, place)
        sizes.append(size)
    return sizes


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")
    return value


def fields(content: memoryview) -> Iterator[Field]:
    """Yields the fields of a message in order.

    Raises:
        ValueError: the bytes are not a message.
    """
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field without a number")
        if kind == VARINT:
            value, place = _varint(content, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, place = _varint(content, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        if place + size > len(content):
            raise ValueError("it ends in the middle of a field")
        yield number, kind, content[place : place + size]
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Reads a variable-length number; returns it and the position after it."""
    value = 0
    for count in range(_MOST_VARINT_BYTES):
        if place + count >= len(content):
            raise ValueError("it ends in the middle of a number")
        byte = content[place + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise ValueError("a number that is too long")
