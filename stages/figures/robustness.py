"""The picture of robustness: the accuracy on corrupted images, over the strength of each corruption."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.evaluation.corruptions import CORRUPTIONS, Corruption
from stages.figures.style import VALIDATION, add_grid
from stages.formats.arrays import Images
from stages.formats.idx import SIDE
from stages.formats.tables import read_columns
from stages.runtime.paths import PLOTS


def robustness(pixels: Images) -> Figure:
    """Accuracy on corrupted test images, over the strength; `pixels` (784,) is the image that shows each."""
    figure = Figure(figsize=(8, 7.4), layout="constrained")
    panels = figure.subplots(ceil(len(CORRUPTIONS) / 2), 2, sharey=True)
    for axes, (name, corruption) in zip(panels.flat, CORRUPTIONS.items(), strict=True):
        table = PLOTS / "robustness.csv"
        strengths, errors, images = read_columns(
            table, ("strength", "errors", "images"), len(corruption.strengths), corruption=name
        )
        accuracies = [100 * (1 - wrong / n) for wrong, n in zip(errors, images, strict=True)]
        axes.plot(strengths, accuracies, color=VALIDATION, marker=".")
        for strength, accuracy, slope in zip(strengths, accuracies, np.gradient(accuracies), strict=True):
            offset = (float(np.clip(slope, -14, 14)), -12)  # below, on the side where the line is not
            text = f"{accuracy:.1f}"
            axes.annotate(text, (strength, accuracy), offset, textcoords="offset points", ha="center", fontsize=8)
        axes.set_ylim(-8, 103)
        axes.set_yticks(range(0, 101, 20))
        axes.set_title(name.capitalize(), pad=42)
        axes.set_xlabel(corruption.unit)
        add_grid(axes)
        add_examples(axes, pixels, corruption)
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy (%)")
    figure.suptitle("Accuracy on corrupted test images", fontsize=11)
    return figure


def add_examples(axes: Axes, pixels: Images, corruption: Corruption) -> None:
    """The image at every strength, above the place of the strength on the axis."""
    strengths = corruption.strengths
    step = (strengths[-1] - strengths[0]) / (len(strengths) - 1)
    axes.set_xlim(strengths[0] - step / 2, strengths[-1] + step / 2)
    axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    for number, strength in enumerate(strengths):
        example = axes.inset_axes(((number + 0.06) / len(strengths), 1.03, 0.88 / len(strengths), 0.2))
        corrupted = corruption.apply(pixels[None], strength)
        example.imshow(corrupted.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
        example.set(xticks=[], yticks=[], anchor="S")
        example.spines[:].set(visible=True, color="#dddddd")
