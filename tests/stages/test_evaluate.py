import csv
import json
from pathlib import Path

import numpy as np
import pytest

from nn.losses import cross_entropy, softmax
from stages import evaluate
from stages.evaluation.corruptions import CORRUPTIONS
from stages.formats import arrays
from tests.stages.evaluated import run_evaluate

SIZES = {"train": 0, "validation": 30, "test": 50}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in which the stage has run on fewer validation images than test images."""
    monkeypatch.chdir(tmp_path)
    run_evaluate(tmp_path, SIZES)
    return tmp_path


def classified(split):
    """The actual and the predicted class of each image of a split, from the files."""
    return arrays.read(split, 10)[1], np.load(f"data/predictions/{split}.npy").argmax(axis=1)


def metrics(split):
    return json.loads(Path("data/predictions", f"{split}.json").read_text("utf-8"))


def table(name):
    with Path("plots", f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_of_the_four_tables_is_of_the_test_images(project):
    actual, predicted = classified("test")
    correct = int((actual == predicted).sum())

    cells = {(row["actual"], row["predicted"]): int(row["count"]) for row in table("confusion")}
    pairs = list(zip(actual, predicted, strict=True))
    assert cells == {(str(i), str(j)): pairs.count((i, j)) for i in range(10) for j in range(10)}

    for row in table("per_class"):
        there = actual == int(row["class"])
        assert float(row["recall"]) == (predicted[there] == actual[there]).mean()

    bins = table("calibration")
    assert sum(int(row["images"]) for row in bins) == SIZES["test"]
    assert sum(int(row["correct"]) for row in bins) == correct

    corrupted = table("robustness")
    assert [(row["corruption"], float(row["strength"])) for row in corrupted] == [
        (name, strength) for name, corruption in CORRUPTIONS.items() for strength in corruption.strengths
    ]
    assert {int(row["images"]) for row in corrupted} == {SIZES["test"]}
    unchanged = [int(row["errors"]) for row in corrupted if float(row["strength"]) == 0]
    assert unchanged == [SIZES["test"] - correct] * len(CORRUPTIONS)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_metrics_of_a_split_are_of_its_own_images_and_agree_with_each_other(project, split):
    actual, predicted = classified(split)
    found, wrong = metrics(split), actual != predicted
    assert found["images"] == SIZES[split]
    assert found["errors"] == wrong.sum()
    assert found["accuracy"] == (SIZES[split] - found["errors"]) / SIZES[split]
    assert found["error_rate"] == found["errors"] / SIZES[split]
    probabilities = np.load(f"data/predictions/{split}.npy")
    assert found["loss"] == pytest.approx(-np.log(probabilities[np.arange(len(actual)), actual]).mean(), rel=1e-5)
    assert found["misclassified"] == np.flatnonzero(wrong).tolist()
    assert found["images_per_class"] == np.bincount(actual, minlength=10).tolist()
    if split == "test":
        assert found["recall"] == [float(row["recall"]) for row in table("per_class")]
        shown = json.loads(Path("metrics/test.json").read_text("utf-8"))
        assert shown == {key: found[key] for key in ("accuracy", "errors", "loss")}


def test_without_validation_images_their_metrics_are_null(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_evaluate(tmp_path, SIZES | {"validation": 0})
    found = metrics("validation")
    assert found.pop("images") == found.pop("errors") == found.pop("views_errors") == 0
    assert (found.pop("images_per_class"), found.pop("misclassified")) == ([0] * 10, [])
    assert {"accuracy", "error_rate_low", "loss", "calibration_error", "precision", "views_loss"} <= found.keys()
    assert set(found.values()) == {None}


def test_without_images_views_have_no_metrics_either():
    found = evaluate.views_metrics(np.zeros((0, 10), np.float32), np.zeros(0, np.uint8))
    assert found["views_errors"] == 0
    assert found["views_accuracy"] is found["views_loss"] is None


def test_the_metrics_of_one_view_called_several_are_those_of_the_single_view(rng):
    logits = rng.standard_normal((50, 10)).astype(np.float32)
    labels = rng.integers(10, size=50).astype(np.uint8)
    loss, errors = cross_entropy(logits, labels), (logits.argmax(axis=1) != labels).sum()
    found = evaluate.views_metrics(softmax(logits), labels)
    assert found["views_loss"] == pytest.approx(loss, rel=1e-6)
    assert found["views_errors"] == errors
    assert found["views_error_rate"] == errors / 50


def test_the_loss_of_an_average_that_rules_the_label_out_is_finite():
    found = evaluate.views_metrics(np.array([[1, 0]], np.float32), np.array([1], np.uint8))
    assert found["views_loss"] == pytest.approx(-np.log(np.finfo(np.float32).tiny), rel=1e-6)


def test_a_share_is_of_the_actual_class():
    rows = evaluate.confusion_rows(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    assert rows == [("cat", "cat", 3, 0.75), ("cat", "dog", 1, 0.25), ("dog", "cat", 0, 0), ("dog", "dog", 0, 0)]
