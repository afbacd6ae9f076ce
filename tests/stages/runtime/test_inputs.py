import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.runtime import inputs, snapshot, stage
from stages.runtime.atomic import write
from stages.runtime.inputs import StageInputs
from stages.runtime.snapshot import files_of
from tests import ROOT

FILES = {
    "dvc.yaml": """
stages:
  train:
    deps: [data/images.npy, nn, stages/__init__.py, stages/runtime, stages/train.py]
    params: [train, download.dataset]
    outs: [data/model]
    metrics: [metrics/train.json: {cache: false}]
""",
    "params.yaml": "download: {dataset: mnist, sources: []}\ntrain: {seed: 0, augment: {shift: 1.0}}\n",
    "nn/losses.py": "loss = 0\n",
    "nn/plain.py": "plain = 0\n",
    "nn/notes.txt": "\n",
    "stages/__init__.py": "\n",
    "stages/train.py": "\n",
    "stages/plot.py": "\n",
    "stages/runtime/errors.py": "\n",
    "stages/figures/style.py": "\n",
    "data/images.npy": "0123",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with one stage; this process began in it, and waits for no editor."""
    for name, content in FILES.items():
        write(tmp_path / name, content.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.setattr(inputs, "SNAPSHOT", snapshot.take_snapshot())
    monkeypatch.setattr(inputs, "EDITOR_SAVE_SECONDS", 0)
    token = stage.INPUTS.set(None)
    yield tmp_path
    stage.INPUTS.reset(token)


def replace(name, old, new):
    path = Path(name)
    path.write_text(path.read_text().replace(old, new))


def create(name, content=""):
    Path(name).write_text(content)


def remove(name):
    Path(name).unlink()


def touch_all():
    for path in FILES:
        Path(path).touch()


EDITS = {
    "a value": (lambda: replace("params.yaml", "seed: 0", "seed: 1"), "train.seed was 0 and is 1"),
    "a value within": (lambda: replace("params.yaml", "1.0", "2.0"), "train.augment.shift was 1.0 and is 2.0"),
    "a key that goes": (lambda: replace("params.yaml", "seed: 0, ", ""), "train.seed was 0 and is missing"),
    "a key that comes": (lambda: replace("params.yaml", "seed", "x: ~, seed"), "train.x was missing and is null"),
    "a single key": (lambda: replace("params.yaml", "mnist", "x"), 'download.dataset was "mnist" and is "x"'),
    "no YAML": (lambda: replace("params.yaml", "}", ""), "params.yaml, line 2 is not valid YAML: "),
    "no params": (lambda: remove("params.yaml"), "params.yaml is gone"),
    "code": (lambda: replace("stages/train.py", "\n", "#\n"), "stages/train.py was edited"),
    "code in a folder": (lambda: replace("nn/losses.py", "0", "1"), "nn/losses.py was edited"),
    "a new module": (lambda: create("nn/new.py"), "nn/new.py is new"),
    "a module that goes": (lambda: remove("stages/runtime/errors.py"), "stages/runtime/errors.py is gone"),
    "data": (lambda: replace("data/images.npy", "3", "4"), "data/images.npy was edited"),
    "no data": (lambda: remove("data/images.npy"), "data/images.npy is gone"),
}

NO_EDITS = {
    "touched": touch_all,
    "the same bytes again": lambda: (remove("nn/losses.py"), create("nn/losses.py", "loss = 0\n")),
    "an editor's lock file": lambda: Path("nn/.#losses.py").symlink_to("somebody@somewhere.1"),
    "a comment": lambda: replace("params.yaml", "\n", "  # A comment.\n"),
    "other stages' parameters": lambda: replace("params.yaml", "sources: []}", "sources: [x]}\nother: {}"),
    "other stages' code": lambda: (replace("stages/plot.py", "\n", "#"), create("stages/figures/new.py")),
    "the page that nothing runs": lambda: replace("nn/plain.py", "0", "1"),
    "what is no module": lambda: (create("nn/x.pyc"), replace("nn/notes.txt", "\n", "x")),
}  # fmt: skip


@pytest.mark.parametrize(("edit", "change"), EDITS.values(), ids=EDITS)
def test_an_edit_since_the_run_began_is_described(folder, edit, change):
    inputs = StageInputs("train")
    edit()
    assert inputs.describe_change().startswith(change)
    assert " and " not in inputs.describe_change().removeprefix(change)


@pytest.mark.parametrize("edit", NO_EDITS.values(), ids=NO_EDITS)
def test_what_changes_no_input_of_the_stage_is_no_edit(folder, edit):
    inputs = StageInputs("train")
    edit()
    assert inputs.describe_change() == ""


def test_a_code_dep_of_dvc_yaml_is_the_files_that_dvc_hashes(monkeypatch):
    monkeypatch.chdir(ROOT)
    stages = YAML(typ="safe").load(Path("dvc.yaml").read_text("utf-8"))["stages"]
    deps = {Path(dep) for stage in stages.values() for dep in stage["deps"] if dep.startswith(("nn", "stages"))}
    for dep in deps:
        assert files_of(dep), dep
        assert all(file.is_file() for file in files_of(dep)), dep
    folders = [dep for dep in deps if dep.is_dir()]
    inside = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    asked = [sys.executable, "-m", "dvc", "check-ignore", *map(str, inside)]
    ignored = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    assert set().union(*map(files_of, folders)) == set(inside) - set(map(Path, ignored))


def test_code_is_compared_with_what_it_was_before_python_read_it(folder):
    replace("nn/losses.py", "0", "1")
    create("nn/new.py")
    remove("stages/runtime/errors.py")
    changes = StageInputs("train").describe_change()
    assert changes == "nn/losses.py was edited, nn/new.py is new, stages/runtime/errors.py is gone"


def test_of_many_changes_three_are_named(folder):
    inputs = StageInputs("train")
    for n in range(5):
        create(f"nn/new{n}.py")
    assert inputs.describe_change() == "nn/new0.py is new, nn/new1.py is new, nn/new2.py is new and 2 more changes"


def test_a_file_that_an_editor_has_half_saved_for_a_moment_is_no_edit(folder, monkeypatch):
    inputs = StageInputs("train")
    create("nn/losses.py", "lo")
    monkeypatch.setattr("time.sleep", lambda seconds: create("nn/losses.py", FILES["nn/losses.py"]))
    assert inputs.describe_change() == ""


def run_edited():
    """Run a stage that writes its outputs, while somebody edits its code."""

    def main():
        write(Path("data/model/model"), b"")
        write(Path("metrics/train.json"), b"")
        replace("nn/losses.py", "0", "1")

    with pytest.raises(SystemExit) as caught:
        stage.run_stage("train", main)
    return caught.value.code


def test_a_refusal_is_one_line_that_says_what_to_do(folder):
    assert run_edited() == (
        "train: nn/losses.py was edited since the run began, so DVC would record inputs that did not make the "
        "result; run it again; `dvc exp run --temp` works on a copy"
    )
    assert Path("data/model/model").exists()


def test_under_dvc_nothing_of_a_refused_run_is_left_to_commit(folder, monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "train")
    assert "nn/losses.py was edited" in run_edited()
    assert not Path("data/model").exists()
    assert not Path("metrics/train.json").exists()
