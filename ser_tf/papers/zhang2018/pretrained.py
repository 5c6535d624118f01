"""Weights pretrained on ImageNet, from the user's files: AlexNet as written by `convert_alexnet`, and VGGNet-16.

AlexNet's file is a NumPy archive with `<layer>/kernel` and `<layer>/bias` for its eight layers, in Keras's order:
kernels (height, width, channels / groups, filters), dense kernels (inputs, units) with inputs in the order height,
width, channel. VGGNet-16's is the HDF5 file published by `keras.applications`. Neither can hold code.
"""

import hashlib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from ser_tf.errors import UserError
from ser_tf.papers.zhang2018 import alexnet

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of each layer's kernel; its last number is the size of the bias."""
Weights = Mapping[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]
"""Kernel and bias of each layer, float32."""

IMAGENET_CLASSES = 1000
RGB = 3
SUM, MEAN = "sum", "mean"
VGG16_BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # channels and convolutions of 3 x 3
VGG16_PIXELS = 224
VGG16_DENSE_LAYERS = ("fc1", "fc2")
HOW_TO_GET_ALEXNET = (
    "get http://dl.caffe.berkeleyvision.org/bvlc_alexnet.caffemodel (or bvlc_alexnet.npy), convert it with"
    " python -m ser_tf.papers.zhang2018.convert_alexnet and give the result with --alexnet-weights FILE"
)
HOW_TO_GET_VGG16 = (
    "get https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels.h5"
    " and give it with --vgg16-weights FILE"
)


def alexnet_shapes(
    convolutions: tuple[alexnet.Convolution, ...] = alexnet.CONVOLUTIONS,
    pixels: int = alexnet.INPUT_PIXELS,
    units: int = alexnet.DENSE_UNITS,
    classes: int = IMAGENET_CLASSES,
) -> dict[str, tuple[int, ...]]:
    """Returns the shapes of AlexNet, or of a smaller network of the same form."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = RGB
    for convolution in convolutions:
        kernel = convolution.step.kernel
        shapes[convolution.name] = (kernel, kernel, channels // convolution.groups, convolution.channels)
        channels = convolution.channels
    size = pixels
    for step in alexnet.steps_of(convolutions):
        size = step.cells(size)
    dense = (*alexnet.DENSE_LAYERS, "fc8")
    return shapes | dict(zip(dense, _pairs((size * size * channels, units, units, classes)), strict=True))


def vgg16_shapes() -> dict[str, tuple[int, ...]]:
    """Returns the shapes of VGGNet-16 without its last layer."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = RGB
    for block, (filters, convolutions) in enumerate(VGG16_BLOCKS, start=1):
        for place in range(1, convolutions + 1):
            shapes[f"block{block}_conv{place}"] = (3, 3, channels, filters)
            channels = filters
    size = VGG16_PIXELS // 2 ** len(VGG16_BLOCKS)
    widths = (size * size * channels, alexnet.DENSE_UNITS, alexnet.DENSE_UNITS)
    return shapes | dict(zip(VGG16_DENSE_LAYERS, _pairs(widths), strict=True))


def _pairs(widths: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(widths[:-1], widths[1:], strict=True))


def check(source: Path, weights: Weights, shapes: Shapes) -> Weights:
    """Returns the weights after checking that every layer has its shape and finite numbers.

    Raises:
        UserError: a layer has another shape or anything but finite numbers. The message names file and layer.
    """
    for name, shape in shapes.items():
        kernel, bias = weights[name]
        if not kernel.dtype.kind == bias.dtype.kind == "f":
            raise UserError(f"{source}: layer {name} holds something else than floating-point numbers")
        if kernel.shape != shape or bias.shape != shape[-1:]:
            raise UserError(
                f"{source}: layer {name} has a kernel of shape {kernel.shape} and a bias of shape {bias.shape},"
                f" not {shape} and {shape[-1:]}"
            )
        if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
            raise UserError(f"{source}: layer {name} has values that are not finite")
    return weights


def read_alexnet(path: Path, shapes: Shapes | None = None) -> Weights:
    """Reads a converted file; `shapes` defaults to AlexNet's.

    Raises:
        UserError: it cannot be read, or is not AlexNet.
    """
    shapes = shapes or alexnet_shapes()
    try:
        with np.load(path, allow_pickle=False) as archive:
            weights = {name: (archive[f"{name}/kernel"], archive[f"{name}/bias"]) for name in shapes}
    except (ValueError, KeyError, AttributeError, TypeError, EOFError, zipfile.BadZipFile):
        raise UserError(f"{path}: not converted weights of AlexNet; {HOW_TO_GET_ALEXNET}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    return check(path, weights, shapes)


def read_vgg16(path: Path, shapes: Shapes | None = None) -> Weights:
    """Reads the weights published by `keras.applications`; `shapes` defaults to VGGNet-16's.

    Raises:
        UserError: it cannot be read, or is not VGGNet-16 with or without its fully connected layers.
    """
    shapes = shapes or vgg16_shapes()
    if not path.is_file():
        raise UserError(f"{path}: no such file; {HOW_TO_GET_VGG16}")
    weights = {}
    try:
        with h5py.File(path) as file:
            if VGG16_DENSE_LAYERS[0] not in file:  # keras.applications' "notop": convolutions only
                shapes = {name: shape for name, shape in shapes.items() if name not in VGG16_DENSE_LAYERS}
            for name in shapes:
                kernel, bias = (file[name][weight][()] for weight in file[name].attrs["weight_names"])
                weights[name] = (kernel, bias)
    except (OSError, KeyError, ValueError, TypeError, AttributeError):
        raise UserError(f"{path}: not the weights of VGGNet-16; {HOW_TO_GET_VGG16}") from None
    return check(path, weights, shapes)


def digest(weights: Weights) -> str:
    """Returns the SHA-256 over names, shapes and values of all layers."""
    total = hashlib.sha256()
    for name, pair in weights.items():
        for array in pair:
            total.update(f"{name} {array.shape} {array.dtype}".encode())
            total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()


def initialise(model: keras.Model, weights: Weights, layers: Sequence[str], one_channel: str = SUM) -> None:
    """Copies pretrained weights into a model's layers of the same names.

    A convolution that reads one channel where the weights have three gets their sum, which equals reading the one
    channel three times.

    Args:
        model: A model whose layers have a kernel and a bias, for images of one channel or the same channel three times.
        weights: Weights of the network that it was derived from.
        layers: Names of the layers to initialise.
        one_channel: `SUM`, or `MEAN` for a third of it, for one channel or three.

    Raises:
        ValueError: a layer has another shape.
    """
    for name in layers:
        kernel, bias = weights[name]
        layer = model.get_layer(name)
        if kernel.ndim == 4 and kernel.shape[2] == RGB:
            if one_channel == MEAN:
                kernel = kernel / RGB
            if layer.weights[0].shape[2] == 1:
                kernel = kernel.sum(axis=2, keepdims=True)
        layer.set_weights([kernel, bias])
