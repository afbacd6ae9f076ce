import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from nn.mlp import mlp
from stages import export
from stages.exporting import card as card_of
from stages.runtime.errors import UserError
from stages.runtime.params import read_all
from tests.stages.documented import changed
from tests.stages.evaluated import run_evaluate

SIZES = {"train": 500, "validation": 30, "test": 50}
EXPORT = Path("data/export")


def exported(folder, *, sizes=SIZES, changes=None, **options):
    """The card, after evaluate and export have run in a project."""
    run_evaluate(folder, sizes, **options)
    content = changed({f"export.{name}": value for name, value in (changes or {}).items()})
    Path("params.yaml").write_text(json.dumps(content))  # which is YAML
    export.main()
    return (EXPORT / "MODEL_CARD.md").read_text("utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of a project with the committed parameters, for the tests that only look."""
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exported(folder)
    return folder


@pytest.fixture
def card(made, monkeypatch):
    """Its card; it is the current folder."""
    monkeypatch.chdir(made)
    return (EXPORT / "MODEL_CARD.md").read_text("utf-8")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_card_begins_with_metadata_as_hugging_face_reads_them(card):
    _, metadata, _ = card.split("---\n", 2)
    found = yaml.safe_load(metadata)
    (model,) = found["model-index"]
    (result,) = model["results"]
    test = json.loads(Path("data/predictions/test.json").read_text())
    assert result["metrics"][0]["value"] == pytest.approx(test["accuracy"])
    assert found["pipeline_tag"] == result["task"]["type"] == "image-classification"
    assert found["datasets"] == [result["dataset"]["type"]] == ["ylecun/mnist"]


def test_the_card_shows_errors_with_the_interval_that_evaluate_found(card):
    for split in ("validation", "test"):
        found = json.loads(Path(f"data/predictions/{split}.json").read_text())
        low, high = 100 * found["error_rate_low"], 100 * found["error_rate_high"]
        rate = f"{100 * found['error_rate']:.2f} % ({low:.2f} to {high:.2f})"
        assert f"| {split} | {found['errors']} | {rate} |" in card


def test_the_card_has_the_parameters_as_they_were_given(card):
    shown = re.search(r"```yaml\n(.*?)```", card, re.DOTALL)
    assert shown is not None
    given = read_all()
    assert yaml.safe_load(shown[1]) == {name: given[name] for name in ("preprocess", "train")}


def test_the_card_has_the_hash_of_each_file_and_names_no_other(card):
    files = [Path("data/model/model.safetensors"), *(path for path in EXPORT.iterdir() if path.suffix != ".md")]
    for path in files:
        assert (
            f"| `{path.name}` | {path.stat().st_size:,} | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |"
            in card
        )
    assert set(re.findall(r"`(\w+\.(?:onnx|html|safetensors))`", card)) == {path.name for path in files}


def test_without_an_onnx_file_the_card_does_not_say_how_to_use_it(project):
    card = exported(project, changes={"onnx": False})
    assert [path.name for path in EXPORT.iterdir() if path.suffix != ".html"] == ["MODEL_CARD.md"]
    assert "onnxruntime" not in card
    assert "model.onnx" not in card


def test_the_card_holds_no_time_and_no_path(card):
    assert not re.search(r"20\d\d-\d\d|\d:\d\d|/tmp|/home|/root|\\", card)
    assert "$" not in card  # nothing was left to fill in


def test_without_validation_images_the_card_says_so_and_shows_the_test_images_alone(project):
    card = exported(project, sizes=SIZES | {"validation": 0})
    assert "none kept for validation" in card
    assert "| validation |" not in card
    assert "| test |" in card
    assert "None" not in card.replace("run(None", "")


def test_the_card_of_clothes_does_not_speak_of_digits(project):
    card = exported(project, dataset="fashion-mnist")
    assert "zalando-datasets/fashion_mnist" in card
    assert "Ankle boot" in card
    assert "digit" not in card.replace("digits-in-numpy", "")


def test_a_data_set_that_the_card_knows_nothing_of_is_named(project, monkeypatch):
    monkeypatch.delitem(card_of.SUBJECTS, "fashion-mnist")
    with pytest.raises(
        UserError, match=r"^what the model card says of fashion-mnist is missing: an entry of SUBJECTS"
    ):
        exported(project, dataset="fashion-mnist")


def test_any_network_has_a_card_with_its_layers(project):
    layers = mlp([784, 8, 10], "leaky_relu", normalization="layer")
    card = exported(project, layers=layers)
    assert "- Layers: dense 784 to 8, layer normalization, leaky relu, dense 8 to 10, softmax" in card
