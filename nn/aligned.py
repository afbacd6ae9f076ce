"""Arrays that begin at a cache line.

A CPU reads and writes memory by lines of 64 bytes, and up to 64 bytes at a time. NumPy's arrays begin anywhere,
most often 16 bytes into a line; then each of the widest reads and writes touches two lines, and c = a + b takes up
to twice as long. Of an array (n, width) each row begins at a line where the width is a multiple of 16 numbers.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE = 64  # bytes


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Like np.empty, from the beginning of a cache line on."""
    shape = (shape,) if isinstance(shape, int) else shape
    size = prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Like np.zeros, from the beginning of a cache line on."""
    array = empty(shape, dtype)
    array[...] = 0
    return array
