"""AlexNet's convolutions as trained by the Berkeley Vision and Learning Center (`bvlc_alexnet`).

Three of five layers have channels in two groups, local response normalisation follows the first two, and pooling
windows overlap. Images are (batch, height, width, channels); a batch may hold images of different widths, padded on the
right.

Deviations: Caffe's pooling adds a cell where the last stride does not fill a window (`CEIL`); here windows lie within
the image (`VALID`). On AlexNet's own 227 x 227 pixels both agree.
"""

import dataclasses

import keras

from ser_tf.papers.zhang2018.caffe import GroupedConvolution, LocalResponseNormalization
from ser_tf.papers.zhang2018.images import ColumnsAfter, MaskColumns
from ser_tf.papers.zhang2018.receptive_field import Step

VALID, CEIL = "valid", "ceil"
POOLINGS = {VALID: Step(3, 2), CEIL: Step(3, 2, end=1)}
"""Pooling reads outputs of ReLUs, so one zero at the far side reproduces Caffe's cut-off last window."""
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
TORCHVISION_CONVOLUTIONS = (
    Convolution("conv1", 64, Step(11, 4, 2), pooled=True),
    Convolution("conv2", 192, Step(5, 1, 2), pooled=True),
    Convolution("conv3", 384, Step(3, 1, 1)),
    Convolution("conv4", 256, Step(3, 1, 1)),
    Convolution("conv5", 256, Step(3, 1, 1), pooled=True),
)
"""torchvision's AlexNet: narrower, without groups or normalisation."""
VARIANTS = {"bvlc": CONVOLUTIONS, "torchvision": TORCHVISION_CONVOLUTIONS}


def steps_of(convolutions: tuple[Convolution, ...] = CONVOLUTIONS, pooling: str = VALID) -> tuple[Step, ...]:
    """Lists convolutions and poolings in order, for receptive fields and sizes."""
    return tuple(
        step
        for convolution in convolutions
        for step in ((convolution.step, POOLINGS[pooling]) if convolution.pooled else (convolution.step,))
    )


def convolve(
    images: keras.KerasTensor,
    columns: keras.KerasTensor | None = None,
    convolutions: tuple[Convolution, ...] = CONVOLUTIONS,
    kernel_initializer: str = "he_normal",
    pooling: str = VALID,
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    """Applies convolutions, ReLU, local response normalisation and pooling.

    Args:
        images: float32 (batch, height, width, channels).
        columns: Valid columns of each image, int32 (batch,), for images of different widths; None when all are valid.
        convolutions: The table of layers.
        kernel_initializer: Initialiser of the kernels.
        pooling: `VALID` or `CEIL`.

    Returns:
        The cells (batch, height', width', channels') and the number of valid columns of each. Cells of valid columns do
        not depend on the padding.
    """
    for convolution in convolutions:
        name = convolution.name
        images = _masked(images, columns, convolution.step, name)
        images = GroupedConvolution(
            convolution.channels,
            convolution.step.kernel,
            convolution.step.stride,
            convolution.step.padding,
            convolution.groups,
            kernel_initializer,
            name=name,
        )(images)
        columns = _after(columns, convolution.step, name)
        if convolution.normalised:
            images = LocalResponseNormalization(name=f"{name}_normalisation")(images)
        if convolution.pooled:
            images, columns = _pool(images, columns, POOLINGS[pooling], f"{name}_pooling")
    return images, columns


def _pool(
    images: keras.KerasTensor, columns: keras.KerasTensor | None, step: Step, name: str
) -> tuple[keras.KerasTensor, keras.KerasTensor | None]:
    images = _masked(images, columns, step, name)
    if step.end:
        images = keras.layers.ZeroPadding2D(((0, step.end), (0, step.end)), name=f"{name}_border")(images)
    images = keras.layers.MaxPooling2D(step.kernel, step.stride, name=name)(images)
    return images, _after(columns, step, name)


def _masked(images: keras.KerasTensor, columns: keras.KerasTensor | None, step: Step, name: str) -> keras.KerasTensor:
    """Zeroes the columns after the valid ones, if the step would read them."""
    if columns is None or not (step.padding or step.end):
        return images
    return MaskColumns(name=f"{name}_mask")(images, columns)


def _after(columns: keras.KerasTensor | None, step: Step, name: str) -> keras.KerasTensor | None:
    """Returns the number of valid columns after a step."""
    if columns is None:
        return None
    return ColumnsAfter(**dataclasses.asdict(step), name=f"{name}_columns")(columns)


def fully_connect(
    cells: keras.KerasTensor,
    names: tuple[str, ...] = DENSE_LAYERS,
    units: int = DENSE_UNITS,
    dropout: float = 0.5,
    kernel_initializer: str = "he_normal",
) -> keras.KerasTensor:
    """Applies named dense layers, each with ReLU and dropout: (batch, height, width, c) -> (batch, units)."""
    hidden = keras.layers.Flatten(name="flat")(cells)
    for name in names:
        hidden = keras.layers.Dense(units, activation="relu", kernel_initializer=kernel_initializer, name=name)(hidden)
        hidden = keras.layers.Dropout(dropout, name=f"{name}_dropout")(hidden)
    return hidden
