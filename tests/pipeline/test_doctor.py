"""What goes wrong with a checkout is found, said in a line, and fixed when asked; then `dvc repro` works again.

What a kill leaves is made by killing the real dvc, or, where it would not happen every time, by the same bytes.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from commands.doctor.processes import running_processes
from tests.pipeline.projects import Completed, Project, new, stages_run

DOCTOR = [sys.executable, "-m", "commands.doctor"]
DVC = [sys.executable, "-m", "dvc"]
MODEL = "data/model/model.safetensors"
NOTHING = "nothing is wrong here"
FOR_EVER = {"train.epochs": 1_000_000, "train.schedule": "constant"}


@pytest.fixture
def patient(reproduced: Project, tmp_path) -> Project:
    """A copy of the reproduced project, in a folder whose name is not plain."""
    return reproduced.copy(tmp_path / "Ziffern für später")


@pytest.fixture
def plain(reproduced: Project, tmp_path) -> Project:
    """The same in a folder whose name DVC can write into its configuration."""
    return reproduced.copy(tmp_path / "Digits for later")


def look(patient: Project, *flags: str) -> Completed:
    examined = patient.run(*DOCTOR, *flags)
    assert examined.stderr == "", examined.stderr
    return examined


def without_notes(examined: Completed) -> list[str]:
    return [line for line in examined.stdout.splitlines() if not line.startswith("note: ")]


def finds(patient: Project, *places: str) -> str:
    """What the doctor says, who finds something at these places and at no other, and changes nothing."""
    before = everything(patient)
    examined = look(patient)
    assert examined.returncode == 1, examined.stdout
    *lines, last = without_notes(examined)
    assert [line.partition(": ")[0] for line in lines] == list(places), examined.stdout
    assert last == f"{len(places)} found, 0 fixed; `make doctor FIX=1` fixes what it can"
    assert everything(patient) == before
    return examined.stdout


def fixes(patient: Project, *places: str) -> str:
    """What the doctor says who finds the same and fixes it all; after that there is nothing to find."""
    finds(patient, *places)
    treated = look(patient, "--fix")
    assert treated.returncode == 0, treated.stdout
    *lines, last = without_notes(treated)
    assert [line.partition(": ")[0] for line in lines] == list(places), treated.stdout
    assert last == f"{len(places)} found, all fixed; `dvc repro` works again"
    assert without_notes(look(patient)) == [NOTHING]
    return treated.stdout


def everything(patient: Project) -> dict[str, tuple[int, float]]:
    """Size and time of every file, those of Python's own making aside."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime)
        for path in patient.path.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def refused(patient: Project, *command: str, because: str) -> None:
    """The trouble is real: this command of DVC or Git fails."""
    completed = patient.run(*command)
    assert completed.returncode != 0
    assert because in completed.stderr


