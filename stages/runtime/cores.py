"""How many cores a stage uses."""

import os

from nn.parallel import default_threads
from stages.runtime.errors import UserError

MAX_THREADS = 256


def thread_count(shards: int, flops: float = float("inf")) -> int:
    """How many threads for rounds of so many shards and floating-point operations; never changes a bit.

    NETWORK_THREADS of the environment, else nn.parallel.default_threads. Raises UserError where NETWORK_THREADS is
    no number from 1 to 256.
    """
    wanted = os.environ.get("NETWORK_THREADS", "")
    if not wanted:
        return default_threads(shards, flops)
    if not (wanted.isdecimal() and 1 <= int(wanted) <= MAX_THREADS):
        raise UserError(f"NETWORK_THREADS is {wanted!r}: should be a whole number, 1 to {MAX_THREADS}")
    return int(wanted)
