"""Which stretch of the input a cell of a convolutional network sees, along one axis."""

import dataclasses
import functools
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Count = TypeVar("Count", int, tf.Tensor)


@dataclasses.dataclass(frozen=True)
class Step:
    """One convolution or pooling along one axis.

    Attributes:
        kernel: Cells that it reads.
        stride: Distance between the cells that it begins to read at.
        padding: Zeros on each side.
        end: Further zeros on the far side.
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    end: int = 0

    def cells(self, size: Count) -> Count:
        """Number of output cells for a number of input cells, an integer or an integer tensor."""
        return (size + 2 * self.padding + self.end - self.kernel) // self.stride + 1


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """Cell i reads the input from `first + i * distance` on, `size` values of it.

    Attributes:
        size: Input values that a cell sees.
        distance: Input values between the beginnings of two neighbouring cells.
        first: Where the first cell begins; negative where padding lies before the input.
    """

    size: int
    distance: int
    first: int

    def centres(self, cells: int) -> npt.NDArray[Any]:
        """The middle of what each cell sees, in input values from 0 on, float64 (cells,)."""
        return self.first + (self.size - 1) / 2 + self.distance * np.arange(cells)


def on_inputs(values: npt.NDArray[Any], field: ReceptiveField, sizes: tuple[int, int]) -> npt.NDArray[Any]:
    """Brings a map of cells back to the coordinates of the input.

    A value belongs to the middle of what its cell sees; between the middles it is interpolated, beyond the outermost
    ones it stays.

    Args:
        values: Of each cell, (cells, cells').
        field: What a cell sees, the same along both axes.
        sizes: Of the input.

    Returns:
        float64 of shape `sizes`.
    """
    values = np.asarray(values, np.float64)
    for axis, size in enumerate(sizes):
        centres = field.centres(values.shape[axis])
        along = functools.partial(np.interp, np.arange(size), centres)
        values = np.apply_along_axis(along, axis, values)
    return values


def receptive_field(steps: tuple[Step, ...]) -> ReceptiveField:
    """The receptive field of a cell behind all steps."""
    size, distance, first = 1, 1, 0
    for step in steps:
        size += (step.kernel - 1) * distance
        first -= step.padding * distance
        distance *= step.stride
    return ReceptiveField(size, distance, first)


def shortest_input(steps: tuple[Step, ...]) -> int:
    """The smallest input that gives one cell behind all steps."""
    needed = 1
    for step in reversed(steps):
        needed = max((needed - 1) * step.stride + step.kernel - 2 * step.padding - step.end, 1)
    return needed
