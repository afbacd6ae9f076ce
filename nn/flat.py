"""One vector behind many arrays: what works on all parameters at once sees one flat array."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Indices = NDArray[np.integer]
"""Positions (n,) of images in an array of images."""


def size(shapes: Sequence[tuple[int, ...]]) -> int:
    """How many numbers arrays of these shapes have together."""
    return sum(prod(shape) for shape in shapes)


def views(vector: Array, shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """A view into the vector for each shape, in order and without gaps, from its beginning.

    Writing to a view writes to the vector, and the other way round.
    """
    found, start = [], 0
    for shape in shapes:
        end = start + prod(shape)
        found.append(vector[start:end].reshape(shape))
        start = end
    return found


def split(n: int, parts: int) -> list[slice]:
    """0 to n cut into this many slices that differ by at most one in length; the empty ones left out."""
    ends = [n * part // parts for part in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends) if start < end]


def slices(n: int, length: int) -> Iterator[slice]:
    """0 to n cut into slices of this length; the last may be shorter."""
    for start in range(0, n, length):
        yield slice(start, min(start + length, n))
