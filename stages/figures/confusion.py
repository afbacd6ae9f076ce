"""The picture of the confusion matrix: which classes are taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stages.evaluation import metrics
from stages.formats import arrays


def confusion_matrix(labels: arrays.Labels, probabilities: NDArray[np.float32], classes: Sequence[str]) -> Figure:
    """How often each class was read as each other, shaded by the share of the actual class."""
    counts = metrics.confusion_matrix(labels, probabilities.argmax(axis=1), len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    # The square root lets the rare errors show beside the diagonal.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(counts):
        if n:
            color = "white" if shares[row, column] > 0.4 else "black"
            axes.text(column, row, f"{n}", ha="center", va="center", color=color, fontsize=10)
    axes.set_xticks(range(len(classes)), classes)
    if max(map(len, classes)) > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("read as")
    axes.set_ylabel("actual")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(f"Test images: {np.trace(counts):,} of {counts.sum():,} read right")
    return figure
