"""The graph of a network with one hidden layer of ReLU, and on it the numbers of a forward and backward pass."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch
from numpy.typing import NDArray

VALUE, GRADIENT = "#0072B2", "#B84300"  # blue, and a vermilion dark enough for text
INK, NOTHING = "#333333", "#757575"
COLUMNS = {"x": 0.0, "a": 3.1, "h": 4.95, "z": 8.05, "p": 9.8, "loss": 11.55}
ROWS = 3.0, 0.0
WIDTH, HEIGHT = 1.2, 0.98  # of the box of a node

Numbers = Mapping[str, NDArray[np.floating]]
Point = tuple[float, float]


def number(value: float) -> str:
    """Three decimals at most, and no minus before a zero."""
    return f"{round(float(value), 3) + 0.0:.3f}".rstrip("0").rstrip(".")


def computation_graph(ax: Axes, values: Numbers, gradients: Numbers, label: int) -> dict[str, str]:
    """Draw x, a = x W1 + b1, h = max(a, 0), z = h W2 + b2, p = softmax(z) and the loss -log p[label].

    values and gradients hold an array for each of x, W1, b1, a, h, W2, b2, z, p, loss (of no dimension); each
    layer has two units. Returns what is written, by name: "W1[0, 1]" is a value, "dW1[0, 1]" a gradient. Edges
    through which no gradient flows back are dashed, nodes that none reaches are grey.
    """
    graph = Graph(ax, values, gradients)
    for j in range(2):
        for i in range(2):
            graph.weight("x", i, "W1", "a", j)
            graph.weight("h", i, "W2", "z", j)
            graph.edge("z", i, "p", j, flows=gradients["p"][j])
        graph.bias("b1", "a", j)
        graph.bias("b2", "z", j)
        graph.edge("a", j, "h", j, flows=gradients["a"][j])
        if gradients["h"][j] and not gradients["a"][j]:
            graph.stop(j)
        graph.edge("p", j, "loss", 0, flows=gradients["p"][j])
        for name in ("x", "a", "h", "z", "p"):
            graph.node(name, j)
    graph.node("loss", 0)
    graph.headings(label)
    return graph.written


class Graph:
    """The parts of the drawing. Positions are in units of about 0.85 inches."""

    def __init__(self, ax: Axes, values: Numbers, gradients: Numbers) -> None:
        self.ax, self.values, self.gradients = ax, values, gradients
        self.written: dict[str, str] = {}
        ax.set(xlim=(-0.65, 12.2), ylim=(-2.6, 5.05), aspect="equal")
        ax.axis("off")

    def text(self, x: float, y: float, words: str, size: float = 10.5, color: str = INK, **more: Any) -> None:
        """Words, centred unless said otherwise."""
        looks: dict[str, Any] = {"size": size, "color": color, "ha": "center", "va": "center", "zorder": 4, **more}
        self.ax.text(x, y, words, **looks)

    def numbers(self, x: float, y: float, name: str, index: tuple[int, ...]) -> None:
        """The value and, below it, the gradient."""
        key = f"{name}[{', '.join(map(str, index))}]" if index else name
        value, gradient = number(self.values[name][index]), number(self.gradients[name][index])
        self.written[key], self.written[f"d{key}"] = value, gradient
        self.text(x, y + 0.14, value, color=VALUE, weight="bold")
        self.text(x, y - 0.14, f"d = {gradient}", color=NOTHING if gradient == "0" else GRADIENT)

    def place(self, name: str, unit: int) -> Point:
        """The middle of a node."""
        return COLUMNS[name], sum(ROWS) / 2 if name == "loss" else ROWS[unit]

    def node(self, name: str, unit: int) -> None:
        """A box with a name and two numbers."""
        x, y = self.place(name, unit)
        index = () if name == "loss" else (unit,)
        reached = bool(self.gradients[name][index])
        box = FancyBboxPatch((x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, "round,pad=0,rounding_size=0.18")
        box.set(
            facecolor="white" if reached else "#EAEAEA", edgecolor=INK if reached else NOTHING, lw=1.3, zorder=3
        )
        self.ax.add_patch(box)
        self.text(x, y + 0.31, name if name == "loss" else f"{name}[{unit}]")
        self.numbers(x, y - 0.14, name, index)

    def arrow(self, start: Point, end: Point, flows: object = True, **more: Any) -> None:
        """An arrow; dashed if nothing flows back through it."""
        style: dict[str, Any] = {"arrowstyle": "-|>", "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
        style |= {"color": INK} if flows else {"color": NOTHING, "linestyle": (0, (4, 3))}
        self.ax.annotate("", end, start, arrowprops={**style, **more}, zorder=1)

    def edge(self, name: str, i: int, end: str, j: int, flows: object) -> None:
        """An arrow from the right side of a node to the left side of another."""
        (x, y), (right, other) = self.place(name, i), self.place(end, j)
        self.arrow((x + WIDTH / 2, y), (right - WIDTH / 2, other + 0.1 * (y - other)), flows)

    def weight(self, name: str, i: int, W: str, end: str, j: int) -> None:
        """An edge with a weight on it, nearer to its start, where the edges that cross are still apart."""
        weight, gradient = self.values[W][i, j], self.gradients[end][j]
        self.edge(name, i, end, j, flows=weight * gradient)
        (x, y), (right, other) = self.place(name, i), self.place(end, j)
        along = 0.33
        x, y = x + WIDTH / 2 + along * (right - x - WIDTH), y + along * (other - y)
        self.ax.add_patch(
            FancyBboxPatch((x - 0.42, y - 0.26), 0.84, 0.52, "square,pad=0", fc="white", lw=0, zorder=2)
        )
        self.numbers(x, y, W, (i, j))

    def bias(self, b: str, end: str, j: int) -> None:
        """An arrow from above into the upper row, from below into the lower."""
        x, y = self.place(end, j)
        side = 1 if j == 0 else -1
        self.arrow((x, y + side * 0.97), (x, y + side * HEIGHT / 2), flows=self.gradients[b][j])
        self.text(x - 0.58, y + side * 1.27, f"{b}[{j}]", ha="right")
        self.numbers(x, y + side * 1.27, b, (j,))

    def stop(self, j: int) -> None:
        """Where ReLU lets no gradient through."""
        (x, y), (right, _) = self.place("a", j), self.place("h", j)
        middle = (x + right) / 2
        self.ax.plot(
            [middle, middle], [y - 0.24, y + 0.24], color=GRADIENT, lw=3.5, solid_capstyle="butt", zorder=2
        )
        self.text(middle, y - 0.8, "ReLU stops\nthe gradient", color=GRADIENT)

    def headings(self, label: int) -> None:
        """What each column is, and the two directions."""
        names = {"a": "a = x W1 + b1", "h": "h = max(a, 0)", "z": "z = h W2 + b2", "p": "p = softmax(z)"}
        for name, x in COLUMNS.items():
            words = names.get(name, name) if name != "loss" else f"-log p[{label}]"
            self.text(x, 4.9, words, weight="bold")
        left, right = COLUMNS["x"] - WIDTH / 2, COLUMNS["loss"] + WIDTH / 2
        self.arrow((left, -2.02), (right, -2.02), color=VALUE, lw=1.6)
        self.arrow((right, -2.42), (left, -2.42), color=GRADIENT, lw=1.6)
        middle = (left + right) / 2
        self.text(middle, -2.02, "forward: the value", color=VALUE, backgroundcolor="white")
        self.text(middle, -2.42, "backward: d, the gradient of the loss", color=GRADIENT, backgroundcolor="white")
