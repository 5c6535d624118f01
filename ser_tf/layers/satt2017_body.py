"""The convolutions of Satt, Rozenberg and Hoory, Interspeech 2017, as others use them (ando2019 Table 2, zhang2018).

Three convolutions over time and frequency, each followed by batch normalisation, ReLU and max-pooling 2 x 2. Time is
padded on the right; the padding changes neither outputs nor moving statistics.
"""

import keras

from ser_tf.layers.masked_convolution import MaskedBatchNormalization, MaskedConv2D, MaskedMaxPool2D, StridedLengths

LAYERS = ((16, (12, 16)), (24, (8, 12)), (32, (5, 7)))  # channels, kernel
POOL = 2
TIME_FIRST, FREQUENCY_FIRST = "time_frequency", "frequency_time"
KERNEL_AXES = (TIME_FIRST, FREQUENCY_FIRST)


def frames_in_a_step(first_stride: int = 1) -> int:
    """How many frames make one step of the body's output."""
    return first_stride * POOL ** len(LAYERS)


def convolution_body(
    frames: keras.KerasTensor, lengths: keras.KerasTensor, first_stride: int = 1, kernel_axes: str = FREQUENCY_FIRST
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Applies the convolutions to a spectrogram.

    Args:
        frames: float32 (batch, frames, bins), normalised; what the padding holds does not matter.
        lengths: int32 (batch,), valid frames.
        first_stride: Of the first convolution, in time and in frequency; the others have 1.
        kernel_axes: What the first number of a kernel's size counts: bins (`frequency_time`), as the height of an
            image, or frames. No paper says.

    Returns:
        float32 (batch, steps, positions x 32), frequency outer and channels inner, and the valid steps, int32
        (batch,). Of n frames, ceil(n / `frames_in_a_step`) steps remain; the steps behind them are zero.

    Raises:
        ValueError: `kernel_axes` is none of `KERNEL_AXES`.
    """
    if kernel_axes not in KERNEL_AXES:
        raise ValueError(f"kernel_axes {kernel_axes!r} is none of {', '.join(KERNEL_AXES)}")
    bins = frames.shape[-1]
    cells = keras.layers.Reshape((-1, bins, 1), name="channel")(frames)
    for place, (channels, size) in enumerate(LAYERS, start=1):
        kernel = size if kernel_axes == TIME_FIRST else size[::-1]
        stride = first_stride if place == 1 else 1
        cells = MaskedConv2D(channels, kernel, (stride, stride), name=f"conv_{place}")(cells, lengths)
        if stride > 1:
            lengths = StridedLengths(stride, name=f"conv_{place}_lengths")(lengths)
        cells = MaskedBatchNormalization(name=f"conv_{place}_norm")(cells, lengths)
        cells = keras.layers.ReLU(name=f"conv_{place}_relu")(cells)
        cells = MaskedMaxPool2D(POOL, name=f"conv_{place}_pool")(cells, lengths)
        lengths = StridedLengths(POOL, name=f"conv_{place}_pool_lengths")(lengths)
    return keras.layers.Reshape((-1, cells.shape[2] * cells.shape[3]), name="steps")(cells), lengths
