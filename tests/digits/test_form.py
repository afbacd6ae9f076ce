from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from digits.errors import NoDigit
from digits.form import to_mnist
from digits.strokes import draw_strokes

SEVEN = [[(60, 50), (180, 60), (110, 230)], [(80, 140), (170, 140)]]


def naive(raster):
    """The same in fractions, without an integral image."""
    height, width = raster.shape
    ys, xs = np.nonzero(raster > 127)
    cell = Fraction(int(max(np.ptp(ys), np.ptp(xs))) + 1, 20)
    mass = int(raster.sum(dtype=np.int64))
    centres = [
        sum(Fraction(2 * place + 1, 2) * int(ink) for place, ink in enumerate(raster.sum(axis, np.int64))) / mass
        for axis in (1, 0)
    ]

    def overlaps(centre, length):
        for k in range(28):
            low, high = (min(max(centre + (Fraction(-29, 2) + k + i) * cell, 0), length) for i in (0, 1))
            yield [(i, min(high, i + 1) - max(low, i)) for i in range(floor(low), ceil(high))]

    rows, columns = list(overlaps(centres[0], height)), list(overlaps(centres[1], width))
    image = np.zeros((28, 28), np.uint8)
    for k, row in enumerate(rows):
        for m, column in enumerate(columns):
            ink = sum(int(raster[y, x]) * a * b for y, a in row for x, b in column)
            image[k, m] = min(floor(ink / cell**2 + Fraction(1, 2)), 255)
    return image


@pytest.mark.parametrize("shape", [(45, 31), (20, 60), (7, 5), (1, 9), (1, 1)])
def test_each_pixel_is_the_mean_of_its_square_of_the_raster(rng, shape):
    raster = np.where(rng.random(shape) < 0.6, 0, rng.integers(0, 256, shape)).astype(np.uint8)
    raster[shape[0] // 2, shape[1] // 3] = 255
    # By 1 where the mean lies exactly between two integers: a double may fall to either side.
    np.testing.assert_allclose(to_mnist(raster).astype(int), naive(raster), atol=1)
    assert (to_mnist(raster) == naive(raster)).mean() > 0.9


def test_the_digit_is_20_pixels_high_and_its_mass_is_in_the_middle_of_pixel_14():
    image = to_mnist(draw_strokes(SEVEN)).astype(float)
    rows = np.flatnonzero((image > 127).any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(20, abs=1)
    for axis in (0, 1):
        assert image.sum(axis) @ np.arange(28) / image.sum() == pytest.approx(14, abs=0.01)


def test_place_and_size_of_the_digit_in_the_raster_change_nothing():
    small = draw_strokes(SEVEN, radius=12)[20:260, 40:200]
    large = np.pad(small.repeat(3, axis=0).repeat(3, axis=1), ((0, 100), (250, 0)))
    np.testing.assert_array_equal(to_mnist(small), to_mnist(large))


def test_a_digit_that_touches_the_edges_of_its_raster_is_whole():
    raster = draw_strokes(SEVEN)
    rows, columns = (np.flatnonzero(raster.any(axis=axis)) for axis in (1, 0))
    cut = raster[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(to_mnist(cut), to_mnist(raster))


@pytest.mark.parametrize("gray", [0, 127])
def test_a_raster_without_ink_holds_no_digit(gray):
    with pytest.raises(NoDigit):
        to_mnist(np.full((30, 30), gray, np.uint8))
