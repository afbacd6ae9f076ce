"""What changes while a stage runs is noticed, and never recorded."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from ruamel.yaml import YAML

from tests.pipeline.projects import Completed, Project, stages_run, succeeded

TRAIN = [sys.executable, "-m", "stages.train"]
REPRO = [sys.executable, "-m", "dvc", "repro", "train"]
MODEL = "data/model/model.safetensors"
IMAGES = "data/preprocessed/train_images.npy"
# A single epoch of some seconds, looked at twenty times: an edit after the first look falls into it for sure.
ONE_LONG_EPOCH = {"train.hidden": [1000, 1000], "train.epochs": 1, "train.batch_size": 2}
FOR_EVER = {"train.epochs": 100_000, "train.schedule": "constant"}


def midway(project: Project, command: list[str], act: Callable[[], object]) -> Completed:
    """What a command did, that trains, if `act` is called as soon as training has left its first figures."""
    figures = project.path / "metrics" / "train.json"
    figures.unlink(missing_ok=True)
    with subprocess.Popen(
        command, cwd=project.path, env=project.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(figures.exists)
            act()
            stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    return Completed(command, process.returncode, stdout, stderr)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen in a minute"
        time.sleep(0.01)


def line_of_train(completed: Completed) -> str:
    """The one line that the stage said on its end."""
    lines = [line for line in completed.stderr.splitlines() if line.startswith("train: ")]
    assert len(lines) == 1, completed.stderr
    assert "Traceback" not in completed.stderr
    return lines[0]


def edit_a_value(project):
    project.change({"train.learning_rate": 0.78})


def edit_a_pixel(project):
    with (project.path / IMAGES).open("r+b") as file:  # in place: training reads the file while it runs
        file.seek(-2, os.SEEK_END)
        file.write(b"\x01")


def add_a_module(project):
    (project.path / "nn" / "new.py").touch()


def edit_nothing_that_training_reads(project):
    for path in [*project.path.glob("nn/*.py"), project.path / IMAGES]:
        path.touch()
    (project.path / "nn" / "plain.py").write_text("# An edit.\n")
    project.change({"plot.width": 500})


@pytest.mark.parametrize(
    ("edit", "what"),
    [(edit_a_value, "train.learning_rate was 0.0002 and is 0.78"), (edit_a_pixel, f"{IMAGES} was edited")],
)
def test_training_stops_within_an_epoch_of_an_edit_and_says_what_changed(workspace, edit, what):
    workspace.change(FOR_EVER)
    completed = midway(workspace, TRAIN, lambda: edit(workspace))
    assert completed.returncode == 1
    assert line_of_train(completed).startswith(f"train: {what} since the run began")


def test_training_goes_on_where_nothing_that_it_reads_has_changed(workspace):
    workspace.change({"train.epochs": 60})
    completed = midway(workspace, TRAIN, lambda: edit_nothing_that_training_reads(workspace))
    assert (completed.returncode, completed.stderr) == (0, "")


@pytest.mark.parametrize(
    ("edit", "what"),
    [
        (add_a_module, "nn/new.py is new"),
        pytest.param(edit_a_value, "train.learning_rate was 0.0002 and is 0.78", marks=pytest.mark.slow),
    ],
)
def test_a_model_is_not_recorded_with_an_edit_that_did_not_make_it(project, edit, what):
    project.change(ONE_LONG_EPOCH)
    lock, cached = project.made()["dvc.lock"], runs_in_cache(project)
    completed = midway(project, REPRO, lambda: edit(project))
    assert completed.returncode != 0
    line = line_of_train(completed)
    assert line.startswith(f"train: {what} since the run began")
    assert project.made()["dvc.lock"] == lock
    assert runs_in_cache(project) == cached

    commands = re.findall(r"`((?:git|dvc) checkout[^`]*)`", line)  # they bring the former model back
    assert len(commands) == 2, line
    for command in commands:
        succeeded(project.run(*shlex.split(command)))
    succeeded(project.run("git", "diff", "--exit-code", "--", "metrics", "plots", "dvc.lock"))
    assert (project.path / MODEL).exists()


@pytest.mark.slow
@pytest.mark.long
def test_after_an_edit_in_the_midst_an_honest_run_trains_anew(project):
    project.change(ONE_LONG_EPOCH)
    assert midway(project, REPRO, lambda: edit_a_value(project)).returncode != 0
    assert stages_run(project.dvc("repro", "train")) == ["train"]
    honest = project.made()[MODEL]
    succeeded(project.stage("train"))
    assert project.made()[MODEL] == honest


def test_no_dep_on_data_is_a_folder(reproduced):
    # The guard expands folders of code alone.
    stages = YAML(typ="safe").load((reproduced.path / "dvc.yaml").read_text("utf-8"))["stages"]
    deps = [dep for stage in stages.values() for dep in stage["deps"] if dep.startswith(("data/", "plots/"))]
    assert deps
    assert all((reproduced.path / dep).is_file() for dep in deps)


def runs_in_cache(project):
    return sorted(str(path) for path in (project.path / ".dvc" / "cache" / "runs").rglob("*") if path.is_file())


@pytest.mark.parametrize("stays", [False, True], ids=["a shell that gives its place", "a shell that stays"])
def test_training_stops_when_its_dvc_was_killed(project, tmp_path, stays):
    project.change(FOR_EVER)
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\n/bin/sh "$@"\nexit $?\n')
    shell.chmod(0o755)
    env = {**project.env, "SHELL": str(shell) if stays else "/bin/sh"}
    figures = project.path / "metrics" / "train.json"
    figures.unlink()
    with subprocess.Popen(
        REPRO, cwd=project.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_for(figures.exists)
        os.kill(process.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=20)  # ends when nobody is left who could write
    assert "train: stopped by the end of the dvc that started it; run it again" in said
    assert "Traceback" not in said
    assert not (project.path / MODEL).exists()


@pytest.mark.slow
def test_an_array_that_was_changed_under_its_time_is_not_trained_on_and_the_line_says_how_to_bring_it_back(
    project,
):
    project.dvc("repro")  # DVC looks at the files of this copy
    labels = project.path / "data/preprocessed/train_labels.npy"
    clean, before = labels.read_bytes(), labels.stat()
    labels.write_bytes(clean[:-1] + b"\x01")
    os.utime(labels, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "preprocess" not in project.dvc("status")  # nor does it see the change
    project.change({"train.learning_rate": 0.001})
    line = line_of_train(project.run(*REPRO))
    assert line.startswith("train: data/preprocessed holds other bytes than dvc.lock says")
    assert project.run(*TRAIN).stderr.startswith("train: data/preprocessed holds other bytes")
    for command in re.findall(r"`([^`]*data/preprocessed)`", line):
        succeeded(project.run(*shlex.split(command)))
    assert labels.read_bytes() == clean
    project.dvc("repro")
