"""What goes wrong with a checkout is found, said in a line, and fixed when asked; then `dvc repro` works again.

What a kill leaves is made by killing the real dvc, or, where it would not happen every time, by the same bytes.
"""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from dvc.schema import COMPILED_LOCKFILE_SCHEMA
from dvc.utils.serialize import loads_yaml
from voluptuous import Invalid

from commands.doctor import lockfile
from commands.doctor.__main__ import main
from commands.doctor.checkout import Checkout
from commands.doctor.processes import running_processes
from stages.runtime.errors import run_or_exit
from stages.training.log import NOTIFICATION
from tests.pipeline.projects import Completed, Project, new, stages_run

DOCTOR = [sys.executable, "-m", "commands.doctor"]
DVC = [sys.executable, "-m", "dvc"]
MODEL = "data/model/model.safetensors"
NOTHING = "nothing is wrong here"
FOR_EVER: Mapping[str, object] = {"train.epochs": 100_000, "train.schedule": "constant"}


@pytest.fixture
def project(reproduced: Project, tmp_path) -> Project:
    """A copy of the reproduced project, in a folder whose name is not plain."""
    return reproduced.copy(tmp_path / "Ziffern für später")


@pytest.fixture
def plain(reproduced: Project, tmp_path) -> Project:
    """The same in a folder whose name DVC can write into its configuration."""
    return reproduced.copy(tmp_path / "Digits for later")


def doctor(project: Project, *flags: str) -> Completed:
    """What `python -m commands.doctor` does, in this process, which has DVC imported already."""
    said, failed = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        chdir(project.path),
        patch.dict(os.environ, project.env, clear=True),
        patch.object(sys, "argv", ["doctor", *flags]),
        redirect_stdout(said),
        redirect_stderr(failed),
    ):
        try:
            run_or_exit("doctor", main)
        except SystemExit as end:
            code = end.code
    assert (type(code), failed.getvalue()) == (int, ""), code
    return Completed(["doctor", *flags], int(str(code)), said.getvalue(), "")


def without_notes(examined: Completed) -> list[str]:
    return [line for line in examined.stdout.splitlines() if not line.startswith("note: ")]


def finds(project: Project, *places: str) -> str:
    """What the doctor says, who finds something at these places and at no other, and changes nothing."""
    before = everything(project)
    examined = doctor(project)
    assert examined.returncode == 1, examined.stdout
    *lines, last = without_notes(examined)
    assert [line.partition(": ")[0] for line in lines] == list(places), examined.stdout
    assert last == f"{len(places)} found, 0 fixed; `make doctor FIX=1` fixes what it can"
    assert everything(project) == before
    return examined.stdout


def fixes(project: Project, *places: str) -> str:
    """What the doctor says who finds the same and fixes it all; after that there is nothing to find."""
    finds(project, *places)
    treated = doctor(project, "--fix")
    assert treated.returncode == 0, treated.stdout
    *lines, last = without_notes(treated)
    assert [line.partition(": ")[0] for line in lines] == list(places), treated.stdout
    assert last == f"{len(places)} found, all fixed; `dvc repro` works again"
    assert without_notes(doctor(project)) == [NOTHING]
    return treated.stdout


