"""Networks of Zhang et al. 2018: the attention based FCN (Fig. 2 and 3), and AlexNet and VGGNet-16 (Table I).

All take `features` float32 (batch, frames, bins) and `lengths` int32 (batch,), padded on the right, and read them as
images of one channel; the output does not depend on the padding.

Deviations: the paper does not say how a spectrogram is oriented in the image; here rows are frequencies from 0 Hz
upwards (`flipped`: down to 0 Hz) and columns are frames. An utterance shorter than the network's minimum input is
padded with the mean spectrum (or with `fill`), as are pieces of Table I to their fixed length. The attention network
has neither dropout nor weight decay.
"""

import dataclasses
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from ser_tf.papers.zhang2018 import alexnet, pretrained
from ser_tf.papers.zhang2018.images import SpectrogramImage, TimeFrequencyAttention
from ser_tf.papers.zhang2018.receptive_field import ReceptiveField, receptive_field, shortest_input

ATTENTION_SCALE = 0.3  # §II-B: lambda
ATTENTION_UNITS = 256  # not stated; see ledger
Floats = npt.NDArray[np.floating[Any]]
NETWORKS = {"alexnet": alexnet.INPUT_PIXELS, "vgg16": pretrained.VGG16_PIXELS}
"""The networks of Table I and the image sizes, in pixels, that they were trained on."""


def convolutions(pool5: bool = True, variant: str = "bvlc") -> tuple[alexnet.Convolution, ...]:
    """Returns the convolutions of one of `alexnet.VARIANTS`, with or without the last pooling."""
    *first, last = alexnet.VARIANTS[variant]
    return (*first, dataclasses.replace(last, pooled=pool5))


