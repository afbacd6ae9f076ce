"""Answers to the exercises of notebook 5."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nn.flat import views
from nn.plain import Params

Array = NDArray[np.floating]


def adam_in_place(p: Array, g: Array, m: Array, v: Array, t: int, s1: Array, s2: Array) -> None:
    """Each operation of the formula, in its order, into an array that is there already.

    The order decides the bits: a b + c d rounds each product and then the sum, and so must this. The engine
    multiplies by one constant where this does by two: it rounds once less, and its last bits differ.
    """
    m *= 0.9
    np.multiply(g, 1 - 0.9, out=s1)
    m += s1
    v *= 0.999
    np.multiply(g, g, out=s1)
    s1 *= 1 - 0.999
    v += s1
    np.divide(m, 1 - 0.9**t, out=s1)
    s1 *= 0.001
    np.divide(v, 1 - 0.999**t, out=s2)
    np.sqrt(s2, out=s2)
    s2 += 1e-8
    s1 /= s2
    p -= s1


def weights_first(params: Params) -> tuple[Array, Params]:
    """One concatenation makes the vector; its slices, reshaped, are views, because it is contiguous.

    Weight decay is for weights and not for biases: with the weights in front it is one call on vector[:n_weights].
    """
    W, b = zip(*params, strict=True)
    vector = np.concatenate([array.ravel() for array in (*W, *b)])
    arrays = views(vector, [array.shape for array in (*W, *b)])
    return vector, list(zip(arrays[: len(W)], arrays[len(W) :], strict=True))


def predict(widths: list[int], n: int, rate: float, seconds: float) -> float:
    """n (6 P - 2 P1) operations at that rate, and an update of all weights and biases.

    What is missing is about a tenth to a third of a step: the gather, bias, ReLU and the loss, the calls of NumPy,
    and what products of few rows or columns lack of the limit. It is a lower bound, and near it where it is large.
    """
    weights = [inputs * outputs for inputs, outputs in pairwise(widths)]
    operations = n * (6 * sum(weights) - 2 * weights[0])
    return operations / rate + (sum(weights) + sum(widths[1:])) * seconds


def total(finished: list[tuple[int, Array]]) -> Array:
    """Added in the order of their numbers, whenever they came: the order of a sum is part of its result.

    The parts must be the same too: a fixed number of shards, however many threads work on them.
    """
    parts = [part for _, part in sorted(finished, key=lambda pair: pair[0])]
    result = parts[0].copy()
    for part in parts[1:]:
        result += part
    return result
