"""Training as people meet it: on a terminal and without one, interrupted, diverging, and on the real digits."""

import fcntl
import hashlib
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest

from stages.formats.datasets import DATASETS
from tests import ROOT
from tests.pipeline.projects import STANDARD, Project, copy_checkout, refusal, succeeded

TRAIN = [sys.executable, "-m", "stages.train"]


def test_without_a_terminal_training_prints_a_line_an_epoch(workspace):
    trained = workspace.stage("train")
    assert trained.stderr == ""
    lines = trained.stdout.splitlines()
    assert lines[0] == "784-32-10: 25,450 parameters, 500 training images, 30 steps, 10 an epoch"
    assert [line.partition(":")[0] for line in lines[1:]] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    measured = r"batch_loss [\d.]+, train_loss [\d.]+, val_loss [\d.]+, val_accuracy [\d.]+%"
    assert all(re.search(measured, line) for line in lines[1:])


def test_on_a_terminal_training_shows_a_bar(workspace):
    screen, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    shown = bytearray()

    def watch():
        while True:
            try:
                piece = os.read(screen, 4096)
            except OSError:  # how Linux says that nobody writes any more
                return
            if not piece:
                return
            shown.extend(piece)

    watcher = threading.Thread(target=watch)
    watcher.start()
    trained = subprocess.run(
        TRAIN, cwd=workspace.path, env=workspace.env, stdout=terminal, stderr=terminal, timeout=60, check=False
    )
    os.close(terminal)
    watcher.join(timeout=60)
    os.close(screen)
    text = shown.decode()
    assert trained.returncode == 0, text
    assert "train: 100%" in text
    assert "30/30" in text
    assert re.search(r"30/30 \[[\d:]+ left, batch_loss [\d.]+, val_accuracy [\d.]+%\]", text)
    assert "epoch 1 of 3" not in text


def test_an_interrupted_training_is_one_line_and_leaves_only_whole_files(workspace):
    workspace.change({"train.epochs": 100_000, "train.schedule": "constant"})
    model = (workspace.path / "data" / "model" / "model.safetensors").read_bytes()
    with subprocess.Popen(
        TRAIN,
        cwd=workspace.path,
        env=workspace.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background of a script ignores this signal, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as training:
        try:
            assert training.stdout
            assert training.stdout.readline().startswith("784-32-10: ")
            for _ in range(3):
                assert training.stdout.readline().startswith("epoch ")
            os.killpg(training.pid, signal.SIGINT)
            _, said = training.communicate(timeout=60)
        finally:
            training.kill()
    assert training.returncode == 130
    assert said == "train: stopped by SIGINT; run it again\n"
    assert (workspace.path / "data" / "model" / "model.safetensors").read_bytes() == model
    assert not list(workspace.path.rglob("*.part"))
    for name in ("training", "validation"):
        first, *_, last = (workspace.path / "plots" / f"{name}.csv").read_text().splitlines()
        assert len(last.split(",")) == len(first.split(","))
    assert workspace.found("train")["epoch"] >= 3


@pytest.fixture
def diverged(workspace):
    """The project after a training at a far too high learning rate, and what was said."""
    workspace.change({"train.optimizer": "sgd", "train.learning_rate": 10.0, "train.weight_decay": 10.0})
    (workspace.path / "data" / "model" / "model.safetensors").unlink()
    return workspace, workspace.stage("train")


def test_training_that_diverges_says_what_to_try_and_saves_no_model(diverged):
    workspace, completed = diverged
    assert completed.returncode == 1
    line = completed.stderr.splitlines()[-1]
    assert "no model was saved" in line
    assert "train.learning_rate" in line
    assert "Traceback" not in completed.stderr
    assert not list((workspace.path / "data" / "model").iterdir())


def test_training_that_diverges_is_one_line(diverged):
    refusal(diverged[1])


def bring_published(project: Project) -> None:
    """Put the real data set into data/raw; skips where that cannot be had without the network."""
    raw = ROOT / "data" / "raw"
    mirror = os.environ.get("DATASET_MIRROR", "")
    if mirror:
        place = mirror if "://" in mirror else str(Path(mirror).absolute())
        project.change({"download.sources": {name: ["file:///nowhere"] for name in DATASETS}})
        succeeded(project.stage("download", env={"DATASET_MIRROR": place}))
    elif all(is_published(raw / file.name, file.sha256) for file in DATASETS["mnist"].files):
        shutil.copytree(raw, project.path / "data" / "raw")
    else:
        pytest.skip("MNIST is not here: DATASET_MIRROR is not set, and data/raw does not hold it")


def is_published(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


RECIPE_FIRST = """
from commands.recipe import PARAMS, with_recipe
PARAMS.write_text(with_recipe(PARAMS.read_text("utf-8"), "first"), "utf-8")
"""


def test_the_recipe_first_classifies_93_of_100_digits_after_a_thousand_plain_steps(tmp_path, env, capsys):
    copy_checkout(tmp_path)
    project = Project(tmp_path, env)
    bring_published(project)
    project.change(STANDARD)
    succeeded(project.run(sys.executable, "-c", RECIPE_FIRST))
    for stage in ("preprocess", "train", "evaluate"):
        succeeded(project.stage(stage))
    accuracy = project.found("test")["accuracy"]
    with capsys.disabled():
        print(f"\n  MNIST after 1,000 steps of plain gradient descent: test accuracy {accuracy:.2%}")
    assert accuracy >= 0.93
