import numpy as np
import pytest
from scipy import ndimage

from digits.components import label_runs


@pytest.mark.parametrize("density", [0.05, 0.3, 0.45, 0.6, 0.95])
def test_components_are_those_of_scipy(rng, density):
    for shape in ((1, 1), (1, 40), (40, 1), (37, 53)):
        mask = rng.random(shape) < density
        lengths, numbers = label_runs(mask)
        expected, count = ndimage.label(mask, np.ones((3, 3)))
        assert lengths.sum() == mask.sum()
        assert len(set(numbers)) == count
        pairs = set(zip(np.repeat(numbers, lengths).tolist(), expected[mask].tolist(), strict=True))
        assert len(pairs) == count  # one of ours to one of theirs


def test_a_spiral_is_one_component():
    spiral = np.zeros((9, 9), bool)
    spiral[0], spiral[:, 8], spiral[8], spiral[2:, 0], spiral[2, :7], spiral[2:7, 6], spiral[6, 2:7] = [True] * 7
    assert set(label_runs(spiral)[1]) == {0}


def test_rows_do_not_touch_around_the_sides():
    mask = np.zeros((3, 5), bool)
    mask[0, 4] = mask[1, 0] = mask[2, 4] = True
    assert len(set(label_runs(mask)[1])) == 3


def test_an_empty_mask_has_no_components():
    lengths, numbers = label_runs(np.zeros((4, 5), bool))
    assert len(lengths) == len(numbers) == 0
