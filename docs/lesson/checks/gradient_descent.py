"""The exercises of notebook 2: gradients of one layer, and how large a learning rate may be."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from checks.numeric_gradient import numeric_gradient
from checks.verdict import RIGHT, verdict
from nn.losses import softmax

Array = NDArray[np.floating]


def slope_along(function: Callable[..., object]) -> str:
    """Whether function(loss, array, direction, h) is the centred difference of loss along direction.

    The loss is a sum of cubes, of which the difference is known for every h: sum of c (3 a^2 v + h^2 v^3). So a
    large h shows whether the function is centred and takes the h that it is given.
    """
    rng = np.random.default_rng(1)
    array, direction, c = rng.standard_normal((3, 3, 4))
    before = array.copy()
    for h in (0.1, 0.01):
        expected = np.sum(c * (3 * before**2 * direction + h**2 * direction**3))
        found = function(lambda: float(np.sum(c * array**3)), array, direction.copy(), h)
        said = verdict(found, expected, name=f"the slope for h = {h}")
        if said != RIGHT:
            return said
        if not np.allclose(array, before, rtol=0, atol=1e-12):
            i, j = np.unravel_index(np.abs(array - before).argmax(), array.shape)
            return f"array[{i}, {j}] was {before[i, j]:.6g} before, and is {array[i, j]:.6g} afterwards"
    return RIGHT


def squared_error(function: Callable[[Array, Array], object]) -> str:
    """Whether function(p, t) is dz of the mean over the rows of the sum of (p - t)^2, for p = softmax(z)."""
    rng = np.random.default_rng(2)
    z, t = rng.standard_normal((7, 5)), rng.dirichlet(np.ones(5), 7)
    expected = numeric_gradient(lambda: float(np.sum((softmax(z.copy()) - t) ** 2) / len(z)), z)
    return verdict(function(softmax(z.copy()), t.copy()), expected, name="dz", tolerance=1e-6)


def label_smoothing(function: Callable[[Array, NDArray[np.integer]], object]) -> str:
    """Whether function(p, labels) is dz of the cross-entropy with targets smoothed by 0.1."""
    rng = np.random.default_rng(3)
    z, labels = rng.standard_normal((7, 10)), rng.integers(10, size=7)
    t = 0.9 * np.eye(10)[labels] + 0.01
    expected = numeric_gradient(lambda: -float(np.sum(t * np.log(softmax(z.copy()))) / len(z)), z)
    return verdict(function(softmax(z.copy()), labels.copy()), expected, name="dz", tolerance=1e-6)


def largest_rate(function: Callable[[Array], object]) -> str:
    """Whether function(x) is 2 / the largest curvature of softmax and cross-entropy at W = 0, b = 0, within 1 %.

    The curvature is a tenth of the largest eigenvalue of x^T x / n, x with a column of ones for the bias.
    """
    rng = np.random.default_rng(4)
    for shape in ((30, 8), (20, 40)):  # more images than inputs, and fewer
        x = 0.7 + rng.standard_normal(shape)
        with_one = np.hstack([x, np.ones((len(x), 1))])
        expected = 2 / (0.1 * np.linalg.norm(with_one, ord=2) ** 2 / len(x))
        said = verdict(function(x.copy()), expected, name=f"the rate for an x of {shape}", tolerance=0.01)
        if said != RIGHT:
            return said
    return RIGHT
