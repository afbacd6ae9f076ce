"""What `dvc repro` does: the same bytes everywhere, nothing twice, and only what a change asks for."""

import csv
import sys
from types import MappingProxyType

import pytest

from stages.formats.datasets import DATASETS
from tests.pipeline.projects import Project, new, stages_run, succeeded

ALL = ["download", "preprocess", "train", "evaluate", "plot", "export"]
MADE_AT_LEAST = {
    "data/export/MODEL_CARD.md",
    "data/export/model.onnx",
    "data/model/model.safetensors",
    "data/predictions/test.json",
    "data/predictions/test.npy",
    "data/predictions/validation.json",
    "data/predictions/validation.npy",
    "data/preprocessed/dataset.json",
    "metrics/test.json",
    "metrics/train.json",
    "plots/calibration.csv",
    "plots/confusion.csv",
    "plots/confusion_matrix.png",
    "plots/misclassified.png",
    "plots/reliability.png",
    "plots/robustness.csv",
    "plots/robustness.png",
    "plots/training.csv",
    "plots/validation.csv",
    "dvc.lock",
}


def clone(project, path, env=MappingProxyType({})):
    """A clone as on another machine: nothing in the cache, and what is in `env` in the environment."""
    project.git("clone", "--quiet", str(project.path), str(path))
    return Project(path, {**project.env, **env})


def test_repro_makes_the_same_bytes_in_a_fresh_clone_whatever_its_path(reproduced, tmp_path):
    # What differs between machines: seed of string hashes, threads, time zone, language, fonts known so far.
    other = {"PYTHONHASHSEED": "7", "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "TZ": "Asia/Tokyo"}
    env = {**other, "LC_ALL": "C", "MPLCONFIGDIR": str(tmp_path / "fonts")}
    fresh = clone(reproduced, tmp_path / "Ziffern für später", env)
    fresh.git("checkout", "--quiet", "start")
    assert stages_run(fresh.dvc("repro")) == ALL
    made = fresh.made()
    assert made.keys() >= MADE_AT_LEAST
    assert made == reproduced.made()


def test_train_saves_the_same_bytes_with_any_number_of_threads_and_any_hash_seed(workspace):
    expected = workspace.made()
    for seed, threads in (("0", "1"), ("1", "2")):
        (workspace.path / "data" / "model" / "model.safetensors").unlink()
        env = {"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        succeeded(workspace.stage("train", env=env))
        assert workspace.made() == expected, env


def test_a_second_repro_does_nothing_and_says_so(reproduced):
    before = reproduced.made()
    said = reproduced.dvc("repro")
    assert stages_run(said) == []
    assert "Data and pipelines are up to date." in said
    assert reproduced.made() == before
    assert reproduced.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("name", "value", "target", "run"),
    [
        ("plot.misclassified", 3, "plot", ["plot"]),
        ("evaluate.batch_size", 200, "evaluate", ["evaluate"]),
        ("export.onnx", False, "export", ["export"]),
        ("preprocess.seed", 1, "train", ["preprocess", "train"]),
    ],
)
def test_a_changed_parameter_runs_no_stage_before_its_own(project, name, value, target, run):
    project.change({name: value})
    assert stages_run(project.dvc("repro", target)) == run


def test_a_changed_parameter_of_train_trains_but_does_not_preprocess_again(retrained):
    _, said = retrained
    assert stages_run(said) == ["train", "evaluate", "plot", "export"]


def test_parameters_that_dvc_has_seen_come_back_without_training(retrained, tmp_path):
    project = retrained[0].copy(tmp_path / "project")
    project.change({"train.learning_rate": 0.0002})
    said = project.dvc("repro")
    assert stages_run(said) == []
    assert "Stage 'train' is cached" in said
    assert project.git("status", "--porcelain", "--", *("data", "metrics", "plots", "dvc.lock")) == ""


def test_other_sources_invalidate_nothing(project):
    sources = {name: [f"https://example.org/{name}"] for name in DATASETS}
    project.change({"download.sources": sources})
    assert "Data and pipelines are up to date." in project.dvc("status")


def test_a_dry_run_says_that_the_lock_is_current_even_where_nothing_is_cached(reproduced, tmp_path):
    for project in (reproduced, clone(reproduced, tmp_path / "clone")):
        assert "Data and pipelines are up to date." in project.dvc("repro", "--dry", "--allow-missing")


def test_a_dry_run_names_the_first_stage_that_changed_code_or_parameters_ask_for(reproduced, tmp_path):
    fresh = clone(reproduced, tmp_path / "clone")
    command = [sys.executable, "-m", "dvc", "repro", "--dry", "--allow-missing"]

    fresh.change({"plot.misclassified": 11})
    completed = fresh.run(*command)
    assert completed.returncode != 0
    assert "'plot'" in completed.stderr
    assert "'train'" not in completed.stderr

    with (fresh.path / "nn" / "losses.py").open("a") as file:
        file.write("\n# An edit.\n")
    completed = fresh.run(*command)
    assert completed.returncode != 0
    assert "'train'" in completed.stderr


def test_a_dry_run_lists_what_would_run(project):
    project.change({"train.seed": 1})
    before = project.made()
    said = project.dvc("repro", "--dry", "--allow-missing")
    assert stages_run(said)[0] == "train"
    assert project.made() == before


@pytest.mark.parametrize(
    "begin",
    [("git", "init", "--quiet"), (sys.executable, "-m", "dvc", "config", "--local", "core.no_scm", "true")],
    ids=["without a commit", "without git"],
)
def test_repro_metrics_and_plots_need_no_history(reproduced, tmp_path, begin):
    project = new(tmp_path / "project", reproduced.env)
    succeeded(project.run(*begin))
    assert stages_run(project.dvc("repro", "evaluate")) == ALL[:-2]
    for name in ("data/model/model.safetensors", "metrics/test.json"):
        assert project.made()[name] == reproduced.made()[name]
    assert "accuracy" in project.dvc("metrics", "show")
    project.dvc("plots", "show", "Loss")
    assert '"rev": "workspace"' in (project.path / "dvc_plots" / "index.html").read_text("utf-8")


def test_the_whole_pipeline_works_without_validation_images(project):
    project.change({"preprocess.validation_size": 0})
    said = project.dvc("repro")
    assert stages_run(said) == ["preprocess", "train", "evaluate", "plot", "export"]
    assert "validation" not in said

    train, validation, test = (project.found(name) for name in ("train", "validation", "test"))
    assert train["train_loss"] > 0
    assert train["val_loss"] is train["val_accuracy"] is None
    assert validation["images"] == validation["errors"] == 0
    for name in ("accuracy", "error_rate", "error_rate_low", "error_rate_high", "loss"):
        assert validation[name] is None
    assert test["images"] == 200

    with (project.path / "plots" / "validation.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["loss"], row["accuracy"]) for row in rows} == {("", "")}
    assert all(float(row["train_loss"]) > 0 for row in rows)

    project.dvc("plots", "show")
    assert '"text": "Loss: ' in (project.path / "dvc_plots" / "index.html").read_text()
