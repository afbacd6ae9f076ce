"""The checks of notebook 5."""

import tracemalloc
from collections.abc import Callable
from itertools import pairwise, permutations

import numpy as np
from numpy.typing import NDArray

from checks.verdict import NOT_YET, RIGHT, verdict
from nn import plain

Array = NDArray[np.floating]


def textbook_adam(p: Array, g: Array, m: Array, v: Array, t: int) -> None:
    """Adam, as notebook 5 writes it: with a new array for each operation.

    m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  p = p - r (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

    (D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2015.)
    """
    m[...] = 0.9 * m + (1 - 0.9) * g
    v[...] = 0.999 * v + (1 - 0.999) * g**2
    p -= 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def adam_in_place(update: Callable[[Array, Array, Array, Array, int, Array, Array], object]) -> str:
    """Whether update(p, g, m, v, t, s1, s2) is textbook_adam to the bit, in float32, and makes no arrays."""
    p, g, m, v = _adam_arrays(1237)
    s1, s2 = np.full_like(p, np.nan), np.full_like(p, np.nan)
    right = p.copy(), g.copy(), m.copy(), v.copy()
    for t in (3, 4):
        if update(p, g, m, v, t, s1, s2) is ...:
            return NOT_YET
        textbook_adam(*right, t)
    arrays = list(zip("gmvp", (g, m, v, p), (right[1], right[2], right[3], right[0]), strict=True))
    for name, found, expected in arrays:
        said = verdict(found, expected, name=name, tolerance=1e-6)
        if said != RIGHT:
            return said
    for name, found, expected in arrays:
        different = int((found != expected).sum())
        if different:
            return f"{name} is close, but {different} of its {p.size} numbers are not the same to the last bit"
    return _allocates(update)


def _adam_arrays(n: int) -> tuple[Array, Array, Array, Array]:
    """p, g, m and v in the middle of a training."""
    rng = np.random.default_rng(5)
    p, g, m, v = rng.standard_normal((4, n)).astype(np.float32)
    return p * np.float32(0.01), g * np.float32(0.1), m * np.float32(0.05), v**2 * np.float32(1e-4)


def _allocates(update: Callable[[Array, Array, Array, Array, int, Array, Array], object]) -> str:
    """RIGHT if an update of a million parameters makes no new arrays of any size."""
    p, g, m, v = _adam_arrays(1_000_000)
    s1, s2 = np.empty_like(p), np.empty_like(p)
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    try:
        update(p, g, m, v, 1, s1, s2)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
    if peak < 5_000:  # bytes: the views that an update in place may make
        return RIGHT
    return f"the numbers are right, but it allocates {peak / p.nbytes:.1f} times the memory of the parameters"


def weights_first(split: Callable[[plain.Params], object]) -> str:
    """Whether split(params) gives one vector of all W and then all b, and params again as views into it."""
    rng = np.random.default_rng(6)
    shapes = [(5, 4), (4, 3), (3, 2)]
    pairs = [(rng.standard_normal(shape), rng.standard_normal(shape[1])) for shape in shapes]
    params: plain.Params = [(W.astype(np.float32), b.astype(np.float32)) for W, b in pairs]
    given = split([(W.copy(), b.copy()) for W, b in params])
    if given is ... or given is None:
        return NOT_YET
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "it should return two things: the vector, and the list of (W, b)"
    vector, views = given
    expected = np.concatenate([W.ravel() for W, _ in params] + [b for _, b in params])
    if not isinstance(vector, np.ndarray) or vector.dtype != expected.dtype:
        kind = vector.dtype if isinstance(vector, np.ndarray) else type(vector).__name__
        return f"the vector is {kind}; it should be an array of float32, as the parameters are"
    said = verdict(vector, expected, name="vector")
    return said if said != RIGHT else _are_views(vector, views, params)


def _are_views(vector: Array, views: object, params: plain.Params) -> str:
    """RIGHT if the views are params, and writing to the vector writes to them, and the other way round."""
    if not isinstance(views, tuple | list) or len(views) != len(params):
        return f"the second thing should be a list of {len(params)} pairs (W, b)"
    for number, (pair, own) in enumerate(zip(views, params, strict=True)):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            return f"entry {number} of the list should be a pair (W, b)"
        for name, array, right in zip(("W", "b"), pair, own, strict=True):
            said = verdict(array, right, name=f"{name} of layer {number}")
            if said != RIGHT:
                return said
            if not isinstance(array, np.ndarray) or not np.shares_memory(array, vector):
                return f"{name} of layer {number} is a copy: what is written to the vector does not reach it"
    return RIGHT


def predict(seconds_of: Callable[[list[int], int, float, float], object]) -> str:
    """Whether seconds_of(widths, n, rate, seconds) is the time of the products and of the update, both added."""
    for widths, n, rate, seconds in (
        ([7, 5, 3, 2], 4, 1.0, 0.0),
        ([6, 4], 3, 2.0, 0.0),
        ([7, 5, 3, 2], 4, 1e30, 2.0),
        ([7, 5, 3, 2], 4, 9.0, 1.0),
    ):
        found = seconds_of(list(widths), n, rate, seconds)
        first, *others = [i * o for i, o in pairwise(widths)]
        products = 2 * n * (2 * first + 3 * sum(others)) / rate
        update = (first + sum(others) + sum(widths[1:])) * seconds
        said = verdict(found, products + update, name="the prediction")
        if said not in (RIGHT, NOT_YET):
            what = (
                f"of the update at {seconds:g} s a parameter"
                if seconds
                else f"of the products at a rate of {rate:g}"
            )
            return f"{said.split(';')[0]} for {'-'.join(map(str, widths))} and {n} rows: look at the time {what}"
        if said == NOT_YET:
            return said
    return RIGHT


def total(add: Callable[[list[tuple[int, Array]]], object]) -> str:
    """Whether add(finished), of (number, array) in any order, is their sum, with the same bytes in each order."""
    rng = np.random.default_rng(7)
    parts = [array.astype(np.float32) for array in rng.standard_normal((4, 3, 5))]
    for part, value in zip(parts, (1e30, 1.0, -1e30, 1.0), strict=True):
        part[2] = value  # 0, 1 or 2, by the order in which they are added, even in float64
    sums = []
    for order in permutations(range(4)):
        finished = [(number, parts[number].copy()) for number in order]
        found = add(finished)
        if found is ... or found is None:
            return NOT_YET
        if not isinstance(found, np.ndarray) or found.dtype != np.float32:
            return "it should return an array of float32, as the parts are"
        if found.shape != parts[0].shape:
            return f"the sum has the shape {found.shape}; it should be {parts[0].shape}"
        said = verdict(found[:2], np.sum(parts, axis=0)[:2], name="sum", tolerance=1e-6)
        if said != RIGHT:
            return said
        if any((array != parts[number]).any() for number, array in finished):
            return "the sum is right, but one of the parts has been changed"
        sums.append(found.tobytes())
    different = len(set(sums))
    return RIGHT if different == 1 else f"the 24 orders of arrival give {different} different results"
