"""Whatever ends a training before its time, the same command goes on with it, to the very same bytes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.pipeline.projects import Project, succeeded

TRAIN = [sys.executable, "-m", "stages.train"]
DVC = [sys.executable, "-m", "dvc"]
LONG = {
    "train.epochs": 60,
    "train.ema_decay": 0.9,
    "train.hard_fraction": 0.1,
    "train.early_stopping_patience": 1000,
}


def checkpoints(project: Project) -> list[Path]:
    return sorted((project.path / ".dvc/tmp/checkpoints").glob("*/*.npz"))


def checkpoint_at_each_epoch(project: Project) -> None:
    """Committed, for the copies in which experiments run."""
    module = project.path / "stages/training/checkpoints.py"
    text = module.read_text("utf-8")
    assert "MAX_LOST_SECONDS = 15" in text
    module.write_text(text.replace("MAX_LOST_SECONDS = 15", "MAX_LOST_SECONDS = 0"), "utf-8")


def started(project: Project, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=project.path,
        env=project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def end_after_checkpoints(project: Project, command: list[str], number: int, *, group: bool = True) -> str:
    """End a command that trains, by a signal, once it has left three checkpoints; returns what it said."""
    seen: set[Path] = set()
    with started(project, *command) as process:
        end = time.monotonic() + 120
        while len(seen) < 3:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end
            seen |= set(checkpoints(project))
            time.sleep(0.005)
        (os.killpg if group else os.kill)(process.pid, number)
        said, _ = process.communicate(timeout=60)
    return said


def whole_files(project: Project) -> dict[str, str]:
    """What the project has made, without the beginnings that a killed process leaves."""
    return {name: digest for name, digest in project.made().items() if not name.endswith(".part")}


@pytest.fixture(scope="module")
def longer(reproduced, tmp_path_factory):
    """The project with a longer training that has still to be done, committed."""
    project = reproduced.copy(tmp_path_factory.mktemp("longer") / "project")
    project.change(LONG)
    checkpoint_at_each_epoch(project)
    project.git("commit", "--quiet", "--all", "--message=Longer")
    return project


@pytest.fixture(scope="module")
def trained(longer, tmp_path_factory):
    """What comes of that training, never interrupted."""
    whole = longer.copy(tmp_path_factory.mktemp("trained") / "project")
    succeeded(whole.stage("train"))
    assert not list((whole.path / ".dvc/tmp/checkpoints").iterdir())
    return whole.made()


@pytest.fixture(scope="module")
def never_interrupted(longer, tmp_path_factory):
    """What comes of the whole pipeline, never interrupted."""
    whole = longer.copy(tmp_path_factory.mktemp("reproduced") / "project")
    whole.dvc("repro")
    return whole.made()


@pytest.fixture
def long(longer, tmp_path):
    """A copy of that project."""
    return longer.copy(tmp_path / "project")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow)]
)
def test_a_training_started_by_hand_goes_on_to_the_same_bytes(long, trained, number, code):
    with started(long, *TRAIN) as process:
        while len(checkpoints(long)) < 2:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == code
    if code > 0:
        assert "train: stopped by SIGTERM; the same command goes on after epoch " in said
    damaged = checkpoints(long)[-1]
    damaged.write_bytes(damaged.read_bytes()[:-1])  # the one before it is taken
    epoch = int(checkpoints(long)[-2].stem)
    again = succeeded(long.stage("train"))
    assert f"going on after epoch {epoch}; to begin anew, remove .dvc/tmp/checkpoints/" in again
    assert again.count("\nepoch ") == 60 - epoch
    assert whole_files(long) == trained
    assert not checkpoints(long)


@pytest.mark.slow
def test_a_checkpoint_of_other_parameters_or_code_is_not_taken(long):
    end_after_checkpoints(long, TRAIN, signal.SIGKILL)
    left = checkpoints(long)
    long.change({"train.learning_rate": 0.0003, "train.epochs": 1})
    assert "going on" not in succeeded(long.stage("train"))
    long.git("checkout", "--", "params.yaml")
    long.change({"train.epochs": 60})
    with (long.path / "nn/losses.py").open("a") as file:
        file.write("# Other code.\n")
    with started(long, *TRAIN) as process:
        assert process.stdout
        process.stdout.readline()
        assert process.stdout.readline().startswith("epoch 1 of 60")
        process.kill()
    assert set(left) <= set(checkpoints(long))


@pytest.mark.slow
@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGKILL])
def test_dvc_repro_goes_on_after_it_was_ended(long, never_interrupted, number):
    end_after_checkpoints(long, [*DVC, "repro"], number)
    assert "going on after epoch " in long.dvc("repro")
    assert whole_files(long) == never_interrupted


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("options", [[], ["--temp"]], ids=["here", "in a copy"])
def test_an_experiment_goes_on_after_its_stage_was_ended(long, never_interrupted, options):
    command = [*DVC, "exp", "run", *options, "--name", "again"]
    end_after_checkpoints(long, command, signal.SIGINT)
    assert "going on after epoch " in long.dvc(*command[3:])
    if options:
        long.dvc("exp", "apply", "again")
    assert whole_files(long) == never_interrupted


HANGS_UP = """
import os, pty, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-m", "stages.train"])
os.read(terminal, 1)
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(f"{sys.executable} -m stages.train | head -1", marks=pytest.mark.slow),
        f"{sys.executable} -m stages.train 2>&- >&- <&-",
        f"{sys.executable} -c '{HANGS_UP}'",
    ],
    ids=["a pipe that nobody reads", "no streams", "a terminal that is gone, under nohup"],
)
def test_training_needs_nobody_who_reads_what_it_says(workspace, reproduced, command):
    (workspace.path / "data/model/model.safetensors").unlink()
    assert workspace.run("sh", "-c", command).returncode == 0
    assert workspace.made() == reproduced.made()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.0, pytest.param(0.05, marks=pytest.mark.long)])
def test_a_stage_whose_dvc_is_killed_as_it_begins_writes_nothing_and_the_next_one_runs(long, trained, seconds):
    with started(long, *DVC, "repro", "train") as dvc:
        process = psutil.Process(dvc.pid)
        while not (stages := [child for child in process.children(recursive=True) if is_train(child)]):
            assert dvc.poll() is None
            time.sleep(0.001)
        time.sleep(seconds)
        dvc.kill()
    assert not psutil.wait_procs(stages, timeout=10)[1]
    assert not (long.path / "metrics/train.json").exists()
    long.dvc("repro", "train")
    assert whole_files(long).items() >= {(name, digest) for name, digest in trained.items() if "model" in name}


def is_train(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.cmdline()[-2:] == ["-m", "stages.train"])
    return False


@pytest.mark.slow
def test_a_message_that_names_a_stage_is_not_taken_for_the_shell_that_runs_it(project):
    project.change({"train.learning_rate": 0.001})
    assert "stopped by" not in project.dvc("exp", "run", "--message", "python -m stages.train", "train")
