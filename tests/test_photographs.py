"""The photographs on which predict is measured are what their kinds say."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks import photographs
from benchmarks.photographs import HEIGHT, KINDS, SEEDS, WIDTH, photograph

NUMBERS = range(2)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seven():
    """A 7 in the form of MNIST."""
    image = Image.new("L", (280, 280))
    ImageDraw.Draw(image).line([(80, 60), (200, 60), (130, 220)], fill=255, width=26, joint="curve")
    return np.asarray(image.reduce(10))


def ink(image, kind, number):
    """How much of each pixel is ink, with the random numbers of a photograph."""
    return photographs.drawn(image, KINDS[kind], photographs.stream(kind, number, "validation")) > 0.5


def test_a_photograph_is_the_same_whenever_it_is_made_and_no_two_are_the_same(seven):
    made = [photographs.jpeg(photograph(seven, "all", number, split)) for split in SEEDS for number in NUMBERS]
    assert len(set(made)) == len(made)
    assert photographs.jpeg(photograph(seven, "all", 0)) == made[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_digit_is_10_to_90_percent_of_the_height_and_inside(seven, kind):
    assert photograph(seven, kind, 0).size == (WIDTH, HEIGHT)
    for number in NUMBERS:
        down, right = np.nonzero(ink(seven, kind, number))
        height = np.ptp(down) + 1
        assert 0.1 * HEIGHT - 2 <= height <= 0.9 * HEIGHT + 2
        to_sides = min(down.min(), right.min(), HEIGHT - 1 - down.max(), WIDTH - 1 - right.max())
        assert to_sides <= 4 if KINDS[kind].at_edge else to_sides >= photographs.MARGIN - 2


def test_pens_are_as_thin_and_as_thick_as_their_kinds_say(seven):
    for kind in ("thin", "thick"):
        (low, high) = KINDS[kind].pens[0]
        for number in NUMBERS:
            found = ink(seven, kind, number)
            height = np.ptp(np.nonzero(found)[0]) + 1
            # Each row below the bar of the 7 crosses one slanted stroke.
            widths = found.sum(axis=1)[found.any(axis=1)][int(0.5 * height) : int(0.8 * height)]
            share = np.median(widths) * np.cos(np.arctan(70 / 160)) / height
            assert 0.8 * low < share < max(1.2 * high, 2.5 * photographs.LEAST_PEN / height)


def test_ink_is_darker_than_paper_unless_the_kind_exchanges_them(seven):
    for kind, darker in (("plain", True), ("grain", True), ("inverted", False)):
        for number in NUMBERS:
            picture = np.asarray(photograph(seven, kind, number).convert("L")).astype(float)
            digit = ink(seven, kind, number)
            assert (picture[digit].mean() < picture[~digit].mean() - 50) == darker


def test_light_falls_by_30_to_50_percent_behind_the_edge_of_a_shadow():
    for number in range(20):
        lit = photographs.light(KINDS["shadow"], photographs.stream("shadow", number, "validation"))
        assert 0.45 < lit.min() / lit.max() < 0.75


def test_colors_differ_by_half_and_in_all_of_it_together_by_brightness_too():
    for kind in ("coloured", "all"):
        found = [photographs.colors(KINDS[kind], photographs.stream(kind, n, "validation")) for n in range(50)]
        assert min(np.linalg.norm(paper - ink) for paper, ink in found) > 0.5
        contrasts = np.array([photographs.brightness(paper) - photographs.brightness(ink) for paper, ink in found])
        assert np.abs(contrasts).min() >= KINDS[kind].contrast
        assert 10 < (contrasts < 0).sum() < 40  # light on dark, too
