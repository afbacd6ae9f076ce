"""Answers to the exercises of notebook 3."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def tanh_backward(dy: Array, y: Array) -> Array:
    """dx = dy (1 - y^2).

    tanh x = sinh x / cosh x, and the quotient rule gives (cosh^2 x - sinh^2 x) / cosh^2 x = 1 - tanh^2 x. No sum:
    y_rj reads x_rj alone, so each entry of dy has only its own way back.
    """
    return dy * (1 - y**2)


def leaky_relu_backward(dy: Array, y: Array) -> Array:
    """dx = dy where y > 0, else 0.01 dy: y has the sign of x, so y is enough to know on which side x was.

    No unit can die: some gradient always comes through.
    """
    return dy * np.where(y > 0, 1, 0.01)


def two_hidden_layers() -> list[int]:
    """Two numbers between the first and the last; no line of nn/plain.py changes.

    forward and backward are loops over the layers. Each layer takes the dy that the one behind it gives, and gives
    the dy of the one before it: none needs to know how many there are. 1,000 iterations of this network read about
    96 % of the validation images, half a point more than those of one hidden layer.
    """
    return [784, 100, 50, 10]


def wrong_lines() -> list[str]:
    """dW2 takes a for h; dh takes the W2 of after the step; da takes h >= 0, which is always true.

    In the first suspect all other gradients are right, so nothing was computed from the wrong one. In the others
    dW1 and db1 are wrong and dW2 is right, so the mistake lies between: differences by h tell dh from da.
    """
    return ["dW2", "dh", "da"]


def skip_backward(dy: Array, x: Array, W: Array, b: Array) -> Array:
    """dx = (dy * (x W + b > 0)) W^T + dy.

    The loss can be reached from x in two ways, through the layer and past it: the gradients of both are added.
    y > 0 is no test for the ReLU here, for y is its output plus x.
    """
    return (dy * (x @ W + b > 0)) @ W.T + dy
