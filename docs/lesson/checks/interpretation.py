"""Checks of the exercises of the notebook on interpretation."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checks.verdict import NOT_YET, RIGHT, verdict
from nn import plain
from stages.evaluation.metrics import expected_calibration_error, reliability_bins, wilson_interval

Array = NDArray[np.floating]
ERROR_RATE, WIDTH = 0.0051, 0.001  # of images_needed


def pca(function: Callable[[Array, int], object]) -> str:
    """Whether function(X, k) gives the k directions of largest variance (inputs, k), and their shares of it (k,).

    X (n, inputs) is not centred. A direction may have either sign.
    """
    rng = np.random.default_rng(1)
    X = rng.standard_normal((50, 7)) * [3, 0.2, 5, 1, 0.5, 8, 2] @ rng.standard_normal((7, 7)) + 10
    for k in (3, 2):
        given = X.copy()
        said = _principal(function(given, k), X, k)
        if said == RIGHT and not np.array_equal(given, X):
            return "X is changed in place"
        if said != RIGHT:
            return said
    return RIGHT


def _principal(found: object, X: Array, k: int) -> str:
    """Whether these are the k principal directions of X, and their shares."""
    if found is ... or found is None:
        return NOT_YET
    if not isinstance(found, tuple | list) or len(found) != 2:
        return "return two things: the directions (inputs, k) and their shares (k,)"
    _, s, vt = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    said = verdict(found[1], (s**2 / (s**2).sum())[:k], name="shares", tolerance=1e-5)
    if said == RIGHT:
        said = verdict(found[0], vt[:k].T, name="directions", tolerance=np.inf)  # whether the shape is right
    if said != RIGHT:
        return "directions or shares are missing" if said == NOT_YET else said
    directions = np.asarray(found[0], dtype=float)
    signs = np.sign((directions * vt[:k].T).sum(axis=0))  # 0 for a column at a right angle to the one it should be
    return verdict(directions * signs, vt[:k].T, name="directions (up to the sign)", tolerance=1e-5)


def calibration_error(function: Callable[[Array, NDArray[np.integer]], object]) -> str:
    """Whether function(probabilities, labels) is the expected calibration error with 15 bins.

    In the first set of predictions some bins are empty and others have many more images than their neighbours.
    """
    rng = np.random.default_rng(2)
    for images, classes, sharpness in ((400, 3, 2.5), (700, 5, 1.0)):
        logits = sharpness * rng.standard_normal((images, classes))
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        labels = np.where(rng.random(images) < 0.3, rng.integers(classes, size=images), logits.argmax(axis=1))
        expected = expected_calibration_error(reliability_bins(probabilities, labels))
        found = function(probabilities.copy(), labels.copy())
        said = verdict(found, np.asarray(expected), name=f"the error of {images} images with {classes} classes")
        if said != RIGHT:
            return said
    return RIGHT


def smallest_step(function: Callable[[Array, Array, Array, int, int], object]) -> str:
    """Whether x + function(x, W, b, source, target) has equal scores for both classes, and nothing nearer has.

    The scores of the linear layer are x W + b.
    """
    rng = np.random.default_rng(3)
    W, b, x = rng.standard_normal((9, 4)), rng.standard_normal(4), rng.standard_normal(9)
    for source, target in ((3, 0), (1, 2)):
        found = function(x.copy(), W.copy(), b.copy(), source, target)
        if found is ... or found is None:
            return NOT_YET
        try:
            step = np.asarray(found, dtype=float)
        except (TypeError, ValueError):
            return f"the step is {type(found).__name__}, not an array of numbers"
        if step.shape != x.shape:
            return f"the step has the shape {step.shape}; x has {x.shape}"
        scores = (x + step) @ W + b
        if not abs(scores[source] - scores[target]) < 1e-6:
            return f"after the step the two scores are {scores[source]:.4f} and {scores[target]:.4f}, not equal"
        slope = W[:, source] - W[:, target]
        shortest = abs(x @ slope + b[source] - b[target]) / np.linalg.norm(slope)
        length = np.linalg.norm(step)
        if length > (1 + 1e-6) * shortest:
            return f"the scores are equal, but a shorter step is enough: {shortest:.4f}, not {length:.4f}"
    return RIGHT


def dead_units(function: Callable[[plain.Params, Array], object]) -> str:
    """Whether function(params, x) gives the numbers of the first layer's units that are 0 for each row of x.

    The network is made so that each easier test fails: a unit is dead though its weights are large and its bias
    is above 0, another lives for a single image, a third is 0 in the mean before ReLU.
    """
    rng = np.random.default_rng(4)
    x = np.abs(rng.standard_normal((30, 6))) + 0.1
    W, b = rng.standard_normal((6, 8)), rng.standard_normal(8)
    W[:, [1, 6]], b[[1, 6]] = -2 - np.abs(W[:, [1, 6]]), (0.05, -1)  # dead
    a = x @ W[:, 4]
    b[4] = -np.sort(a)[-2:].mean()  # above 0 for one image
    b[2] = -(x @ W[:, 2]).mean()
    params: plain.Params = [(W, b), (rng.standard_normal((8, 3)), np.zeros(3))]
    found = function([(w.copy(), c.copy()) for w, c in params], x.copy())
    if found is ... or found is None:
        return NOT_YET
    try:
        array = np.asarray(sorted(found) if isinstance(found, set) else found)
    except ValueError:
        return "the result is no array"
    array = array.ravel() if array.ndim == 2 and 1 in array.shape else array  # as np.where and np.argwhere give it
    if array.ndim != 1 or array.dtype == bool:
        return f"return the numbers of the units, one axis; this is {array.dtype} of the shape {array.shape}"
    units = set(array.tolist())
    dead = set(np.flatnonzero((plain.forward(params, x)[0][1] == 0).all(axis=0)).tolist())
    if units - dead:
        return f"unit {min(units - dead)} is named, but is above 0 for some row of x (or is no unit)"
    if len(dead) == len(array) == len(units):
        return RIGHT
    return f"{len(dead)} units are dead; {len(array)} are named"


def images_needed(found: object) -> str:
    """Whether of so many images, 0.51 % misclassified, the 95 % interval is 0.1 points wide; within 3 %."""
    if found is ... or found is None:
        return NOT_YET
    array = np.asarray(found).squeeze()
    if array.ndim or array.dtype.kind not in "iuf":
        return f"images_needed is {type(found).__name__}, not a number"
    images = float(array)
    if not 1 <= images < 1e15:
        return f"images_needed is {images:g}; it should be a number of images"
    low, high = wilson_interval(ERROR_RATE * images, images)
    if abs((high - low) / WIDTH - 1) < 0.015:  # the width goes with 1 / sqrt(images)
        return RIGHT
    return f"with {images:,.0f} images the interval is {100 * (high - low):.3f} points wide, not {100 * WIDTH}"
