"""Pictures of how far the network can be trusted: when it is sure of itself, and when images are disturbed."""

from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.evaluation.corruptions import CORRUPTIONS, Corruption
from stages.evaluation.metrics import Bin, expected_calibration_error, wilson_interval
from stages.figures.style import MUTED, TRAINING, VALIDATION, add_grid
from stages.formats.arrays import Images
from stages.formats.idx import SIDE
from stages.formats.tables import read_columns
from stages.runtime.paths import PLOTS


def reliability() -> Figure:
    """Share of images read right over confidence, with 95 % intervals, and how many images there are."""
    rows = zip(*read_columns(PLOTS / "calibration.csv", Bin._fields), strict=True)
    bins = [Bin._make(row) for row in rows]
    error = expected_calibration_error(bins)
    low, high, images, right, confidence, accuracy = np.array(bins).T
    bounds = [wilson_interval(wrong, n) for wrong, n in zip(images - right, images, strict=True)]
    most, least = 1 - np.array(bounds).T

    figure = Figure(figsize=(8, 7), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    middle, width = (low + high) / 2, high - low
    upper.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle="--", label="as sure as it is right")
    upper.bar(middle, accuracy, 0.92 * width, color=MUTED, label="share read right")
    upper.errorbar(
        confidence,
        accuracy,
        (accuracy - least, most - accuracy),
        color=TRAINING,
        linestyle="none",
        marker="o",
        markersize=4,
        linewidth=1.2,
        clip_on=False,
        label="its 95 % interval",
    )
    upper.set_ylabel("share read right")
    upper.set_ylim(0, 1.02)
    upper.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=3)
    upper.set_title(f"Does it know when it may be wrong? Expected calibration error {error:.2%}", pad=30)
    lower.bar(middle, images, 0.92 * width, color=MUTED)
    for place, n in zip(middle, images, strict=True):
        lower.annotate(f"{n:,.0f}", (place, n), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    lower.set_yscale("log")
    lower.set_ylim(0.7, 4 * images.max())
    lower.set_ylabel("test images")
    lower.set_xlabel("confidence: the largest probability of an image")
    lower.set_xlim(0, 1)
    for axes in (upper, lower):
        add_grid(axes)
    return figure


def robustness(pixels: Images) -> Figure:
    """How well disturbed test images are read, over the strength; `pixels` (784,) shows what that looks like."""
    figure = Figure(figsize=(8, 7.4), layout="constrained")
    panels = figure.subplots(ceil(len(CORRUPTIONS) / 2), 2, sharey=True)
    for axes, (name, corruption) in zip(panels.flat, CORRUPTIONS.items(), strict=True):
        strengths, errors, images = read_columns(
            PLOTS / "robustness.csv", ("strength", "errors", "images"), where={"corruption": name}
        )
        accuracies = [100 * (1 - wrong / n) for wrong, n in zip(errors, images, strict=True)]
        axes.plot(strengths, accuracies, color=VALIDATION, marker=".")
        for strength, accuracy, slope in zip(strengths, accuracies, np.gradient(accuracies), strict=True):
            text = f"{accuracy:.1f}"
            beside = (float(np.clip(slope, -14, 14)), -12)  # below, on the side where the line is not
            axes.annotate(text, (strength, accuracy), beside, textcoords="offset points", ha="center", fontsize=8)
        axes.set_ylim(-8, 103)
        axes.set_yticks(range(0, 101, 20))
        axes.set_title(name.capitalize(), pad=42)
        axes.set_xlabel(corruption.unit)
        add_grid(axes)
        add_examples(axes, pixels, corruption)
    for axes in panels[:, 0]:
        axes.set_ylabel("accuracy (%)")
    figure.suptitle("How many test images are still read right after something has happened to them", fontsize=11)
    return figure


def add_examples(axes: Axes, pixels: Images, corruption: Corruption) -> None:
    """The image at every strength, above the place of the strength on the axis."""
    strengths = corruption.strengths
    step = (strengths[-1] - strengths[0]) / (len(strengths) - 1)
    axes.set_xlim(strengths[0] - step / 2, strengths[-1] + step / 2)
    axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    for number, strength in enumerate(strengths):
        example = axes.inset_axes(((number + 0.06) / len(strengths), 1.03, 0.88 / len(strengths), 0.2))
        disturbed = corruption.apply(pixels[None], strength)
        example.imshow(disturbed.reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1)
        example.set(xticks=[], yticks=[], anchor="S")
        example.spines[:].set(visible=True, color="#dddddd")
