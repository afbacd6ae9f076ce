"""Deformed images: each is rotated, sheared, scaled, shifted and bent, anew each time it is shown.

A deformed digit is still that digit, so these are new examples for nothing; the lowest errors published of plain
networks, 0.35 and 0.31 %, were reached with them. (P. Y. Simard, D. Steinkraus, J. C. Platt, Best Practices for
Convolutional Neural Networks Applied to Visual Document Analysis, 2003; D. C. Ciresan et al., Deep, Big, Simple
Neural Nets for Handwritten Digit Recognition, 2010.)

All of that is one field of positions, at which the image is sampled once: a pixel of the result has the value of
the image at (x, y), by bilinear interpolation between pixels, and outside the value of the background. With u and
v, the pixel's distance from the middle to the right and downwards, and M the product of rotation, shear and scale,

    (x, y) = middle + M (u, v) + shift + elastic(u, v).

The elastic part is a smooth random field: a sum of a few fixed smooth patterns with random coefficients, which
elastic_basis computes. It is normal at every place, with covariance s^2 exp(-d^2 / 4 sigma^2) at
distance d: what white noise becomes under a Gaussian filter of width sigma, with s its RMS displacement. A filter
would have to be run over each image anew; but few smooth patterns make up nearly all of such a field. They are the
eigenvectors of its covariance (K. Karhunen and M. Loeve, 1946/47): for the field over a square, products of those
over a line. So positions are linear in few coefficients, which are drawn for each image, and all of it is one
product,

    positions (2 n, 784) = coefficients (2 n, 3 + patterns) @ basis (3 + patterns, 784).

Besides, strokes get thicker or thinner. That moves no ink: it is a function of a pixel's gray alone. With g from
0, paper, to 1, ink, a pixel becomes g + a g (1 - g), which leaves paper and ink as they are; with a > 0 the gray
edge of a stroke gets darker, so that the stroke looks thicker, with a < 0 thinner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, radians, tan

import numpy as np
from numpy.typing import DTypeLike

from nn import aligned
from nn.flat import Array, Indices, slices

CHUNK = 32  # images whose positions stay in a core's cache until they have been sampled
VARIANCE_LEFT_OUT = 0.01  # share of the variance of the elastic field that the patterns left out had


@dataclass(frozen=True)
class DeformationRanges:
    """How strong each part of the deformation is; 0 for none.

    rotation and shear are drawn between plus and minus so many degrees (uniformly in the tangent of half the
    angle, and of the angle), the scale of width and height each uniformly between 1 - scale and 1 + scale, shifts
    of either direction between plus and minus so many pixels; elastic is the RMS displacement in pixels in each
    direction, of a field as smooth as a Gaussian filter of width elastic_sigma, in pixels, makes it. The a of the
    thickness is drawn between plus and minus thickness, at most 1. A share unchanged_fraction of the images stays
    as it is. In the last share halved_at_end of the run all of this is half as strong.
    """

    rotation: float = 0.0
    shear: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    elastic: float = 0.0
    elastic_sigma: float = 5.0
    thickness: float = 0.0
    unchanged_fraction: float = 0.0
    halved_at_end: float = 0.0

    def strength_at(self, progress: float) -> float:
        """What the strengths are multiplied with at this progress of the run, 0 <= progress < 1."""
        return 0.5 if progress >= 1 - self.halved_at_end else 1.0

    @property
    def enabled(self) -> bool:
        """Whether there is anything to do."""
        return any(getattr(self, name) for name in ("rotation", "shear", "scale", "shift", "elastic", "thickness"))


class Deformation:
    """Writes deformed images (n, side^2), for `shards` shards that may do so side by side.

    `background` and `ink` are the values of paper and of full ink, which are not 0 and 1 in normalized images.
    """

    def __init__(
        self,
        ranges: DeformationRanges,
        side: int,
        shards: int,
        *,
        background: float,
        ink: float,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.ranges = ranges
        self.side = side
        self.background, self.ink = background, ink
        patterns = elastic_basis(side, ranges.elastic_sigma) if ranges.elastic else np.empty((0, side**2))
        v, u = (np.indices((side, side)) - (side - 1) / 2).reshape(2, -1)
        self.basis = np.stack([np.ones(side**2), u, v, *patterns]).astype(dtype)
        self.samplers = [BilinearSampler(side, background, dtype) for _ in range(shards)]
        self.rngs: Sequence[np.random.Generator] = ()

    def begin_epoch(self, rngs: Sequence[np.random.Generator]) -> None:
        """Take a generator for each shard, from which all of this epoch is drawn."""
        self.rngs = rngs

    def deform(self, images: Array, chosen: Indices, out: Array, shard: int, strength: float = 1.0) -> None:
        """The images (all, side^2) at the positions `chosen` (n,), deformed, into out (n, side^2).

        All strengths are multiplied by `strength`.
        """
        coefficients, thickness = self.draw_coefficients(self.rngs[shard], len(chosen), strength)
        for rows in slices(len(chosen), CHUNK):
            self.interpolate(images, chosen[rows], coefficients[:, rows], out[rows], shard)
            if self.ranges.thickness:
                self.change_thickness(out[rows], thickness[rows], shard)

    def draw_coefficients(self, rng: np.random.Generator, n: int, strength: float) -> tuple[Array, Array]:
        """The coefficients of n deformations, (2, n, 3 + patterns), and n thicknesses, (n,).

        Of x, and of y: the middle with the shift, the row of M, and what each pattern is multiplied with.
        """
        ranges, dtype = self.ranges, self.basis.dtype
        coefficients = np.empty((2, n, len(self.basis)), dtype)
        rng.standard_normal(out=coefficients, dtype=dtype.type)
        coefficients *= ranges.elastic * strength
        random = rng.random((8, n), dtype=dtype.type)
        changed, uniform = random[0] >= ranges.unchanged_fraction, 2 * random[1:] - 1
        coefficients *= changed[:, None]
        uniform *= changed * strength

        # With t = tan(angle / 2), cosine = (1 - t^2) / (1 + t^2) and sine = 2 t / (1 + t^2): every CPU rounds
        # these alike, while NumPy's sin, cos and tan are other ones on other CPUs.
        t = uniform[0] * tan(radians(ranges.rotation) / 2)
        cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        shear = uniform[1] * tan(radians(ranges.shear))
        scale_x, scale_y = 1 + uniform[2:4] * ranges.scale
        coefficients[:, :, 0] = (self.side - 1) / 2 + uniform[4:6] * ranges.shift
        # Rotation (c, -s; s, c) times shear (1, shear; 0, 1) times scale (scale_x, 0; 0, scale_y).
        coefficients[0, :, 1] = cosine * scale_x
        coefficients[0, :, 2] = (cosine * shear - sine) * scale_y
        coefficients[1, :, 1] = sine * scale_x
        coefficients[1, :, 2] = (sine * shear + cosine) * scale_y
        return coefficients, uniform[6] * ranges.thickness

    def interpolate(self, images: Array, chosen: Indices, coefficients: Array, out: Array, shard: int) -> None:
        """At most CHUNK chosen images, each sampled at the positions that its coefficients give, into out."""
        sampler, n = self.samplers[shard], len(chosen)
        np.take(images, chosen, axis=0, out=sampler.images[:n], mode="clip")
        np.matmul(coefficients, self.basis, out=sampler.positions[:, :n])
        sampler.interpolate(out)

    def change_thickness(self, x: Array, thickness: Array, shard: int) -> None:
        """Make the strokes of at most CHUNK images x (n, pixels) thicker or thinner, in place.

        Each by its own thickness a, -1 to 1: g + a g (1 - g) for pixels x = paper + g (ink - paper), which is
        x + a (x - paper) (ink - x) / (ink - paper).
        """
        change, to_ink = self.samplers[shard].values[:, : len(x)]
        np.subtract(x, self.background, out=change)
        np.subtract(self.ink, x, out=to_ink)
        change *= to_ink
        change *= thickness[:, None] / (self.ink - self.background)
        x += change


class BilinearSampler:
    """Samples up to CHUNK images at the positions that a product has put here, for one shard.

    The images have a frame of background one pixel wide, and positions outside are moved onto it.
    """

    def __init__(self, side: int, background: float, dtype: DTypeLike) -> None:
        self.side, self.width = side, side + 2
        n, pixels = CHUNK, side**2
        self.images = aligned.empty((n, pixels), dtype)
        self.framed = aligned.empty((n, self.width, self.width), dtype)
        self.framed[...] = background
        self.positions = aligned.empty((2, n, pixels), dtype)
        self.whole = aligned.empty((2, n, pixels), dtype)
        self.index = aligned.empty((n, pixels), np.intp)
        self.values = aligned.empty((2, n, pixels), dtype)
        # Where pixel (0, 0) of each image stands among all numbers of `framed`: behind the frame's row and column.
        self.starts = aligned.empty((n, pixels), dtype)
        self.starts[...] = np.arange(n)[:, None] * self.width**2 + self.width + 1
        self.last = np.nextafter(np.array(side, dtype), 0)  # the position before the frame's last column or row

    def interpolate(self, out: Array) -> None:
        """The first n images at their positions, into out (n, pixels): bilinear interpolation.

        value = (1 - b) ((1 - a) p00 + a p01) + b ((1 - a) p10 + a p11), with a and b the fractions of x and y, and
        p the four pixels around.
        """
        n, side, width = len(out), self.side, self.width
        self.framed[:n, 1:-1, 1:-1] = self.images[:n].reshape(n, side, side)
        pixels = self.framed.reshape(-1)
        positions, whole = self.positions[:, :n], self.whole[:, :n]
        index, (upper, lower) = self.index[:n], self.values[:, :n]

        np.clip(positions, -1, self.last, out=positions)  # the four pixels around are in the frame
        np.floor(positions, out=whole)
        positions -= whole
        a, b = positions
        x, y = whole
        y *= width
        y += x
        y += self.starts[:n]
        np.copyto(index, y, casting="unsafe")  # whole numbers, exact in float32

        right = x  # no longer needed
        for values, first in ((upper, 0), (lower, width)):
            np.take(pixels[first:], index, out=values, mode="clip")
            np.take(pixels[first + 1 :], index, out=right, mode="clip")
            right -= values
            right *= a
            np.add(values, right, out=values)
        lower -= upper
        lower *= b
        np.add(upper, lower, out=out)


def elastic_basis(side: int, sigma: float) -> Array:
    """Patterns (k, side^2), strongest first, of which smooth random fields are made.

    With k independent standard normal coefficients, coefficients @ patterns is the field of covariance
    exp(-d^2 / 4 sigma^2), but for VARIANCE_LEFT_OUT, and has variance 1 everywhere.
    """
    kernel = [exp(-((d / (2 * sigma)) ** 2)) for d in range(side)]
    covariance = np.array([[kernel[abs(i - j)] for j in range(side)] for i in range(side)])
    variances, vectors = np.linalg.eigh(covariance)
    products = np.outer(variances, variances).reshape(-1)  # the total variance is side^2
    order = np.argsort(-products, kind="stable")
    kept = order[: 1 + np.searchsorted(np.cumsum(products[order]), (1 - VARIANCE_LEFT_OUT) * side**2)]
    patterns = np.stack([np.outer(vectors[:, i // side], vectors[:, i % side]).reshape(-1) for i in kept])
    patterns *= np.sqrt(products[kept])[:, None]
    found: Array = patterns / np.sqrt(np.sum(patterns**2, axis=0))
    return found
