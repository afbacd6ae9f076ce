import numpy as np
import pytest

from stages.evaluation.calibration import expected_calibration_error, reliability


def certain(confidences):
    """Probabilities of two classes that read class 0 with these confidences."""
    return np.array([[p, 1 - p] for p in confidences], np.float32)


def test_the_error_is_that_of_a_worked_example():
    # Of four images read with 0.9 three are right; of one read with 0.6 none is: 4/5 * 0.15 + 1/5 * 0.6.
    bins = reliability(certain([0.9, 0.9, 0.9, 0.9, 0.6]), np.array([0, 0, 0, 1, 1], np.uint8))
    assert [(part.images, part.right) for part in bins] == [(1, 0), (4, 3)]
    assert [part.confidence for part in bins] == pytest.approx([0.6, 0.9])
    assert expected_calibration_error(bins) == pytest.approx(4 / 5 * 0.15 + 1 / 5 * 0.6)


def test_an_image_is_in_the_bin_whose_upper_bound_it_does_not_exceed():
    (last,) = reliability(certain([1.0]), np.array([0]))
    assert (last.low, last.high) == (14 / 15, 1)
    (middle,) = reliability(certain([0.7]), np.array([0]))
    assert middle.low < 0.7 <= middle.high
    assert middle.high - middle.low == pytest.approx(1 / 15)


def test_images_that_are_as_often_right_as_the_network_says_have_a_small_error(rng):
    probabilities = rng.dirichlet([0.3] * 10, 100_000)
    labels = (probabilities.cumsum(axis=1) > rng.random((100_000, 1))).argmax(axis=1)
    assert expected_calibration_error(reliability(probabilities, labels)) == pytest.approx(0, abs=0.01)
    always_sure = np.eye(10)[probabilities.argmax(axis=1)]
    errors = (probabilities.argmax(axis=1) != labels).mean()
    assert expected_calibration_error(reliability(always_sure, labels)) == pytest.approx(errors)


def test_no_image_is_lost(rng):
    probabilities = rng.dirichlet([1.0] * 10, 1000).astype(np.float32)
    bins = reliability(probabilities, np.zeros(1000, np.uint8))
    assert sum(part.images for part in bins) == 1000
    assert sum(part.right for part in bins) == (probabilities.argmax(axis=1) == 0).sum()


def test_without_images_there_is_no_error():
    assert expected_calibration_error(reliability(np.zeros((0, 10), np.float32), np.zeros(0, np.uint8))) is None
