"""The picture of the confusion matrix: how often each class was predicted for each actual class."""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.figure import Figure

from stages.formats.tables import read_columns
from stages.runtime.errors import UserError
from stages.runtime.paths import PLOTS

SIDE = 400  # points that the matrix is high and wide, about
SMALLEST = 6  # points: smaller letters cannot be read


def confusion_matrix(classes: Sequence[str]) -> Figure:
    """plots/confusion.csv as a matrix: the count in each cell, shaded by its share of the actual class.

    Where there are so many classes that counts or names would overlap, the letters are smaller; where they could
    not be read, the cells have their shade alone, and only every second class its name, every third, and so on.
    """
    path, k = PLOTS / "confusion.csv", len(classes)
    columns = np.array(read_columns(path, ("count", "share")))
    if columns.shape != (2, k**2):
        raise UserError(
            f"{path} has {columns.shape[1]} rows, not {k**2}; `dvc repro --force evaluate` makes it again"
        )
    counts, shares = columns.reshape(2, k, k)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    cell = SIDE / k
    letters = min(10, cell / 1.1, cell / (0.65 * len(f"{counts.max():.0f}")))
    # The square root lets the rare errors show beside the diagonal.
    axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    for (row, column), n in np.ndenumerate(counts):
        if n and letters >= SMALLEST:
            color = "white" if shares[row, column] > 0.4 else "black"
            axes.text(column, row, f"{n:.0f}", ha="center", va="center", color=color, fontsize=letters)
    named = range(0, k, ceil(1.3 * SMALLEST / cell))
    names = [classes[label] for label in named]
    size = max(SMALLEST, min(11, 0.8 * cell))
    axes.set_xticks(named, names, fontsize=size)
    if max(map(len, classes)) > 2:
        for label in axes.get_xticklabels():
            label.set(rotation=40 if size > 8 else 90, ha="right" if size > 8 else "center")
    axes.set_yticks(named, names, fontsize=size)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set_title(f"{np.trace(counts):,.0f} of {counts.sum():,.0f} test images classified correctly")
    return figure
