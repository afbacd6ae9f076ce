"""What is said of an array that a reader has computed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

NOT_YET, RIGHT = "not yet", "right"


def verdict(
    found: object,
    expected: ArrayLike,
    *,
    name: str,
    tolerance: float = 1e-7,
    given: Mapping[str, NDArray[np.floating]] | None = None,
) -> str:
    """Whether `found` is the array or number `expected`, within `tolerance` of its largest entry.

    An exercise that still returns `...` is NOT_YET; what is wrong is named with its shape or its worst entry, and
    with what stands there in the arrays `given` that have its shape.
    """
    if found is ... or found is None:
        return NOT_YET
    expected = np.asarray(expected)
    try:
        array = np.asarray(found)
    except ValueError:  # rows of unequal length
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        return f"{name} is {type(found).__name__}, not an array of numbers"
    if array.shape != expected.shape:
        return f"{name} has the shape {array.shape}; it should be {expected.shape}"
    error = np.abs(array - expected)
    if np.all(error <= tolerance * np.abs(expected).max()):  # not where it is nan
        return RIGHT
    place = np.unravel_index(np.nan_to_num(error, nan=np.inf).argmax(), error.shape)
    where = f"{name}[{', '.join(map(str, place))}]" if place else name
    there = [f"{key} is {one[place]:.6g}" for key, one in (given or {}).items() if one.shape == expected.shape]
    said = f"{where} is {array[place]:.6g}; it should be {expected[place]:.6g}"
    return f"{said} ({', '.join(there)} there)" if there else said
