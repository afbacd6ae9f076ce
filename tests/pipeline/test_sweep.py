"""A sweep, run by the real DVC."""

import json
import signal
import subprocess
import sys
import time

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
COMMAND = (sys.executable, "-m", "commands.sweep", "rates", "--jobs", "2")


@pytest.fixture
def rates(reproduced, tmp_path):
    """A project with the sweep `rates`, below a path that DVC cannot write into a configuration."""
    project = reproduced.copy(tmp_path / "Ziffern für später")
    write(project, SWEEP)
    return project


def write(project, text):
    (project.path / "docs/experiments/sweeps").mkdir(parents=True, exist_ok=True)
    (project.path / "docs/experiments/sweeps/rates.yaml").write_text(text)


def results(project):
    content = json.loads((project.path / "docs/experiments/results/rates.json").read_text())
    return {(entry["row"], entry["seed"]): entry for entry in content["experiments"]}


def clones(project):
    return list(project.path.glob(".dvc/tmp/exps/tmp*"))


@pytest.mark.slow
def test_a_sweep_runs_what_is_missing_and_saves_what_came_out(rates):
    succeeded(rates.run(*COMMAND))
    found = results(rates)
    assert list(found) == [("low", 0), ("low", 1), ("high", 0), ("high", 1)]
    assert all(0 < entry["metrics"]["train"]["val_accuracy"] <= 1 for entry in found.values())
    assert all(set(entry["metrics"]) == {"train"} for entry in found.values())  # nobody has seen a test figure
    assert all(entry["seconds"] > 0 for entry in found.values())
    new = [f"?? docs/experiments/{name}" for name in ("results/rates.json", "sweeps/rates.yaml")]
    assert rates.git("status", "--porcelain").splitlines() == new
    assert clones(rates) == []

    # The checkout knows the experiments, and their outputs are in its cache.
    listed = rates.dvc("exp", "list", "--name-only").split()
    assert sorted(listed) == ["rates-high-0", "rates-high-1", "rates-low-0", "rates-low-1"]
    rates.dvc("exp", "apply", "rates-high-1")
    shown = json.loads((rates.path / "metrics/train.json").read_text())
    assert shown == found["high", 1]["metrics"]["train"]
    assert "up to date" in rates.dvc("status", "train")
    assert "all is in docs/experiments/results/rates.json already" in succeeded(rates.run(*COMMAND))


@pytest.mark.slow
@pytest.mark.long
def test_an_experiment_that_fails_is_named_at_the_end_and_the_others_are_saved(rates):
    write(rates, SWEEP.replace("[16, 8]", "[16, -8]"))
    completed = rates.run(*COMMAND)
    assert completed.returncode == 1
    lines = completed.stderr.splitlines()
    assert len(lines) == 2, completed.stderr
    for seed, line in enumerate(sorted(line.removeprefix("sweep: ") for line in lines)):
        assert line.startswith(f"rates-high-{seed}: `dvc exp run train --name ")
        assert "failed: train: params.yaml: train.hidden.1 is -8" in line
    assert list(results(rates)) == [("low", 0), ("low", 1)]
    assert clones(rates) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_a_sweep_that_is_interrupted_ends_in_a_line_and_keeps_what_has_ended(rates, number):
    write(rates, SWEEP.replace("train.hidden: [16, 8]", "train.epochs: 100000"))
    with subprocess.Popen(
        COMMAND,
        cwd=rates.path,
        env=rates.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs in the background of a script ignores this signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdout
        for _ in range(2):
            assert process.stdout.readline().startswith("rates-low-")
        while sum(1 for _ in rates.path.glob(".dvc/tmp/exps/tmp*/.dvc/tmp/times/rates-high-*.csv")) < 2:
            time.sleep(0.1)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "sweep: interrupted; run it again\n"
    assert list(results(rates)) == [("low", 0), ("low", 1)]
    assert clones(rates) == []


@pytest.mark.parametrize("again", [(), ("--again",)])
def test_edits_that_are_not_committed_are_refused_and_no_result_is_lost(rates, again):
    path = rates.path / "docs/experiments/results/rates.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"experiments": []}')
    rates.change({"train.learning_rate": 0.5})
    line = refusal(rates.run(*COMMAND, *again))
    assert line.startswith("sweep: params.yaml: edited and not committed")
    assert path.read_text() == '{"experiments": []}'
