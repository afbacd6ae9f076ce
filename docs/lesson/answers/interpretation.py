"""Answers to the exercises of the notebook on interpretation."""

import numpy as np
from numpy.typing import NDArray

from nn import plain
from stages.evaluation.metrics import NORMAL_QUANTILE

Array = NDArray[np.floating]


def pca(X: Array, k: int) -> tuple[Array, Array]:
    """The eigenvectors of the covariance are the directions, its eigenvalues the variances along them.

    eigh gives the smallest first. Without subtracting the mean the first direction would point at the mean.
    """
    centred = X - X.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(X))
    return directions[:, ::-1][:, :k], variances[::-1][:k] / variances.sum()


def calibration_error(probabilities: Array, labels: NDArray[np.integer]) -> float:
    """A bin counts by its images: n_m / n times a difference of means is the difference of two sums, over n."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    number = np.ceil(15 * confidence)
    return float(sum(abs((right - confidence)[number == m].sum()) for m in range(1, 16)) / len(labels))


def smallest_step(x: Array, W: Array, b: Array, source: int, target: int) -> Array:
    """Only the part of a step along the slope changes the difference of the scores; the rest is length lost."""
    slope = W[:, target] - W[:, source]
    missing = (x @ W + b)[source] - (x @ W + b)[target]
    return np.asarray(missing * slope / (slope @ slope))


def dead_units(params: plain.Params, x: Array) -> NDArray[np.intp]:
    """The units that ReLU stops for each row.

    One image is enough to live: in the notebook fewer units are dead for the 50,000 training images than for the
    10,000 validation images. Where a unit is 0 its gradient is 0, so a unit that is dead for all training images
    learns nothing more from them.
    """
    hidden = plain.forward(params, x)[0][1]
    return np.flatnonzero((hidden == 0).all(axis=0))


def images_needed() -> float:
    """For many images the interval is p +- z sqrt(p (1 - p) / n): solve 2 z sqrt(p (1 - p) / n) = 0.001 for n.

    About 78,000, and half the width costs four times as many. Of 10,000 test images, two networks with 0.45 and
    0.55 % cannot be told apart by their intervals alone.
    """
    p, width = 0.0051, 0.001
    return p * (1 - p) * (2 * NORMAL_QUANTILE / width) ** 2
