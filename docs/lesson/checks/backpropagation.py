"""Checks of the exercises of notebook 3, and three backward passes with a wrong line each."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from checks.numeric_gradient import numeric_gradient
from checks.verdict import NOT_YET, RIGHT, verdict
from nn import plain

Array = NDArray[np.floating]
LINES = ["dz", "dW2", "db2", "dh", "da", "dW1", "db1"]  # a backward pass, in the order of its lines


def tanh_backward(backward: Callable[[Array, Array], object]) -> str:
    """Whether backward(dy, y) is the dx of y = tanh(x)."""
    rng = np.random.default_rng(3)
    x, dy = rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    return judged(
        backward, {"dy": dy, "y": np.tanh(x)}, numeric_gradient(lambda: float(np.sum(dy * np.tanh(x))), x)
    )


def leaky_relu_backward(backward: Callable[[Array, Array], object]) -> str:
    """Whether backward(dy, y) is the dx of y = x where x > 0, else 0.01 x."""
    rng = np.random.default_rng(4)
    x, dy = rng.standard_normal((7, 6)), rng.standard_normal((7, 6))
    x += np.sign(x) * 0.01  # none within h of the kink

    def forward() -> Array:
        return np.where(x > 0, x, 0.01 * x)

    return judged(backward, {"dy": dy, "y": forward()}, numeric_gradient(lambda: float(np.sum(dy * forward())), x))


def skip_backward(backward: Callable[[Array, Array, Array, Array], object]) -> str:
    """Whether backward(dy, x, W, b) is the dx of y = max(x W + b, 0) + x."""
    rng = np.random.default_rng(5)
    x, dy, W, b = (rng.standard_normal(shape) for shape in [(7, 4), (7, 4), (4, 4), (4,)])

    def loss() -> float:
        return float(np.sum(dy * (np.maximum(x @ W + b, 0) + x)))

    return judged(backward, {"dy": dy, "x": x, "W": W, "b": b}, numeric_gradient(loss, x))


def judged(backward: Callable[..., object], given: Mapping[str, Array], dx: Array) -> str:
    """The verdict of what backward makes of the arrays that it is given, in this order."""
    copies = {name: array.copy() for name, array in given.items()}
    found = backward(*copies.values())
    for name, array in given.items():
        if not np.array_equal(copies[name], array):
            return f"{name} is changed: return a new array, others may still need this one"
    return verdict(found, dx, name="dx", given=given)


def two_hidden_layers(widths: object) -> str:
    """Whether these are the widths of a network with two hidden layers for the images and the ten digits."""
    if widths is ...:
        return NOT_YET
    array = np.asarray(widths)
    if array.ndim != 1 or array.dtype.kind not in "iu" or array.min(initial=1) < 1:
        return f"{widths!r} is not a list of whole numbers, each above 0"
    if len(array) != 4:
        return f"{len(array)} widths; two hidden layers have widths between those of the images and the digits"
    if (array[0], array[-1]) != (784, 10):
        return f"from {array[0]} to {array[-1]}; an image has 784 numbers, and there are 10 digits"
    return RIGHT


def gradients(params: plain.Params, x: Array, labels: plain.Labels, *, wrong: str) -> dict[str, Array]:
    """The backward pass of a network with one hidden layer, in which one line is wrong: dW2, dh or da."""
    (W1, b1), (W2, b2) = params
    a = x @ W1 + b1
    h = np.maximum(a, 0)
    _, dz = plain.loss_and_gradient(h @ W2 + b2, labels)
    dW2, db2 = (a if wrong == "dW2" else h).T @ dz, dz.sum(axis=0)
    dh = dz @ (W2 - 0.1 * dW2 if wrong == "dh" else W2).T
    da = dh * (h >= 0 if wrong == "da" else h > 0)
    return dict(zip(LINES, [dz, dW2, db2, dh, da, x.T @ da, da.sum(axis=0)], strict=True))


suspects = [partial(gradients, wrong=name) for name in ("dW2", "dh", "da")]


def wrong_lines(names: object) -> str:
    """Whether these are the lines that are wrong in the three suspects."""
    if names is ... or (isinstance(names, list | tuple) and any(name is ... for name in names)):
        return NOT_YET
    names = list(names) if isinstance(names, list | tuple | np.ndarray) else [names]
    if len(names) != 3 or not all(isinstance(name, str) and name in LINES for name in names):
        return f"{names!r} is not a list of three names out of {', '.join(LINES)}"
    for place, name, suspect in zip(("first", "second", "third"), names, suspects, strict=True):
        if name != first_wrong_line(suspect):
            return f"the {place} suspect: {name} is not where it begins to be wrong"
    return RIGHT


def first_wrong_line(suspect: Callable[[plain.Params, Array, plain.Labels], dict[str, Array]]) -> str:
    """The first of the gradients of a backward pass that differences do not confirm."""
    rng = np.random.default_rng(6)
    params, x, labels = plain.initialize([7, 6, 4], rng), rng.standard_normal((5, 7)), rng.integers(4, size=5)
    (W1, b1), (W2, b2) = params
    a = x @ W1 + b1
    h = np.maximum(a, 0)
    z = h @ W2 + b2

    def from_z(logits: Array) -> float:
        return plain.loss_and_gradient(logits, labels)[0]

    def from_h(inputs: Array) -> float:
        return from_z(inputs @ W2 + b2)

    def from_x() -> float:
        return from_z(plain.forward(params, x)[1])

    right = {
        "dz": numeric_gradient(lambda: from_z(z), z),
        "dW2": numeric_gradient(from_x, W2),
        "db2": numeric_gradient(from_x, b2),
        "dh": numeric_gradient(lambda: from_h(h), h),
        "da": numeric_gradient(lambda: from_h(np.maximum(a, 0)), a),
        "dW1": numeric_gradient(from_x, W1),
        "db1": numeric_gradient(from_x, b1),
    }
    found = suspect(params, x, labels)
    return next(name for name in LINES if verdict(found[name], right[name], name=name) != RIGHT)