@contextmanager
def training(patient: Project, *command: str) -> Iterator[subprocess.Popen[str]]:
    """A command of DVC while it trains for as long as it is let; at the end both are gone."""
    patient.change(FOR_EVER)
    with subprocess.Popen(
        [*DVC, *command],
        cwd=patient.path,
        env=patient.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout
            while line := process.stdout.readline():
                if line.startswith("epoch 2 of "):
                    break
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a DVC, and wait until its trainer has noticed that."""
    process.kill()
    _, said = process.communicate(timeout=30)
    assert "the dvc that started this run is gone" in said


def test_nothing_is_wrong_with_a_project_that_has_just_run(patient):
    before = everything(patient)
    for flags in ([], ["--fix"]):
        examined = look(patient, *flags)
        assert (examined.returncode, without_notes(examined)) == (0, [NOTHING])
    assert everything(patient) == before


@pytest.mark.parametrize("content", ["", pytest.param('{"write": {"', marks=pytest.mark.slow)])
def test_a_damaged_list_of_users_of_files_is_removed(patient, content):
    patient.dvc("status")
    (patient.path / ".dvc" / "tmp" / "rwlock").write_text(content)  # as 2 of 12 interruptions left it
    refused(patient, *DVC, "repro", because="JSON structure is corrupted")
    fixes(patient, ".dvc/tmp/rwlock")
    assert stages_run(patient.dvc("repro")) == []


@pytest.mark.slow
def test_a_lock_in_the_name_of_a_number_that_another_process_has_now_is_removed(patient):
    patient.dvc("status")
    users = {str(patient.path / "plots" / "loss_curve.png"): {"pid": 1, "cmd": "/usr/bin/dvc repro"}}
    (patient.path / ".dvc" / "tmp" / "rwlock").write_text(json.dumps({"write": users, "read": {}}))
    patient.change({"plot.misclassified": 3})
    refused(patient, *DVC, "repro", because="is busy")
    assert "names process 1 (/usr/bin/dvc repro), which is gone" in fixes(patient, ".dvc/tmp/rwlock")
    assert stages_run(patient.dvc("repro")) == ["plot"]


def test_a_lock_of_git_that_was_left_behind_is_removed(patient):
    (patient.path / ".git" / "index.lock").touch()
    (patient.path / "README.md").write_text("An edit.")
    refused(patient, "git", "add", "README.md", because="File exists")
    fixes(patient, ".git/index.lock")
    patient.git("add", "README.md")


def test_it_fixes_nothing_while_a_process_runs_here_and_says_which(patient):
    with training(patient, "repro", "train") as process:
        before = (patient.path / ".dvc" / "tmp" / "rwlock").read_text()
        completed = patient.run(*DOCTOR, "--fix")
        assert completed.returncode == 1
        assert completed.stdout == ""
        assert completed.stderr.startswith("doctor: process ")
        assert "runs in this checkout" in completed.stderr
        shown = look(patient).stdout.splitlines()
        assert any(line.startswith(f"process {process.pid} runs in this checkout") for line in shown)
        assert any("stages.train" in line for line in shown)
        assert (patient.path / ".dvc" / "tmp" / "rwlock").read_text() == before


@pytest.mark.slow
def test_what_a_killed_repro_leaves_is_cleared_away(patient):
    with training(patient, "repro", "train") as process:
        kill(process)
    said = fixes(patient, ".dvc/tmp/rwlock")
    assert f"names process {process.pid} " in said
    patient.change({"train.epochs": 2})
    assert stages_run(patient.dvc("repro")) == ["train", "evaluate", "plot"]


@pytest.mark.slow
def test_what_a_killed_experiment_leaves_is_cleared_away(patient):
    (patient.path / "README.md").write_text("An edit.")
    with training(patient, "exp", "run", "--name", "killed") as process:
        kill(process)
    assert patient.run("git", "symbolic-ref", "HEAD").returncode != 0
    said = fixes(patient, ".dvc/tmp/rwlock", "HEAD", ".git", ".dvc/tmp/exps/run/workspace")
    assert "on main again; the files are as they were" in said
    assert patient.git("symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert (patient.path / "README.md").read_text() == "An edit."
    patient.change({"train.epochs": 2})
    patient.dvc("exp", "run", "--name", "after")
    assert without_notes(look(patient)) == [NOTHING]


@pytest.mark.slow
def test_what_a_killed_experiment_in_a_folder_of_its_own_leaves_is_cleared_away(plain):
    patient = plain
    with training(patient, "exp", "run", "--temp", "--name", "killed") as process:
        kill(process)
    assert "Running" in states(patient)
    copy, *_ = patient.path.glob(".dvc/tmp/exps/standalone/tmp*")
    state, *_ = patient.path.glob(".dvc/tmp/exps/standalone/run/*")
    fixes(patient, *(str(path.relative_to(patient.path)) for path in (copy, state)))
    assert "Running" not in states(patient)
    patient.change({"train.epochs": 2})
    patient.dvc("exp", "run", "--temp", "--name", "after")
    assert without_notes(look(patient)) == [NOTHING]
    assert stages_run(patient.dvc("repro", "train")) == []  # the experiment has made it


@pytest.mark.slow
def test_what_a_killed_worker_of_the_queue_leaves_is_cleared_away(plain):
    plain.change(FOR_EVER)
    plain.dvc("exp", "run", "--queue", "--name", "killed")
    start = [*DVC, "queue", "start"]  # the worker would hold a pipe open
    subprocess.run(
        start, cwd=plain.path, env=plain.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    try:
        wait_for(
            lambda: any("stages.train" in command for command in running_processes(plain.path).values()), plain
        )
    finally:
        for pid, command in running_processes(plain.path).items():
            if "stages." not in command:
                os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not running_processes(plain.path), plain)  # the trainer notices within an epoch
    copy, *_ = plain.path.glob(".dvc/tmp/exps/tmp*")
    state, *_ = plain.path.glob(".dvc/tmp/exps/run/*")
    said = fixes(plain, *(str(path.relative_to(plain.path)) for path in (copy, state)))
    assert "`dvc queue kill killed` has the queue call it failed" in said


def wait_for(event: Callable[[], bool], patient: Project) -> None:
    end = time.monotonic() + 60
    while not event():
        assert time.monotonic() < end, running_processes(patient.path)
        time.sleep(0.2)


def states(patient: Project) -> list[str]:
    table = csv.DictReader(patient.dvc("exp", "show", "--csv").splitlines())
    return [row.get("State", "") for row in table]


def damage(patient: Project, cache) -> None:
    """Damage the model in the cache, as a failing disk does: the file keeps its mode, by which DVC trusts it."""
    object_ = next(path for path in cache.glob("??/*") if path.read_bytes() == (patient.path / MODEL).read_bytes())
    content = bytearray(object_.read_bytes())
    content[-1] ^= 1
    object_.chmod(0o644)
    object_.write_bytes(content)
    object_.chmod(0o444)


@pytest.mark.parametrize("elsewhere", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_damaged_object_and_what_was_restored_from_it_are_removed(plain, elsewhere, tmp_path):
    patient = plain
    cache = patient.path / ".dvc" / "cache"
    if elsewhere:
        cache = cache.rename(tmp_path / "a store")
        patient.dvc("cache", "dir", "--local", str(cache))
    model = (patient.path / MODEL).read_bytes()
    damage(patient, cache / "files" / "md5")
    (patient.path / MODEL).unlink()
    patient.dvc("checkout")
    assert (patient.path / MODEL).read_bytes() != model
    assert "up to date" in patient.dvc("status")  # DVC itself sees nothing
    said = look(patient).stdout
    *lines, _ = without_notes(look(patient))
    places = [line.partition(": ")[0] for line in lines]
    assert len(places) == 2, said
    assert places[1] == MODEL
    assert places[0].startswith(str(cache) if elsewhere else ".dvc/cache/files/md5/")
    treated = look(patient, "--fix")
    assert "is damaged: its MD5 is not its name" in treated.stdout
    assert "data/model, which dvc.lock names; `dvc repro` makes it again" in treated.stdout
    assert stages_run(patient.dvc("repro")) == ["train"]
    assert (patient.path / MODEL).read_bytes() == model
    assert without_notes(look(patient)) == [NOTHING]
    assert patient.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_where_nothing_is_cached_and_no_remote_is_set_repro_makes_it_again(patient):
    shutil.rmtree(patient.path / ".dvc" / "cache")
    said = finds(patient, ".dvc/cache/files/md5")
    assert (
        "lacks data/raw, data/preprocessed, data/model, data/predictions, which dvc.lock names; `dvc repro`"
        in said
    )
    treated = look(patient, "--fix")
    assert treated.returncode == 1
    assert treated.stdout.endswith("1 found, 0 fixed\n")
    assert "train" in stages_run(patient.dvc("repro"))
    assert without_notes(look(patient)) == [NOTHING]
    assert patient.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_where_nothing_is_cached_it_is_fetched_from_the_remote(patient, tmp_path):
    patient.dvc("remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    patient.dvc("push")
    for name in (".dvc/cache", "data/raw", "data/preprocessed", "data/model", "data/predictions"):
        shutil.rmtree(patient.path / name)
    fixes(patient, ".dvc/cache/files/md5")
    patient.dvc("checkout")
    assert stages_run(patient.dvc("repro")) == []


@pytest.mark.slow
def test_what_the_remote_lacks_too_is_not_called_fixed(patient, tmp_path):
    patient.dvc("remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    shutil.rmtree(patient.path / ".dvc" / "cache")
    treated = look(patient, "--fix")
    assert treated.returncode == 1
    assert "not fixed: " in treated.stdout


def test_without_git_it_says_how_to_do_without(reproduced, tmp_path):
    patient = new(tmp_path / "Ziffern für später", reproduced.env)
    refused(patient, *DVC, "repro", because="is not a git repository")
    assert "`git init`, or `dvc config --local core.no_scm true`" in finds(patient, ".git")
    said = fixes(patient, ".git")
    assert "note: core.no_scm is set: DVC works without Git, but for `dvc exp`, `dvc params diff`" in said
    assert stages_run(patient.dvc("repro", "download")) == ["download"]


def test_without_a_commit_it_says_what_dvc_refuses_and_leaves_the_commit_to_people(reproduced, tmp_path):
    patient = new(tmp_path / "Ziffern für später", reproduced.env)
    patient.git("init", "--quiet")
    refused(patient, *DVC, "exp", "run", because="Empty git repo")
    said = finds(patient, ".git")
    assert "holds no commit yet" in said
    assert "git commit" in said
    assert look(patient, "--fix").returncode == 1


@pytest.mark.slow
def test_a_folder_for_what_dvc_remembers_that_cannot_be_written_is_replaced(plain, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "site"
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "config").write_text(f"[core]\n    site_cache_dir = {folder}\n")
    env = {**plain.env, "DVC_GLOBAL_CONFIG_DIR": str(tmp_path / "global")}
    del env["DVC_SITE_CACHE_DIR"]
    patient = Project(plain.path, env)
    refused(patient, *DVC, "repro", because="Not a directory")
    fixes(patient, f"{folder}/repo")
    assert stages_run(patient.dvc("repro")) == []
    assert patient.git("status", "--porcelain") == ""

    env["DVC_SITE_CACHE_DIR"] = str(folder)
    told = look(Project(patient.path, env), "--fix")
    assert told.returncode == 1
    assert "set DVC_SITE_CACHE_DIR, in the environment, to a folder that you may write" in told.stdout


def test_a_lock_file_that_is_no_yaml_is_one_line(patient):
    (patient.path / "dvc.lock").write_text("<<<<<<< HEAD\nstages:\n")
    completed = patient.run(*DOCTOR)
    assert completed.returncode == 1
    assert completed.stderr.startswith("doctor: dvc.lock, line ")
    assert len(completed.stderr.splitlines()) == 1


@pytest.mark.slow
def test_where_dvc_cannot_write_the_path_of_the_checkout_it_says_what_fails(patient):
    patient.change({"train.epochs": 2})
    refused(patient, *DVC, "exp", "run", "--temp", because="'ascii' codec can't encode")
    left = [path for name in ("tmp*", "run/*") for path in patient.path.glob(f".dvc/tmp/exps/standalone/{name}")]
    assert left
    fixes(patient, *(str(path.relative_to(patient.path)) for path in left))
    note, nothing = look(patient).stdout.splitlines()
    assert note.startswith("note: the path of this checkout")
    assert "`dvc exp run --temp` and `--queue` fail here" in note
    assert nothing == NOTHING


def test_outside_of_a_checkout_it_says_where_to_go(patient, tmp_path):
    env = {**patient.env, "PYTHONPATH": str(patient.path)}
    (tmp_path / "empty").mkdir()
    completed = Project(tmp_path / "empty", env).run(*DOCTOR)
    assert completed.returncode == 1
    assert "go to the folder that dvc.yaml is in" in completed.stderr


def test_make_doctor_builds_the_environment_first_if_there_is_none(patient):
    wanted = patient.run("make", "--dry-run", "doctor", "FIX=1").stdout
    assert wanted.index("Building the environment in .venv") < wanted.index("python -m commands.doctor --fix")
    assert "--fix" not in patient.run("make", "--dry-run", "doctor").stdout
