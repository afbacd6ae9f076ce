"""Metrics of a classifier: error rate with its interval, confusion matrix, precision, recall, f1, calibration."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.formats.arrays import Labels, Probabilities

NORMAL_QUANTILE = 1.959963984540054  # 97.5 %: two-sided intervals of 95 %
BINS = 15  # of confidence

Counts = NDArray[np.int64]


def error_rates(errors: int, images: int) -> dict[str, float | int | None]:
    """Accuracy, error rate with its 95 % interval, errors; fractions between 0 and 1, null without images."""
    low, high = wilson_interval(errors, images) if images else (None, None)
    return {
        "accuracy": (images - errors) / images if images else None,
        "error_rate": errors / images if images else None,
        "error_rate_low": low,
        "error_rate_high": high,
        "errors": errors,
    }


def wilson_interval(errors: float, images: float) -> tuple[float, float]:
    """The 95 % interval of an error rate, after E. B. Wilson, Probable Inference, 1927.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with p = errors / n and z = 1.96. Unlike
    p +- z sqrt(p (1 - p)/n) it holds for rates near 0 and never leaves 0 to 1.
    """
    p, n, z = errors / images, images, NORMAL_QUANTILE
    center = p + z**2 / (2 * n)
    reach = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    scale = 1 + z**2 / n
    low, high = (center - reach) / scale, (center + reach) / scale
    return 0.0 if errors == 0 else low, 1.0 if errors == images else high  # exact, where rounding would miss it


def errors_by_half(wrong: NDArray[np.bool_]) -> dict[str, int | list[float]]:
    """Errors and error rates of the first and the second half of the images, in the order of the file.

    The writers of MNIST's first 5,000 test images are others than those of its last 5,000. The page of the data
    set calls the first half cleaner and easier; the networks trained here make more errors in it.
    """
    middle = len(wrong) // 2
    first, second = int(wrong[:middle].sum()), int(wrong[middle:].sum())
    return {
        "first_half_errors": first,
        "second_half_errors": second,
        "half_error_rates": [first / max(middle, 1), second / max(len(wrong) - middle, 1)],
    }


def confusion_matrix(actual: Labels, predicted: NDArray[np.integer], classes: int) -> Counts:
    """How many images of class i (row) were classified as class j (column), (classes, classes)."""
    pairs = actual.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def per_class(confusion: Counts) -> tuple[list[float], list[float], list[float]]:
    """Precision, recall and f1 of each class.

    precision = correct / predicted as the class; recall = correct / actually of the class; f1 = 2 correct /
    (predicted + actual), their harmonic mean. 0 where no image was predicted as the class, or none is of it.
    """
    correct, predicted, actual = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision = correct / np.maximum(predicted, 1)
    recall = correct / np.maximum(actual, 1)
    f1 = 2 * correct / np.maximum(predicted + actual, 1)
    return precision.tolist(), recall.tolist(), f1.tolist()


class Bin(NamedTuple):
    """The images whose confidence, the largest of their probabilities, is above low and at most high."""

    low: float
    high: float
    images: int
    correct: int
    confidence: float  # the mean
    accuracy: float


def reliability_bins(probabilities: Probabilities, labels: Labels) -> list[Bin]:
    """The images in 15 bins of equal width by their confidence, the lowest first, empty bins left out.

    probabilities (n, classes), labels (n,).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    number = np.clip(np.ceil(confidence * BINS).astype(np.intp) - 1, 0, BINS - 1)
    images = np.bincount(number, minlength=BINS).tolist()
    correct = np.bincount(number[probabilities.argmax(axis=1) == labels], minlength=BINS).tolist()
    total = np.bincount(number, weights=confidence, minlength=BINS).tolist()
    return [
        Bin(m / BINS, (m + 1) / BINS, images[m], correct[m], total[m] / images[m], correct[m] / images[m])
        for m in range(BINS)
        if images[m]
    ]


def expected_calibration_error(bins: Sequence[Bin]) -> float | None:
    """The sum over the bins of images / n times |accuracy - confidence|, 0 to 1; None without images.

    0 where of the images classified with 90 % confidence 90 % are classified correctly. (M. P. Naeini,
    G. F. Cooper, M. Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015; C. Guo,
    G. Pleiss, Y. Sun, K. Q. Weinberger, On Calibration of Modern Neural Networks, 2017, with these 15 bins.)
    """
    n = sum(group.images for group in bins)
    return sum(group.images / n * abs(group.accuracy - group.confidence) for group in bins) if n else None
