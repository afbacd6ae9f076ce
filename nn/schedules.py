"""Schedules: from the progress of a run, 0 <= progress < 1, to the share of the learning rate to use."""

from math import cos, pi


def constant(progress: float) -> float:  # noqa: ARG001 (a schedule takes the progress)
    """The whole learning rate, always."""
    return 1.0


def cosine(progress: float) -> float:
    """(1 + cos(pi progress)) / 2: from the whole learning rate, slowly at first, down to almost none.

    (I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.)
    """
    return (1 + cos(pi * progress)) / 2
