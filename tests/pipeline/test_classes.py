"""A data set of any number of classes, with names of any length, goes through all stages."""

import hashlib
import json
import sys
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from tests.pipeline.projects import new, refusal, succeeded
from tests.pipeline.test_show import PICTURES
from tests.small import digits_like, idx_files

STAGES = ("download", "preprocess", "train", "evaluate", "plot", "export")
NAMES = {2: ["yes", "no"], 100: [f"class {number}" for number in range(100)]}  # twelve: docs/guides


def files_of(classes, train=6, test=2):
    """Name and content of the four files: so many images of each class."""
    rng = np.random.default_rng(0)
    templates = np.concatenate([digits_like(rng) for _ in range(-(-classes // 10))])[:classes]
    files: dict[str, bytes] = {}
    for split, count in (("train", train * classes), ("t10k", test * classes)):
        labels = rng.permutation(np.arange(count) % classes).astype(np.uint8)
        files |= idx_files(split, templates[labels].astype(np.uint8), labels)
    return files


def project_of(folder, env, names, **sizes):
    """A copy of the project with an entry for a data set of these classes, which is chosen."""
    files = files_of(len(names), **sizes)
    mirror = folder / "mirror" / "other"
    mirror.mkdir(parents=True)
    for name, content in files.items():
        (mirror / name).write_bytes(content)
    project = new(folder / "project", MappingProxyType({**env, "DATASET_MIRROR": str(folder / "mirror")}))
    published = [(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in files.items()]
    entry = f"Dataset(tuple(PublishedFile(*file) for file in {published!r}), {tuple(names)!r})"
    subject = 'Subject("Other", None, "other things", "A form.", "An origin", "Limits")'
    for path, before, after in (
        ("formats/datasets.py", 'Literal["mnist", ', 'Literal["mnist", "other", '),
        ("formats/datasets.py", "Dataset] = {\n", f'Dataset] = {{\n    "other": {entry},\n'),
        ("exporting/card.py", "Subject] = {\n", f'Subject] = {{\n    "other": {subject},\n'),
    ):
        text = (project.path / "stages" / path).read_text("utf-8")
        assert text.count(before) == 1, before
        (project.path / "stages" / path).write_text(text.replace(before, after), "utf-8")
    project.change({"download.dataset": "other", "download.sources.other": ["https://example.org/other"]})
    project.change({"preprocess.validation_size": len(names), "train.batch_size": 10})
    return project


@pytest.mark.slow
@pytest.mark.parametrize("names", NAMES.values(), ids=map(str, NAMES))
def test_any_number_of_classes_goes_from_the_download_to_the_exported_model(tmp_path, env, names):
    project, k = project_of(tmp_path, env, names), len(names)
    succeeded(project.run(sys.executable, "-m", "commands.check"))
    for stage in STAGES:
        succeeded(project.stage(stage))

    for picture in PICTURES:
        with Image.open(project.path / "plots" / f"{picture}.png") as drawn:
            assert drawn.width == 800
            assert drawn.height <= 1300, picture
    assert len((project.path / "plots/confusion.csv").read_text().splitlines()) == 1 + k**2
    assert len(project.found("test")["recall"]) == k

    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(project.path / "data/export/model.onnx")
    assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == names
    (probabilities,) = session.run(None, {"image": np.zeros((3, 784), np.float32)})
    assert probabilities.shape == (3, k)
    with safe_open(project.path / "data/model/model.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["network"])["classes"] == names

    card = (project.path / "data/export/MODEL_CARD.md").read_text("utf-8")
    assert f"it gives each of {k} classes a" in card
    assert "- Classes, in the order of the probabilities: " + ", ".join(names) in card
    assert "datasets:" not in card.split("---\n")[1]  # it is not at Hugging Face
    assert "Draw a picture" in (project.path / "data/export/draw.html").read_text("utf-8")

    image = Image.fromarray(
        255 - np.frombuffer(files_of(k)["t10k-images-idx3-ubyte"][16:800], np.uint8).reshape(28, 28)
    )
    image.resize((280, 280)).save(project.path / "picture.png")
    said = succeeded(
        project.run(sys.executable, "-m", "commands.predict", "--explain", "why", "--json", "picture.png")
    )
    answer = json.loads(said)
    assert {str(answer["digit"]), str(answer["second"])} <= set(names)


def test_a_class_without_a_name_is_said_with_its_place(tmp_path, env):
    project = project_of(tmp_path, env, ["a", "b", "c"])
    path = project.path / "stages/formats/datasets.py"
    path.write_text(path.read_text("utf-8").replace("('a', 'b', 'c')", "('a', 'b')"), "utf-8")
    succeeded(project.stage("download"))
    said = refusal(project.stage("preprocess"))
    assert "in data/raw/train-labels-idx1-ubyte is 2, and other has 2 classes, 0 to 1" in said
    assert "in stages/formats/datasets.py the names of some are missing" in said
