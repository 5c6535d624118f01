"""Converts the AlexNet weights published by the Berkeley Vision and Learning Center (unrestricted use).

    python -m ser_tf.papers.zhang2018.convert_alexnet bvlc_alexnet.caffemodel alexnet.npz
    python -m experiments.zhang2018_table2 --alexnet-weights alexnet.npz

SOURCE is `bvlc_alexnet.caffemodel`, or `bvlc_alexnet.npy`, the same weights as a NumPy dictionary. torchvision's
AlexNet is a different network (64-192-384-256-256 channels, no groups, no normalisation) and cannot be converted.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser_tf import cli, files
from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import caffemodel, numpy_pickle, pretrained
from ser_tf.papers.zhang2018.pretrained import Shapes, Weights

TORCHVISION_FILTERS = (64,)
CAFFEMODEL_SHA1 = "9116a64c0fbe4459d18f4bb6b56d647b63920377"  # published with the model


def convert(source: Path, shapes: Shapes | None = None) -> Weights:
    """Reads weights in either form and converts them to Keras's order.

    Args:
        source: The file.
        shapes: Required shapes of the kernels, by default AlexNet's.

    Returns:
        Kernels and biases, float32.

    Raises:
        UserError: the file cannot be read, or is not AlexNet. The message says what is wrong.
    """
    shapes = shapes or pretrained.alexnet_shapes()
    read = _of_numpy if _is_numpy(source) else _of_caffe
    weights = read(source, shapes)
    filters = weights["conv1"][0].shape if "conv1" in weights else ()
    if TORCHVISION_FILTERS in (filters[-1:], filters[:1]):
        raise UserError(
            f"{source}: this is torchvision's AlexNet, another network (64 filters in conv1, neither groups nor"
            " normalisation); bvlc_alexnet.caffemodel or bvlc_alexnet.npy is needed"
        )
    return pretrained.check(source, weights, shapes)


def _is_numpy(source: Path) -> bool:
    try:
        with source.open("rb") as file:
            return file.read(len(numpy_pickle.MAGIC)) == numpy_pickle.MAGIC
    except OSError as error:
        raise UserError(f"{source}: cannot be read ({error.strerror or error})") from None


def _arrays(source: Path, layers: Mapping[str, Any], name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Returns kernel and bias of a layer."""
    found = layers.get(name)
    if not isinstance(found, Sequence | np.ndarray) or len(found) != 2:
        there = ", ".join(map(str, layers)) or "none"
        raise UserError(f"{source}: no kernel and bias of layer {name}; layers there: {there}")
    kernel, bias = found
    if not all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in found):
        raise UserError(f"{source}: layer {name} holds something else than two arrays of floating-point numbers")
    return kernel.astype(np.float32, copy=False), bias.astype(np.float32, copy=False)


def _of_numpy(source: Path, shapes: Shapes) -> Weights:
    """Converts a dictionary name -> [kernel, bias], already in Keras's order."""
    layers = numpy_pickle.read(source)
    if not isinstance(layers, dict):
        raise UserError(f"{source}: holds a {type(layers).__name__}, not a dictionary of layers")
    return {name: _arrays(source, layers, name) for name in shapes}


def _of_caffe(source: Path, shapes: Shapes) -> Weights:
    """Converts kernels (filters, channels, height, width) and dense weights (units, inputs)."""
    layers = caffemodel.read(source)
    weights = {}
    channels = 1  # of the preceding layer, if that is a convolution
    for name, shape in shapes.items():
        kernel, bias = _arrays(source, layers, name)
        if len(shape) == 4:
            kernel = kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel
        elif kernel.size == np.prod(shape):
            kernel = _dense(kernel.reshape(shape[::-1]), channels)
        channels = shape[-1] if len(shape) == 4 else 1
        weights[name] = (kernel, bias.reshape(-1))
    return weights


def _dense(kernel: npt.NDArray[Any], channels: int) -> npt.NDArray[Any]:
    """Transposes (units, inputs), reordering inputs from channel, height, width to height, width, channel."""
    units, inputs = kernel.shape
    cells = inputs // channels
    return kernel.reshape(units, channels, cells).transpose(2, 1, 0).reshape(inputs, units)


def write(weights: Weights, output: Path) -> Path:
    """Writes weights for `pretrained.read_alexnet`.

    Raises:
        UserError: the file cannot be written.
    """
    archive = io.BytesIO()
    arrays = {
        f"{name}/{what}": array
        for name, pair in weights.items()
        for what, array in zip(("kernel", "bias"), pair, strict=True)
    }
    np.savez(archive, **arrays)
    return files.atomic_write_bytes(output, archive.getvalue())


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def main(argv: list[str]) -> int:
    """Converts a file; returns the exit status."""
    parser = cli.ArgumentParser(prog="python -m ser_tf.papers.zhang2018.convert_alexnet", description=__doc__)
    parser.add_argument("source", type=Path, metavar="SOURCE", help="bvlc_alexnet.caffemodel or bvlc_alexnet.npy")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the file to write, such as alexnet.npz")
    flags = parser.parse_args(argv)
    weights = convert(flags.source)
    digest = _sha1(flags.source)
    if _is_numpy(flags.source):
        known = "no hash of bvlc_alexnet.npy is published; names, shapes and values are AlexNet's"
    else:
        known = "as published" if digest == CAFFEMODEL_SHA1 else f"not the published caffemodel's, {CAFFEMODEL_SHA1}"
    print(f"sha1 {digest}: {known}")
    for name, (kernel, bias) in weights.items():
        print(f"{name}: kernel {kernel.shape}, bias {bias.shape}")
    print(f"written to {write(weights, flags.output)}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
