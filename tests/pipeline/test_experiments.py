"""`dvc exp run`: another parameter tried without a commit."""

import csv
import json

import pytest


def test_an_experiment_is_listed_with_its_parameter_and_its_metrics(project):
    head = project.git("rev-parse", "HEAD")
    project.dvc("exp", "run", "--name", "faster", "--set-param", "train.learning_rate=0.05")
    table = list(csv.DictReader(project.dvc("exp", "show", "--csv").splitlines()))
    baseline = next(row for row in table if row["rev"] == "main")
    faster = next(row for row in table if row["Experiment"] == "faster")
    assert float(baseline["train.learning_rate"]) == 0.0002
    assert float(faster["train.learning_rate"]) == 0.05
    assert float(faster["train_loss"]) < float(baseline["train_loss"])
    assert float(faster["metrics/test.json:accuracy"]) > float(baseline["metrics/test.json:accuracy"])
    assert project.git("rev-parse", "HEAD") == head
    assert project.git("branch", "--show-current") == "main\n"


def test_an_experiment_in_a_folder_of_its_own_takes_1e_05_and_leaves_the_workspace_alone(project):
    before = project.made()
    # YAML 1.1 reads 1e-05 as text, and dvc writes it like that.
    project.dvc("exp", "run", "--temp", "--name", "slower", "--set-param", "train.learning_rate=1e-05", "evaluate")
    assert project.git("status", "--porcelain") == ""
    assert project.made() == before
    project.dvc("exp", "apply", "slower")
    loss = json.loads((project.path / "metrics" / "train.json").read_text())["train_loss"]
    assert loss > json.loads(project.git("show", "HEAD:metrics/train.json"))["train_loss"]


@pytest.mark.slow
def test_a_queue_of_experiments_runs_to_its_end(project):
    project.dvc("exp", "run", "--queue", "--set-param", "train.seed=1,2")
    project.dvc("exp", "run", "--run-all")
    table = list(csv.DictReader(project.dvc("exp", "show", "--csv").splitlines()))
    assert {row["train.seed"] for row in table} == {"0", "1", "2"}
