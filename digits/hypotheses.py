"""Read a picture: once, and where that is in doubt, with other notions of paper and ink too."""

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from digits.classifier import Classifier
from digits.errors import NoDigit
from digits.form import to_mnist
from digits.ink import Ink, find_ink
from digits.paper import Gray, contrast, gray_of
from digits.pictures import Picture

WINDOWS = (0.25, 0.10, 0.40)  # in which the paper is looked for first, as shares of the picture's longer side
SURE, STEEP, AT_BORDER = 0.7, 0.35, 0.3  # less probable or softer than that, or more at the border: look again


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
    dark = gray.dark_ink
    first = look(gray, WINDOWS[0], classifier, dark=dark > 0)
    if isinstance(first, Reading) and not in_doubt(first):
        return first
    others = [
        look(gray, window, classifier, dark=polarity)
        for window in WINDOWS
        for polarity in (True, False)
        if (window, polarity) != (WINDOWS[0], dark > 0)
    ]
    readings = [found for found in (first, *others) if isinstance(found, Reading)]
    if isinstance(first, NoDigit) and not readings:
        raise first
    return max(readings, key=lambda reading: plausibility(reading, dark))


def look(gray: Gray, window: float, classifier: Classifier, *, dark: bool) -> Reading | NoDigit:
    """The digit, or why there is none, for ink of one polarity and paper looked for in a window of this size."""
    try:
        ink = find_ink(contrast(gray, window, dark=dark))
        image = to_mnist(ink.raster)
    except NoDigit as reason:
        return reason
    return Reading(classifier.probabilities(image[None])[0], image, ink, dark)


def in_doubt(reading: Reading) -> bool:
    """Whether another look is worth its time."""
    ink = reading.ink
    return float(reading.probabilities.max()) < SURE or ink.steepness < STEEP or ink.border > AT_BORDER


def plausibility(reading: Reading, dark: float) -> float:
    """How much speaks for a reading, in nats: a digit is sharp, strong, alone, and off the picture's border."""
    ink = reading.ink
    return (
        log(float(reading.probabilities.max()))
        + 0.5 * log(max(ink.steepness, 1e-6))
        + log(min(max(ink.contrast, 1e-6), 1))
        - 0.3 * log(1 + ink.rest)
        - 0.6 * ink.border
        + 0.3 * (dark if reading.dark else -dark)
    )
