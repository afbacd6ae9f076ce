"""What make does in a folder with a space and an umlaut in its name: with Git, before a commit, without."""

import shutil
import sys

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
    return project


@pytest.mark.slow
@needs_make
def test_repro_check_record_and_verify_work_whatever_the_path(reproduced, tmp_path):
    project = with_environment(reproduced.copy(tmp_path / "Ziffern für später"))
    assert "params.yaml is valid" in succeeded(project.run("make", "check"))
    said = succeeded(project.run("make", "repro"))
    assert "up to date" in said
    assert "of the 200 test images are classified correctly" in said
    project.change({"train.seed": 1})
    assert stages_run(succeeded(project.run("make", "repro"))) == ["train", "evaluate", "plot"]
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
    assert stages_run(said) == ["download", "preprocess", "train", "evaluate", "plot"]
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
