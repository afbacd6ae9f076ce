import numpy as np
import pytest
from scipy import ndimage

from stages.evaluation.corruptions import CORRUPTIONS, add_noise, bilinear, dilate_or_erode, rotate, shift

INTERPOLATION = {"order": 1, "mode": "grid-constant", "cval": 0}


@pytest.fixture
def pixels(rng):
    """Eight images of smooth blobs that reach the borders."""
    return ndimage.gaussian_filter(rng.random((8, 28, 28)), (0, 1, 1)).astype(np.float32).reshape(8, 784)


def pictures(rows):
    return rows.reshape(-1, 28, 28)


@pytest.mark.parametrize("distance", [1, 2.25, 30])
def test_images_are_shifted_right_down_left_and_up_in_turn(pixels, distance):
    ways = [(0, distance), (distance, 0), (0, -distance), (-distance, 0)] * 2
    for image, result, way in zip(pictures(pixels), pictures(shift(pixels, distance)), ways, strict=True):
        assert result == pytest.approx(ndimage.shift(image, way, **INTERPOLATION), abs=1e-6)


@pytest.mark.parametrize("degrees", [10, 45, 133])
def test_images_are_rotated_counterclockwise_and_clockwise_in_turn(pixels, degrees):
    for number, (image, result) in enumerate(
        zip(pictures(pixels), pictures(rotate(pixels, degrees)), strict=True)
    ):
        angle = degrees if number % 2 == 0 else -degrees
        assert result == pytest.approx(ndimage.rotate(image, angle, reshape=False, **INTERPOLATION), abs=1e-5)


def test_a_quarter_of_a_turn_counterclockwise_is_that_of_numpy(pixels):
    assert pictures(rotate(pixels, 90))[0] == pytest.approx(np.rot90(pictures(pixels)[0]), abs=1e-5)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_strength_0_changes_nothing(pixels, name):
    assert CORRUPTIONS[name].apply(pixels, 0) == pytest.approx(pixels, abs=1e-6)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_comes_out_are_pixels_again_and_what_went_in_is_as_it_was(pixels, name):
    before = pixels.copy()
    for strength in CORRUPTIONS[name].strengths:
        result = CORRUPTIONS[name].apply(pixels, strength)
        assert result.dtype == np.float32
        assert result.min() >= 0
        assert result.max() <= 1 + 1e-6
        assert not np.shares_memory(result, pixels)
    assert np.array_equal(pixels, before)


def test_noise_has_the_standard_deviation_given_and_is_the_same_at_every_call():
    gray = np.full((500, 784), 0.5, np.float32)
    noisy = add_noise(gray, 0.1)
    assert noisy.std() == pytest.approx(0.1, rel=0.01)
    assert noisy.mean() == pytest.approx(0.5, abs=0.001)
    assert np.array_equal(noisy, add_noise(gray, 0.1))
    assert add_noise(gray, 0.05) - gray == pytest.approx((noisy - gray) / 2, abs=1e-6)


def test_the_noise_of_an_image_does_not_depend_on_those_after_it(pixels):
    assert np.array_equal(add_noise(pixels[:3], 0.3), add_noise(pixels, 0.3)[:3])


@pytest.mark.parametrize("radius", [1, 2])
def test_strokes_grow_by_dilation_and_shrink_by_erosion(pixels, radius):
    cross = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), radius)
    thick, thin = pictures(dilate_or_erode(pixels, radius)), pictures(dilate_or_erode(pixels, -radius))
    options = {"footprint": cross, "mode": "constant", "cval": 0}
    for image, grown, shrunk in zip(pictures(pixels), thick, thin, strict=True):
        assert np.array_equal(grown, ndimage.grey_dilation(image, **options))
        assert np.array_equal(shrunk, ndimage.grey_erosion(image, **options))


def test_half_a_pixel_lies_half_way(pixels):
    assert dilate_or_erode(pixels, 1.5) == pytest.approx(
        (dilate_or_erode(pixels, 1) + dilate_or_erode(pixels, 2)) / 2
    )
    assert dilate_or_erode(pixels, -0.5) == pytest.approx((pixels + dilate_or_erode(pixels, -1)) / 2)


def test_positions_outside_of_the_image_are_paper():
    ink = np.ones((1, 784), np.float32)
    y, x = np.full(784, 13.0), np.linspace(-3, 30, 784)
    found = bilinear(ink, y, x)[0]
    assert (found[(x <= -1) | (x >= 28)] == 0).all()
    assert found[(x >= 0) & (x <= 27)] == pytest.approx(1)
    edge = (x > -1) & (x < 0)
    assert found[edge] == pytest.approx(1 + x[edge], abs=1e-5)


def test_the_strengths_of_each_are_equal_steps_that_include_0():
    for corruption in CORRUPTIONS.values():
        assert 0 in corruption.strengths
        assert np.diff(corruption.strengths) == pytest.approx(np.diff(corruption.strengths)[0])
