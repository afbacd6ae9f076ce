import numpy as np
import pytest

from stages.evaluation.metrics import (
    confusion_matrix,
    errors_by_half,
    expected_calibration_error,
    per_class,
    reliability_bins,
    wilson_interval,
)


def test_the_wilson_interval_is_that_of_the_published_examples():
    # 31 and 35 errors of 10,000, as the records of MNIST are quoted.
    assert [round(100 * bound, 2) for bound in wilson_interval(31, 10_000)] == [0.22, 0.44]
    assert [round(100 * bound, 2) for bound in wilson_interval(35, 10_000)] == [0.25, 0.49]


@pytest.mark.parametrize(("errors", "images"), [(0, 10), (10, 10), (0, 1)])
def test_the_interval_stays_between_zero_and_one(errors, images):
    low, high = wilson_interval(errors, images)
    assert 0 <= low <= errors / images <= high <= 1


def test_the_confusion_matrix_counts_pairs():
    confusion = confusion_matrix(np.array([0, 0, 1, 2], np.uint8), np.array([0, 1, 1, 0]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_precision_recall_and_f1_are_those_of_a_worked_example():
    # Class 0: 2 images, 2 predicted, 1 correct. Class 1: 1 image, 2 predicted, 1 correct. Class 2: none.
    precision, recall, f1 = per_class(np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0]]))
    assert precision == [1 / 2, 1 / 2, 0]
    assert recall == [1 / 2, 1, 0]
    assert f1 == [1 / 2, 2 / 3, 0]


def test_the_halves_are_counted_apart_and_the_middle_one_of_an_odd_number_is_of_the_second():
    wrong = np.array([True, False, True, False, True])
    assert errors_by_half(wrong) == {
        "first_half_errors": 1,
        "second_half_errors": 2,
        "half_error_rates": [1 / 2, 2 / 3],
    }


def confident(confidences):
    """Probabilities of two classes that predict class 0 with these confidences."""
    return np.array([[p, 1 - p] for p in confidences], np.float32)


def test_the_calibration_error_is_that_of_a_worked_example():
    # Of four images with confidence 0.9 three are correct; the one with 0.6 is not: 4/5 * 0.15 + 1/5 * 0.6.
    bins = reliability_bins(confident([0.9, 0.9, 0.9, 0.9, 0.6]), np.array([0, 0, 0, 1, 1], np.uint8))
    assert [(group.images, group.correct, group.accuracy) for group in bins] == [(1, 0, 0), (4, 3, 0.75)]
    assert [group.confidence for group in bins] == pytest.approx([0.6, 0.9])
    assert expected_calibration_error(bins) == pytest.approx(4 / 5 * 0.15 + 1 / 5 * 0.6)


def test_an_image_is_in_the_bin_whose_upper_bound_it_does_not_exceed():
    (last,) = reliability_bins(confident([1.0]), np.array([0], np.uint8))
    assert (last.low, last.high) == (14 / 15, 1)
    (middle,) = reliability_bins(confident([0.7]), np.array([0], np.uint8))
    assert middle.low < 0.7 <= middle.high
    assert middle.high - middle.low == pytest.approx(1 / 15)


def test_images_that_are_correct_as_often_as_the_network_says_have_a_small_calibration_error(rng):
    probabilities = rng.dirichlet([0.3] * 10, 100_000)
    labels = (probabilities.cumsum(axis=1) > rng.random((100_000, 1))).argmax(axis=1)
    assert expected_calibration_error(reliability_bins(probabilities, labels)) == pytest.approx(0, abs=0.01)
    always_sure = np.eye(10)[probabilities.argmax(axis=1)]
    errors = (probabilities.argmax(axis=1) != labels).mean()
    assert expected_calibration_error(reliability_bins(always_sure, labels)) == pytest.approx(errors)


def test_no_image_is_lost(rng):
    probabilities = rng.dirichlet([1.0] * 10, 1000).astype(np.float32)
    bins = reliability_bins(probabilities, np.zeros(1000, np.uint8))
    assert sum(group.images for group in bins) == 1000
    assert sum(group.correct for group in bins) == (probabilities.argmax(axis=1) == 0).sum()


def test_without_images_there_is_no_calibration_error():
    bins = reliability_bins(np.zeros((0, 10), np.float32), np.zeros(0, np.uint8))
    assert expected_calibration_error(bins) is None
