"""The commands on the pages in docs/ work as they stand, one after the other."""

import json
import re

import pytest

from tests import ROOT
from tests.pages import Reader, Shown, shown
from tests.pipeline.projects import Project
from tests.stores import s3_store

PAGES = ("experiments-with-dvc", "sharing")
# What DVC says that is the same whatever the figures: lines without numbers, hashes and times of day.
FIXED = re.compile(r"^[^\d│├└─\n]*[a-z][^\d│├└─\n]*$", re.MULTILINE)


def read(name: str) -> list[Shown]:
    return shown((ROOT / "docs" / f"{name}.md").read_text("utf-8"))


def type_all(name: str, reader: Reader) -> dict[str, str]:
    """What each command of a page prints; fails where the page leaves out or adds a line that has no figures."""
    said = {}
    for command, output in ((one.command, one.output) for one in read(name)):
        found = said[command] = reader.type(command)
        # Columns are as wide as their figures.
        expected, printed = ({" ".join(line.split()) for line in FIXED.findall(text)} for text in (output, found))
        # What runs at a moment is chance, and so are the columns of a table of what runs.
        assert expected == printed or "Running" in output, f"{command}\n{found}"
    return said


def figures(project: Project, name: str, revision: str = "HEAD") -> dict[str, float]:
    return json.loads(project.git("show", f"{revision}:metrics/{name}.json"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_commands_and_what_they_print(name):
    commands = read(name)
    assert len(commands) > 10
    assert sum(1 for one in commands if one.output) > len(commands) / 2
    assert not re.search(r"file://|/home/|/tmp/|/root/", "".join(one.output for one in commands))


@pytest.mark.slow
@pytest.mark.long
def test_the_page_of_experiments_leads_to_a_model_chosen_by_validation_figures(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "digits")
    project.git("tag", "before")
    said = type_all("experiments-with-dvc", Reader(project.path, {**project.env, "COLUMNS": "115"}))

    # Nobody has seen a figure of the test images before the choice: they stayed those of the first commit.
    choosing = list(said)[: list(said).index("dvc repro")]
    tables = "".join(said[command] for command in choosing)
    accuracy = figures(project, "test", "before")["accuracy"]
    assert "test.json" not in tables
    headers = [line.split() for line in tables.splitlines() if re.match(r" +Experiment +\w", line)]
    assert len(headers) == 2  # one of the commands stands twice on the page
    assert {"accuracy", "errors", "loss"}.isdisjoint(column for header in headers for column in header)
    assert accuracy != figures(project, "test")["accuracy"]

    # The ranking is one, best first; the commit below which the experiments stand is no part of it.
    ranking = next(text for command, text in said.items() if "--sort-by" in command and "sweep-1" in text)
    rows = [line.split("]")[1].split() for line in ranking.splitlines() if "──" in line and "]" in line]
    accuracies = [float(accuracy) for _, accuracy, *_ in rows]
    assert len(accuracies) == 11  # the command stands twice on the page; this is the second table
    assert accuracies == sorted(accuracies, reverse=True)

    # The commit holds the chosen model and its figures, all from one run.
    assert project.git("status", "--porcelain") == ""
    assert project.git("rev-list", "--count", "before..HEAD").strip() == "1"
    assert "up to date" in project.dvc("repro")
    changed = json.loads(project.dvc("params", "diff", "before", "--json"))["params.yaml"]
    assert {"train.learning_rate"} <= changed.keys() <= {"train.learning_rate", "train.dropout"}
    assert figures(project, "train") == figures(project, "train", "dropout")


@pytest.mark.slow
def test_the_page_of_sharing_brings_models_and_experiments_without_training(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "digits")
    with s3_store() as login:
        said = type_all("sharing", Reader(project.path, {**project.env, **login}))
    model = "data/model/model.safetensors"
    original = (reproduced.path / model).read_bytes()
    assert (tmp_path / "colleague" / model).read_bytes() != original  # the wider network
    assert (tmp_path / "colleague" / model).read_bytes() == (project.path / model).read_bytes()
    assert (tmp_path / "model.safetensors").read_bytes() == original
    assert "Running stage" not in said["dvc repro"] + said["dvc repro train"]
