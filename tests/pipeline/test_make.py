"""What make does in a folder with a space and an umlaut in its name: with Git, before a commit, without."""

import hashlib
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import ROOT
from tests.pipeline.projects import Project, new, stages_run, succeeded

PAGE = ROOT / "docs" / "experiments-with-dvc.md"
NEW = {  # how a project begins that has no history
    "without git": (sys.executable, "-m", "dvc", "config", "--local", "core.no_scm", "true"),
    "without a commit": ("git", "init", "--quiet"),
}
REFUSED = {  # what DVC does not do there
    "without git": (
        "diff", "params diff", "metrics diff", "plots diff", "exp show", "exp list", "exp save", "exp apply x",
        "exp run", "queue status",
    ),
    "without a commit": ("exp list", "exp save", "exp apply x", "exp run"),
}  # fmt: skip

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def with_environment(project: Project) -> Project:
    """Tell the Makefile that the environment is there: this one, which is first on PATH."""
    folder = project.path / ".venv"
    folder.mkdir()
    (folder / "python").write_text(f"{project.path}\npython3\n", "utf-8")
    (folder / "repro").touch()
    (folder / "dev").touch()
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    (folder / "bin" / "python").chmod(0o755)
    return project


def with_wheels(folder: Path) -> dict[str, str]:
    """Lock files that ask for two packages of our own, and what has pip find those, and nothing else."""
    lock = ""
    for name in ("setuptools", "tiny"):
        wheel, info = folder / f"{name}-99-py3-none-any.whl", f"{name}-99.dist-info"
        with zipfile.ZipFile(wheel, "w") as file:
            file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 99\n")
            file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            file.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
        lock += f"{name}==99 \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    for lock_file in ("requirements.lock", "requirements-dev.lock"):
        (folder / lock_file).write_text(lock, "utf-8")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": folder.as_uri()}


@pytest.mark.slow
@needs_make
def test_the_environment_is_built_once_by_two_makes_and_again_without_its_python_whatever_is_set(env, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    installed = tmp_path / "elsewhere" / "tiny-99.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 99\n", "utf-8")
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n", "utf-8")
    elsewhere = str(installed.parent)
    odd = {"PYTHONPATH": elsewhere, "PYTHONHOME": elsewhere, "PIP_USER": "1", "PIP_TARGET": elsewhere}
    odd |= {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), **with_wheels(tmp_path)}
    project = Project(tmp_path, {**env, **odd})
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(project.run, ["make"] * 2, [".venv/repro", ".venv/dev"]))
    said = "".join(map(succeeded, both))
    assert said.count("Building the environment") == 1
    assert "Another make builds the environment in .venv; waiting for it" in said

    assert "up to date" in succeeded(project.run("make", ".venv/dev"))
    python = tmp_path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(tmp_path / "removed")
    assert "Building the environment" in succeeded(project.run("make", ".venv/dev"))
    assert list((tmp_path / ".venv").glob("lib/python*/site-packages/tiny-99.dist-info"))
    assert list(installed.parent.iterdir()) == [installed]


@needs_make
def test_make_names_what_can_be_made_each_with_its_purpose(workspace):
    lines = succeeded(workspace.run("make", "--no-print-directory", "help")).splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines[:3]] == ["help", "repro", "test"]
    assert lines[2].endswith("  Run every test that is not marked slow")


@needs_make
def test_make_finds_the_packages_of_the_checkout_although_python_is_to_look_elsewhere(workspace):
    odd = {"PYTHONSAFEPATH": "1", "PYTHONPATH": "elsewhere", "PYTHONHOME": "nowhere"}
    assert "params.yaml is valid" in succeeded(with_environment(workspace).run("make", "check", env=odd))


@pytest.mark.slow
@needs_make
def test_repro_check_record_and_verify_work_whatever_the_path(reproduced, tmp_path):
    project = with_environment(reproduced.copy(tmp_path / "Ziffern für später"))
    assert "params.yaml is valid" in succeeded(project.run("make", "check"))
    said = succeeded(project.run("make", "repro"))
    assert "up to date" in said
    assert "of the 200 test images are classified correctly" in said
    project.change({"train.seed": 1})
    assert stages_run(succeeded(project.run("make", "repro"))) == ["train", "evaluate", "plot", "export"]
    succeeded(project.run("make", "record"))
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message=Another seed")
    said = succeeded(project.run("make", "verify", f"KEEP={tmp_path / 'für später'}", env={"DATASET_MIRROR": ""}))
    assert "every hash is the one in dvc.lock" in said
    assert (tmp_path / "für später" / "clone" / "data" / "model" / "model.safetensors").exists()


@pytest.mark.slow
@pytest.mark.long
@needs_make
@pytest.mark.parametrize("kind", NEW)
def test_without_history_the_pipeline_works_and_dvc_refuses_what_the_page_says(reproduced, tmp_path, kind):
    project = with_environment(new(tmp_path / "Ziffern für später", reproduced.env))
    succeeded(project.run(*NEW[kind]))
    said = succeeded(project.run("make", "repro"))
    assert stages_run(said) == ["download", "preprocess", "train", "evaluate", "plot", "export"]
    assert "up to date" in succeeded(project.run("make", "repro"))
    for name in ("data/model/model.safetensors", "metrics/test.json", "plots/loss_curve.png"):
        assert project.made()[name] == reproduced.made()[name]
    assert "accuracy" in project.dvc("metrics", "show")
    project.dvc("plots", "show")
    assert "Learning rate" in (project.path / "dvc_plots" / "index.html").read_text("utf-8")

    page = PAGE.read_text("utf-8")
    for command in REFUSED[kind]:
        completed = project.run(sys.executable, "-m", "dvc", *command.split())
        assert completed.returncode != 0, command
        assert f"`dvc {command.removesuffix(' x')}`" in page
    assert project.run("make", "verify").returncode == 2  # of make, whatever the code was
