"""A campaign of kills at random moments: the same command again, and every byte is what it would have been.

Takes some twenty minutes. `python -m pytest tests/pipeline/test_kills.py -m long -s` prints what was counted.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import psutil
import pytest

from commands.doctor.checkout import Checkout
from commands.doctor.processes import running_processes
from tests.pipeline.projects import Project, succeeded
from tests.pipeline.test_interruptions import DVC, LONG, checkpoint_at_each_epoch

pytestmark = [pytest.mark.slow, pytest.mark.long]

KILLS, KILLS_OF_EXPERIMENTS = 60, 10
DAMAGED = (
    "JSON structure is corrupted",
    "is not valid YAML",
    "unable to read: 'dvc.lock'",
    "'dvc.lock' is invalid",
)


@pytest.fixture(scope="module")
def undone(reproduced, tmp_path_factory):
    """A commit of the project of which nothing has been made yet, and its cache is empty."""
    project = reproduced.copy(tmp_path_factory.mktemp("undone") / "project", without=[".dvc/cache"])
    project.change(LONG)
    checkpoint_at_each_epoch(project)
    succeeded(project.run("sh", "-c", "rm -rf data dvc.lock metrics/*.json plots/*.csv plots/*.png"))
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message=Undone")
    return project


@pytest.fixture(scope="module")
def wanted(undone, tmp_path_factory):
    """All that comes of it, and how long that takes."""
    project = undone.copy(tmp_path_factory.mktemp("wanted") / "project")
    began = time.monotonic()
    project.dvc("repro")
    return results(project), time.monotonic() - began


def results(project: Project) -> dict[str, str]:
    """Path and hash of all that the stages have made, and of dvc.lock; DVC writes .gitignore in any order."""
    left = (".part", ".gitignore")  # and what a killed process leaves
    return {name: digest for name, digest in project.made().items() if not name.endswith(left)}


def stages_of(project: Project) -> list[int]:
    """The processes of stages in a checkout and in its copies."""
    return [pid for pid, command in running_processes(Checkout(project.path)).items() if "-m stages." in command]


def kill_group(project: Project, process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def kill_stage(project: Project, process: subprocess.Popen[str]) -> None:
    for pid in stages_of(project):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_dvc(project: Project, process: subprocess.Popen[str]) -> None:
    process.kill()


WHOM = {"group": kill_group, "stage": kill_stage, "dvc": kill_dvc}


def killed(project: Project, command: list[str], whom: str, seconds: float) -> bool:
    """Kill after so many seconds; returns whether it had not ended by then. A stage may outlive this."""
    with subprocess.Popen(
        command,
        cwd=project.path,
        env=project.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        time.sleep(seconds)
        runs = process.poll() is None
        if runs:
            WHOM[whom](project, process)
        process.wait(timeout=120)
    return runs


def again(project: Project, command: list[str], counted: Counter[str]) -> None:
    """The same command again, after the doctor only where DVC calls a file of its own damaged."""
    done = project.run(*command)
    said = done.stdout + done.stderr
    if done.returncode and any(words in said for words in DAMAGED):
        counted["a file of DVC was damaged"] += 1
        project.run(sys.executable, "-m", "commands.doctor", "--fix")
        done = project.run(*command)
        said = done.stdout + done.stderr
    assert done.returncode == 0, said
    counted["went on with the training"] += "going on after epoch " in said


def campaign(
    undone: Project, tmp_path, wanted: tuple[dict[str, str], float], command: list[str], kills: int,
    finish: Callable[[Project], object] = lambda project: None,
) -> None:  # fmt: skip
    rng, counted = np.random.default_rng(0), Counter[str]()
    made, seconds = wanted
    for number in range(kills):
        whom = list(WHOM)[number % 3]
        project = undone.copy(tmp_path / str(number))
        moment = rng.uniform(0.2, seconds)
        counted[f"{whom} killed"] += killed(project, command, whom, moment)
        again(project, command, counted)
        finish(project)
        assert results(project) == made, f"kill {number} of {whom} after {moment} s"
        assert not stages_of(project)
    print(f"\n{' '.join(command[2:])}: {kills} kills, all with the same bytes; {dict(counted)}")


def test_after_every_kill_the_same_command_makes_the_same_bytes(undone, tmp_path, wanted):
    campaign(undone, tmp_path, wanted, [*DVC, "repro"], KILLS)


def test_after_every_kill_the_same_experiment_makes_the_same_bytes(undone, tmp_path, wanted):
    command = [*DVC, "exp", "run", "--name", "again", "--force"]
    campaign(undone, tmp_path, wanted, command, KILLS_OF_EXPERIMENTS)


def test_after_every_kill_the_same_experiment_in_a_copy_makes_the_same_bytes(undone, tmp_path, wanted):
    command = [*DVC, "exp", "run", "--temp", "--name", "again", "--force"]
    finish = lambda project: project.dvc("exp", "apply", "again")  # noqa: E731
    campaign(undone, tmp_path, wanted, command, KILLS_OF_EXPERIMENTS, finish)


def test_after_every_kill_of_its_stage_the_same_experiment_of_the_queue_makes_the_same_bytes(
    undone, tmp_path, wanted
):
    made, seconds = wanted
    rng = np.random.default_rng(0)
    for number in range(KILLS_OF_EXPERIMENTS):
        project = undone.copy(tmp_path / str(number))
        killed_at = rng.uniform(2, seconds)
        for attempt in range(2):
            project.dvc("exp", "run", "--queue", "--name", f"again-{attempt}")
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            subprocess.run([*DVC, "queue", "start"], cwd=project.path, env=project.env, check=True, **quiet)  # type: ignore[call-overload]
            if attempt == 0:
                time.sleep(killed_at)
                for pid in stages_of(project):
                    with suppress(psutil.Error):
                        psutil.Process(pid).kill()
            end = time.monotonic() + 120
            while "Running" in (status := project.dvc("queue", "status")) or "Queued" in status:
                assert time.monotonic() < end, status
                time.sleep(0.5)
        project.dvc("exp", "apply", "again-1")
        assert results(project) == made, f"kill {number} after {killed_at} s"
