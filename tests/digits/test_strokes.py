import numpy as np
import pytest

from digits.strokes import draw_strokes


def distances(start, end, side):
    """Of the middle of each pixel from a segment, by trying many points of it."""
    y, x = np.mgrid[:side, :side] + 0.5
    points = np.linspace(start, end, 400)
    return np.min([np.hypot(x - across, y - down) for across, down in points], axis=0)


@pytest.mark.parametrize(("start", "end"), [((8.0, 10.0), (30.0, 21.5)), ((5.0, 30.0), (5.0, 9.0))])
def test_a_pixel_is_as_dark_as_its_middle_is_near(start, end):
    raster = draw_strokes([[start, end]], radius=4, side=40)
    expected = 255 * np.clip(4.5 - distances(start, end, 40), 0, 1)
    np.testing.assert_allclose(raster, expected, atol=1)


def test_one_point_is_a_dot_and_no_stroke_is_nothing():
    dot = draw_strokes([[(20.0, 20.0)]], radius=4, side=40)
    np.testing.assert_array_equal(dot, dot.T)
    assert dot.sum() / 255 == pytest.approx(np.pi * 16, rel=0.02)
    assert not draw_strokes([], side=40).any()
    assert not draw_strokes([[]], side=40).any()


def test_strokes_may_leave_the_square_and_cross_in_any_order():
    strokes = [[(-30.0, 20.0), (70.0, 25.0)], [(20.0, -400.0), (21.0, 12.0), (21.0, 12.0)], [(500.0, 500.0)]]
    raster = draw_strokes(strokes, radius=4, side=40)
    np.testing.assert_array_equal(raster, draw_strokes(strokes[::-1], radius=4, side=40))
    assert (raster[20:25].max(axis=0) == 255).all()
    assert not raster[35:].any()
