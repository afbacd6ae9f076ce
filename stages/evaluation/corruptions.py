"""Disturbances: what an image may suffer before it is read, and in which strengths that is tried.

They are fixed, so that two networks are tried with the same images. Everywhere here images are rows (n, 784) of
pixels between 0, paper, and 1, ink; outside of an image is paper. Strength 0 leaves an image as it is.
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
    """Shifted by so many pixels, one image to the right, the next down, to the left, up, and so on."""
    result = np.empty_like(pixels)
    y, x = np.indices((SIDE, SIDE), np.float64).reshape(2, -1)
    for start, (down, right) in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)]):
        result[start::4] = read_at(pixels[start::4], y - down * distance, x - right * distance)
    return result


def rotate(pixels: Images, degrees: float) -> Images:
    """Turned around the centre, one image counter-clockwise, the next clockwise, and so on."""
    result = np.empty_like(pixels)
    y, x = np.indices((SIDE, SIDE), np.float64).reshape(2, -1) - (SIDE - 1) / 2
    for start, angle in enumerate((radians(degrees), -radians(degrees))):
        source_y, source_x = cos(angle) * y + sin(angle) * x, cos(angle) * x - sin(angle) * y
        result[start::2] = read_at(pixels[start::2], source_y + (SIDE - 1) / 2, source_x + (SIDE - 1) / 2)
    return result


def add_noise(pixels: Images, deviation: float) -> Images:
    """Each pixel plus a normal number of this standard deviation, then kept within 0 to 1.

    The same numbers for every strength: only their size differs.
    """
    noise = stream(SEED, Purpose.NOISE).standard_normal(pixels.shape, np.float32)
    noise *= deviation
    noise += pixels
    return np.clip(noise, 0, 1, out=noise)


def thicken(pixels: Images, radius: float) -> Images:
    """Strokes grow by so many pixels on each side, or shrink where the number is negative.

    A pixel becomes the largest (smallest) of itself and its four neighbours: dilation (erosion) of grey shades,
    once for each whole pixel; a part of a pixel takes as much of the next step.
    """
    pick = np.maximum if radius > 0 else np.minimum
    whole, part = divmod(abs(radius), 1)
    for _ in range(int(whole)):
        pixels = of_neighbours(pixels, pick)
    return (1 - part) * pixels + part * of_neighbours(pixels, pick) if part else pixels.copy()


def of_neighbours(pixels: Images, pick: Callable[[Images, Images], Images]) -> Images:
    """Of each pixel and the four beside it the one that `pick` chooses."""
    around = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    middle = slice(1, -1)
    vertical = pick(around[:, :-2, middle], around[:, 2:, middle])
    horizontal = pick(around[:, middle, :-2], around[:, middle, 2:])
    return pick(around[:, middle, middle], pick(vertical, horizontal)).reshape(pixels.shape)


def read_at(pixels: Images, y: Positions, x: Positions) -> Images:
    """The images (n, 784) read at 784 positions between their pixels, rows y and columns x, bilinearly.

    Position (0, 0) is the centre of the first pixel. With fy, fx the way from the pixel above left of a position:
    (1 - fy)(1 - fx) above left + (1 - fy) fx above right + fy (1 - fx) below left + fy fx below right.
    """
    wide = SIDE + 2  # one pixel of paper around
    y, x = np.clip(y + 1, 0, wide - 1), np.clip(x + 1, 0, wide - 1)
    top, left = (np.minimum(position, wide - 2).astype(np.intp) for position in (y, x))
    fy, fx = y - top, x - left
    framed = np.pad(pixels.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1))).reshape(len(pixels), wide**2)
    result = np.zeros_like(pixels)
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = (fy if down else 1 - fy) * (fx if right else 1 - fx)
        corner = framed.take(wide * (top + down) + left + right, axis=1)
        corner *= weight.astype(np.float32)
        result += corner
    return result


@dataclass(frozen=True)
class Corruption:
    """A way to disturb images, the unit of its strength, and the strengths that are tried."""

    apply: Callable[[Images, float], Images]
    unit: str
    strengths: tuple[float, ...]


CORRUPTIONS = {
    "shift": Corruption(shift, "pixels", (0, 1, 2, 3, 4, 5)),
    "rotation": Corruption(rotate, "degrees", (0, 10, 20, 30, 40, 50)),
    "noise": Corruption(add_noise, "standard deviation, ink is 1", (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
    "thickness": Corruption(thicken, "pixels on each side", (-1, -0.5, 0, 0.5, 1, 1.5)),
}