def _image(
    statistics: tuple[Floats, Floats],
    input_scale: float,
    lying: tuple[bool, Floats | None],
    shortest: int,
    longest: int | None = None,
) -> tuple[dict[str, keras.KerasTensor], keras.KerasTensor, keras.KerasTensor]:
    """Creates the named inputs, the normalised spectrograms as images, and the number of valid columns of each."""
    mean, std = statistics
    flipped, fill = lying
    features = keras.Input((None, len(mean)), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    variance = np.square(np.asarray(std) / input_scale)
    normalised = keras.layers.Normalization(mean=mean, variance=variance, name="normaliser")(features)
    filling = None if fill is None else (np.asarray(fill) * input_scale).tolist()
    images, columns = SpectrogramImage(shortest, longest, flipped, filling, name="image")(normalised, lengths)
    return {"features": features, "lengths": lengths}, images, columns


def build_attention_fcn(  # noqa: PLR0913 - the paper's symbols
    bins: int,
    num_classes: int,
    mean: Floats,
    std: Floats,
    table: tuple[alexnet.Convolution, ...] = alexnet.CONVOLUTIONS,
    attention_units: int = ATTENTION_UNITS,
    attention_scale: float = ATTENTION_SCALE,
    input_scale: float = 1.0,
    kernel_initializer: str = "he_normal",
    pooling: str = alexnet.VALID,
    flipped: bool = False,
    fill: Floats | None = None,
    classifier_initializer: str = "zeros",
) -> keras.Model:
    """Builds AlexNet's convolutions, attention over time and frequency, and a softmax.

    Args:
        bins: Frequency bins of the spectrogram.
        num_classes: K.
        mean: Per-bin mean, shape (bins,), subtracted from the spectrogram.
        std: Per-bin standard deviation, shape (bins,).
        table: The convolutions.
        attention_units: Rows of W in eq. 2.
        attention_scale: lambda of eq. 3.
        input_scale: Factor on the normalised spectrogram: 1, or the standard deviation of the pixels that pretrained
            weights were trained on.
        kernel_initializer: Initialiser of the kernels.
        pooling: `alexnet.VALID` or `alexnet.CEIL`.
        flipped: Whether 0 Hz is in the last row.
        fill: Normalised spectrum, shape (bins,), that pads short inputs; None for the mean spectrum.
        classifier_initializer: Initialiser of the softmax layer's kernel.

    Returns:
        A model with the outputs `probabilities` (batch, classes) and `attention` (batch, time cells, frequency cells);
        `attention_field` gives a cell's receptive field.
    """
    shortest = shortest_input(alexnet.steps_of(table, pooling))
    if len(mean) != bins:
        raise ValueError(f"statistics of {len(mean)} bins for spectrograms of {bins}")
    inputs, images, columns = _image((mean, std), input_scale, (flipped, fill), shortest)
    cells, columns = alexnet.convolve(images, columns, table, kernel_initializer, pooling)
    context, attention = TimeFrequencyAttention(attention_units, attention_scale, name="attention")(cells, columns)
    classify = keras.layers.Dense(
        num_classes, activation="softmax", kernel_initializer=classifier_initializer, name="probabilities"
    )
    probabilities = classify(context)
    return keras.Model(inputs, {"probabilities": probabilities, "attention": attention}, name="attention_fcn")


def attention_field(pool5: bool = True, variant: str = "bvlc") -> ReceptiveField:
    """Returns the receptive field of an attention cell, in frames along time and in bins along frequency."""
    return receptive_field(alexnet.steps_of(convolutions(pool5, variant)))


def build_classifier(  # noqa: PLR0913 - the paper's symbols
    network: str,
    bins: int,
    num_classes: int,
    mean: Floats,
    std: Floats,
    frames: int,
    pixels: int | None,
    table: tuple[alexnet.Convolution, ...] = alexnet.CONVOLUTIONS,
    units: int = alexnet.DENSE_UNITS,
    dropout: float = 0.5,
    input_scale: float = 1.0,
    kernel_initializer: str = "he_normal",
    pooling: str = alexnet.VALID,
    flipped: bool = False,
    fill: Floats | None = None,
    classifier_initializer: str = "zeros",
) -> keras.Model:
    """Builds AlexNet or VGGNet-16 with a softmax of K nodes in place of ImageNet's (§III-C).

    Args:
        network: `alexnet` or `vgg16`.
        bins: Frequency bins of the spectrogram.
        num_classes: K.
        mean: Per-bin mean, shape (bins,), subtracted from the spectrogram.
        std: Per-bin standard deviation, shape (bins,).
        frames: Fixed length of the input; shorter inputs are padded and longer ones cut off.
        pixels: Height and width that images are resized to; None leaves them (bins, frames).
        table: The convolutions of AlexNet.
        units: Width of the two fully connected layers.
        dropout: Dropout rate of these layers.
        input_scale: As for `build_attention_fcn`.
        kernel_initializer: Initialiser of the kernels.
        pooling: AlexNet's pooling, `alexnet.VALID` or `alexnet.CEIL`.
        flipped: As for `build_attention_fcn`.
        fill: As for `build_attention_fcn`.
        classifier_initializer: Initialiser of the softmax layer's kernel.

    Returns:
        A model with the output `probabilities` (batch, classes).

    Raises:
        ValueError: `network` is unknown.
    """
    if network not in NETWORKS:
        raise ValueError(f"network {network!r} is none of {', '.join(NETWORKS)}")
    if len(mean) != bins:
        raise ValueError(f"statistics of {len(mean)} bins for spectrograms of {bins}")
    inputs, images, _ = _image((mean, std), input_scale, (flipped, fill), frames, frames)
    if pixels is not None:
        images = keras.layers.Resizing(pixels, pixels, name="resize")(images)
    if network == "alexnet":
        cells, _ = alexnet.convolve(images, None, table, kernel_initializer, pooling)
        dense = alexnet.DENSE_LAYERS
    else:
        rgb = keras.layers.Concatenate(name="rgb")([images] * pretrained.RGB)
        body = keras.applications.VGG16(include_top=False, weights=None, input_tensor=rgb)
        for layer in body.layers:
            if isinstance(layer, keras.layers.Conv2D):
                layer.kernel.assign(keras.initializers.get(kernel_initializer)(layer.kernel.shape))
        cells, dense = body.output, pretrained.VGG16_DENSE_LAYERS
    hidden = alexnet.fully_connect(cells, dense, units, dropout, kernel_initializer)
    classify = keras.layers.Dense(
        num_classes, activation="softmax", kernel_initializer=classifier_initializer, name="probabilities"
    )
    probabilities = classify(hidden)
    return keras.Model(inputs, {"probabilities": probabilities}, name=network)
