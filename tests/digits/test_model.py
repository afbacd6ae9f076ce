"""What the model file holds, and what is refused: tests/stages/formats/test_model.py."""

import json
import subprocess
import sys

import pytest

from digits.errors import ModelError
from digits.model import DenseLayer, parse_description, read_model
from tests import ROOT

DENSE = {"kind": "dense", "inputs": 784, "outputs": 10}
VALID = {
    "layers": [DENSE],
    "normalization": {"mean": 0.1, "standard_deviation": 0.3},
    "classes": list("0123456789"),
    "dataset": "mnist",
}


def test_the_metadata_is_a_description():
    found = parse_description(VALID)
    assert found.layers == [DenseLayer(784, 10)]
    assert found.normalization.mean == 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": 1}, "network: its keys are not layers, normalization, classes, dataset"),
        ({"layers": [DENSE | {"outputs": 0}]}, "outputs of layers.0: no int above 0"),
        ({"layers": [DENSE | {"outputs": True}]}, "outputs of layers.0: no int above 0"),
        ({"layers": [DENSE | {"bias": True}]}, "layers.0: its keys are not kind, inputs, outputs"),
        ({"layers": ["dense"]}, "layers.0: no layer of a known kind"),
        ({"layers": [{"kind": []}]}, "layers.0: no layer of a known kind"),
        ({"classes": [1, 2]}, "classes: a name is no text"),
        ({"normalization": {"mean": 0.1}}, "normalization: its keys are not mean, standard_deviation"),
        ({"normalization": {"mean": 0.1, "standard_deviation": 0.0}}, "the second is above 0"),
        ({"normalization": {"mean": float("nan"), "standard_deviation": 1.0}}, "are finite numbers"),
    ],
)
def test_metadata_that_describes_no_network_is_refused_at_its_first_mistake(change, message):
    with pytest.raises(ValueError, match=message):
        parse_description(json.loads(json.dumps(VALID | change)))


def test_a_missing_model_is_an_error_of_its_own(tmp_path):
    with pytest.raises(ModelError, match="is missing"):
        read_model(1, tmp_path / "model.safetensors")


def test_the_reader_of_the_model_needs_neither_pydantic_nor_the_stages():
    code = "import sys, digits.model; print(*{'pydantic', 'stages', 'dvc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not done.stdout.strip()
