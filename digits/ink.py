"""The digit among all that differs from the paper: which components, how strong, how sharp."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digits.components import Indices, label_runs
from digits.errors import NoDigit
from digits.paper import Plane, grown, strongest

MIN_CONTRAST = 0.05  # less is the grain of the paper
MIN_AREA = 6  # pixels of a component
MIN_HEIGHT = 0.06  # of the picture; smaller components are digits only if there is nothing else
# What is fainter than the edge of a shadow that takes half of the light, and touches two sides of the picture, as
# such an edge does, counts for so much less. A digit that was cut out without a margin touches all four.
SHADOW, ACROSS = 0.5, 0.1
# So does what takes more than half of the picture's width and height and has another component within it: a frame,
# or the table on which the paper lies.
LARGE, FRAME = 0.5, 0.1
# Of 99.9 % of the digits that are read right in photographs made from validation images, the contrast is at least
# 0.29, the steepness 0.42, the rest at most 3.1. Pencils are fainter, but as sharp; out of focus all is softer.
FAINT, FAINT_STEEPNESS = 0.25, 0.6  # what is both fainter and softer is a shadow
MOST_REST = 8.0  # where there is more ink elsewhere, it is grain
MOST_BORDER = 0.45  # what has more of its outline on the picture's border is a shadow
NEAR = 0.12  # of a digit's size: a component so near may be a part of it
PART_AREA, PART_CONTRAST = 0.01, 0.6  # of the digit's, that a part of it has at least
MOST = 50  # components, of the largest area, that are looked at
REACH = 2  # pixels in which the contrast falls where an edge is sharp
MARGIN = 2  # pixels around a component in which its soft edge is


@dataclass(frozen=True)
class Ink:
    """A digit found: as a raster, 0 paper to 255 ink, and where it was."""

    raster: NDArray[np.uint8]
    box: tuple[int, int, int, int]  # left, top, right, bottom of the raster, in the picture
    contrast: float
    steepness: float  # of its edge: 1 is as sharp as a picture can be
    border: float  # share of its outline that lies on the picture's border
    across: bool  # whether it is like the edge of a shadow: faint, from side to side of the picture
    rest: float  # ink elsewhere, for each of its own


@dataclass(frozen=True)
class Components:
    """What is known of each component, as arrays (n,)."""

    area: NDArray[np.float64]
    contrast: NDArray[np.float64]
    steepness: NDArray[np.float64]
    border: NDArray[np.float64]
    across: NDArray[np.bool_]
    top: Indices
    bottom: Indices
    left: Indices
    right: Indices


def find_ink(contrast: Plane) -> Ink:
    """The digit in a picture's contrast to its paper; raises NoDigit where there is none."""
    peak = strongest(contrast)
    if peak < MIN_CONTRAST:
        raise NoDigit("there is no digit: nothing differs from the paper")
    strong = (contrast > 0.5 * peak).astype(np.float32)
    mask = contrast > 0.5 * float(np.vdot(contrast, strong) / strong.sum())
    lengths, numbers = label_runs(mask)
    pixels = np.flatnonzero(mask)
    labels = np.repeat(numbers, lengths)
    area = np.bincount(labels)
    large = np.flatnonzero(area >= MIN_AREA)
    if not len(large):
        raise NoDigit("there is no digit: what differs from the paper is grain")
    if len(large) > MOST:
        large = np.sort(large[np.argsort(-area[large], kind="stable")[:MOST]])
    renumbered = np.full(len(area), -1)
    renumbered[large] = np.arange(len(large))
    labels = renumbered[labels]
    pixels, labels = pixels[labels >= 0], labels[labels >= 0]
    found = measure(contrast, mask, pixels, labels, len(large))

    mass = found.area * found.contrast
    score = np.sqrt(mass) * (found.contrast / peak) ** 2 * (found.steepness / peak) ** 3
    score[found.bottom - found.top < MIN_HEIGHT * contrast.shape[0]] *= 0.1
    score[found.across] *= ACROSS
    frames = are_frames(found, *contrast.shape)
    score[frames] *= FRAME
    best = int(np.argmax(score))
    chosen = parts(found, best, frames)
    raster, box = soft(contrast, pixels[np.isin(labels, chosen)])
    own = float(mass[chosen].sum())
    ink = Ink(
        raster,
        box,
        contrast=float(found.contrast[best]),
        steepness=float(found.steepness[best] / peak),
        border=float(found.border[best]),
        across=bool(found.across[best]),
        rest=float(mass.sum() - own) / own,
    )
    around = float(mass[frames].sum()) / own
    if ink.contrast < MIN_CONTRAST or ink.rest - around > MOST_REST:
        raise NoDigit("there is no digit: what differs from the paper is grain")
    if (ink.contrast < FAINT and ink.steepness < FAINT_STEEPNESS) or ink.border > MOST_BORDER:
        raise NoDigit("there is no digit: what differs from the paper is a shadow")
    return ink


