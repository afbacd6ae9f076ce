"""Random numbers that depend on the seed, on what they are for and on where they are used, and on nothing else.

Each purpose draws from a stream of its own: how much one of them draws never changes another, and an epoch draws
the same whatever came before it.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What random numbers are for. The values go into the streams: never change one, only add."""

    WEIGHTS = 0
    ORDER = 1
    SPLIT = 2
    DROPOUT = 3
    DEFORMATION = 4
    NOISE = 5


def stream(seed: int, purpose: Purpose, *place: int) -> np.random.Generator:
    """The generator for this seed, purpose and place (an epoch, a class, a shard of the batch).

    Equal arguments give equal numbers.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *place)))
