"""What evaluate writes, and what it leaves alone."""

import csv

import numpy as np
import pytest

from stages.evaluation.corruptions import CORRUPTIONS
from tests.pipeline.projects import refusal, succeeded

LEARN = {"train.learning_rate": 0.002, "train.epochs": 20}


def table(project, name):
    with (project.path / "plots" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_and_the_metrics_of_the_test_images_agree(reproduced):
    test = reproduced.found("test")
    assert test["first_half_errors"] + test["second_half_errors"] == test["errors"]
    assert test["half_error_rates"] == [test["first_half_errors"] / 100, test["second_half_errors"] / 100]

    bins = table(reproduced, "calibration")
    assert sum(int(row["images"]) for row in bins) == test["images"]
    assert sum(int(row["correct"]) for row in bins) == test["images"] - test["errors"]
    gaps = [int(row["images"]) * abs(float(row["accuracy"]) - float(row["confidence"])) for row in bins]
    assert sum(gaps) / test["images"] == pytest.approx(test["calibration_error"])

    corrupted = table(reproduced, "robustness")
    assert [(row["corruption"], float(row["strength"])) for row in corrupted] == [
        (name, strength) for name, corruption in CORRUPTIONS.items() for strength in corruption.strengths
    ]
    for row in corrupted:
        if float(row["strength"]) == 0:
            assert int(row["errors"]) == test["errors"]
    assert max(int(row["errors"]) for row in corrupted) > test["errors"]


def test_the_halves_are_of_the_test_images_alone(reproduced):
    assert "first_half_errors" not in reproduced.found("validation")


def test_views_stand_beside_the_metrics_of_the_single_view_and_change_nothing_else(workspace):
    before = workspace.made()
    single = {name: workspace.found(name) for name in ("validation", "test")}
    workspace.change({"evaluate.views": 9})
    succeeded(workspace.stage("evaluate"))
    changed = {path for path, sha256 in workspace.made().items() if before[path] != sha256}
    assert changed == {"data/predictions/validation.json", "data/predictions/test.json"}
    for name, figures in single.items():
        found = workspace.found(name)
        names = {"accuracy", "error_rate", "error_rate_low", "error_rate_high", "errors", "loss"}
        assert {key: value for key, value in found.items() if not key.startswith("views_")} == figures
        assert found.keys() - figures.keys() == {f"views_{figure}" for figure in names}
        assert found["views_loss"] != figures["loss"]


@pytest.mark.parametrize("number", [True, 0, 3, "9"])
def test_another_number_of_views_is_refused(workspace, number):
    workspace.change({"evaluate.views": number})
    assert "evaluate.views is" in refusal(workspace.stage("evaluate"))


def test_both_normalizations_are_corrupted_in_pixels(workspace):
    strong = {}
    for normalization in ("standard", "unit"):
        workspace.change(
            {"preprocess.normalization": normalization, "train.learning_rate": 0.002, "train.epochs": 20}
        )
        for stage in ("preprocess", "train", "evaluate"):
            succeeded(workspace.stage(stage))
        strong[normalization] = [float(row["accuracy"]) for row in table(workspace, "robustness")]
        assert np.mean(strong[normalization]) > 0.5
    assert strong["unit"] == pytest.approx(strong["standard"], abs=0.25)
