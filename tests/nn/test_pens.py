"""Strokes of other pens, beside scipy and a naive twin."""

import numpy as np
import pytest
from scipy import ndimage

from nn.pens import Pen

SIDE = 28
PAPER = -0.4
CROSS = ndimage.generate_binary_structure(2, 1)


@pytest.fixture
def images(rng):
    """Blots on paper that reach the border, (70, 784), float64."""
    blots = ndimage.gaussian_filter(rng.standard_normal((70, SIDE, SIDE)), (0, 2, 2)) * 5
    return np.maximum(blots, PAPER).reshape(70, -1)


def pen(dtype=np.float64):
    return Pen(SIDE, PAPER, dtype)


@pytest.mark.parametrize(
    ("width", "extreme"), [(1.0, ndimage.grey_dilation), (-1.0, ndimage.grey_erosion)], ids=["wider", "narrower"]
)
def test_a_stroke_wider_or_narrower_by_a_whole_pixel_is_scipys(images, width, extreme):
    found = images.copy()
    pen().widen(found, np.full(len(images), width))
    for image, ours in zip(images, found, strict=True):
        theirs = extreme(image.reshape(SIDE, SIDE), footprint=CROSS, mode="constant", cval=PAPER)
        assert np.allclose(ours.reshape(SIDE, SIDE), theirs, atol=1e-12)


def test_a_part_of_a_pixel_is_so_much_of_the_way(images, rng):
    widths = rng.uniform(-1, 1, len(images))
    whole, found = images.copy(), images.copy()
    pen().widen(whole, np.sign(widths))
    pen().widen(found, widths)
    assert np.allclose(found, images + np.abs(widths)[:, None] * (whole - images), atol=1e-12)


def test_a_straight_edge_moves_by_the_width():
    image = np.full((1, SIDE, SIDE), PAPER)
    image[:, 10:14, :] = 1.0
    ink = image - PAPER
    for width in (-0.75, 0.25, 1.0):
        drawn = image.copy().reshape(1, -1)
        pen().widen(drawn, np.array([width]))
        column = drawn.reshape(SIDE, SIDE)[:, SIDE // 2] - PAPER
        assert column.sum() / ink.max() == pytest.approx(4 + 2 * width)


def test_width_0_changes_no_bit(images):
    images = images.astype(np.float32)
    drawn = images.copy()
    pen(np.float32).widen(drawn, np.zeros(len(images), np.float32))
    assert np.array_equal(drawn, images)


def test_fading_takes_ink_where_the_field_is_high_and_from_no_other_image(images, rng):
    a_pen = pen()
    faded = np.where(rng.random(len(images)) < 0.5, rng.random(len(images)), 0.0)
    which = np.flatnonzero(faded)
    fields = rng.standard_normal((len(which), len(a_pen.patterns)))
    found = images.copy()
    a_pen.fade(found, faded, fields)
    expected = images.copy()
    for numbers, image in zip(fields, which, strict=True):
        for pixel in range(SIDE**2):
            f = sum(numbers * a_pen.patterns[:, pixel])
            share = faded[image] * min(1.0, max(0.0, 2 * (f - 0.8)))
            expected[image, pixel] += share * (PAPER - images[image, pixel])
    assert np.allclose(found, expected, atol=1e-12)
    assert np.array_equal(found[faded == 0], images[faded == 0])
    assert (found[which] < images[which] - 0.1).any()


def test_paper_stays_paper(rng):
    a_pen = pen()
    paper = np.full((40, SIDE**2), PAPER)
    a_pen.widen(paper, rng.uniform(-1, 1, 40))
    a_pen.fade(paper, np.ones(40), rng.standard_normal((40, len(a_pen.patterns))))
    assert np.allclose(paper, PAPER, atol=1e-15)
