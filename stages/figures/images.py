"""Pictures made of images: misclassified ones, deformed ones, and the weights of the first layer."""

from collections.abc import Sequence
from math import ceil

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from nn.augmentation import Deformation, DeformationRanges
from nn.flat import Array
from nn.parallel import single_threaded_blas
from nn.random_streams import Purpose, stream
from stages.formats.arrays import DatasetDescription, Images, Labels, Probabilities
from stages.formats.idx import SIDE
from stages.settings.train import BatchSettings

DEFORMATIONS = 12  # of each image, on the sheet that shows them
DEFORMED = 20  # images at most, each of another class
TILE = SIDE + 2  # pixels: an image of a mosaic and its border
SHADES = mpl.colormaps["RdBu_r"].resampled(31)  # leaves room for the grays of the letters


def misclassified(
    pixels: Images, labels: Labels, probabilities: Probabilities, classes: Sequence[str], most: int
) -> Figure:
    """The misclassified images, the most confident first: predicted and actual class, with their probabilities."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:most]
    columns = 10 if max(map(len, classes)) <= 2 else 5
    rows = max(1, ceil(len(shown) / columns))
    figure = Figure(figsize=(8, 0.7 + 1.05 * rows * 10 / columns), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, shown, strict=False):
        axes.imshow(pixels[index].reshape(SIDE, SIDE), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
        prediction, actual = (
            f"{classes[label]} ({percentage(probabilities[index, label])})"
            for label in (predicted[index], labels[index])
        )
        axes.set_title(f"{prediction}\nis {actual}", fontsize=8, pad=2)
    figure.suptitle(
        f"{len(wrong):,} of {len(labels):,} test images misclassified; the {len(shown)} most confident errors"
        if len(wrong)
        else f"All {len(labels):,} test images classified correctly",
        fontsize=11,
    )
    return figure


def percentage(probability: float) -> str:
    """A probability in percent with one decimal, never rounded to 0 or 100 %."""
    if probability < 0.001:
        return "<0.1%"
    return ">99.9%" if probability > 0.999 else f"{probability:.1%}"


def first_of_each_class(images: Images, labels: Labels, most: int = DEFORMED) -> Images:
    """The first image of each class that occurs, (k, 784), of the first `most` of them."""
    return np.asarray(images[np.sort(np.unique(labels, return_index=True)[1])[:most]])


def augmented(samples: Images, training: BatchSettings, dataset: DatasetDescription) -> Figure:
    """Each image as it is, and beside it random deformations of it, as training draws them."""
    strengths = DeformationRanges(**training.augment.model_dump())
    chosen = np.repeat(np.arange(len(samples)), DEFORMATIONS)
    deformed = samples[chosen]
    with single_threaded_blas():
        deformation = Deformation(strengths, SIDE, 1, background=dataset.background, ink=dataset.ink)
        deformation.begin_epoch([stream(training.seed, Purpose.DEFORMATION, 0)])
        deformation.deform(samples, chosen, deformed, 0)

    tiles = np.concatenate([samples[:, None], deformed.reshape(len(samples), DEFORMATIONS, -1)], axis=1)
    pixels = np.clip(dataset.normalization.pixels(tiles), 0, 1)
    mosaic = np.insert(mosaic_of(pixels, 0), [TILE] * 4, 0, axis=1)  # a gap beside the images themselves
    figure = Figure(figsize=(8, 8 * mosaic.shape[0] / mosaic.shape[1] + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mosaic, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.axvline(TILE + 1.5, color="#bbbbbb", linewidth=1)
    axes.axis("off")
    figure.suptitle(
        "Training images (left) and random deformations of them; training draws new ones in every epoch"
        if strengths.enabled
        else "Training images, not deformed: all strengths of train.augment are 0",
        fontsize=11,
    )
    return figure


def first_layer(weights: Array, most: int, width: int) -> Figure:
    """The weights (784, units) of the first layer, of the units with the largest norm; each unit an image.

    Each weight is drawn as a square of whole pixels, which is sharp, and small as a file.
    """
    strongest = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:most]
    columns = ceil(len(strongest) ** 0.5)
    rows = ceil(len(strongest) / columns)
    tiles = np.full((rows * columns, SIDE**2), np.nan)
    tiles[: len(strongest)] = weights[:, strongest].T
    tiles /= np.maximum(np.abs(tiles).max(axis=1, keepdims=True), 1e-12)
    mosaic = mosaic_of(tiles.reshape(rows, columns, -1), np.nan)

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
        f"First layer: weights of the {len(strongest)} of {weights.shape[1]} units with the largest norm, "
        "positive red, negative blue",
        y=1 - title / height / 2,
        va="center",
        fontsize=11,
    )
    return figure


def mosaic_of(images: Array, border: float) -> Array:
    """Images (rows, columns, 784) as one picture, each with a border of a pixel of this value."""
    rows, columns, _ = images.shape
    tiles = images.reshape(rows, columns, SIDE, SIDE)
    padded = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=border)
    return padded.swapaxes(1, 2).reshape(rows * TILE, columns * TILE)
