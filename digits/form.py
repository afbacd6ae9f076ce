"""The form that MNIST's images have: a digit that fits into 20 x 20, centred by its mass in 28 x 28.

stages/exporting/form.js is the same in JavaScript, to the byte: sums are sums of integers, all else are operations
that IEEE 754 prescribes, in the same order, and halves are rounded up, which neither `round` nor NumPy does.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.errors import NoDigit

SIDE = 28  # pixels of an image
DIGIT = 20  # pixels of the digit's longer side
CENTRE = 14.5  # the digit's centre of mass, from the image's edge: the middle of pixel 14, as in MNIST
INK = 127  # what is darker belongs to the digit's box


def to_mnist(raster: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The 28 x 28 image of the digit in a raster (height, width), both from 0, paper, to 255, ink.

    Each of its pixels is the mean of the raster over a square of a twentieth of the digit's longer side. Raises
    NoDigit where no pixel is ink.
    """
    ys, xs = (np.flatnonzero((raster > INK).any(axis=axis)) for axis in (1, 0))
    if not len(ys):
        raise NoDigit("there is no ink")
    cell = float(max(ys[-1] - ys[0], xs[-1] - xs[0]) + 1) / DIGIT

    integral = np.zeros((raster.shape[0] + 1, raster.shape[1] + 1), np.int64)  # sums of what is above and left
    np.cumsum(np.cumsum(raster, axis=0, dtype=np.int64), axis=1, out=integral[1:, 1:])
    corners = read_rows(integral, grid(raster.sum(axis=1, dtype=np.int64), cell))
    corners = read_rows(corners.T, grid(raster.sum(axis=0, dtype=np.int64), cell)).T
    means = np.diff(np.diff(corners, axis=0), axis=1) / (cell * cell)
    return np.minimum(np.floor(means + 0.5), 255).astype(np.uint8)


def grid(ink: NDArray[np.int64], cell: float) -> NDArray[np.float64]:
    """The 29 edges of the image's pixels in one direction, as places in a raster of so much ink per row."""
    length = len(ink)
    centre = int(ink @ (2 * np.arange(length) + 1)) / int(2 * ink.sum())
    edges = (centre - CENTRE * cell) + np.arange(SIDE + 1) * cell
    return np.clip(edges, 0.0, float(length))


def read_rows(table: NDArray[Any], places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows of a table at places between its rows."""
    above = np.minimum(places.astype(np.intp), len(table) - 2)
    fraction = (places - above)[:, None]
    rows: NDArray[np.float64] = table[above] + fraction * (table[above + 1] - table[above])
    return rows
