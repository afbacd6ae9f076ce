"""Deformed images, beside scipy, beside a naive twin, and against what theory says of their fields."""

import numpy as np
import pytest
from scipy import ndimage

from nn.augmentation import CHUNK, Deformation, DeformationRanges, elastic_basis
from nn.flat import slices

SIDE = 28
INK = 2.8
STRONG = DeformationRanges(rotation=20, shear=15, scale=0.2, shift=3, elastic=1.5, elastic_sigma=4, thickness=0.7)


@pytest.fixture
def images(rng):
    """Smooth blots on a background of -0.4, (40, 784)."""
    blots = ndimage.gaussian_filter(rng.standard_normal((40, SIDE, SIDE)), (0, 2, 2)) * 5
    return np.maximum(blots, -0.4).reshape(40, -1).astype(np.float32)


def deformed(images, strengths, *, seed=0, strength=1.0, background=-0.4, dtype=np.float32):
    deformation = Deformation(strengths, SIDE, 1, background=background, ink=INK, dtype=dtype)
    deformation.begin_epoch([np.random.default_rng(seed)])
    out = np.empty_like(images)
    deformation.deform(images, np.arange(len(images)), out, 0, strength)
    return out


def read_at(images, numbers, background=-0.4):
    """The images with a given shift and matrix, without an elastic part."""
    deformation = Deformation(DeformationRanges(), SIDE, 1, background=background, ink=INK, dtype=images.dtype)
    return interpolated(deformation, images, numbers.astype(images.dtype))


def interpolated(deformation, images, numbers):
    """All images with these coefficients, chunk by chunk."""
    out = np.empty_like(images)
    for rows in slices(len(images), CHUNK):
        deformation.interpolate(images, np.arange(len(images))[rows], numbers[:, rows], out[rows], 0)
    return out


def numbers_of(matrix, shift, n):
    """numbers (2, n, 3) of one affine map for all images: x and y each from 1, u, v."""
    middle = np.full(2, (SIDE - 1) / 2) + shift
    return np.column_stack([middle, matrix])[:, None, :].repeat(n, axis=1)


def test_strength_0_changes_no_bit(images):
    assert np.array_equal(deformed(images, STRONG, strength=0.0), images)
    assert np.array_equal(deformed(images, DeformationRanges()), images)


def test_an_untouched_image_keeps_every_bit(images):
    out = deformed(images.repeat(25, axis=0), DeformationRanges(**{**vars(STRONG), "unchanged_fraction": 0.3}))
    same = np.all(out == images.repeat(25, axis=0), axis=1)
    assert 0.25 < same.mean() < 0.35
    assert np.array_equal(
        deformed(images, DeformationRanges(**{**vars(STRONG), "unchanged_fraction": 0.999999})), images
    )


@pytest.mark.parametrize("shift", [(1, 0), (0, 2), (-3, 1), (0.25, -0.5), (40, 0)])
def test_a_shift_is_scipys(images, shift):
    found = read_at(images, numbers_of(np.eye(2), np.array(shift), len(images)))
    for image, ours in zip(images, found, strict=True):
        moved = ndimage.shift(
            image.reshape(SIDE, SIDE), (-shift[1], -shift[0]), order=1, mode="grid-constant", cval=-0.4
        )
        assert np.allclose(ours.reshape(SIDE, SIDE), moved, atol=2e-5)


@pytest.mark.parametrize("degrees", [-90, -15, 7.5, 45])
def test_a_rotation_is_scipys(images, degrees):
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = read_at(images, numbers_of(matrix, 0, len(images)))
    for image, ours in zip(images, found, strict=True):
        turned = ndimage.rotate(
            image.reshape(SIDE, SIDE), degrees, reshape=False, order=1, mode="grid-constant", cval=-0.4
        )
        assert np.allclose(ours.reshape(SIDE, SIDE), turned, atol=1e-4)


def naive(image, x, y, background):
    """One image read at positions x and y, pixel by pixel."""
    out = np.empty(SIDE * SIDE)
    for pixel in range(SIDE * SIDE):
        left, top = int(np.floor(x[pixel])), int(np.floor(y[pixel]))
        total = 0.0
        for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            inside = 0 <= row < SIDE and 0 <= column < SIDE
            value = image[row * SIDE + column] if inside else background
            total += value * (1 - abs(x[pixel] - column)) * (1 - abs(y[pixel] - row))
        out[pixel] = total
    return out


def test_a_deformation_of_all_parts_is_its_naive_twins(images):
    images = images.astype(np.float64)
    deformation = Deformation(STRONG, SIDE, 1, background=-0.4, ink=INK, dtype=np.float64)
    numbers, _ = deformation.draw_coefficients(np.random.default_rng(3), len(images), 1.0)
    found = interpolated(deformation, images, numbers)
    for number, image in enumerate(images):
        x, y = numbers[:, number] @ deformation.basis
        assert np.allclose(found[number], naive(image, x, y, -0.4), atol=1e-12)


