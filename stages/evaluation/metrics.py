"""What was read right and what wrongly, in figures: counts, rates with their intervals, precision and recall."""

import numpy as np
from numpy.typing import NDArray

NORMAL_QUANTILE = 1.959963984540054  # 97.5 %: two-sided intervals of 95 %

Counts = NDArray[np.int64]


def confusion_counts(actual: NDArray[np.integer], predicted: NDArray[np.integer], classes: int) -> Counts:
    """How often class i was read as class j, (classes, classes): rows are what it was, columns what was read."""
    pairs = actual.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


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


def wilson_interval(errors: int, images: int) -> tuple[float, float]:
    """The 95 % interval of an error rate, after E. B. Wilson, Probable Inference, 1927.

    (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with p = errors / n and z = 1.96. Unlike
    p +- z sqrt(p (1 - p)/n) it holds for rates near 0 and never leaves 0 to 1.
    """
    p, n, z = errors / images, images, NORMAL_QUANTILE
    centre = p + z**2 / (2 * n)
    reach = z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    scale = 1 + z**2 / n
    low, high = (centre - reach) / scale, (centre + reach) / scale
    return 0.0 if errors == 0 else low, 1.0 if errors == images else high  # exact, where rounding would miss it


def per_class(confusion: Counts) -> tuple[list[float], list[float], list[float]]:
    """Precision, recall and f1 of each class.

    precision = right / read as it; recall = right / those there are; f1 = 2 right / (read as it + those there
    are), their harmonic mean. 0 where nothing was read as the class, or none is there.
    """
    right, read_as, there = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    precision = right / np.maximum(read_as, 1)
    recall = right / np.maximum(there, 1)
    f1 = 2 * right / np.maximum(read_as + there, 1)
    return precision.tolist(), recall.tolist(), f1.tolist()


def errors_by_half(wrong: NDArray[np.bool_]) -> dict[str, int | list[float]]:
    """Errors and error rates of the first and the second half of the images, in the order of the file.

    The writers of MNIST's first 5,000 test images are others than those of its last 5,000. The page of the data
    set calls the first half cleaner and easier; the networks trained here err more often in it.
    """
    middle = len(wrong) // 2
    first, second = int(wrong[:middle].sum()), int(wrong[middle:].sum())
    return {
        "first_half_errors": first,
        "second_half_errors": second,
        "half_error_rates": [first / max(middle, 1), second / max(len(wrong) - middle, 1)],
    }
