"""Read a picture: once, and where that is in doubt, with other notions of paper and ink too."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from digits.classifier import Classifier
from digits.errors import NoDigit
from digits.form import to_mnist
from digits.ink import Ink, find_ink
from digits.paper import Gray, Plane, contrast, contrast_to_median, gray_of
from digits.pictures import Picture

# Ways to tell ink from paper: the wide window for thick large digits, which a narrower one leaves hollow; the
# median for small ones near the edge of a shadow.
WAYS: tuple[Callable[..., Plane], ...] = (
    partial(contrast, window=0.25),
    partial(contrast, window=0.40),
    contrast_to_median,
)
PROBABLE, STEEP, AT_BORDER = 0.7, 0.35, 0.3  # less probable or softer than that, or more at the border: look again
CLOSE = 0.25  # of 1: where the vote for dark or light ink is closer, too, as for thick digits


@dataclass(frozen=True)
class Reading:
    """An answer, and what it was given for."""

    probabilities: NDArray[np.float32]  # (classes,)
    image: NDArray[np.uint8]  # (28, 28), what the network saw
    ink: Ink
    dark: bool  # whether the ink is darker than the paper


def read(picture: Picture, classifier: Classifier) -> Reading:
    """The digit in a picture; raises NoDigit where there is none."""
    gray = gray_of(picture)
    vote = gray.dark_ink
    first = look(gray, WAYS[0], classifier, dark=vote > 0)
    if isinstance(first, Reading) and abs(vote) > CLOSE and not in_doubt(first):
        return first
    others = [
        look(gray, way, classifier, dark=dark)
        for way in WAYS
        for dark in (True, False)
        if (way, dark) != (WAYS[0], vote > 0)
    ]
    readings = [found for found in (first, *others) if isinstance(found, Reading)]
    if isinstance(first, NoDigit) and not readings:
        raise first
    return max(readings, key=lambda reading: plausibility(reading, vote))


def look(gray: Gray, way: Callable[..., Plane], classifier: Classifier, *, dark: bool) -> Reading | NoDigit:
    """The digit, or why there is none, for ink of one polarity and one way to tell it from paper."""
    try:
        ink = find_ink(way(gray, dark=dark))
        image = to_mnist(ink.raster)
    except NoDigit as reason:
        return reason
    return Reading(classifier.probabilities(image[None])[0], image, ink, dark)


def in_doubt(reading: Reading) -> bool:
    """Whether another look is worth its time."""
    ink = reading.ink
    unlike = ink.steepness < STEEP or ink.border > AT_BORDER or ink.across
    return unlike or float(reading.probabilities.max()) < PROBABLE


def plausibility(reading: Reading, vote: float) -> float:
    """How much speaks for a reading, in nats: a digit is sharp, strong, alone, off the picture's border."""
    ink = reading.ink
    return (
        log(float(reading.probabilities.max()))
        + 0.5 * log(max(ink.steepness, 1e-6))
        + log(min(max(ink.contrast, 1e-6), 1))
        - 0.2 * log(1 + ink.rest)
        - 0.6 * ink.border
        - 1.0 * ink.across
        + 0.3 * (vote if reading.dark else -vote)
    )
