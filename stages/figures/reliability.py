"""The picture of reliability: the accuracy over the confidence, a bar for each bin of plots/calibration.csv."""

import numpy as np
from matplotlib.figure import Figure

from stages.evaluation.metrics import Bin, expected_calibration_error, wilson_interval
from stages.figures.style import MUTED, TRAINING, add_grid
from stages.formats.tables import read_columns
from stages.runtime.paths import PLOTS


def reliability() -> Figure:
    """Accuracy over confidence with 95 % intervals, and below it how many test images each bin has."""
    rows = zip(*read_columns(PLOTS / "calibration.csv", Bin._fields, at_least=1), strict=True)
    bins = [Bin._make(row) for row in rows]
    low, high, images, correct, confidence, accuracy = np.array(bins).T
    intervals = [wilson_interval(wrong, n) for wrong, n in zip(images - correct, images, strict=True)]
    highest, lowest = 1 - np.array(intervals).T  # of the error rate, and so of the accuracy

    figure = Figure(figsize=(8, 7), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    middle, width = (low + high) / 2, high - low
    upper.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--", label="perfect calibration")
    upper.bar(middle, accuracy, 0.92 * width, color=MUTED, label="accuracy")
    upper.errorbar(
        confidence,
        accuracy,
        (accuracy - lowest, highest - accuracy),
        color=TRAINING,
        linestyle="none",
        marker="o",
        markersize=4,
        linewidth=1.2,
        clip_on=False,
        label="95 % interval",
    )
    upper.set_ylabel("accuracy")
    upper.set_ylim(0, 1.02)
    upper.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=3)
    error = expected_calibration_error(bins)
    upper.set_title(f"Reliability on the test images: expected calibration error {error:.2%}", pad=30)
    lower.bar(middle, images, 0.92 * width, color=MUTED)
    for place, n in zip(middle, images, strict=True):
        lower.annotate(f"{n:,.0f}", (place, n), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    lower.set_yscale("log")
    lower.set_ylim(0.7, 4 * images.max())
    lower.set_ylabel("test images")
    lower.set_xlabel("confidence: the largest class probability of an image")
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        add_grid(axes)
    return figure
