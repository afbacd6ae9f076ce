"""The picture of the confusion matrix: how often each class was predicted for each actual class."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from stages.formats.tables import read_columns
from stages.runtime.errors import UserError
from stages.runtime.paths import PLOTS


def confusion_matrix(classes: Sequence[str]) -> Figure:
    """plots/confusion.csv as a matrix: the count in each cell, shaded by its share of the actual class."""
    path, k = PLOTS / "confusion.csv", len(classes)
    columns = np.array(read_columns(path, ("count", "share")))
    if columns.shape != (2, k**2):
        raise UserError(
            f"{path} has {columns.shape[1]} rows, not {k**2}; `dvc repro --force evaluate` makes it again"
        )
    counts, shares = columns.reshape(2, k, k)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    # The square root lets the rare errors show beside the diagonal.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(counts):
        if n:
            color = "white" if shares[row, column] > 0.4 else "black"
            axes.text(column, row, f"{n:.0f}", ha="center", va="center", color=color, fontsize=10)
    axes.set_xticks(range(k), classes)
    if max(map(len, classes)) > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=40, ha="right")
    axes.set_yticks(range(k), classes)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(f"{np.trace(counts):,.0f} of {counts.sum():,.0f} test images classified correctly")
    return figure
