"""What DVC's extension of VS Code asks `dvc` for, and what it watches, as its source has them (its command lines,
the types of the answers, the file DVCLIVE_STEP_COMPLETED)."""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.training.log import NOTIFICATION
from tests.pipeline.projects import Project

FOR_EVERY_CHART = ("<DVC_METRIC_DATA>", "<DVC_METRIC_TITLE>", "<DVC_METRIC_X_LABEL>", "<DVC_METRIC_Y_LABEL>")
FOR_ITS_SIZE_AND_COLORS = ("<DVC_METRIC_PLOT_WIDTH>", "<DVC_METRIC_PLOT_HEIGHT>", "<DVC_METRIC_COLOR>")
METRICS = {"metrics/train.json", "metrics/test.json"}


@pytest.fixture(scope="module")
def two_commits(retrained, tmp_path_factory) -> Project:
    """A project with another learning rate in its last commit."""
    project: Project = retrained[0].copy(tmp_path_factory.mktemp("two commits") / "project")
    project.git("commit", "--quiet", "--all", "--message=Another learning rate")
    return project


def declared(project):
    """The ids of all plots in dvc.yaml."""
    content = YAML(typ="safe").load((project.path / "dvc.yaml").read_text("utf-8"))
    stages = [plot for stage in content["stages"].values() for plot in stage.get("plots", [])]
    return {name for plot in [*stages, *content["plots"]] for name in plot}


def test_every_plot_is_there_for_both_of_two_commits_and_ready_for_the_extension_to_fill_in(two_commits):
    said = two_commits.dvc("plots", "diff", "HEAD~1", "HEAD", "-o", ".dvc/tmp/plots", "--split", "--json")
    answer = json.loads(said)
    assert "errors" not in answer
    assert answer["data"].keys() == declared(two_commits)
    for name, views in answer["data"].items():
        assert sorted(rev for view in views for rev in view["revisions"]) == ["HEAD", "HEAD~1"], name
        for view in views:
            if view["type"] == "image":
                assert Path(view["url"]).read_bytes().startswith(b"\x89PNG")
                continue
            content = json.dumps(view["content"])
            facet = "facet" in view["content"]
            for anchor in (*FOR_EVERY_CHART, *(() if facet else FOR_ITS_SIZE_AND_COLORS)):
                assert f'"{anchor}"' in content
                assert anchor in view["anchor_definitions"]
            assert set(anchors(content)) <= view["anchor_definitions"].keys()
            assert {row["rev"] for row in view["anchor_definitions"]["<DVC_METRIC_DATA>"]} == {"HEAD", "HEAD~1"}


def anchors(content):
    return [f"<DVC_METRIC_{part.split('>')[0]}>" for part in content.split("<DVC_METRIC_")[1:]]


def test_the_table_of_experiments_has_params_metrics_deps_and_outs_and_no_error(two_commits):
    rows = json.loads(two_commits.dvc("exp", "show", "-n", "2", "--json"))
    assert [row["rev"] for row in rows[:1]] == ["workspace"]
    assert [row["rev"] for row in rows[1:]] == two_commits.git("rev-list", "-n", "2", "HEAD").split()
    for row in rows:
        assert not row["error"]  # which the extension would show instead of the figures
        data = row["data"]
        assert data["params"]["params.yaml"]["data"]["train"]["epochs"] == 3
        assert data["metrics"].keys() == METRICS
        assert all("accuracy" in str(metrics["data"]) for metrics in data["metrics"].values())
        assert data["deps"]["data/model/model.safetensors"]["hash"]
        assert data["outs"]["data/model"]["hash"]
    assert rows[1]["data"]["params"] != rows[2]["data"]["params"]


def test_the_state_of_the_data_is_known_and_unchanged(two_commits):
    status = json.loads(two_commits.dvc("data", "status", "--granular", "--unchanged", "--json"))
    assert status.keys() == {"unchanged"}
    assert "data/model/model.safetensors" in status["unchanged"]


@pytest.mark.parametrize(
    "where", [["--temp"], pytest.param([], marks=[pytest.mark.slow, pytest.mark.long])], ids=["apart", "workspace"]
)
def test_an_experiment_tells_the_extension_of_its_validations_and_leaves_no_signal(project, where):
    signal = project.path / NOTIFICATION
    notifications = []
    with subprocess.Popen(
        [sys.executable, "-m", "dvc", "exp", "run", *where, "--set-param", "train.epochs=30", "train"],
        cwd=project.path,
        env=project.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout
        for line in run.stdout:  # one an epoch, after the files are written
            with suppress(FileNotFoundError):
                if line.startswith("epoch "):
                    notifications.append(json.loads(signal.read_text()))
    assert run.returncode == 0
    assert len({said["pid"] for said in notifications}) == 1
    steps = [said["step"] for said in notifications]
    assert steps == sorted(steps)
    assert len(set(steps)) > 5
    assert set(steps) <= set(range(10, 301, 10))
    assert not signal.exists()