def test_the_thickness_changes_the_gray_between_paper_and_ink_and_nothing_else():
    values = np.linspace(0, 1, SIDE**2)
    thicknesses = np.array([-1.0, -0.3, 0.0, 0.5, 1.0])
    images = np.tile(-0.4 + values * (INK + 0.4), (len(thicknesses), 1))
    deformation = Deformation(DeformationRanges(), SIDE, 1, background=-0.4, ink=INK, dtype=np.float64)
    deformation.change_thickness(images, thicknesses, 0)
    found = (images + 0.4) / (INK + 0.4)
    assert np.allclose(found, values + thicknesses[:, None] * values * (1 - values), atol=1e-12)
    assert np.all(np.diff(found) >= 0)  # darker stays darker


def test_training_shows_the_strokes_of_all_pens(images):
    out = deformed(images.astype(np.float64), DeformationRanges(thickness=1.0), dtype=np.float64)
    gray = (images + 0.4) / (INK + 0.4)
    between = (gray > 0.3) & (gray < 0.7)
    changes, drawn = (out + 0.4) / (INK + 0.4) - gray, []
    for change, g, where in zip(changes, gray, between, strict=True):
        thicknesses = change[where] / (g * (1 - g))[where]
        assert np.ptp(thicknesses) < 1e-5  # one thickness for all of an image
        drawn.append(thicknesses.mean())
    assert min(drawn) < -0.7
    assert max(drawn) > 0.7


def test_the_paper_has_the_value_of_the_background_up_to_the_border():
    paper = np.full((64, SIDE**2), -0.4242, np.float32)
    assert np.allclose(deformed(paper, STRONG, background=-0.4242), -0.4242, atol=1e-6)


def test_the_parts_of_a_deformation_stay_within_their_strengths():
    strengths = DeformationRanges(rotation=10, shear=5, scale=0.1, shift=2, thickness=0.5)
    deformation = Deformation(strengths, SIDE, 1, background=0.0, ink=1.0, dtype=np.float64)
    numbers, thickness = deformation.draw_coefficients(np.random.default_rng(0), 20_000, 1.0)
    shifts = numbers[:, :, 0] - (SIDE - 1) / 2
    matrices = np.moveaxis(numbers[:, :, 1:], 1, 0)  # (n, 2, 2)
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 0, 0]))
    wide = np.linalg.norm(matrices[:, :, 0], axis=1)
    high = np.linalg.det(matrices) / wide
    along = matrices[:, :, 0] / wide[:, None]  # where the rotation takes the horizontal
    slant = np.degrees(np.arctan(np.sum(along * matrices[:, :, 1], axis=1) / high))
    for found, middle, most in (
        (shifts, 0, 2),
        (angles, 0, 10),
        (wide, 1, 0.1),
        (high, 1, 0.1),
        (slant, 0, 5),
        (thickness, 0, 0.5),
    ):
        assert np.abs(found - middle).max() == pytest.approx(most, rel=0.01)
        assert np.abs(found - middle).max() <= most * (1 + 1e-9)
        assert np.mean(found) == pytest.approx(middle, abs=most / 50)
        assert np.std(found) == pytest.approx(most / 3**0.5, rel=0.03)  # evenly


@pytest.mark.parametrize("elastic_sigma", [3, 4, 6])
def test_the_elastic_field_has_its_rms_everywhere_and_its_correlation(elastic_sigma):
    patterns = elastic_basis(SIDE, elastic_sigma)
    covariance = patterns.T @ patterns  # of the field, when the numbers are independent standard normal
    assert np.allclose(np.diag(covariance), 1)  # the RMS of each pixel, those at the border too
    row, column = np.indices((SIDE, SIDE)).reshape(2, -1)
    squares = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    assert np.abs(covariance - np.exp(-squares / (4 * elastic_sigma**2))).max() < 0.08
    assert np.abs(covariance - np.exp(-squares / (4 * elastic_sigma**2))).mean() < 0.01


def test_the_elastic_field_of_many_images_has_the_rms_it_was_given():
    strengths = DeformationRanges(elastic=1.3, elastic_sigma=4)
    deformation = Deformation(strengths, SIDE, 1, background=0.0, ink=1.0, dtype=np.float64)
    numbers, _ = deformation.draw_coefficients(np.random.default_rng(0), 4_000, 1.0)
    field = numbers[:, :, 3:] @ deformation.basis[3:]
    assert np.sqrt(np.mean(field**2)) == pytest.approx(1.3, rel=0.02)
    assert np.abs(np.mean(field[0] * field[1])) < 0.05  # right and down are independent


def test_the_strength_falls_to_half_in_the_last_share_of_the_run():
    strengths = DeformationRanges(elastic=1.0, halved_at_end=0.25)
    assert [strengths.strength_at(progress) for progress in (0, 0.5, 0.74, 0.75, 0.99)] == [1, 1, 1, 0.5, 0.5]


def test_equal_generators_give_equal_images_and_another_epoch_others(images):
    assert np.array_equal(deformed(images, STRONG), deformed(images, STRONG))
    assert not np.array_equal(deformed(images, STRONG), deformed(images, STRONG, seed=1))
