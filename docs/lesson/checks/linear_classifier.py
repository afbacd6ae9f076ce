"""The checks of notebook 1: softmax, cross-entropy, and classifiers that are one matrix product."""

from collections.abc import Callable
from math import log

import numpy as np
from numpy.typing import NDArray

from checks.verdict import NOT_YET, RIGHT, verdict
from nn import losses

Array = NDArray[np.floating]
Labels = NDArray[np.integer]

ACCURACY = 0.85  # of the classifier of best_confidence


def softmax(function: Callable[[Array], object]) -> str:
    """Is function(logits) the softmax of each row?"""
    rng = np.random.default_rng(1)
    moderate = rng.standard_normal((5, 3))
    extreme = rng.standard_normal((4, 7)).astype(np.float32)
    extreme[1] += 1e4  # one row far above, one far below: a maximum of the whole array is no help to the second
    extreme[2] -= 1e4
    wide = np.array([[0, 1e4, -1e4], [1e4, 0, 0], [-1e4, -1e4, 1 - 1e4]], np.float32)
    for logits, kind in (
        (moderate, "p"),
        (extreme, "p of logits near 10000 and -10000"),
        (wide, "p of logits from -10000 to 10000 in one row"),
    ):
        given = logits.copy()
        with np.errstate(all="ignore"):  # of a wrong answer, which is named below
            found = function(given)
        said = verdict(found, losses.softmax(logits.copy()), name=kind, tolerance=1e-5)
        if said != RIGHT:
            return said
        if not np.array_equal(given, logits):
            return "p is right, but the logits that were given have changed: whoever gave them may need them"
    return RIGHT


def cross_entropy(function: Callable[[Array, Labels], object]) -> str:
    """Is function(logits, labels) the mean of -log softmax(logits)[label]?"""
    rng = np.random.default_rng(2)
    moderate, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6).astype(np.uint8)
    cases = (
        (moderate, labels, "the loss"),
        (np.array([[1000.0, 0.0]]), np.array([1], np.uint8), "the loss of the logits (1000, 0) and the label 1"),
        (np.array([[0.0, 1000.0]]), np.array([0], np.uint8), "the loss of the logits (0, 1000) and the label 0"),
        (np.array([[0.0, -1e4, 3.0], [2e4, 2e4, 0.0]]), np.array([2, 0], np.uint8), "the loss of large logits"),
    )
    for logits, classes, name in cases:
        given = logits.copy(), classes.copy()
        with np.errstate(all="ignore"):
            found = function(*given)
        said = verdict(found, losses.cross_entropy(logits, classes), name=name)
        if said != RIGHT:
            return said
        if not (np.array_equal(given[0], logits) and np.array_equal(given[1], classes)):
            return "the loss is right, but the arrays that were given have changed"
    return RIGHT


def weighted_nearest_mean(function: Callable[[Array, Array], object]) -> str:
    """Does x W + b, with the W and b of function(means, s), choose the mean with the least weighted distance?

    Other W and b than those of the answer choose the same: all are right. Points that are about as near to a
    second mean are left out, as the rounding of float32 may decide them.
    """
    rng = np.random.default_rng(3)
    means, s, x = rng.standard_normal((4, 6)), rng.uniform(0.2, 3, 6), 2 * rng.standard_normal((3000, 6))
    distances = ((x[:, None] - means) ** 2 / s).sum(axis=2)
    nearest, second = np.sort(distances, axis=1)[:, :2].T
    x, distances = x[second - nearest > 0.01], distances[second - nearest > 0.01]
    given = means.copy(), s.copy()
    found = function(*given)
    if found is ... or found is None:
        return NOT_YET
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        return f"two arrays are asked for, W and b; this is {type(found).__name__}"
    for array, name, shape in ((found[0], "W", (6, 4)), (found[1], "b", (4,))):
        said = form(array, name, shape)
        if said != RIGHT:
            return said
    if not (np.array_equal(given[0], means) and np.array_equal(given[1], s)):
        return "means or s, which were given, have changed"
    chosen, right = (x @ np.asarray(found[0]) + found[1]).argmax(axis=1), distances.argmin(axis=1)
    if np.array_equal(chosen, right):
        return RIGHT
    i = int((chosen != right).argmax())
    return (
        f"image {i} gets class {chosen[i]}, at a distance of {distances[i, chosen[i]]:.2f}; class {right[i]} is "
        f"at {distances[i, right[i]]:.2f} ({(chosen != right).mean():.0%} of {len(x)} images get a wrong class)"
    )


def form(found: object, name: str, shape: tuple[int, ...]) -> str:
    """Whether this is an array of numbers of this shape."""
    if found is ... or found is None:
        return NOT_YET
    array = np.asarray(found)
    if array.dtype.kind not in "fiu":
        return f"{name} is {type(found).__name__}, not an array of numbers"
    if array.shape != shape:
        return f"{name} has the shape {array.shape}; for 6 pixels and 4 classes it should be {shape}"
    return RIGHT


def mean_loss(function: Callable[[float, float], object]) -> str:
    """Is function(c, a) the mean loss of who gives c to one of ten classes and is right with the frequency a?"""
    for c, a in ((0.9, 1.0), (0.9, 0.0), (0.7, 0.8), (0.1, 0.3)):
        said = verdict(function(c, a), expected_loss(c, a), name=f"mean_loss({c}, {a})", tolerance=1e-6)
        if said != RIGHT:
            return said
    return RIGHT


def best_confidence(found: object) -> str:
    """Is this, to two digits, the c with the smallest mean loss where 85 % are right?"""
    if found is ... or found is None:
        return NOT_YET
    try:
        c = float(found)  # type: ignore[arg-type]  # what is no number is said below
    except (TypeError, ValueError, OverflowError):
        return f"one number is asked for; this is {type(found).__name__}"
    if not 0 < c < 1:
        return f"{c:.6g} gives an infinite loss, or is no probability"
    if abs(c - ACCURACY) < 0.005:  # the smallest loss is at c = a
        return RIGHT
    return f"c = {c:.6g} has a mean loss of {expected_loss(c, ACCURACY):.6g}; another c has less"


def expected_loss(c: float, a: float) -> float:
    """The mean loss: -log c where the class is right, and where it is wrong -log of the label's (1 - c) / 9."""
    return -a * log(c) - (1 - a) * log((1 - c) / 9)
