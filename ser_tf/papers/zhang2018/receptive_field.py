"""Receptive fields of a convolutional network's cells along one axis."""

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
        kernel: Size of the kernel in cells.
        stride: Stride in cells.
        padding: Zeros on each side.
        end: Additional zeros on the far side.
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    end: int = 0

    def cells(self, size: Count) -> Count:
        """Returns the number of output cells for a number of input cells, an integer or an integer tensor."""
        return (size + 2 * self.padding + self.end - self.kernel) // self.stride + 1


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """The receptive field of cell i: `size` input values starting at `first + i * distance`.

    Attributes:
        size: Number of input values that a cell sees.
        distance: Distance between the fields of neighbouring cells in input values.
        first: Start of the first cell's field; negative where padding precedes the input.
    """

    size: int
    distance: int
    first: int

    def centres(self, cells: int) -> npt.NDArray[Any]:
        """Returns the centre of each cell's field in input values, float64 (cells,)."""
        return self.first + (self.size - 1) / 2 + self.distance * np.arange(cells)


def on_inputs(values: npt.NDArray[Any], field: ReceptiveField, sizes: tuple[int, int]) -> npt.NDArray[Any]:
    """Maps values of cells back to the coordinates of the input.

    A value belongs to the centre of its cell's field. It is interpolated between centres and constant beyond the
    outermost ones.

    Args:
        values: Value of each cell, (cells, cells').
        field: Receptive field of a cell, the same along both axes.
        sizes: Size of the input.

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
    """Returns the receptive field of a cell after all steps."""
    size, distance, first = 1, 1, 0
    for step in steps:
        size += (step.kernel - 1) * distance
        first -= step.padding * distance
        distance *= step.stride
    return ReceptiveField(size, distance, first)


def shortest_input(steps: tuple[Step, ...]) -> int:
    """Returns the smallest input that gives one cell after all steps."""
    needed = 1
    for step in reversed(steps):
        needed = max((needed - 1) * step.stride + step.kernel - 2 * step.padding - step.end, 1)
    return needed
