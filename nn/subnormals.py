"""Numbers too small to matter become 0, so that they do not slow the CPU down.

Below 2^-126 the numbers of float32 are subnormal, and many CPUs take a hundred cycles and more for each operation
on one. An average of gradients that have become 0, those of a unit that no image reaches any more, decays to there
and stays: the smallest subnormal number times 0.9 rounds to itself. A CPU can be told to take subnormal numbers
for 0, but not by NumPy, and not every CPU alike.

    (x + TINY) - TINY

is x where |x| >= 2^25 TINY, and below that x rounded to a multiple of 2^-23 TINY or of half of that: what is
smaller becomes 0. So the smallest number that is left is 2^-116, and stays above 2^-126 for FLUSH_STEPS steps that
leave 0.9 of it or more each. Where they leave less, it may be subnormal until the next flush makes it 0.
"""

from nn.flat import Array

TINY = 2.0**-92
FLUSH_STEPS = 64  # steps from one flush to the next


def flush_to_zero(x: Array) -> None:
    """Make numbers of float32 below 2^-117 zero, in place; others change by 2^-116 or one rounding at most."""
    x += TINY
    x -= TINY
