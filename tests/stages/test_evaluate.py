import numpy as np
import pytest

from nn.losses import cross_entropy, softmax
from stages import evaluate


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
    assert figures["error_rate_low"] is None
    assert evaluate.by_class(np.zeros((2, 2), np.int64)) == {"precision": None, "recall": None, "f1": None}


def test_without_images_views_have_no_figures_either():
    figures = evaluate.views_summary(np.zeros((0, 10), np.float32), np.zeros(0, np.uint8))
    assert figures["views_errors"] == 0
    assert figures["views_accuracy"] is figures["views_loss"] is None


def test_the_figures_of_one_view_called_several_are_those_of_the_single_view(rng):
    logits = rng.standard_normal((50, 10)).astype(np.float32)
    labels = rng.integers(10, size=50).astype(np.uint8)
    loss, errors = cross_entropy(logits, labels), (logits.argmax(axis=1) != labels).sum()
    figures = evaluate.views_summary(softmax(logits), labels)
    assert figures["views_loss"] == pytest.approx(loss, rel=1e-6)
    assert figures["views_errors"] == errors
    assert figures["views_error_rate"] == errors / 50


def test_the_loss_of_an_average_that_rules_the_label_out_is_finite():
    figures = evaluate.views_summary(np.array([[1, 0]], np.float32), np.array([1], np.uint8))
    assert figures["views_loss"] == pytest.approx(-np.log(np.finfo(np.float32).tiny), rel=1e-6)


def test_a_share_is_of_the_actual_class():
    rows = evaluate.confusion_rows(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    assert rows == [("cat", "cat", 3, 0.75), ("cat", "dog", 1, 0.25), ("dog", "cat", 0, 0), ("dog", "dog", 0, 0)]