def measure(contrast: Plane, mask: NDArray[np.bool_], pixels: Indices, labels: Indices, n: int) -> Components:
    """Measure n components, of which these are the pixels."""
    height, width = contrast.shape
    ys, xs = np.divmod(pixels, width)
    area = np.bincount(labels, minlength=n)
    strength = np.bincount(labels, contrast.ravel()[pixels], minlength=n) / area

    inner = np.zeros_like(mask)
    inner[1:-1, 1:-1] = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    outline = ~inner.ravel()[pixels]
    y, x, owner = ys[outline], xs[outline], labels[outline]
    around = [
        contrast[np.maximum(y - REACH, 0), x],
        contrast[np.minimum(y + REACH, height - 1), x],
        contrast[y, np.maximum(x - REACH, 0)],
        contrast[y, np.minimum(x + REACH, width - 1)],
    ]
    fall = contrast[y, x] - np.minimum.reduce(around)
    on_border = (y == 0) | (x == 0) | (y == height - 1) | (x == width - 1)
    length = np.bincount(owner, minlength=n)

    order = np.argsort(labels, kind="stable")
    begin = np.cumsum(area) - area
    xs, ys = xs[order], ys[order]
    top, left = np.minimum.reduceat(ys, begin), np.minimum.reduceat(xs, begin)
    bottom, right = np.maximum.reduceat(ys, begin) + 1, np.maximum.reduceat(xs, begin) + 1
    sides = np.sum([top == 0, left == 0, bottom == height, right == width], axis=0)
    return Components(
        area.astype(np.float64),
        strength,
        np.bincount(owner, fall, minlength=n) / length,
        np.bincount(owner, on_border, minlength=n) / length,
        (sides == 2) & (strength < SHADOW),
        top,
        bottom,
        left,
        right,
    )


def are_frames(found: Components, height: int, width: int) -> NDArray[np.bool_]:
    """Which components of a picture of this size are large and have one as high as a digit within their box."""
    heights = found.bottom - found.top
    large = (heights > LARGE * height) & (found.right - found.left > LARGE * width)
    inside = (
        (found.top[:, None] < found.top)
        & (found.left[:, None] < found.left)
        & (found.bottom[:, None] > found.bottom)
        & (found.right[:, None] > found.right)
    )
    frames: NDArray[np.bool_] = large & np.any(inside & (heights >= MIN_HEIGHT * height), axis=1)
    return frames


def parts(found: Components, best: int, frames: NDArray[np.bool_]) -> Indices:
    """The components that make up a digit: the best one, and those beside it that look like it."""
    size = max(found.bottom[best] - found.top[best], found.right[best] - found.left[best])
    down = np.maximum(found.top - found.bottom[best], found.top[best] - found.bottom)
    across = np.maximum(found.left - found.right[best], found.left[best] - found.right)
    near = np.maximum(down, across) < NEAR * size
    alike = (found.area > PART_AREA * found.area[best]) & (found.contrast > PART_CONTRAST * found.contrast[best])
    return np.flatnonzero(near & alike & ~frames | (np.arange(len(near)) == best))


def soft(contrast: Plane, pixels: Indices) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]]:
    """The ink of these pixels with its soft edge, cut out, and the box that was cut out."""
    height, width = contrast.shape
    ys, xs = np.divmod(pixels, width)
    top, bottom = max(int(ys.min()) - MARGIN, 0), min(int(ys.max()) + MARGIN + 1, height)
    left, right = max(int(xs.min()) - MARGIN, 0), min(int(xs.max()) + MARGIN + 1, width)
    near = np.zeros((bottom - top, right - left), bool)
    near[ys - top, xs - left] = True
    near = grown(grown(near))
    values = contrast.ravel()[pixels]
    full = float(values[values >= values.mean()].mean())
    ink = np.clip((contrast[top:bottom, left:right] / full - 0.2) / 0.6, 0, 1) * near
    return (ink * 255 + 0.5).astype(np.uint8), (left, top, right, bottom)
