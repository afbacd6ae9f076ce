"""Ink from paper: how much darker, or lighter, than the paper around it each pixel is."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from digits.pictures import Picture

Plane = NDArray[np.float32]

NARROW, WIDE, POLARITY, MEDIAN = 0.04, 0.15, 0.3, 0.15  # windows, as shares of the picture's longer side
FEW = 0.15  # share of a window that has to be paper
LIKELY_INK = 0.35  # of the strongest contrast
LUMA = (0.299, 0.587, 0.114)
DARKEST = 96.0  # luma of 255: the contrast to a darker paper would be that of its grain


@dataclass(frozen=True)
class Gray:
    """A picture as the one gray in which ink and paper differ most: at full, half and quarter size."""

    full: Plane  # (2, height, width): the gray and the luma
    half: Plane
    quarter: Plane

    @property
    def dark_ink(self) -> float:
        """Is the ink darker than the paper? From 1, yes, to -1, no: few pixels that differ much are ink."""
        wide = mean_around(self.quarter, POLARITY)
        difference = (self.quarter[0] - wide[0]) / np.maximum(wide[1], DARKEST)
        cubes = difference * difference * difference
        return -float(cubes.sum() / max(float(np.abs(cubes).sum()), 1e-9))


def gray_of(picture: Picture) -> Gray:
    """The gray of a picture: its colours projected onto the direction in which they vary most, place by place."""
    small = np.moveaxis(np.asarray(Image.fromarray(picture).reduce(4)), 2, 0).astype(np.float32, order="C")
    difference = (small - mean_around(small, 0.1)).reshape(3, -1)
    axis = np.linalg.eigh((difference @ difference.T).astype(np.float64))[1][:, 2]
    axis *= np.copysign(1 / np.abs(axis).sum(), axis.sum())
    weights = np.array([axis, LUMA], np.float32)
    full = (weights @ picture.reshape(-1, 3).T.astype(np.float32)).reshape(2, *picture.shape[:2])
    half = halved(full)
    return Gray(full, half, halved(half))


def contrast(gray: Gray, window: float, *, dark: bool) -> Plane:
    """(height, width): 0 is paper, about 1 what is black on white; the ink is darker than the paper, or lighter.

    The paper is the mean over what is no ink in a narrow window; where there is too little of it, as inside of
    thick strokes, in a wide one. What is ink is found out beside, beginning with a window of the given share.
    """
    paper = mean_around(gray.quarter, window)
    for planes in (gray.quarter, gray.half):
        paper = paper if paper.shape == planes.shape else doubled(paper)
        found = against(planes, paper, dark=dark)
        blank = ~grown(found > LIKELY_INK * strongest(found))
        paper = paper_around(planes, blank)
    rows = np.repeat(paper, 2, axis=2)
    height, width = gray.full.shape[1:]
    full = gray.full.reshape(2, height // 2, 2, width)
    return against(full, rows[:, :, None], dark=dark).reshape(height, width)


def contrast_to_median(gray: Gray, *, dark: bool) -> Plane:
    """The same with the median around a pixel as its paper, which keeps the edge of a shadow as sharp as it is.

    For small or thin digits alone: a stroke as wide as half of the window is its own paper.
    """
    height, width = gray.full.shape[1:]
    medians = (Image.fromarray(plane) for plane in median_around(gray.quarter, MEDIAN))
    paper = np.stack([np.asarray(one.resize((width, height), Image.Resampling.BILINEAR)) for one in medians])
    return against(gray.full, paper, dark=dark)


def against(gray: Plane, paper: Plane, *, dark: bool) -> Plane:
    """The contrast of a gray and its luma to a paper and its luma: of light ink to the lighter of the two."""
    difference = paper[0] - gray[0] if dark else gray[0] - paper[0]
    reference = np.maximum(paper[1], DARKEST) if dark else np.maximum(np.maximum(paper[1], gray[1]), DARKEST)
    found: Plane = difference / reference
    return found


def strongest(found: Plane) -> float:
    """The strongest contrast: the mean of its top thousandth."""
    few = max(found.size // 1000, 1)
    return float(np.partition(found, found.size - few, axis=None)[-few:].mean())


def paper_around(planes: Plane, blank: NDArray[np.bool_]) -> Plane:
    """The mean of what is blank around each pixel."""
    masked = np.concatenate([planes * blank, blank[None]], axis=0, dtype=np.float32)
    narrow, wide = mean_around(masked, NARROW), mean_around(halved(masked), WIDE)
    whole = masked.mean(axis=(1, 2))
    rest: Plane = np.where(wide[2] > FEW, wide, whole[:, None, None])
    means: Plane = np.where(narrow[2] > FEW, narrow, doubled(rest))
    paper: Plane = means[:2] / np.maximum(means[2], np.float32(1e-6))
    return paper


def mean_around(planes: Plane, window: float) -> Plane:
    """The mean over a window around each pixel, as far as that is inside of the picture."""
    height, width = planes.shape[1:]
    reach = max(round(window * max(height, width) / 2), 1)
    means: Plane = np.matmul(np.matmul(averaging(height, reach), planes), averaging(width, reach).T)
    return means


def median_around(planes: Plane, window: float) -> Plane:
    """The median of every other pixel in a window around each; the picture goes on as it ends."""
    reach = 2 * max(round(window * max(planes.shape[1:]) / 4), 1)
    padded = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)), "edge")
    around = sliding_window_view(padded, (2 * reach + 1, 2 * reach + 1), axis=(1, 2))[..., ::2, ::2]
    values = around.reshape(*planes.shape, (reach + 1) ** 2)
    middle = values.shape[3] // 2
    medians: Plane = np.partition(values, middle, axis=3)[..., middle]
    return medians


@cache
def averaging(n: int, reach: int) -> Plane:
    """The matrix (n, n) that makes of n values the mean over `reach` of them on either side: a product is fast."""
    places = np.arange(n)
    band: Plane = (np.abs(places - places[:, None]) <= reach).astype(np.float32)
    band /= band.sum(axis=1, keepdims=True)
    return band


def halved(planes: Plane) -> Plane:
    """The mean of each 2 x 2 pixels."""
    rows = planes[:, 0::2] + planes[:, 1::2]
    means = rows[:, :, 0::2] + rows[:, :, 1::2]
    means *= 0.25
    return means


def doubled(planes: Plane) -> Plane:
    """Each pixel as 2 x 2."""
    return np.repeat(np.repeat(planes, 2, axis=1), 2, axis=2)


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask and the pixels beside it."""
    wider = mask.copy()
    wider[:, 1:] |= mask[:, :-1]
    wider[:, :-1] |= mask[:, 1:]
    taller = wider.copy()
    taller[1:] |= wider[:-1]
    taller[:-1] |= wider[1:]
    return taller
