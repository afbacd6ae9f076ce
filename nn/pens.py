"""Strokes as other pens, or the same pen on a worse day, would have drawn them: wider or narrower, and faded.

A wider stroke reaches the pixels beside it, a narrower one leaves its own edge. With the largest and the smallest
value of a pixel and its four neighbours, called dilation and erosion (J. Serra, Image Analysis and Mathematical
Morphology, 1982), and w from -1 to 1,

    x <- x + w (largest - x)  for w > 0,    x <- x + |w| (smallest - x)  for w < 0:

every edge moves by |w| of a pixel, outwards or inwards.

A dry pen, or a poor copy, loses ink in places. With f a smooth random field of variance 1 and b from 0 to 1,

    x <- x + b fade(f) (paper - x)    with  fade(f) = 2 (f - 0.8), but at least 0 and at most 1.
"""

import numpy as np
from numpy.typing import DTypeLike

from nn.fields import smooth_patterns
from nn.flat import Array, slices

ROWS_AT_ONCE = 32  # images that stay in a core's cache until they are done
PATCHES = 2.5  # pixels: the width of the Gaussian filter that would make so smooth a field of fading
PRESENT, STEEPNESS = 0.8, 2.0  # where fading begins, in standard deviations of the field, and how fast it grows


class Pen:
    """Draws images (n, side^2) of background `paper` otherwise, in place, for one part of a batch."""

    def __init__(self, side: int, paper: float, dtype: DTypeLike) -> None:
        self.side, self.wide, self.paper = side, side + 2, paper
        self.patterns = smooth_patterns(side, PATCHES).astype(dtype)
        self.framed = np.empty((ROWS_AT_ONCE, self.wide, self.wide), dtype)
        self.most = np.empty_like(self.framed)
        self.field = np.empty((2, ROWS_AT_ONCE, side**2), dtype)

    def widen(self, images: Array, width: Array) -> None:
        """Give the strokes of each image another width (n,): -1 to 1 pixel more at each edge.

        The smallest value is the largest of the negative ones, so one way through does for both. The images lie in
        a frame of paper one pixel wide, and all of it in one line, in which the pixel below is `wide` further.
        """
        side, wide = self.side, self.wide
        for rows in slices(len(images), ROWS_AT_ONCE):
            x, w = images[rows].reshape(-1, side, side), width[rows, None, None]
            n, sign = len(x), np.where(w < 0, -1, 1).astype(images.dtype)
            framed, most = self.framed[:n], self.most[:n]
            np.copyto(framed, sign * self.paper)
            np.multiply(x, sign, out=framed[:, 1:-1, 1:-1])

            line, largest = framed.reshape(-1), most.reshape(-1)[wide:-wide]
            middle = line[wide:-wide]
            np.maximum(line[: -2 * wide], line[2 * wide :], out=largest)
            np.maximum(largest, line[wide - 1 : -wide - 1], out=largest)
            np.maximum(largest, line[wide + 1 : -wide + 1], out=largest)
            np.maximum(largest, middle, out=largest)
            largest -= middle
            more = most[:, 1:-1, 1:-1]
            more *= w
            x += more

    def fade(self, images: Array, faded: Array, fields: Array) -> None:
        """Take ink from the images at the positions where `faded` (n,), their b, is above 0.

        fields (images that fade, patterns) are the independent standard normal numbers of their fields.
        """
        chosen = np.flatnonzero(faded)
        for rows in slices(len(chosen), ROWS_AT_ONCE):
            which = chosen[rows]
            fading, ink = self.field[:, : len(which)]
            np.matmul(fields[rows], self.patterns, out=fading)
            fading -= PRESENT
            fading *= STEEPNESS
            np.clip(fading, 0, 1, out=fading)
            fading *= faded[which, None]
            np.take(images, which, axis=0, out=ink, mode="clip")
            ink -= self.paper
            fading *= ink
            images[which] -= fading
