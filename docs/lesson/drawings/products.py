"""Matrix products as they are done by hand: one factor to the left, the other above, the product between them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

Array = NDArray[np.floating]

LEFT, ABOVE, BETWEEN = "#56B4E9", "#E69F00", "#009E73"


def product(
    axes: Axes,
    left: Array,
    above: Array,
    *,
    names: tuple[str, str, str],
    title: str,
    cell: tuple[int, int],
) -> None:
    """left @ above, the row and the column marked that meet in `cell` (row, column), and their sum of products.

    names are those of the left factor, of the right one and of the product.
    """
    result = left @ above
    (rows, inner), columns = left.shape, above.shape[1]
    row, column = cell
    x, y = inner + 1, top(left)  # where the product begins
    _array(axes, left, (0, y), {(row, k): LEFT for k in range(inner)})
    _array(axes, above, (x, 0), {(k, column): ABOVE for k in range(inner)})
    _array(axes, result, (x, y), {(row, column): BETWEEN})
    for name, shape, at in zip(
        names,
        ((rows, inner), (inner, columns), (rows, columns)),
        ((inner / 2, y - 0.25), (x + columns / 2, -0.25), (x + columns / 2, y + rows + 0.65)),
        strict=True,
    ):
        axes.text(*at, f"{name}   {shape[0]} \N{MULTIPLICATION SIGN} {shape[1]}", ha="center", fontsize=11)
    terms = " + ".join(_product(a, b) for a, b in zip(left[row], above[:, column], strict=True))
    axes.text(0, y + rows + 1.5, f"{terms} = {result[row, column]:g}".replace("-", "\N{MINUS SIGN}"), fontsize=11)
    axes.set_title(title, loc="left")
    axes.set(xlim=(-0.1, x + columns + 0.1), ylim=(y + rows + 1.7, -0.7), aspect="equal")
    axes.axis("off")


def frame(axes: Axes, left: Array, *, row: int | None = None, column: int | None = None) -> None:
    """A thick frame about one row or one column of the left factor."""
    rows, columns = left.shape
    corner = (column or 0, top(left) + (row or 0))
    width, height = 1 if row is None else columns, 1 if column is None else rows
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="black", linewidth=3, zorder=3))


def top(left: Array) -> float:
    """Where the left factor and the product begin, from above: below the right factor."""
    return float(left.shape[1] + 1.4)


def _array(axes: Axes, array: Array, corner: tuple[float, float], marked: dict[tuple[int, int], str]) -> None:
    """The numbers of an array in boxes, those that are marked on their colour."""
    for (i, j), value in np.ndenumerate(array):
        x, y = corner[0] + j, corner[1] + i
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=marked.get((i, j), "white"), edgecolor="0.4"))
        number = f"{value:g}".replace("-", "\N{MINUS SIGN}")
        axes.text(x + 0.5, y + 0.5, number, ha="center", va="center", fontsize=12)


def _product(a: float, b: float) -> str:
    """a times b, a negative b in brackets."""
    return f"{a:g} \N{MULTIPLICATION SIGN} {b:g}" if b >= 0 else f"{a:g} \N{MULTIPLICATION SIGN} ({b:g})"