def everything(project: Project) -> dict[str, tuple[int, float]]:
    """Size and time of every file, those of Python's own making aside."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime)
        for path in project.path.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def refused(project: Project, *command: str, because: str) -> None:
    """The trouble is real: this command of DVC or Git fails."""
    completed = project.run(*command)
    assert completed.returncode != 0
    assert because in completed.stderr


@contextmanager
def training(
    project: Project, *command: str, params: Mapping[str, object] = FOR_EVER
) -> Iterator[subprocess.Popen[str]]:
    """A command of DVC while it trains, by default for as long as it is let; at the end both are gone."""
    project.change(params)
    with subprocess.Popen(
        [*DVC, *command],
        cwd=project.path,
        env=project.env,
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
    assert "stopped by the end of the dvc that started it" in said


def test_nothing_is_wrong_with_a_project_that_has_just_run(project):
    before = everything(project)
    for flags in ([], ["--fix"]):
        examined = doctor(project, *flags)
        assert (examined.returncode, without_notes(examined)) == (0, [NOTHING])
    assert everything(project) == before


@pytest.mark.parametrize("content", ["", pytest.param('{"write": {"', marks=pytest.mark.slow)])
def test_a_damaged_list_of_users_of_files_is_removed(project, content):
    (project.path / ".dvc" / "tmp").mkdir()
    (project.path / ".dvc" / "tmp" / "rwlock").write_text(content)  # as 2 of 12 interruptions left it
    refused(project, *DVC, "repro", because="JSON structure is corrupted")
    fixes(project, ".dvc/tmp/rwlock")
    assert stages_run(project.dvc("repro")) == []


@pytest.mark.slow
def test_a_lock_in_the_name_of_a_number_that_another_process_has_now_is_removed(project):
    project.dvc("status")
    users = {str(project.path / "plots" / "loss_curve.png"): {"pid": 1, "cmd": "/usr/bin/dvc repro"}}
    (project.path / ".dvc" / "tmp" / "rwlock").write_text(json.dumps({"write": users, "read": {}}))
    project.change({"plot.misclassified": 3})
    refused(project, *DVC, "repro", because="is busy")
    assert "names process 1 (/usr/bin/dvc repro), which is gone" in fixes(project, ".dvc/tmp/rwlock")
    assert stages_run(project.dvc("repro")) == ["plot"]


def test_a_lock_of_git_that_was_left_behind_is_removed(project):
    (project.path / ".git" / "index.lock").touch()
    (project.path / "README.md").write_text("An edit.")
    refused(project, "git", "add", "README.md", because="File exists")
    fixes(project, ".git/index.lock")
    project.git("add", "README.md")


def test_it_fixes_nothing_while_a_process_runs_here_and_says_which(project):
    with training(project, "repro", "train") as process:
        before = (project.path / ".dvc" / "tmp" / "rwlock").read_text()
        completed = project.run(*DOCTOR, "--fix")
        assert completed.returncode == 1
        assert completed.stdout == ""
        assert completed.stderr.startswith("doctor: process ")
        assert "works in this repository" in completed.stderr
        shown = doctor(project).stdout.splitlines()
        assert any(line.startswith(f"process {process.pid} works in this repository") for line in shown)
        assert any("stages.train" in line for line in shown)
        assert (project.path / ".dvc" / "tmp" / "rwlock").read_text() == before


@pytest.mark.slow
@pytest.mark.long
def test_what_a_killed_repro_leaves_is_cleared_away(project):
    with training(project, "repro", "train") as process:
        kill(process)
    said = fixes(project, ".dvc/tmp/rwlock")
    assert f"names process {process.pid} " in said
    project.change({"train.epochs": 2})
    assert stages_run(project.dvc("repro")) == ["train", "evaluate", "plot", "export"]


@pytest.mark.slow
def test_what_a_killed_experiment_leaves_is_cleared_away(project):
    (project.path / "README.md").write_text("An edit.")
    with training(project, "exp", "run", "--name", "killed") as process:
        kill(process)
    assert project.run("git", "symbolic-ref", "HEAD").returncode != 0
    said = fixes(project, ".dvc/tmp/rwlock", "HEAD", ".git", ".dvc/tmp/exps/run/workspace")
    assert "on main again; the files are as they were" in said
    assert project.git("symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert (project.path / "README.md").read_text() == "An edit."
    project.change({"train.epochs": 2})
    project.dvc("exp", "run", "--name", "after")
    assert without_notes(doctor(project)) == [NOTHING]


@pytest.mark.slow
@pytest.mark.long
def test_what_a_killed_experiment_in_a_folder_of_its_own_leaves_is_cleared_away(plain):
    project = plain
    with training(project, "exp", "run", "--temp", "--name", "killed") as process:
        kill(process)
    assert "Running" in states(project)
    copy, *_ = project.path.glob(".dvc/tmp/exps/standalone/tmp*")
    state, *_ = project.path.glob(".dvc/tmp/exps/standalone/run/*")
    fixes(project, *(str(path.relative_to(project.path)) for path in (copy, state)))
    assert "Running" not in states(project)
    project.change({"train.epochs": 2})
    project.dvc("exp", "run", "--temp", "--name", "after")
    assert without_notes(doctor(project)) == [NOTHING]
    assert stages_run(project.dvc("repro", "train")) == []  # the experiment has made it


@pytest.mark.slow
@pytest.mark.long
def test_what_a_killed_worker_of_the_queue_leaves_is_cleared_away(plain):
    plain.change(FOR_EVER)
    plain.dvc("exp", "run", "--queue", "--name", "killed")
    start = [*DVC, "queue", "start"]  # the worker would hold a pipe open
    subprocess.run(
        start, cwd=plain.path, env=plain.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    try:
        # It has validated once: a trainer whose dvc is killed before that may not have seen who its parent was.
        wait_for((plain.path / NOTIFICATION).exists, plain)
    finally:
        for pid, command in running_processes(Checkout(plain.path)).items():
            if "stages." not in command:
                os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not running_processes(Checkout(plain.path)), plain)  # the trainer notices within an epoch
    copy, *_ = plain.path.glob(".dvc/tmp/exps/tmp*")
    state, *_ = plain.path.glob(".dvc/tmp/exps/run/*")
    said = fixes(plain, *(str(path.relative_to(plain.path)) for path in (copy, state)))
    assert "`dvc queue kill killed` has the queue call it failed" in said


def wait_for(event: Callable[[], bool], project: Project) -> None:
    end = time.monotonic() + 60
    while not event():
        assert time.monotonic() < end, running_processes(Checkout(project.path))
        time.sleep(0.2)


def states(project: Project) -> list[str]:
    table = csv.DictReader(project.dvc("exp", "show", "--csv").splitlines())
    return [row.get("State", "") for row in table]


def damage(project: Project, cache) -> None:
    """Damage the model in the cache, as a failing disk does: the file keeps its mode, by which DVC trusts it."""
    object_ = next(path for path in cache.glob("??/*") if path.read_bytes() == (project.path / MODEL).read_bytes())
    content = bytearray(object_.read_bytes())
    content[-1] ^= 1
    object_.chmod(0o644)
    object_.write_bytes(content)
    object_.chmod(0o444)


@pytest.mark.parametrize("elsewhere", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_damaged_object_and_what_was_restored_from_it_are_removed(plain, elsewhere, tmp_path):
    project = plain
    cache = project.path / ".dvc" / "cache"
    if elsewhere:
        cache = cache.rename(tmp_path / "a store")
        project.dvc("cache", "dir", "--local", str(cache))
    model = (project.path / MODEL).read_bytes()
    damage(project, cache / "files" / "md5")
    (project.path / MODEL).unlink()
    project.dvc("checkout")
    assert (project.path / MODEL).read_bytes() != model
    assert "up to date" in project.dvc("status")  # DVC itself sees nothing
    *lines, _ = without_notes(doctor(project))
    places = [line.partition(": ")[0] for line in lines]
    assert len(places) == 2, lines
    assert places[1] == MODEL
    assert places[0].startswith(str(cache) if elsewhere else ".dvc/cache/files/md5/")
    treated = doctor(project, "--fix")
    assert "is damaged: its MD5 is not its name" in treated.stdout
    assert "data/model, which dvc.lock names; `dvc repro` makes it again" in treated.stdout
    assert stages_run(project.dvc("repro")) == ["train"]
    assert (project.path / MODEL).read_bytes() == model
    assert without_notes(doctor(project)) == [NOTHING]
    assert project.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_where_nothing_is_cached_and_no_remote_is_set_repro_makes_it_again(project):
    shutil.rmtree(project.path / ".dvc" / "cache")
    said = finds(project, ".dvc/cache/files/md5")
    assert (
        "lacks data/raw, data/preprocessed, data/model, data/predictions, data/export, which dvc.lock names; "
        "`dvc repro`" in said
    )
    treated = doctor(project, "--fix")
    assert treated.returncode == 1
    assert treated.stdout.endswith("1 found, 0 fixed\n")
    assert "train" in stages_run(project.dvc("repro"))
    assert without_notes(doctor(project)) == [NOTHING]
    assert project.git("status", "--porcelain") == ""


@pytest.mark.slow
def test_where_nothing_is_cached_it_is_fetched_from_the_remote(project, tmp_path):
    project.dvc("remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    project.dvc("push")
    for name in (".dvc/cache", "data/raw", "data/preprocessed", "data/model", "data/predictions"):
        shutil.rmtree(project.path / name)
    fixes(project, ".dvc/cache/files/md5")
    project.dvc("checkout")
    assert stages_run(project.dvc("repro")) == []


@pytest.mark.slow
def test_what_the_remote_lacks_too_is_not_called_fixed(project, tmp_path):
    project.dvc("remote", "add", "--local", "--default", "store", str(tmp_path / "store"))
    shutil.rmtree(project.path / ".dvc" / "cache")
    treated = doctor(project, "--fix")
    assert treated.returncode == 1
    assert "not fixed: " in treated.stdout


def test_without_git_it_says_how_to_do_without(reproduced, tmp_path):
    project = new(tmp_path / "Ziffern für später", reproduced.env)
    refused(project, *DVC, "repro", because="is not a git repository")
    assert "`git init`, or `dvc config --local core.no_scm true`" in finds(project, ".git")
    said = fixes(project, ".git")
    assert "note: core.no_scm is set: DVC works without Git, but for `dvc exp`, `dvc params diff`" in said
    assert stages_run(project.dvc("repro", "download")) == ["download"]


def test_without_a_commit_it_says_what_dvc_refuses_and_leaves_the_commit_to_people(reproduced, tmp_path):
    project = new(tmp_path / "Ziffern für später", reproduced.env)
    project.git("init", "--quiet")
    refused(project, *DVC, "exp", "run", because="Empty git repo")
    said = finds(project, ".git")
    assert "holds no commit yet" in said
    assert "git commit" in said
    assert doctor(project, "--fix").returncode == 1


@pytest.mark.slow
def test_a_folder_for_what_dvc_remembers_that_cannot_be_written_is_replaced(plain, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "site"
    (tmp_path / "global").mkdir()
    (tmp_path / "global" / "config").write_text(f"[core]\n    site_cache_dir = {folder}\n")
    env = {**plain.env, "DVC_GLOBAL_CONFIG_DIR": str(tmp_path / "global")}
    del env["DVC_SITE_CACHE_DIR"]
    project = Project(plain.path, env)
    refused(project, *DVC, "repro", because="Not a directory")
    fixes(project, f"{folder}/repo")
    assert stages_run(project.dvc("repro")) == []
    assert project.git("status", "--porcelain") == ""

    env["DVC_SITE_CACHE_DIR"] = str(folder)
    completed = doctor(Project(project.path, env), "--fix")
    assert completed.returncode == 1
    assert "set DVC_SITE_CACHE_DIR, in the environment, to a folder that you may write" in completed.stdout


@pytest.mark.slow
def test_where_dvc_cannot_write_the_path_of_the_checkout_it_says_what_fails(project):
    project.change({"train.epochs": 2})
    refused(project, *DVC, "exp", "run", "--temp", because="'ascii' codec can't encode")
    left = [path for name in ("tmp*", "run/*") for path in project.path.glob(f".dvc/tmp/exps/standalone/{name}")]
    assert left
    fixes(project, *(str(path.relative_to(project.path)) for path in left))
    note, nothing = doctor(project).stdout.splitlines()
    assert note.startswith("note: the path of this checkout")
    assert "`dvc exp run --temp` and `--queue` fail here" in note
    assert nothing == NOTHING


def test_outside_of_a_checkout_it_says_where_to_go(project, tmp_path):
    env = {**project.env, "PYTHONPATH": str(project.path)}
    (tmp_path / "empty").mkdir()
    completed = Project(tmp_path / "empty", env).run(*DOCTOR)
    assert completed.returncode == 1
    assert "go to the folder that dvc.yaml is in" in completed.stderr


def test_make_doctor_builds_the_environment_first_if_there_is_none(project):
    wanted = project.run("make", "--dry-run", "doctor", "FIX=1").stdout
    assert wanted.index("Building the environment in .venv") < wanted.index("python -m commands.doctor --fix")
    assert "--fix" not in project.run("make", "--dry-run", "doctor").stdout


def test_a_file_that_a_killed_stage_was_writing_is_removed_but_for_a_checkpoint(project):
    left = "plots/training.csv.4711.part"
    checkpoint = ".dvc/tmp/checkpoints/0123/state.safetensors.4711.part"  # from which the next run may continue
    for name in (left, checkpoint):
        (project.path / name).parent.mkdir(parents=True, exist_ok=True)
        (project.path / name).write_text("half")
    fixes(project, left)
    assert not (project.path / left).exists()
    assert (project.path / checkpoint).exists()


@contextmanager
def process(folder: Path, *command: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command, under the name that it begins with, that works in a folder until the end."""
    program = shutil.which("sleep" if command[0] == "dvc" else command[0])
    with subprocess.Popen(
        command, executable=program, cwd=folder, env={**os.environ, **env}, stdout=subprocess.DEVNULL
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def leave_traces(project: Project, git: Path) -> list[Path]:
    """What a killed Git and a killed `dvc exp run` leave, and what those that run need."""
    for name in ("EXEC_BASELINE", "EXEC_MERGE"):
        project.git("update-ref", f"refs/exps/exec/{name}", "HEAD")
    left = [git / "index.lock", project.path / ".dvc/tmp/exps/tmp1/file"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [*left, git / "refs/exps/exec/EXEC_BASELINE", git / "refs/exps/exec/EXEC_MERGE"]


@pytest.fixture
def monorepo(project: Project, tmp_path) -> Project:
    """The project as a folder of a repository that has another project beside it."""
    (tmp_path / "repository" / "other").mkdir(parents=True)
    moved = Project(project.path.rename(tmp_path / "repository" / "digits"), project.env)
    (moved.path / ".git").rename(tmp_path / "repository" / ".git")
    (tmp_path / "repository" / "other" / "file").touch()
    moved.git("add", "--all", "..")
    moved.git("commit", "--quiet", "--message=Move")
    return moved


def assert_that_it_changes_nothing(project: Project, pid: int) -> None:
    """Neither asked to fix nor not; it says which process is why."""
    before = everything(project)
    assert_that_it_refuses(project, pid)
    assert f"process {pid} works in this repository" in doctor(project).stdout
    assert everything(project) == before


def assert_that_it_refuses(project: Project, pid: int) -> None:
    completed = project.run(*DOCTOR, "--fix")
    assert completed.returncode == 1
    assert completed.stdout == ""
    assert completed.stderr.startswith(f"doctor: process {pid} works in this repository (")
    assert len(completed.stderr.splitlines()) == 1


def test_while_dvc_works_in_another_worktree_it_changes_nothing(project, tmp_path):
    project.git("worktree", "add", "--quiet", "../second")
    left = leave_traces(project, project.path / ".git")
    with process(tmp_path / "second" / "docs", "dvc", "60") as running:
        assert_that_it_changes_nothing(project, running.pid)
    fixes(project, ".git/index.lock", ".git", ".dvc/tmp/exps/tmp1")
    assert [path.name for path in left if path.exists()] == ["EXEC_MERGE"]  # may be all that is left of edits


@pytest.mark.slow
def test_in_a_worktree_it_sees_who_works_in_the_repository_that_it_is_of(project, tmp_path):
    project.git("worktree", "add", "--quiet", "../second")
    second = Project(tmp_path / "second", project.env)
    leave_traces(second, project.path / ".git" / "worktrees" / "second")
    with process(project.path, "dvc", "60") as running:
        assert_that_it_changes_nothing(second, running.pid)


def test_while_a_commit_in_another_folder_of_the_repository_waits_for_its_editor_it_changes_nothing(monorepo):
    other = monorepo.path.parent / "other"
    (other / "file").write_text("An edit.")
    env = {**monorepo.env, "GIT_EDITOR": "sleep 60; false"}
    with process(other, "git", "commit", "--all", **env) as running:
        wait_for((other.parent / ".git" / "index.lock").exists, monorepo)
        assert_that_it_changes_nothing(monorepo, running.pid)
        assert (other.parent / ".git" / "index.lock").exists()


@pytest.mark.slow
def test_while_dvc_works_in_another_project_of_the_repository_it_changes_nothing(monorepo):
    leave_traces(monorepo, monorepo.path.parent / ".git")
    with process(monorepo.path.parent / "other", "dvc", "60") as running:
        assert_that_it_changes_nothing(monorepo, running.pid)
    lock = monorepo.path.parent / ".git" / "index.lock"
    fixes(monorepo, str(lock), ".git", ".dvc/tmp/exps/tmp1")


@pytest.mark.slow
@pytest.mark.long
def test_an_experiment_in_another_worktree_comes_to_its_end(project, tmp_path):
    project.git("worktree", "add", "--quiet", "../second")
    second = Project(tmp_path / "second", project.env)
    with training(second, "exp", "run", "--name", "kept", params={"train.learning_rate": 0.001}) as running:
        assert_that_it_refuses(project, running.pid)
        said, failed = running.communicate(timeout=100)
    assert running.returncode == 0, failed
    assert "Ran experiment(s): kept" in said
    assert "kept" in project.dvc("exp", "list", "--all-commits")
    assert without_notes(doctor(second)) == [NOTHING]


@pytest.mark.slow
@pytest.mark.long
def test_an_experiment_that_was_killed_and_run_again_leaves_a_head_that_a_note_tells_about(project):
    with training(project, "exp", "run") as process:
        kill(process)
    project.change({"train.epochs": 2})
    project.dvc("exp", "run")
    head, edits = project.git("rev-parse", "HEAD"), project.git("status", "--porcelain")
    assert project.run("git", "symbolic-ref", "HEAD").returncode != 0
    examined = doctor(project, "--fix")
    assert examined.returncode == 0
    assert "note: HEAD is on no branch, perhaps since a `dvc exp run` was killed" in examined.stdout
    assert "then `git checkout main`" in examined.stdout
    assert project.run("git", "symbolic-ref", "HEAD").returncode != 0
    project.git("checkout", "--quiet", "main")
    assert (project.git("rev-parse", "HEAD"), project.git("status", "--porcelain")) == (head, edits)
    assert "HEAD is" not in doctor(project).stdout


def test_a_head_on_a_commit_of_an_experiment_that_was_killed_is_put_back_on_its_branch(project):
    detach_as_dvc_does(project)
    (project.path / "README.md").write_text("An edit.")
    project.git("commit", "--all", "--quiet", "--message=dvc: commit experiment 0123abcd")
    project.git("update-ref", "refs/exps/01/23/done", "HEAD")
    project.git("symbolic-ref", "refs/exps/exec/EXEC_BRANCH", "refs/exps/01/23/done")
    said = fixes(project, "HEAD", ".git")
    assert "on main again; the files are as they were" in said
    assert project.git("for-each-ref", "--format=%(refname)", "refs/exps") == "refs/exps/01/23/done\n"
    assert project.git("status", "--porcelain") == " M README.md\n"
    assert project.git("symbolic-ref", "HEAD") == "refs/heads/main\n"


@pytest.mark.slow
@pytest.mark.parametrize("because", ["it was told so", "it has my commit", "another worktree has the branch"])
def test_a_head_of_which_it_is_not_sure_that_dvc_brought_it_off_its_branch_stays(project, because):
    project.git("update-ref", "refs/exps/exec/EXEC_BASELINE", "HEAD")  # of another worktree, perhaps
    if because == "it was told so":
        project.git("checkout", "--quiet", "--detach")
    else:
        detach_as_dvc_does(project)
    (project.path / "README.md").write_text("An edit.")
    commit = "Mine" if because == "it has my commit" else "dvc: commit experiment 0123abcd"
    project.git("commit", "--all", "--quiet", f"--message={commit}")
    if because == "another worktree has the branch":
        project.git("worktree", "add", "--quiet", "../second", "main")
    head = project.git("rev-parse", "HEAD")
    said = fixes(project, ".git")
    assert "note: HEAD is on no branch" in said
    assert "`git branch NAME` where you have committed" in said
    assert project.git("rev-parse", "HEAD") == head
    assert project.run("git", "symbolic-ref", "HEAD").returncode != 0


@pytest.mark.slow
def test_a_head_off_its_branch_and_edits_in_the_stash_of_git_are_left_to_people(project):
    (project.path / "README.md").write_text("An edit.")
    project.git("stash")  # as an experiment that was killed as it began has left it
    detach_as_dvc_does(project)
    said = finds(project, "HEAD")
    assert "then `git checkout main`, and look for edits that you miss in `git stash list`" in said
    assert doctor(project, "--fix").returncode == 1


def detach_as_dvc_does(project: Project) -> None:
    project.git("checkout", "--quiet", project.git("rev-parse", "HEAD").strip())


def test_locks_of_git_are_found_at_any_depth(project):
    project.git("worktree", "add", "--quiet", "../second")
    git = project.path / ".git"
    places = ["objects/86/x.lock", "packed-refs.lock", "refs/heads/x.lock", "worktrees/second/index.lock"]
    for place in [*places, "hooks/poetry.lock"]:
        (git / place).parent.mkdir(exist_ok=True)
        (git / place).touch()
    fixes(project, *(f".git/{place}" for place in places))
    assert (git / "hooks" / "poetry.lock").exists()


def test_a_dvc_lock_that_was_being_written_is_taken_from_git(project):
    lock = project.path / "dvc.lock"
    whole = lock.read_bytes()
    lock.write_bytes(b"")
    refused(project, *DVC, "status", because="validation failed")
    for content in (b"", whole[: whole.index(b"    params:")]):
        lock.write_bytes(content)
        fixes(project, "dvc.lock")
        assert lock.read_bytes() == whole


@pytest.mark.slow
@pytest.mark.parametrize("content", ["<<<<<<< HEAD\nstages:\n", ""])
def test_a_dvc_lock_that_is_not_whole_in_git_either_is_left_to_people(project, content):
    lock = project.path / "dvc.lock"
    lock.write_text(content)
    project.git("add", "dvc.lock")
    assert "`git checkout HEAD -- dvc.lock`" in finds(project, "dvc.lock")
    assert doctor(project, "--fix").returncode == 1
    assert lock.read_text() == content


def test_a_dvc_lock_that_dvc_may_have_written_stays_as_it_is(project):
    lock = project.path / "dvc.lock"
    whole = lock.read_text()
    alone = whole[: whole.index("  preprocess:\n")]  # as after `rm dvc.lock` and `dvc repro download`
    renamed = whole.replace("  plot:", "  plots:")
    longer = whole + "  compare:\n    cmd: make\n"
    other = whole.replace("size: 1", "size: 2")
    for content in (alone, renamed, longer, other, other[: other.index("  preprocess:\n")]):
        assert content != whole
        lock.write_text(content)
        examined = doctor(project, "--fix")
        assert "dvc.lock: " not in examined.stdout
        assert ("note: dvc.lock is the beginning of that in Git" in examined.stdout) == (content == alone)
        assert lock.read_text() == content


@pytest.mark.slow
def test_a_dvc_lock_that_repro_has_just_written_stays_as_it_is(retrained, tmp_path):
    project = retrained[0].copy(tmp_path / "project")
    before = (project.path / "dvc.lock").read_bytes()
    assert project.git("status", "--porcelain", "dvc.lock") == " M dvc.lock\n"
    assert without_notes(doctor(project, "--fix")) == [NOTHING]
    assert (project.path / "dvc.lock").read_bytes() == before


@pytest.mark.parametrize("last", ["preprocess", pytest.param("", marks=[pytest.mark.slow, pytest.mark.long])])
def test_a_dvc_lock_cut_at_any_byte_is_found_unless_dvc_runs_again_what_is_not_whole(reproduced, last):
    """DVC refuses what is no lock file to it, and runs a stage again whose outputs are not those in dvc.yaml."""
    whole = (reproduced.path / "dvc.lock").read_bytes()
    if last:
        whole = whole[: whole.index(b"\n  train:\n") + 1]
    stages = lockfile.locked_stages(whole) or {}
    assert last in ("", *stages)
    assert lockfile.damage(whole, whole) == lockfile.damage(whole) == ""
    for end in range(len(whole) - 1):
        cut = whole[:end]
        found = lockfile.damage(cut, whole)
        if not cut.endswith(b"\n"):  # DVC might read half a number or half a hash
            assert found, cut
        elif not found:
            assert dvc_accepts(cut)
            *before, (name, end_of_it) = (lockfile.locked_stages(cut) or {}).items()
            assert dict(before) == {name: stages[name] for name, _ in before}
            assert end_of_it["deps"] == stages[name]["deps"]
            assert end_of_it["params"] == stages[name]["params"]
            assert end_of_it["outs"][-1]["md5"]


def dvc_accepts(text: bytes) -> bool:
    """Does DVC's own reader take it for a lock file?"""
    try:
        COMPILED_LOCKFILE_SCHEMA(loads_yaml(text.decode()))
    except Invalid:
        return False
    return True


@pytest.mark.slow
@pytest.mark.long
def test_dvc_makes_whole_again_a_lock_that_is_not_found_to_be_damaged(project):
    lock = project.path / "dvc.lock"
    whole = lock.read_bytes()
    for place in (b"  plot:\n", b"    - path: plots/reliability.png\n"):
        lock.write_bytes(whole[: whole.index(place)])
        assert "note: dvc.lock is the beginning of that in Git" in doctor(project).stdout
        project.dvc("repro")
        assert lock.read_bytes() == whole


def test_a_folder_for_what_dvc_does_that_cannot_be_written_is_found(project):
    (project.path / ".dvc" / "tmp").touch()
    refused(project, *DVC, "status", because="File exists")
    assert 'sudo chown -R "$USER" .dvc/tmp' in finds(project, ".dvc/tmp")
    (project.path / ".dvc" / "tmp").unlink()
    assert without_notes(doctor(project)) == [NOTHING]
