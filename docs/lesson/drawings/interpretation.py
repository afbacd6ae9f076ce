"""The pictures of the notebook on interpretation that take more than a few lines: maps, and reliability."""

from collections.abc import Sequence
from typing import Any

import matplotlib.patheffects as outline
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.evaluation.metrics import Bin, wilson_interval

# Those of lesson.mplstyle and three more. The markers are the digits, so that the map reads without colours too.
CLASS_COLORS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#777777", "#8B4513", "#7F3FBF",
)  # fmt: skip


def digit_map(axes: Axes, points: NDArray[np.floating], labels: NDArray[np.integer], title: str) -> None:
    """Each image as a small digit of its label at its point (n, 2), and a large one at the mean of its class."""
    for digit, color in enumerate(CLASS_COLORS):
        own = points[labels == digit]
        axes.scatter(own[:, 0], own[:, 1], s=24, marker=f"${digit}$", color=color, linewidths=0, alpha=0.8)
    means = np.array([points[labels == digit].mean(axis=0) for digit in range(10)])
    text: dict[str, Any] = {"fontsize": 18, "fontweight": "bold", "ha": "center", "va": "center"}
    for digit, (x, y) in enumerate(apart(means, 0.065 * np.ptp(points, axis=0))):
        halo = [outline.withStroke(linewidth=4, foreground="white")]
        axes.text(x, y, str(digit), color=CLASS_COLORS[digit], path_effects=halo, **text)
    axes.set_title(title)
    axes.set_axis_off()


def apart(places: NDArray[np.floating], distance: NDArray[np.floating]) -> NDArray[np.floating]:
    """The places (n, 2), pushed from each other until none is nearer to another than the distance (2,)."""
    moved = places / distance
    for _ in range(100):
        away = moved[:, None] - moved
        length = np.linalg.norm(away, axis=2, keepdims=True) + np.eye(len(moved))[:, :, None]
        moved = moved + 0.25 * (away / length * np.maximum(0, 1 - length)).sum(axis=1)
    return np.asarray(moved * distance)


def reliability(axes: Axes, bins: Sequence[Bin], title: str) -> None:
    """The accuracy of each bin over its mean confidence, with 95 % intervals and the number of its images."""
    axes.plot([0, 1], [0, 1], color="#888888", linestyle="--", linewidth=1)
    for group in bins:
        low, high = wilson_interval(group.images - group.correct, group.images)
        axes.plot([group.confidence] * 2, [1 - high, 1 - low], color="C0", linewidth=1.5, alpha=0.6)
        axes.plot(group.confidence, group.accuracy, "o", color="C0", markersize=4 + np.log10(group.images))
        axes.annotate(f"{group.images:,}", (group.confidence, 1 - high), (0, -3), textcoords="offset points",
                      ha="center", va="top", fontsize=9)  # fmt: skip
    axes.set_title(title)
    axes.set_xlabel("confidence: the largest p")
    axes.set_xlim(0.2, 1.08)
    axes.set_ylim(-0.08, 1.03)
