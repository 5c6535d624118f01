"""The convolutions of AlexNet as the Berkeley Vision and Learning Center trained them (`bvlc_alexnet`).

Channels in two groups in three of five layers, local response normalisation behind the first two, overlapping
pooling. Images are (batch, height, width, channels); a batch may hold images of different widths, padded on the right.

Deviations: Caffe's pooling adds a cell where the last stride does not fill a window; here windows lie within the
image. On AlexNet's own 227 x 227 pixels both are the same.
"""

import dataclasses

import keras

from ser_tf.layers.caffe import GroupedConvolution, LocalResponseNormalization
from ser_tf.layers.images import ColumnsAfter, MaskColumns
from ser_tf.layers.receptive_field import Step

POOLING = Step(3, 2)
INPUT_PIXELS = 227
DENSE_LAYERS = ("fc6", "fc7")
DENSE_UNITS = 4096


@dataclasses.dataclass(frozen=True)
class Convolution:
    """One row of AlexNet's table.

    Attributes:
        name: Caffe's name of the layer.
        channels: Output channels.
        step: Kernel, stride and padding.
        groups: Groups of channels.
        normalised: Whether local response normalisation follows.
        pooled: Whether 3 x 3 max pooling with stride 2 follows.
    """

    name: str
    channels: int
    step: Step
    groups: int = 1
    normalised: bool = False
    pooled: bool = False


CONVOLUTIONS = (
    Convolution("conv1", 96, Step(11, 4), normalised=True, pooled=True),
    Convolution("conv2", 256, Step(5, 1, 2), groups=2, normalised=True, pooled=True),
    Convolution("conv3", 384, Step(3, 1, 1)),
    Convolution("conv4", 384, Step(3, 1, 1), groups=2),
    Convolution("conv5", 256, Step(3, 1, 1), groups=2, pooled=True),
)


def steps_of(convolutions: tuple[Convolution, ...] = CONVOLUTIONS) -> tuple[Step, ...]:
    """Convolutions and poolings in order, for receptive fields and sizes."""
    return tuple(
        step
        for convolution in convolutions
        for step in ((convolution.step, POOLING) if convolution.pooled else (convolution.step,))
    )


def convolve(
    images: keras.KerasTensor,
    columns: keras.KerasTensor | None = None,
    convolutions: tuple[Convolution, ...] = CONVOLUTIONS,
    kernel_initializer: str = "he_normal",
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Applies convolutions, ReLU, local response normalisation and pooling.

    Args:
        images: float32 (batch, height, width, channels).
        columns: Valid columns of each image, int32 (batch,), for images of different widths; None when all are valid.
        convolutions: The table of layers.
        kernel_initializer: How kernels start.

    Returns:
        The cells (batch, height', width', channels') and how many of the columns of each are valid. Cells of valid
        columns do not depend on the padding.
    """
    for convolution in convolutions:
        name, step = convolution.name, convolution.step
        if columns is not None and step.padding:
            images = MaskColumns(name=f"{name}_mask")(images, columns)
        images = GroupedConvolution(
            convolution.channels,
            **dataclasses.asdict(step),
            groups=convolution.groups,
            kernel_initializer=kernel_initializer,
            name=name,
        )(images)
        if columns is not None:
            columns = ColumnsAfter(**dataclasses.asdict(step), name=f"{name}_columns")(columns)
        if convolution.normalised:
            images = LocalResponseNormalization(name=f"{name}_normalisation")(images)
        if convolution.pooled:
            images = keras.layers.MaxPooling2D(POOLING.kernel, POOLING.stride, name=f"{name}_pooling")(images)
            if columns is not None:
                columns = ColumnsAfter(**dataclasses.asdict(POOLING), name=f"{name}_pooling_columns")(columns)
    return images, columns


def fully_connect(
    cells: keras.KerasTensor, names: tuple[str, ...] = DENSE_LAYERS, units: int = DENSE_UNITS, dropout: float = 0.5
) -> keras.KerasTensor:
    """Applies dense layers of these names, each with ReLU and dropout: (batch, height, width, c) -> (batch, units)."""
    hidden = keras.layers.Flatten(name="flat")(cells)
    for name in names:
        hidden = keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)(hidden)
        hidden = keras.layers.Dropout(dropout, name=f"{name}_dropout")(hidden)
    return hidden
