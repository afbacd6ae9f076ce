"""A digit as numbers, weights as images, and the pixels that made a classifier choose the wrong class."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

Image = NDArray[np.floating]
SIDE = 28


def numbers(image: Image, top: int, left: int, size: int = 11) -> None:
    """Draw an image (784,), a window of it with the number of each pixel, and its 784 numbers in a row.

    The window of size x size pixels begins at the row `top` and the column `left`.
    """
    figure = plt.figure(figsize=(8, 5))
    layout = figure.add_gridspec(2, 2, height_ratios=[8, 1], width_ratios=[1, 1])
    whole, window, row = (figure.add_subplot(part) for part in (layout[0, 0], layout[0, 1], layout[1, :]))
    square = image.reshape(SIDE, SIDE)
    limits = {"vmin": image.min(), "vmax": image.max()}
    whole.imshow(square, **limits)
    whole.add_patch(Rectangle((left - 0.5, top - 0.5), size, size, fill=False, color="#D55E00", linewidth=2))
    whole.set_title("28 x 28 pixels")
    window.imshow(square[top : top + size, left : left + size], **limits)
    for (i, j), value in np.ndenumerate(square[top : top + size, left : left + size]):
        color = "white" if value > (image.min() + image.max()) / 2 else "black"
        window.text(j, i, f"{value:.1f}", ha="center", va="center", fontsize=8.5, color=color)
    window.set_title("the pixels in the frame")
    plt.setp(window.spines.values(), visible=True, color="#D55E00", linewidth=2)
    row.imshow(image[None], aspect="auto", interpolation="none", **limits)
    row.set_title("the same image as one row of 784 numbers")
    for axes in (whole, window, row):
        unmarked(axes)
    plt.setp([*whole.spines.values(), *row.spines.values()], visible=True, color="#999999")


def rows_of_digits(rows: Mapping[str, Image]) -> None:
    """Draw rows of images, each (digits, 784), with their names: the first as ink, the others as weights.

    A row of weights has one scale about zero for all its images. It ends where 0.5 % of the weights lie beyond, or
    those few would leave the others pale.
    """
    _, grid = plt.subplots(len(rows), 1, figsize=(9.5, 0.2 + 1.25 * len(rows)))
    for axes, (name, images) in zip(grid, rows.items(), strict=True):
        tiles = np.hstack(
            list(np.pad(images.reshape(-1, SIDE, SIDE), ((0, 0), (0, 0), (1, 1)), constant_values=np.nan))
        )
        if axes is grid[0]:
            axes.imshow(tiles)
            title = name
        else:
            limit = np.quantile(np.abs(images), 0.995)
            axes.imshow(tiles, cmap="RdBu_r", vmin=-limit, vmax=limit)
            title = f"{name}: blue to red is -{limit:.2f} to {limit:.2f}"
        unmarked(axes)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set(xticks=np.arange(len(images)) * (SIDE + 2) + SIDE / 2 + 0.5, xticklabels=range(len(images)))
        axes.tick_params(length=0, pad=1)


def votes(
    images: Sequence[Image],
    titles: Sequence[str],
    terms: Sequence[Image],
    blank: Sequence[float],
    limit: float = 1.0,
) -> None:
    """Draw images (784,), each with a title, and below each what its pixels add to a lead (784,).

    That of a blank sheet stands beside their sum. Colours end at +-limit.
    """
    _, grid = plt.subplots(2, len(images), figsize=(9.5, 3.5))
    for (above, below), image, title, added, c in zip(grid.T, images, titles, terms, blank, strict=True):
        above.imshow(image.reshape(SIDE, SIDE))
        above.set_title(title, fontsize=11)
        below.imshow(added.reshape(SIDE, SIDE), cmap="RdBu_r", vmin=-limit, vmax=limit)
        below.set_title(f"blank {c:+.1f}, ink {added.sum():+.1f}", fontsize=9)
        unmarked(above)
        unmarked(below)


def unmarked(axes: Axes) -> None:
    """Take away ticks: the places of pixels have no unit."""
    axes.set(xticks=[], yticks=[])
    plt.setp(axes.spines.values(), visible=False)
