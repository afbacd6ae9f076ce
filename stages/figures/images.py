"""Pictures made of images: mistakes, deformations, and what the first layer looks for."""

from collections.abc import Sequence
from math import ceil

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nn.augmentation import Deformation, DeformationRanges
from nn.parallel import single_threaded_blas
from nn.random_streams import Purpose, stream
from stages.formats import arrays
from stages.formats.idx import SIDE
from stages.settings.train import DeformationSettings

DEFORMATIONS = 12  # of each image, on the sheet that shows them
SHADES = mpl.colormaps["RdBu_r"].resampled(31)  # leaves room for the greys of the letters

Probabilities = NDArray[np.float32]


def misclassified(
    pixels: NDArray[np.floating],
    labels: arrays.Labels,
    probabilities: Probabilities,
    classes: Sequence[str],
    most: int,
) -> Figure:
    """The images that were read wrongly, the surest mistakes first: what was read, what it is, how surely each."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:most]
    columns = 10 if max(map(len, classes)) <= 2 else 5
    rows = max(1, ceil(len(surest) / columns))
    figure = Figure(figsize=(8, 0.7 + 1.05 * rows * 10 / columns), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, surest, strict=False):
        axes.imshow(pixels[index].reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        read_as, is_really = (
            f"{classes[label]} ({percentage(probabilities[index, label])})"
            for label in (predicted[index], labels[index])
        )
        axes.set_title(f"{read_as}\nis {is_really}", fontsize=8, pad=2)
    figure.suptitle(
        f"{len(wrong):,} of {len(labels):,} test images read wrongly; the {len(surest)} surest mistakes"
        if len(wrong)
        else f"All {len(labels):,} test images were read right",
        fontsize=11,
    )
    return figure


def percentage(probability: float) -> str:
    """A probability with one digit after the point, but never rounded to all or nothing."""
    if probability < 0.001:
        return "<0.1%"
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


def first_of_each_class(images: arrays.Images, labels: arrays.Labels) -> arrays.Images:
    """The first image of each class that there is, (k, 784)."""
    return np.asarray(images[np.sort(np.unique(labels, return_index=True)[1])])


def augmented(samples: arrays.Images, training: DeformationSettings, dataset: arrays.DatasetDescription) -> Figure:
    """Images as they are, and beside each what training may show of it in one epoch or another."""
    strengths = DeformationRanges(**training.augment.model_dump())
    chosen = np.repeat(np.arange(len(samples)), DEFORMATIONS)
    deformed = samples[chosen]
    with single_threaded_blas():
        deformation = Deformation(strengths, SIDE, 1, background=dataset.background, ink=dataset.ink)
        deformation.begin_epoch([stream(training.seed, Purpose.DEFORMATION, 0)])
        deformation.deform(samples, chosen, deformed, 0)

    gap = 2
    tile = SIDE + gap
    mosaic = np.zeros((len(samples) * tile, (DEFORMATIONS + 1) * tile + 2 * gap))
    for row, original in enumerate(samples):
        line = [original, *deformed[chosen == row]]
        for column, image in enumerate(line):
            top, left = row * tile + 1, column * tile + 1 + (2 * gap if column else 0)
            pixels = dataset.normalization.pixels(image).reshape(SIDE, SIDE)
            mosaic[top : top + SIDE, left : left + SIDE] = pixels
    figure = Figure(figsize=(8, 8 * mosaic.shape[0] / mosaic.shape[1] + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.clip(mosaic, 0, 1), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.axvline(tile + gap - 0.5, color="#bbbbbb", linewidth=1)
    axes.axis("off")
    figure.suptitle(
        "Training images (left), and what deformation makes of them, anew each time they are shown"
        if strengths.enabled
        else "Training images, which are not deformed: all strengths of train.augment are 0",
        fontsize=11,
    )
    return figure


def first_layer(weights: NDArray[np.floating], most: int, width: int) -> Figure:
    """What the strongest units of the first layer look for: ink in red, paper in blue.

    Each weight is drawn as a square of whole pixels, which is sharp, and small as a file.
    """
    strongest = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:most]
    columns = ceil(len(strongest) ** 0.5)
    rows = ceil(len(strongest) / columns)
    tile = SIDE + 2
    mosaic = np.full((rows * tile, columns * tile), np.nan)
    for number, unit in enumerate(strongest):
        picture = weights[:, unit].reshape(SIDE, SIDE)
        top, left = tile * (number // columns) + 1, tile * (number % columns) + 1
        mosaic[top : top + SIDE, left : left + SIDE] = picture / max(float(np.abs(picture).max()), 1e-12)

    zoom = max(1, width // mosaic.shape[1])
    title = width // 20
    height = zoom * mosaic.shape[0] + title
    dots = width / 8
    figure = Figure(figsize=(8, height / dots))
    size = (zoom * mosaic.shape[1] / width, zoom * mosaic.shape[0] / height)
    axes = figure.add_axes(((1 - size[0]) / 2, 0, *size))
    axes.imshow(mosaic, cmap=SHADES, vmin=-1, vmax=1, interpolation="nearest", aspect="auto")
    axes.axis("off")
    figure.suptitle(
        f"What the {len(strongest)} strongest of {weights.shape[1]} first units look for: ink red, paper blue",
        y=1 - title / height / 2,
        va="center",
        fontsize=11,
    )
    return figure
