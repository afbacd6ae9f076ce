"""Schedules: from the progress of a run, 0 <= progress < 1, to the share of the learning rate to use."""

from collections.abc import Callable
from math import cos, pi

Schedule = Callable[[float], float]


def constant(progress: float) -> float:  # noqa: ARG001 (a schedule takes the progress)
    """The whole learning rate, always."""
    return 1.0


def cosine(progress: float) -> float:
    """(1 + cos(pi progress)) / 2: from the whole learning rate, slowly at first, down to almost none.

    (I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.)
    """
    return (1 + cos(pi * progress)) / 2


def one_cycle(progress: float, rise: float = 0.3, first: float = 1 / 25, last: float = 1e-4 / 25) -> float:
    """Along half a cosine from `first` up to 1 in the share `rise` of the run, then along another down to `last`.

    (L. N. Smith, N. Topin, Super-Convergence, 2018; the defaults are PyTorch's.)
    """
    if progress < rise:
        return first + (1 - first) * (1 - cos(pi * progress / rise)) / 2
    return last + (1 - last) * cosine((progress - rise) / (1 - rise))


def with_warmup(schedule: Schedule, share: float, step: float) -> Schedule:
    """First a straight line up to 1 in this share of the run, 0 <= share < 1, then the schedule.

    `step` is 1 / number of steps, which is added so that the first step has a rate above 0.
    """

    def schedule_with_warmup(progress: float) -> float:
        if progress < share:
            return min(1.0, (progress + step) / share)
        return schedule((progress - share) / (1 - share))

    return schedule_with_warmup
