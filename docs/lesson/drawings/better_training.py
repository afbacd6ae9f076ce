"""The pictures of notebook 4: errors over steps and over rates, and three paths down a valley."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

Run = Any  # of the notebook: steps, errors, val_losses at some steps; losses of all batches
DASHES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1))]


def curves(
    axes: Axes,
    runs: Mapping[str, Sequence[Run]],
    what: str = "errors",
    *,
    images: bool = False,
    colors: Sequence[int] | None = None,
) -> None:
    """What runs have measured, over steps or images seen: the seeds of a name in one colour, named at the end."""
    ends = []
    axes.xaxis.set_major_formatter("{x:,.0f}")
    for (name, seeds), number in zip(runs.items(), colors or range(len(runs)), strict=True):
        for run in seeds:
            x = np.array(run.steps) * (run.network.rows if images else 1)
            axes.plot(x, getattr(run, what), linestyle=DASHES[number], color=f"C{number}", lw=1.6)
        mean = float(np.mean([getattr(run, what)[-1] for run in seeds]))
        ends.append((mean, name, f"C{number}", float(x[-1])))
    name_ends(axes, ends)


def name_ends(axes: Axes, ends: Sequence[tuple[float, str, str, float]]) -> None:
    """Names (y, name, colour, x) right of their ends, moved apart where they would overlap; call it last."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    line = 0.21 / plt.gcf().get_figheight()  # of text, as a share of the height of the axes
    log = axes.get_yscale() == "log"
    ends = sorted(ends)
    shares = [float(np.log(y / low) / np.log(high / low)) if log else (y - low) / (high - low) for y, *_ in ends]
    groups: list[list[float]] = []  # [middle, size] of names that touch, from below
    for share in shares:
        groups.append([share, 1])
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < line * (groups[-1][1] + groups[-2][1]) / 2:
            (upper, n), (lower, m) = groups.pop(), groups.pop()
            groups.append([(upper * n + lower * m) / (n + m), n + m])
    heights = [middle + line * (i - (size - 1) / 2) for middle, size in groups for i in range(int(size))]
    for (_, name, color, x), height in zip(ends, heights, strict=True):
        axes.annotate(
            name,
            ((x - left) / (right - left), height),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            color=color,
            va="center",
            annotation_clip=False,
        )
    axes.set(xlim=(left, right), ylim=(low, high))


def by_rate(axes: Axes, runs: Mapping[str, Mapping[float, Sequence[Run]]], limits: tuple[float, float]) -> None:
    """The last error over the learning rate, a point a seed; a cross at the top if it is above or not finite."""
    top = limits[1]
    for number, (name, rates) in enumerate(runs.items()):
        color = f"C{number}"
        errors = {
            rate: [min(run.errors[-1], top) if run.finite else top for run in seeds]
            for rate, seeds in rates.items()
        }
        points = [(rate, error) for rate, pair in errors.items() for error in pair]
        axes.plot(list(errors), [np.mean(pair) for pair in errors.values()], DASHES[number], color=color)
        inside = [point for point in points if point[1] < top]
        axes.plot(*np.transpose(inside), "osD"[number], color=color, ms=6, label=name)
        if len(inside) < len(points):
            above = [point for point in points if point[1] == top]
            axes.plot(*np.transpose(above), "x", color=color, ms=10, mew=2, clip_on=False)
    axes.set(xscale="log", xlabel="learning rate", ylim=limits)
    axes.legend()


def valley(
    loss: Callable[[NDArray[np.floating]], float],
    paths: Mapping[str, NDArray[np.floating]],
    bottom: NDArray[np.floating],
) -> None:
    """The loss over two weights as contours, and in a panel each the path of an optimizer with a dot a step."""
    w1, w2 = np.linspace(-0.32, 0.32, 81), np.linspace(-2.6, 3.6, 81)
    surface = np.array([[loss(np.array([a, b])) for a in w1] for b in w2])
    levels = np.geomspace(0.999 * loss(bottom), 3.2, 17)
    _, panels = plt.subplots(1, len(paths), figsize=(9.5, 5), sharey=True)
    for number, (axes, (name, path)) in enumerate(zip(panels, paths.items(), strict=True)):
        axes.contourf(w1, w2, surface, levels, cmap="cividis_r", norm="log", extend="both", alpha=0.5)
        color = ["#D55E00", "#0072B2", "#000000"][number]
        axes.plot(*path.T, color=color, lw=0.8)
        axes.plot(*path.T, "o", color=color, ms=2.5)
        axes.plot(*path[0], "s", color=color, ms=8, mfc="white")
        axes.plot(*bottom, marker="*", color="white", mec="black", ms=17)
        axes.set(title=name, xlabel="w1", xlim=(w1[0], w1[-1]), ylim=(w2[0], w2[-1]))
        axes.spines[["top", "right"]].set_visible(True)
    panels[0].set_ylabel("w2")
