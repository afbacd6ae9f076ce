"""Random numbers that depend on the seed, on what they are for and on the epoch, and on nothing else.

Each part draws from a stream of its own: how much one of them draws never changes another, and a run that is
taken up again at an epoch draws what the uninterrupted run would have drawn.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are for. The values go into the streams: never change one, only add."""

    WEIGHTS = 0
    ORDER = 1
    SPLIT = 2


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """The generator for this seed, purpose and index (an epoch, or a class); equal arguments, equal numbers."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, index)))
