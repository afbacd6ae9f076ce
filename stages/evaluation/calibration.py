"""Calibration: of the images that the network reads with 90 % confidence, does it read 90 % right?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True)
class Bin:
    """The images whose largest probability p is in low < p <= high."""

    low: float
    high: float
    images: int
    right: int
    confidence: float  # mean of p

    @property
    def accuracy(self) -> float:
        """The share that was read right."""
        return self.right / self.images


def reliability(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> list[Bin]:
    """The images in 15 bins of equal width by their largest probability, lowest first; no empty ones.

    probabilities (n, classes), labels (n,).
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1).astype(np.float64)
    number = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    images = np.bincount(number, minlength=BINS)
    right = np.bincount(number[predicted == labels], minlength=BINS)
    total = np.bincount(number, weights=confidence, minlength=BINS)
    return [
        Bin(m / BINS, (m + 1) / BINS, int(images[m]), int(right[m]), float(total[m] / images[m]))
        for m in range(BINS)
        if images[m]
    ]


def expected_calibration_error(bins: list[Bin]) -> float | None:
    """The expected calibration error: sum over the bins of images / n times |accuracy - confidence|, 0 to 1.

    None without images. (M. P. Naeini, G. F. Cooper, M. Hauskrecht, Obtaining Well Calibrated Probabilities Using
    Bayesian Binning, 2015; C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks,
    2017, with these 15 bins.)
    """
    n = sum(part.images for part in bins)
    return sum(part.images / n * abs(part.accuracy - part.confidence) for part in bins) if n else None
