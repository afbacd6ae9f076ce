"""What all pictures share: style, width and palette. Equal inputs give equal bytes.

No date, no version, no setting of this machine goes into a picture.
"""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from stages.runtime.atomic import atomic_write
from stages.runtime.paths import PLOTS

TRAINING, VALIDATION, MUTED = "#4878a8", "#c8502c", "#9bb8d3"
BATCHES = "#8a8f98"
COLORS = 64  # of a palette: a third of the size of full color, with no visible difference
ALL_COLORS = 256  # where the shade carries the information
GRAYS = 16


def set_style() -> None:
    """The style of all pictures, whatever the matplotlibrc of this machine says."""
    mpl.rcdefaults()
    mpl.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})


def chart(x_label: str, y_label: str) -> tuple[Figure, Axes]:
    """An empty chart with labeled axes and a light grid."""
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    add_grid(axes)
    return figure, axes


def add_grid(axes: Axes) -> None:
    """A light grid, behind everything else."""
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)


def save(figure: Figure, name: str, width: int, colors: int = COLORS) -> None:
    """Write a figure to plots/NAME.png, `width` pixels wide, with a palette of this many colors."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=width / figure.get_figwidth())
    picture = Image.open(drawn).convert("RGB").quantize(colors, dither=Image.Dither.NONE)
    with atomic_write(PLOTS / f"{name}.png") as file:
        picture.save(file, format="png", optimize=True)
