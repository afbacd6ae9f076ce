"""A disk that refuses to take more is a line on the screen, and leaves no half of a file."""

import subprocess

import pytest

from tests.pipeline.projects import refusal

LIMITS = {  # bytes that a file may have: less than the file that is named
    "preprocess": (20_000, "data/preprocessed/train_images.npy"),
    "train": (20_000, "data/model/model.safetensors"),
    "evaluate": (100, "data/predictions/validation.npy"),
    "plot": (6_000, "plots/"),
    "export": (20_000, "data/export/model.onnx"),
}


@pytest.mark.parametrize(("stage", "limit", "name"), [(stage, *rest) for stage, rest in LIMITS.items()])
def test_a_file_that_does_not_fit_is_named_in_one_line_and_left_as_it_was(workspace, stage, limit, name):
    before = workspace.made()
    line = refusal(workspace.stage(stage, file_size=limit))
    assert line.startswith(f"{stage}: {name}")
    assert "could not be written" in line
    assert workspace.made() == before


def test_an_array_of_which_only_the_end_does_not_fit_is_not_cut_off(workspace):
    before = workspace.made()
    line = refusal(workspace.stage("evaluate", file_size=6_000))
    assert line.startswith("evaluate: data/predictions/test.npy could not be written")
    assert workspace.made() == before


def test_training_that_cannot_write_its_curves_ends_in_one_line(workspace):
    workspace.change({"train.log_every": 1})
    line = refusal(workspace.stage("train", file_size=500))
    assert line.startswith("train: plots/training.csv could not be written")
    assert not list(workspace.path.rglob("*.part"))


def test_a_full_disk_is_a_line_and_no_half_of_a_file(workspace):
    folder = workspace.path / "data" / "preprocessed"
    for path in folder.iterdir():
        path.unlink()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        line = refusal(workspace.stage("preprocess"))
        left = [path.name for path in folder.iterdir()]
    finally:
        subprocess.run(["umount", folder], check=True)
    assert "could not be written" in line
    assert "0 MB are free there" in line
    assert left == []
