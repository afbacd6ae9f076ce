"""Draw: the pictures that people look at.

Run as `python -m stages.draw`. Reads the curves, the tables of evaluate, the predictions, the model, the test
arrays and some training images; writes plots/*.png.
"""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray
from pydantic import Field

from nn.augment import Deformation
from nn.layers import Dense
from nn.streams import Purpose, stream
from nn.threads import Team
from stages import arrays, trust
from stages.augmentation import Augment
from stages.errors import UserError
from stages.figures import confusion_counts
from stages.files import together
from stages.identity import stage
from stages.idx import SIDE
from stages.model import read_model
from stages.params import Integer, Section, Seed, read_all, validate
from stages.pictures import (
    ALL_COLORS,
    GREYS,
    PLOTS,
    QUIET,
    TRAINING,
    VALIDATION,
    chart,
    save,
    set_style,
)
from stages.tables import read_numbers

DEFORMATIONS = 12  # of each image, on the sheet that shows them
SHADES = mpl.colormaps["RdBu_r"].resampled(31)  # leaves room for the greys of the letters

Probabilities = NDArray[np.float32]


class Draw(Section):
    """The section `draw` of params.yaml."""

    width: Annotated[Integer, Field(ge=400, le=2000)]
    smoothing: Annotated[Integer, Field(ge=1)]
    misclassified: Annotated[Integer, Field(ge=1, le=100)]
    first_layer: Annotated[Integer, Field(ge=1, le=144)]


class Training(Section, extra="ignore"):
    """What this stage reads of the section `train`."""

    seed: Seed
    augment: Augment


def main() -> None:
    """The stage: tables, predictions, model and arrays in; eight pictures out."""
    sections = read_all()
    params = validate("draw", sections, Draw)
    training = validate("train", sections, Training)
    set_style()
    prepared = arrays.read_description()
    probabilities = read_probabilities("test", len(prepared.classes))
    images, labels = arrays.read("test", len(prepared.classes))
    if len(probabilities) != len(labels):
        raise UserError(
            f"data/predictions/test.npy has {len(probabilities)} rows for {len(labels)} images; "
            "`dvc repro --force evaluate` makes it again"
        )
    network, _ = read_model(rows=1)
    first = next(layer for layer in network.layers if isinstance(layer, Dense))

    width = params.width
    pixels = np.clip(prepared.normalization.pixels(images), 0, 1)
    samples = first_of_each_class(*arrays.read("train", len(prepared.classes)))
    sheet = augmented(samples, training, prepared)
    mistakes = misclassified(pixels, labels, probabilities, prepared.classes, params.misclassified)
    with together():
        save(loss_curve(params), "loss_curve", width)
        save(accuracy_curve(), "accuracy_curve", width)
        save(confusion_matrix(labels, probabilities, prepared.classes), "confusion_matrix", width, ALL_COLORS)
        save(mistakes, "misclassified", width, GREYS)
        save(sheet, "augmented", width, GREYS)
        save(first_layer(first.W, params.first_layer, width), "first_layer", width)
        save(trust.reliability(), "reliability", width)
        save(trust.robustness(pixels[0]), "robustness", width)


def read_probabilities(part: str, classes: int) -> Probabilities:
    """The predictions for a part, (n, classes)."""
    path = Path(f"data/predictions/{part}.npy")
    probabilities = arrays.load(path)
    if probabilities.shape[1:] != (classes,) or probabilities.dtype != np.float32:
        raise UserError(
            f"{path} holds no probabilities of {classes} classes; `dvc repro --force evaluate` makes it again"
        )
    return np.asarray(probabilities)


def loss_curve(params: Draw) -> Figure:
    """Training loss of the batches, its running mean, and validation loss, over the iterations."""
    steps, losses = read_numbers(PLOTS / "training.csv", ("step", "loss"))
    validation_steps, validation_losses = read_numbers(PLOTS / "validation.csv", ("step", "loss"))
    figure, axes = chart("iteration", "cross-entropy (nats)")
    width = min(params.smoothing, len(losses))
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.plot(steps, losses, color=QUIET, linewidth=0.6, label="training, each batch logged")
    axes.plot(
        steps[width // 2 : width // 2 + len(smooth)],
        smooth,
        color=TRAINING,
        label=f"training, mean of {width} rows",
    )
    if validation_steps:
        axes.plot(validation_steps, validation_losses, color=VALIDATION, marker=".", label="validation")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title("Loss" if validation_steps else "Loss (no validation images: prepare.validation_size is 0)")
    axes.legend(frameon=False)
    return figure


def accuracy_curve() -> Figure:
    """Validation accuracy over the iterations."""
    steps, accuracies = read_numbers(PLOTS / "validation.csv", ("step", "accuracy"))
    figure, axes = chart("iteration", "accuracy (%)")
    if not steps:
        axes.set_title("No validation images: prepare.validation_size is 0")
        return figure
    axes.plot(steps, 100 * np.array(accuracies), color=VALIDATION, marker=".")
    axes.set_title(f"Accuracy on the validation images: {accuracies[-1]:.2%} at the end")
    return figure


def confusion_matrix(labels: arrays.Labels, probabilities: Probabilities, classes: Sequence[str]) -> Figure:
    """How often each class was read as each other, shaded by the share of the actual class."""
    counts = confusion_counts(labels, probabilities.argmax(axis=1), len(classes))
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


def augmented(samples: arrays.Images, training: Training, prepared: arrays.Prepared) -> Figure:
    """Images as they are, and beside each what training may show of it in one epoch or another."""
    strengths = training.augment.strengths()
    chosen = np.repeat(np.arange(len(samples)), DEFORMATIONS)
    deformed = samples[chosen]
    with Team(1):  # one thread in BLAS, as in training
        deformation = Deformation(strengths, SIDE, 1, background=prepared.background, ink=prepared.ink)
        deformation.begin_epoch([stream(training.seed, Purpose.DEFORMATION, 0)])
        deformation.write(samples, chosen, deformed, 0)

    gap = 2
    tile = SIDE + gap
    mosaic = np.zeros((len(samples) * tile, (DEFORMATIONS + 1) * tile + 2 * gap))
    for row, original in enumerate(samples):
        line = [original, *deformed[chosen == row]]
        for column, image in enumerate(line):
            top, left = row * tile + 1, column * tile + 1 + (2 * gap if column else 0)
            pixels = prepared.normalization.pixels(image).reshape(SIDE, SIDE)
            mosaic[top : top + SIDE, left : left + SIDE] = pixels
    figure = Figure(figsize=(8, 8 * mosaic.shape[0] / mosaic.shape[1] + 0.4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.clip(mosaic, 0, 1), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    axes.axvline(tile + gap - 0.5, color="#bbbbbb", linewidth=1)
    axes.axis("off")
    figure.suptitle(
        "Training images (left), and what deformation makes of them, anew each time they are shown"
        if strengths.any
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


if __name__ == "__main__":
    stage("draw", main)
