import numpy as np
import pytest

from stages.evaluation import metrics as figures


def test_the_wilson_interval_is_that_of_the_published_examples():
    # 31 and 35 errors of 10,000, as the records of MNIST are quoted.
    assert [round(100 * bound, 2) for bound in figures.wilson_interval(31, 10_000)] == [0.22, 0.44]
    assert [round(100 * bound, 2) for bound in figures.wilson_interval(35, 10_000)] == [0.25, 0.49]


@pytest.mark.parametrize(("errors", "images"), [(0, 10), (10, 10), (0, 1)])
def test_the_interval_stays_between_zero_and_one(errors, images):
    low, high = figures.wilson_interval(errors, images)
    assert 0 <= low <= errors / images <= high <= 1


def test_the_confusion_counts_pairs():
    confusion = figures.confusion_counts(np.array([0, 0, 1, 2], np.uint8), np.array([0, 1, 1, 0]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_precision_recall_and_f1_are_those_of_a_worked_example():
    # Class 0: 2 there, 2 read as it, 1 right. Class 1: 1 there, 2 read as it, 1 right. Class 2: never read.
    precision, recall, f1 = figures.per_class(np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0]]))
    assert precision == [1 / 2, 1 / 2, 0]
    assert recall == [1 / 2, 1, 0]
    assert f1 == [1 / 2, 2 / 3, 0]


def test_the_halves_are_counted_apart_and_the_middle_one_of_an_odd_number_is_of_the_second():
    wrong = np.array([True, False, True, False, True])
    assert figures.errors_by_half(wrong) == {
        "first_half_errors": 1,
        "second_half_errors": 2,
        "half_error_rates": [1 / 2, 2 / 3],
    }
