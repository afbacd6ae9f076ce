"""A mistake in params.yaml is one line that names the key, its value and what would be right."""

import re
import shlex
import sys

import pytest

from tests.pipeline.projects import REMOVED, refusal

MISTAKES = {
    "misspelt": ("train.momentun", {"train.momentun": 0.9, "train.momentum": REMOVED}, "did you mean momentum?"),
    "missing": ("train.momentum", {"train.momentum": REMOVED}, "is missing"),
    "a number for a list": ("train.hidden", {"train.hidden": 256}, "is 256: input should be a valid list"),
    "out of range": ("train.momentum", {"train.momentum": 1.5}, "is 1.5: input should be less than or equal"),
    "true for a number": ("train.batch_size", {"train.batch_size": True}, "is true: input should be a valid int"),
    "no choice": ("preprocess.normalization", {"preprocess.normalization": "z"}, "should be 'standard'"),
}  # fmt: skip


@pytest.mark.parametrize(("key", "values", "right"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_params_is_one_line_that_names_it(workspace, key, values, right):
    workspace.change(values)
    before = workspace.made()
    for completed in (
        workspace.run(sys.executable, "-m", "commands.check"),
        workspace.stage(key.split(".")[0]),
    ):
        line = refusal(completed)
        assert f"params.yaml: {key}" in line
        assert right in line
    assert workspace.made() == before


def test_check_has_nothing_to_say_of_good_params(reproduced):
    checked = reproduced.run(sys.executable, "-m", "commands.check")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_params_that_are_no_yaml_are_refused_with_the_number_of_the_line(workspace):
    params = workspace.path / "params.yaml"
    params.write_text(params.read_text() + "broken: [\n")
    line = refusal(workspace.stage("train"))
    assert re.search(r"params\.yaml, line \d+ is not valid YAML", line)


def test_params_that_nobody_would_write_are_refused_at_once(workspace):
    with (workspace.path / "params.yaml").open("a") as params:
        params.write("".join(f"\na{n}: &a{n} [{f'*a{n - 1}, ' * 9 if n else ''}1]" for n in range(99)))
    for completed in (workspace.run(sys.executable, "-m", "commands.check"), workspace.stage("train")):
        assert "is not valid YAML: " in refusal(completed)


def test_what_the_message_of_a_failed_repro_says_brings_the_outputs_back(project):
    before = project.made()
    project.change({"train.momentum": 1.5})
    failed = project.run(sys.executable, "-m", "dvc", "repro")
    assert failed.returncode != 0
    line = next(line for line in failed.stderr.splitlines() if "train.momentum is 1.5" in line)
    assert "data/model/model.safetensors" not in project.made()

    commands = re.findall(r"`([^`]+)`", line)
    assert len(commands) == 2, line
    for command in commands:
        completed = project.run(*shlex.split(command))
        assert completed.returncode == 0, completed.stderr
    assert project.made() == before
