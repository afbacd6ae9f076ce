"""What notebook 5 shows of its measurements: a table of times, pictures of times and of rounding."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

DARK, LIGHT, ORANGE = "#0072B2", "#B9D7EA", "#D55E00"
SHADES = ["#E69F00", DARK, "#CC79A7", "#56B4E9", "#F3D9B0"]


def table(times: Mapping[str, Sequence[float]]) -> str:
    """Median and spread of the seconds of each variant, and the ratio of its median to that of the line above."""
    lines, before = [], None
    for name, seconds in times.items():
        now = 1000 * median(seconds)
        ratio = "" if before is None else f"   {now / before:.2f} of the line above"
        spread = f"({1000 * min(seconds):.3f} to {1000 * max(seconds):.3f})"
        lines.append(f"  {name:22}{now:9.3f} ms  {spread:20}{ratio}".rstrip())
        before = now
    return "\n".join(lines)


def shares(axes: Axes, parts: Sequence[str], seconds: Mapping[str, Sequence[float]]) -> None:
    """One bar of 100 % for each key of `seconds`, cut into the parts; those of 6 % or more say their share."""
    for part, (label, color) in enumerate(zip(parts, SHADES, strict=True)):
        widths = [100 * row[part] / sum(row) for row in seconds.values()]
        starts = [100 * sum(row[:part]) / sum(row) for row in seconds.values()]
        bars = axes.barh(list(seconds), widths, 0.6, starts, color=color, label=label, edgecolor="white")
        texts = [f"{width:.0f} %" if width >= 6 else "" for width in widths]
        axes.bar_label(bars, texts, label_type="center", color="white" if color == DARK else "black")
    axes.invert_yaxis()
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set(xlim=(0, 100), xticks=[])
    axes.legend(ncols=len(parts), loc="lower left", bbox_to_anchor=(0, 1), handlelength=1, columnspacing=1.5)


def steps(axes: Axes, title: str, seconds: Mapping[str, float], products: Mapping[str, float]) -> None:
    """One bar for each version of a step, with its milliseconds at the end; the products in it are dark."""
    names, values = list(seconds), [1000 * value for value in seconds.values()]
    dark = [1000 * products[name] for name in names]
    bars = axes.barh(names, values, 0.7, color=LIGHT, label="all else")
    axes.barh(names, dark, 0.7, color=DARK, label="products")
    axes.bar_label(bars, [f"{value:.2f}" if value < 10 else f"{value:.0f}" for value in values], padding=3)
    axes.tick_params(left=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set(title=title, xticks=[], xlabel="milliseconds a step")
    axes.set(xlim=(0, 1.1 * max(values)), ylim=(len(names) - 0.5, -0.5))


def pieces(
    axes: Axes, lengths: Sequence[int], in_place: Sequence[float], new_arrays: Sequence[float], engine: int
) -> None:
    """Nanoseconds a parameter over the length of a piece, of both updates; the engine's length dotted."""
    axes.plot(lengths, new_arrays, "--o", color=ORANGE, markersize=4)
    axes.plot(lengths, in_place, "-o", color=DARK, markersize=4)
    for name, values, color in (("with new arrays", new_arrays, ORANGE), ("in place", in_place, DARK)):
        axes.text(lengths[-1] * 1.2, values[-1], name, color=color, va="center")
    axes.axvline(engine, color="black", linestyle=":", linewidth=1)
    axes.text(engine * 1.1, 0.04 * max(new_arrays), "the engine's pieces")
    axes.set(xlabel="length of a piece", ylabel="nanoseconds a parameter", ylim=(0, None))
    axes.set_xscale("log", base=2)
    axes.set_xticks(lengths[1::2], [f"{length:,}" for length in lengths[1::2]])


def last_bits(axes: Axes, bits: NDArray[np.floating]) -> None:
    """How many of the numbers differ by how many last bits."""
    steps = [0, 1, 2, 3, 6, 11, np.inf]
    names = ["0", "1", "2", "3 to 5", "6 to 10", "more"]
    percent = [100 * float(np.mean((a <= bits) & (bits < b))) for a, b in pairwise(steps)]
    axes.bar_label(axes.bar(names, percent, color=[LIGHT] + 5 * [DARK]), fmt="%.0f %%", padding=2)
    axes.set(xlabel="differ by so many last bits", title="Of the numbers of one gradient", yticks=[])
    axes.spines["left"].set_visible(False)
    axes.margins(y=0.12)
    axes.tick_params("x", labelsize=9)


def drift(axes: Axes, distances: Mapping[str, Sequence[float]]) -> None:
    """The largest difference of any parameter to those of another training, over the steps, in millionths."""
    for (name, values), color, style in zip(distances.items(), (ORANGE, DARK), ("-", "--"), strict=True):
        millionths = [1e6 * value for value in values]
        axes.plot(range(1, len(values) + 1), millionths, style, color=color)
        axes.text(1.02 * len(values), millionths[-1], name, color=color, va="center")
    axes.set(xlabel="step", title="Largest difference of a parameter, in millionths", ylim=(0, None))
