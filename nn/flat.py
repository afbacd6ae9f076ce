"""One vector behind many arrays: what works on all parameters at once sees one flat array."""

from collections.abc import Sequence
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[np.floating]


def flat(shapes: Sequence[tuple[int, ...]], dtype: DTypeLike = np.float32) -> tuple[Array, list[Array]]:
    """A vector of zeros, and one view into it for each shape, in order and without gaps.

    The vector has sum(prod(shape)) entries. Writing to a view writes to the vector, and the other way round.
    """
    ends = list(accumulate(prod(shape) for shape in shapes))
    vector: Array = np.zeros(ends[-1] if ends else 0, dtype)
    starts = [0, *ends]
    views = [vector[start:end].reshape(shape) for start, end, shape in zip(starts, ends, shapes, strict=False)]
    return vector, views
