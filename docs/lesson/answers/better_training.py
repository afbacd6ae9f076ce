"""Answers to the exercises of notebook 4."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def momentum(p: Array, v: Array, g: Array, rate: float, mu: float) -> tuple[Array, Array]:
    """The rate multiplies the velocity when it is used, not the gradient when it is collected.

    So a rate that a schedule lowers takes effect at once.
    """
    v = mu * v + g
    return p - rate * v, v


def first_step(beta1: float, beta2: float) -> float:
    """m is (1 - beta1) g and sqrt(v) is sqrt(1 - beta2) |g|; 3.2 times the rate with the usual betas.

    v needs far longer than m to forget that it began at 0, so without the correction the first steps are too long.
    """
    return (1 - beta1) / float(np.sqrt(1 - beta2))


def batch_norm_backward(dy: Array, h: Array, gain: Array, scale: Array) -> Array:
    """The two means are the ways over mean and variance, which depend on every row of x."""
    dh = dy * gain
    dx: Array = scale * (dh - dh.mean(axis=0) - h * (dh * h).mean(axis=0))
    return dx


def dropout(x: Array, dy: Array, rate: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """One factor for both directions: y is linear in x, and dx is dy times the same number."""
    factor = (rng.random(x.shape) >= rate) / (1 - rate)
    return x * factor, dy * factor


def floor(s: float, classes: int) -> float:
    """The entropy of the target: one probability of 1 - s + s / classes, all others s / classes."""
    most, others = 1 - s + s / classes, s / classes
    return float(-most * np.log(most) - (classes - 1) * others * np.log(others))
