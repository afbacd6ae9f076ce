"""Smooth random fields, against what theory says of them."""

import numpy as np
import pytest

from nn.fields import smooth_patterns

SIDE = 28


@pytest.mark.parametrize("smoothness", [3, 4, 6])
def test_a_field_has_variance_1_everywhere_and_its_correlation(smoothness):
    patterns = smooth_patterns(SIDE, smoothness)
    covariance = patterns.T @ patterns  # of the field, when the numbers are independent standard normal
    assert np.allclose(np.diag(covariance), 1)  # of each pixel, those at the border too
    row, column = np.indices((SIDE, SIDE)).reshape(2, -1)
    squares = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    assert np.abs(covariance - np.exp(-squares / (4 * smoothness**2))).max() < 0.08
    assert np.abs(covariance - np.exp(-squares / (4 * smoothness**2))).mean() < 0.01
