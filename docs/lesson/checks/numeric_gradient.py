"""The gradient by finite differences, which no formula can be wrong in."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def numeric_gradient(
    loss: Callable[[], float], array: NDArray[np.floating], h: float = 1e-6
) -> NDArray[np.floating]:
    """d loss / d array, by centred differences: (loss at + h - loss at - h) / 2 h, one entry after the other.

    loss takes no arguments: it reads `array`, which is changed meanwhile and is then as it was. float64 only; the
    error is about h^2 plus the rounding error of the loss over h. It costs two losses an entry.
    """
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        value = array[index]
        array[index] = value + h
        above = loss()
        array[index] = value - h
        gradient[index] = (above - loss()) / (2 * h)
        array[index] = value
    return gradient
