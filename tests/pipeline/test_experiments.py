"""`dvc exp run`: another parameter tried without a commit."""

import csv
import json
import os
import re
import subprocess
import sys
import time

import pytest

from tests.pipeline.projects import succeeded


def test_an_experiment_is_listed_with_its_parameter_and_its_metrics(project):
    head = project.git("rev-parse", "HEAD")
    project.dvc("exp", "run", "--name", "faster", "--set-param", "train.learning_rate=0.05")
    table = list(csv.DictReader(project.dvc("exp", "show", "--csv").splitlines()))
    baseline = next(row for row in table if row["rev"] == "main")
    faster = next(row for row in table if row["Experiment"] == "faster")
    assert float(baseline["train.learning_rate"]) == 0.0002
    assert float(faster["train.learning_rate"]) == 0.05
    assert float(faster["train_loss"]) < float(baseline["train_loss"])
    assert float(faster["accuracy"]) > float(baseline["accuracy"])
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


def test_two_parameters_set_one_after_the_other_change_their_lines_in_params_and_no_others(project):
    project.dvc("exp", "run", "--set-param", "train.optimizer=sgd", "--set-param", "train.clip_norm=1.0", "train")
    project.dvc("exp", "run", "--set-param", "train.hidden=[]", "train")
    diff = project.git("diff", "--unified=0", "HEAD", "--", "params.yaml").splitlines()
    lines = [line.partition("#")[0].rstrip() for line in diff if re.match(r"[-+] ", line)]
    assert lines == [
        *("-  hidden:", "-  - 32", "+  hidden: []"),
        *("-  optimizer: adam", "+  optimizer: sgd"),
        *("-  clip_norm:", "+  clip_norm: 1.0"),
    ]


@pytest.mark.slow
def test_a_relative_mirror_is_found_from_the_folder_of_an_experiment(project):
    place = os.path.relpath(project.env["DATASET_MIRROR"], project.path)
    command = (sys.executable, "-m", "dvc", "exp", "run", "--temp", "--force", "download")
    said = succeeded(project.run(*command, env={"DATASET_MIRROR": place}))
    assert said.count(f"from {project.path.as_uri()}/{place}/mnist") == 4


@pytest.mark.slow
@pytest.mark.long
def test_a_queue_of_experiments_runs_to_its_end(project):
    project.dvc("exp", "run", "--queue", "--set-param", "train.seed=1,2")
    project.dvc("exp", "run", "--run-all")
    table = list(csv.DictReader(project.dvc("exp", "show", "--csv").splitlines()))
    assert {row["train.seed"] for row in table} == {"0", "1", "2"}


def epochs_so_far(project):
    """Name and epoch of the experiments that `dvc exp show` says are running, where it knows them by now."""
    completed = project.run(sys.executable, "-m", "dvc", "exp", "show", "--csv", "--hide-workspace")
    if completed.returncode:  # DVC may look at the folder of an experiment that is just being made
        return {}
    table = csv.DictReader(completed.stdout.splitlines())
    return {
        row["Experiment"]: float(row["epoch"])
        for row in table
        if row["State"] == "Running" and re.fullmatch(r"[\d.]+", row["epoch"])
    }


@pytest.mark.slow
@pytest.mark.long
def test_the_table_follows_the_figures_of_experiments_that_run_in_two_workers(project):
    endless = ("--set-param", "train.epochs=100000", "--set-param", "train.log_every=1000")
    project.dvc("exp", "run", "--queue", "--name", "long", *endless, "--set-param", "train.seed=1,2", "train")
    # Not by Project.run: the workers would hold its pipes open.
    command = [sys.executable, "-m", "dvc", "queue", "start", "--jobs", "2"]
    subprocess.run(command, cwd=project.path, env=project.env, stdout=subprocess.DEVNULL, check=True)
    seen: dict[str, set[float]] = {"long-1": set(), "long-2": set()}
    try:
        deadline = time.monotonic() + 280  # on a busy machine; a quiet one takes half a minute
        while min(map(len, seen.values())) < 4 and time.monotonic() < deadline:
            for name, epoch in epochs_so_far(project).items():
                seen[name].add(epoch)
    finally:
        project.dvc("queue", "stop", "--kill")
    for name, epochs in seen.items():
        assert len(epochs - {3}) >= 3, (name, seen)  # the commit, whose figures are there first, has 3
    assert project.git("status", "--porcelain") == ""
