"""Strokes of a round pen, kept as coordinates, drawn into a raster.

stages/exporting/strokes.js is the same in JavaScript, to the byte: a canvas's own strokes differ from browser to
browser.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = Sequence[float]  # x to the right and y down, from 0 to `side`
Stroke = Sequence[Point]  # one point is a dot

SIDE = 280  # of the square that people draw in
RADIUS = 12.0  # a digit 200 high then has strokes as wide as MNIST's


def draw_strokes(strokes: Sequence[Stroke], radius: float = RADIUS, side: int = SIDE) -> NDArray[np.uint8]:
    """A raster (side, side) from 0, paper, to 255, ink; strokes may leave it."""
    raster = np.zeros((side, side), np.uint8)
    for stroke in strokes:
        for start, end in zip(stroke, stroke[1:] or stroke, strict=False):
            draw_segment(raster, start, end, radius)
    return raster


def draw_segment(raster: NDArray[np.uint8], start: Point, end: Point, radius: float) -> None:
    """Darken the pixels near a segment: by 255 up to `radius` - 1/2 from it, by nothing from `radius` + 1/2 on."""
    (ax, ay), (bx, by) = start, end
    columns = reach(ax, bx, radius, raster.shape[1])
    rows = reach(ay, by, radius, raster.shape[0])
    if columns.start >= columns.stop or rows.start >= rows.stop:
        return
    x = np.arange(columns.start, columns.stop) + 0.5 - ax
    y = (np.arange(rows.start, rows.stop) + 0.5 - ay)[:, None]
    dx, dy = float(bx - ax), float(by - ay)
    squared = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / squared, 0.0, 1.0) if squared > 0 else np.zeros((len(y), len(x)))
    across, down = x - along * dx, y - along * dy
    ink = np.clip(radius + 0.5 - np.sqrt(across * across + down * down), 0.0, 1.0)
    part = raster[rows, columns]
    np.maximum(part, np.floor(255 * ink + 0.5).astype(np.uint8), out=part)


def reach(one: float, other: float, radius: float, side: int) -> slice:
    """The rows or columns that a segment between two places may darken."""
    first, last = min(one, other) - radius - 1, max(one, other) + radius + 1
    return slice(int(min(max(np.floor(first), 0), side)), int(min(max(np.ceil(last), 0), side)))
