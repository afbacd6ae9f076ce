import numpy as np
import pytest

from stages import evaluate


def test_the_wilson_interval_is_that_of_the_published_examples():
    # 31 and 35 errors of 10,000, as the records of MNIST are quoted.
    assert [round(100 * bound, 2) for bound in evaluate.wilson(31, 10_000)] == [0.22, 0.44]
    assert [round(100 * bound, 2) for bound in evaluate.wilson(35, 10_000)] == [0.25, 0.49]


@pytest.mark.parametrize(("errors", "images"), [(0, 10), (10, 10), (0, 1)])
def test_the_interval_stays_between_zero_and_one(errors, images):
    low, high = evaluate.wilson(errors, images)
    assert 0 <= low <= errors / images <= high <= 1


def test_the_confusion_counts_pairs():
    confusion = evaluate.confusion_counts(np.array([0, 0, 1, 2], np.uint8), np.array([0, 1, 1, 0]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_precision_recall_and_f1_are_those_of_a_worked_example():
    # Class 0: 2 there, 2 read as it, 1 right. Class 1: 1 there, 2 read as it, 1 right. Class 2: never read.
    precision, recall, f1 = evaluate.per_class(np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0]]))
    assert precision == [1 / 2, 1 / 2, 0]
    assert recall == [1 / 2, 1, 0]
    assert f1 == [1 / 2, 2 / 3, 0]


def test_the_figures_agree_with_each_other():
    figures = evaluate.summary(np.array([[50, 2], [3, 45]]), loss=0.25)
    assert figures["images"] == 100
    assert figures["errors"] == 5
    assert figures["accuracy"] == 0.95
    assert figures["error_rate"] == 0.05
    assert figures["loss"] == 0.25


def test_without_images_there_are_no_figures():
    figures = evaluate.summary(np.zeros((2, 2), np.int64), loss=None)
    assert figures["images"] == figures["errors"] == 0
    assert figures["accuracy"] is None
    assert figures["error_rate_low"] is figures["recall"] is None


def test_a_share_is_of_the_actual_class():
    rows = evaluate.confusion_rows(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    assert rows == [("cat", "cat", 3, 0.75), ("cat", "dog", 1, 0.25), ("dog", "cat", 0, 0), ("dog", "dog", 0, 0)]
