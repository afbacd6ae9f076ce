"""A sweep, run by the real queue of DVC."""

import json
import sys

import pytest

from tests.pipeline.projects import refusal, succeeded

SWEEP = """
title: Rates
text: Two of them.
stage: train
seeds: [0, 1]
set: {train.epochs: 1}
rows:
  low: {about: low}
  high: {about: high, set: {train.learning_rate: 0.01, train.hidden: [16, 8]}}
"""


@pytest.mark.slow
@pytest.mark.long
def test_a_sweep_runs_what_is_missing_and_keeps_what_came_out(project):
    (project.path / "docs/experiments/sweeps").mkdir(parents=True, exist_ok=True)
    (project.path / "docs/experiments/sweeps/rates.yaml").write_text(SWEEP)
    command = [sys.executable, "-m", "commands.sweep", "rates", "--jobs", "2"]
    succeeded(project.run(*command))
    results = json.loads((project.path / "docs/experiments/results/rates.json").read_text())["experiments"]
    assert [(entry["row"], entry["seed"]) for entry in results] == [
        ("low", 0),
        ("low", 1),
        ("high", 0),
        ("high", 1),
    ]
    assert all(0 < entry["metrics"]["train"]["validation_accuracy"] <= 1 for entry in results)
    assert all(set(entry["metrics"]) == {"train"} for entry in results)  # nobody has seen a test figure
    assert all(entry["seconds"] > 0 for entry in results)

    project.dvc("exp", "run", "--name", "again", "train", "-S", "train.epochs=1", "-S", "train.seed=1")
    shown = json.loads((project.path / "metrics/train.json").read_text())
    assert shown == results[1]["metrics"]["train"]
    assert "all is in docs/experiments/results/rates.json already" in succeeded(project.run(*command))


def test_edits_that_are_not_committed_take_no_part_in_a_sweep(project):
    (project.path / "docs/experiments/sweeps").mkdir(parents=True, exist_ok=True)
    (project.path / "docs/experiments/sweeps/rates.yaml").write_text(SWEEP)
    project.change({"train.learning_rate": 0.5})
    line = refusal(project.run(sys.executable, "-m", "commands.sweep", "rates"))
    assert line.startswith("sweep: params.yaml: edited and not committed")
