"""The convolutions of Satt, Rozenberg and Hoory, Interspeech 2017, which ando2019 (Table 2) and zhang2018 use.

Three convolutions over time and frequency, each followed by batch normalisation, ReLU and max-pooling 2 x 2. Time is
padded on the right; the padding changes neither outputs nor moving statistics.
"""

from collections.abc import Sequence

import keras

from ser_tf.layers.masked_convolution import (
    PADDINGS,
    FilledFrames,
    MaskedBatchNormalization,
    MaskedConv2D,
    MaskedMaxPool2D,
    StridedLengths,
)

LAYERS = ((16, (12, 16)), (24, (8, 12)), (32, (5, 7)))  # channels, kernel
POOL = 2
TIME_FIRST, FREQUENCY_FIRST = "time_frequency", "frequency_time"
KERNEL_AXES = (TIME_FIRST, FREQUENCY_FIRST)


def frames_in_a_step(first_stride: int = 1) -> int:
    """Returns the number of frames per step of the body's output."""
    return first_stride * POOL ** len(LAYERS)


def _kernels(kernel_axes: str) -> list[tuple[int, int]]:
    """Returns the size of each kernel as (frames, bins)."""
    if kernel_axes not in KERNEL_AXES:
        raise ValueError(f"kernel_axes {kernel_axes!r} is none of {', '.join(KERNEL_AXES)}")
    return [size if kernel_axes == TIME_FIRST else size[::-1] for _, size in LAYERS]


def _min_cells(sizes: Sequence[int], first_stride: int) -> int:
    """Returns the minimum number of frames, or bins, for one cell of output when kernels stay inside the input."""
    cells = 1
    for place, size in reversed(list(enumerate(sizes))):
        cells = (cells - 1) * POOL + 1  # the end may cut off a pooling block
        cells = (cells - 1) * (first_stride if place == 0 else 1) + size
    return cells


def min_frames(first_stride: int = 1, kernel_axes: str = FREQUENCY_FIRST, padding: str = "same") -> int:
    """Returns the minimum number of frames the body accepts unchanged; shorter utterances are padded with silence."""
    if padding == "same":
        return 1
    return _min_cells([frames for frames, _ in _kernels(kernel_axes)], first_stride)


def first_frame(first_stride: int = 1, kernel_axes: str = FREQUENCY_FIRST, padding: str = "same") -> int:
    """Returns the first of the frames that the first step represents: those in the middle of its receptive field.

    This is 0 with `padding="same"`, where each step represents the frames that the strides skip.
    """
    if padding == "same":
        return 0
    field, distance = 1, 1
    for place, (frames, _) in enumerate(_kernels(kernel_axes)):
        field += (frames - 1) * distance
        distance *= first_stride if place == 0 else 1
        field += (POOL - 1) * distance
        distance *= POOL
    return (field - distance) // 2


def convolution_body(
    frames: keras.KerasTensor,
    lengths: keras.KerasTensor,
    first_stride: int = 1,
    kernel_axes: str = FREQUENCY_FIRST,
    padding: str = "same",
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Applies the convolutions to a spectrogram.

    Args:
        frames: float32 (batch, frames, bins), normalised; the contents of the padding do not matter.
        lengths: int32 (batch,), valid frames.
        first_stride: Stride of the first convolution, in time and in frequency; the others have stride 1.
        kernel_axes: Whether the first number of a kernel's size counts bins (`frequency_time`), like the height of an
            image, or frames. No paper says.
        padding: `same` adds silence at the edges to keep sizes; with `valid` kernels stay inside the input, and
            utterances of fewer than `min_frames` frames are padded with silence. No paper says.

    Returns:
        float32 (batch, steps, positions x 32), frequency outer and channels inner, and the valid steps, int32 (batch,).
        n frames give ceil(n / `frames_in_a_step`) steps, fewer with `valid`; later steps are zero.

    Raises:
        ValueError: `kernel_axes` is not one of `KERNEL_AXES`, `padding` is not one of `PADDINGS`, or there are too few
            bins for kernels that stay inside the input.
    """
    kernels, bins, inside = _kernels(kernel_axes), frames.shape[-1], padding == "valid"
    if padding not in PADDINGS:
        raise ValueError(f"padding {padding!r} is none of {', '.join(PADDINGS)}")
    if inside and bins < (fewest := _min_cells([size for _, size in kernels], first_stride)):
        raise ValueError(f"{bins} bins are too few for kernels without padding, which need {fewest}")
    cells = keras.layers.Reshape((-1, bins, 1), name="channel")(frames)
    if inside:
        cells, lengths = FilledFrames(min_frames(first_stride, kernel_axes, padding), name="filled")(cells, lengths)
    for place, ((channels, _), kernel) in enumerate(zip(LAYERS, kernels, strict=True), start=1):
        stride = first_stride if place == 1 else 1
        convolution = MaskedConv2D(channels, kernel, (stride, stride), padding, name=f"conv_{place}")
        cells = convolution(cells, lengths)
        if inside or stride > 1:
            lengths = StridedLengths(stride, kernel[0] if inside else 1, name=f"conv_{place}_lengths")(lengths)
        cells = MaskedBatchNormalization(name=f"conv_{place}_norm")(cells, lengths)
        cells = keras.layers.ReLU(name=f"conv_{place}_relu")(cells)
        cells = MaskedMaxPool2D(POOL, name=f"conv_{place}_pool")(cells, lengths)
        lengths = StridedLengths(POOL, name=f"conv_{place}_pool_lengths")(lengths)
    return keras.layers.Reshape((-1, cells.shape[2] * cells.shape[3]), name="steps")(cells), lengths
