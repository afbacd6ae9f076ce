"""A recipe as DVC sees it."""

import sys

from tests.pipeline.projects import refusal, succeeded

RECIPE = (sys.executable, "-m", "commands.recipe")


def test_a_recipe_asks_for_training_and_git_brings_the_committed_parameters_back(project):
    said = succeeded(project.run(*RECIPE, "first"))
    listed = {line.split(":")[0] for line in said.splitlines() if " -> " in line}
    rows = [line.split() for line in project.dvc("params", "diff").splitlines()]
    assert {row[1] for row in rows[1:]} == listed
    assert "train.hidden" in listed
    assert "train:" in project.dvc("status")

    project.git("checkout", "--", "params.yaml")
    assert "up to date" in project.dvc("status")


def test_what_exp_run_leaves_in_params_is_an_edit_that_a_recipe_does_not_overwrite(project):
    project.dvc("exp", "run", "--set-param", "train.seed=7", "preprocess")
    before = (project.path / "params.yaml").read_bytes()
    assert "--force" in refusal(project.run(*RECIPE, "quick"))
    assert (project.path / "params.yaml").read_bytes() == before
