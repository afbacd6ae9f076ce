"""Corruptions: what the test images are changed by to measure robustness, and in which strengths.

They are fixed, so that two networks are compared on the same images. After D. Hendrycks, T. Dietterich,
Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, 2019, and N. Mu, J. Gilmer,
MNIST-C: A Robustness Benchmark for Computer Vision, 2019; each has a strength in its own unit instead of a level.

Everywhere images are rows (n, 784) of pixels between 0, paper, and 1, ink; outside of an image is paper.
Strength 0 leaves an image as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from nn.random_streams import Purpose, stream
from stages.formats.arrays import Images
from stages.formats.idx import SIDE

SEED = 0  # of the noise

Positions = NDArray[np.float64]


def shift(pixels: Images, distance: float) -> Images:
    """Shifted by this many pixels, one image to the right, the next down, then left, up, and so on."""
    result = np.empty_like(pixels)
    y, x = np.indices((SIDE, SIDE), np.float64).reshape(2, -1)
    for start, (down, right) in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)]):
        result[start::4] = bilinear(pixels[start::4], y - down * distance, x - right * distance)
    return result


def rotate(pixels: Images, degrees: float) -> Images:
    """Rotated around the center, one image counterclockwise, the next clockwise, and so on."""
    result = np.empty_like(pixels)
    y, x = np.indices((SIDE, SIDE), np.float64).reshape(2, -1) - (SIDE - 1) / 2
    for start, angle in enumerate((radians(degrees), -radians(degrees))):
        source_y, source_x = cos(angle) * y + sin(angle) * x, cos(angle) * x - sin(angle) * y
        result[start::2] = bilinear(pixels[start::2], source_y + (SIDE - 1) / 2, source_x + (SIDE - 1) / 2)
    return result


def add_noise(pixels: Images, deviation: float) -> Images:
    """Gaussian noise of this standard deviation added to each pixel, the sum clipped to 0 to 1.

    The same random numbers for every strength: only their size differs.
    """
    noise = stream(SEED, Purpose.NOISE).standard_normal(pixels.shape, np.float32)
    noise *= deviation
    noise += pixels
    return np.clip(noise, 0, 1, out=noise)


def dilate_or_erode(pixels: Images, radius: float) -> Images:
    """Strokes thicker by this many pixels on each side, or thinner where the number is negative.

    A pixel becomes the largest (smallest) of itself and its four neighbors: gray-scale dilation (erosion), once
    for each whole pixel of the radius; the rest of it interpolates linearly towards the next step.
    """
    extremum = np.maximum if radius > 0 else np.minimum
    whole, rest = divmod(abs(radius), 1)
    for _ in range(int(whole)):
        pixels = morphology_step(pixels, extremum)
    return (1 - rest) * pixels + rest * morphology_step(pixels, extremum) if rest else pixels.copy()


def morphology_step(pixels: Images, extremum: Callable[[Images, Images], Images]) -> Images:
    """The extremum of each pixel and its four neighbors."""
    padded = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    middle = slice(1, -1)
    vertical = extremum(padded[:, :-2, middle], padded[:, 2:, middle])
    horizontal = extremum(padded[:, middle, :-2], padded[:, middle, 2:])
    return extremum(padded[:, middle, middle], extremum(vertical, horizontal)).reshape(pixels.shape)


def bilinear(pixels: Images, y: Positions, x: Positions) -> Images:
    """The images (n, 784) interpolated bilinearly at 784 positions between their pixels, rows y and columns x.

    Position (0, 0) is the center of the first pixel. With fy and fx the distances from the pixel above left:
    (1 - fy)(1 - fx) above left + (1 - fy) fx above right + fy (1 - fx) below left + fy fx below right.
    """
    width = SIDE + 2  # one pixel of paper around
    y, x = np.clip(y + 1, 0, width - 1), np.clip(x + 1, 0, width - 1)
    top, left = (np.minimum(position, width - 2).astype(np.intp) for position in (y, x))
    fy, fx = y - top, x - left
    padded = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1))).reshape(len(pixels), width**2)
    result = np.zeros_like(pixels)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (fy if down else 1 - fy) * (fx if right else 1 - fx)
        corner = padded.take(width * (top + down) + left + right, axis=1)
        corner *= weight.astype(np.float32)
        result += corner
    return result


@dataclass(frozen=True)
class Corruption:
    """A function that corrupts images, the unit of its strength, and the strengths that are evaluated."""

    apply: Callable[[Images, float], Images]
    unit: str
    strengths: tuple[float, ...]


CORRUPTIONS = {
    "shift": Corruption(shift, "pixels", (0, 1, 2, 3, 4, 5)),
    "rotation": Corruption(rotate, "degrees", (0, 10, 20, 30, 40, 50)),
    "noise": Corruption(add_noise, "standard deviation, ink is 1", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "thickness": Corruption(dilate_or_erode, "pixels on each side", (-1, -0.5, 0, 0.5, 1, 1.5)),
}
