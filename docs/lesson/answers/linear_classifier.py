"""The answers to the exercises of notebook 1."""

from math import log

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Labels = NDArray[np.integer]


def softmax(logits: Array) -> Array:
    """Every row loses its own maximum, so that its largest exponential is 1: with one maximum for the whole array
    all exponentials of a row far below would be 0, and 0 / 0 is not a number. keepdims makes the sums a column,
    which divides row by row.
    """
    powers: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def cross_entropy(logits: Array, labels: Labels) -> float:
    """log sum exp(z) - z[label], with z shifted so that the largest is 0. For (1000, 0) and the label 1 the p is 0
    in float64 and its logarithm infinite; the difference of scores, 1000, is no trouble.
    """
    z = logits - logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels]))


def weighted_nearest_mean(means: Array, s: Array) -> tuple[Array, Array]:
    """Written out, the distance is sum x^2 / s - 2 sum x m / s + sum m^2 / s. The first term is the same for all
    classes; the rest divided by -2 is x W + b with W = (m / s)^T and b = - sum m^2 / 2 s.
    """
    return (means / s).T, -(means**2 / s).sum(axis=1) / 2


def mean_loss(c: float, a: float) -> float:
    """In the fraction a the label gets c, in the rest it is one of the nine that share 1 - c."""
    return -a * log(c) - (1 - a) * log((1 - c) / 9)


def best_confidence() -> float:
    """The derivative, -a / c + (1 - a) / (1 - c), is 0 at c = a: cross-entropy is smallest for a
    classifier that states how often it is right. It is called calibrated then (notebook 6).
    """
    return 0.85
