"""Connected components of a mask, by runs: ranges of set pixels in a row."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


def label_runs(mask: Mask) -> tuple[Indices, Indices]:
    """The length of each run of a mask, row by row, and the number of its component, 0 up; 8 neighbors count."""
    height, width = mask.shape
    step = width + 1  # a column that is never set, between the rows
    padded = np.zeros(height * step + 1, np.int8)
    padded[1:].reshape(height, step)[:, :width] = mask
    edges = np.flatnonzero(np.diff(padded))
    starts, ends = edges[0::2], edges[1::2]
    # Runs that touch in the row above: those that end after my start and start before my end, a row later.
    first = np.searchsorted(ends + step, starts, side="left")
    counts = np.searchsorted(starts + step, ends, side="right") - first
    below = np.repeat(np.arange(len(starts)), counts)
    above = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts - first, counts)
    return ends - starts, numbered(joined(len(starts), below, above))


def joined(n: int, one: Indices, other: Indices) -> Indices:
    """For each of n things the smallest that it is joined with by these pairs, however indirectly."""
    labels = np.arange(n)
    while True:
        a, b = labels[one], labels[other]
        differ = a != b
        if not differ.any():
            return labels
        one, other, a, b = one[differ], other[differ], a[differ], b[differ]
        np.minimum.at(labels, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(shorter := labels[labels], labels):
            labels = shorter


def numbered(labels: Indices) -> Indices:
    """The same with the numbers 0 up."""
    return np.unique(labels, return_inverse=True)[1]
