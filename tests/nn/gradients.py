"""A gradient against a finite difference: one random direction tests all of a vector at once."""

from collections.abc import Callable

from nn.flat import Array


def slope(f: Callable[[], float], vector: Array, direction: Array, reach: float = 1e-5) -> float:
    """(f(vector + reach direction) - f(vector - reach direction)) / (2 reach); vector is restored."""
    before = vector.copy()
    vector[:] = before + reach * direction
    above = f()
    vector[:] = before - reach * direction
    below = f()
    vector[:] = before
    return (above - below) / (2 * reach)
