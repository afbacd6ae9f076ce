import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load, save

from digits.normalization import Normalization
from nn.layers import Dense
from nn.mlp import mlp
from nn.network import Network
from stages.formats.model import read_model, write_model
from stages.runtime.errors import UserError
from tests.stages.descriptions import DIGITS, description


@pytest.fixture
def network(rng):
    network = Network(mlp([784, 20, 10]), 784, rows=4, trains=False)
    network.initialize(rng)
    network.params[-10:] = np.arange(10)
    return network


@pytest.fixture
def path(tmp_path, network):
    normalization = Normalization(mean=0.13, standard_deviation=0.31)
    write_model(network, description(normalization), tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_what_was_written_is_read(path, network):
    found, described = read_model(7, path)
    assert found.params.tobytes() == network.params.tobytes()
    assert found.rows == 7
    assert described.classes == DIGITS
    assert described.normalization.mean == 0.13
    assert described.dataset == "mnist"


def test_tensors_are_named_and_shaped_as_sequential_names_and_shapes_them(path, network):
    tensors = load(path.read_bytes())
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {"0.weight": (20, 784), "0.bias": (20,), "2.weight": (10, 20), "2.bias": (10,)}
    first = network.layers[0]
    assert isinstance(first, Dense)
    assert (tensors["0.weight"] == first.W.T).all()


def test_the_only_metadata_is_one_json_with_sorted_keys(path):
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    assert list(metadata) == ["network"]
    content = json.loads(metadata["network"])
    assert json.dumps(content, sort_keys=True) == metadata["network"]


def changed(path, tensors=None, **network):
    """Rewrite the file with other tensors or another description."""
    with safe_open(path, framework="numpy") as file:
        description = json.loads(file.metadata()["network"]) | network
    save_tensors = load(path.read_bytes()) | (tensors or {})
    save_tensors = {name: tensor for name, tensor in save_tensors.items() if tensor is not None}
    path.write_bytes(save(save_tensors, {"network": json.dumps(description)}))
    return path


DENSE = {"kind": "dense"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tensors": {"2.bias": np.zeros(9, "f")}}, r"tensor 2.bias is \(9,\), its metadata says \(10,\)"),
        ({"tensors": {"2.bias": None}}, r"tensor 2.bias is None, its metadata says \(10,\)"),
        ({"tensors": {"4.bias": np.zeros(9, "f")}}, r"tensor 4.bias is \(9,\), its metadata says None"),
        ({"tensors": {"2.bias": np.zeros(10)}}, "tensor 2.bias is not made of finite float32 numbers"),
        ({"tensors": {"2.bias": np.full(10, np.nan, "f")}}, "tensor 2.bias is not made of finite float32"),
        ({"layers": [DENSE | {"inputs": 783, "outputs": 10}]}, "layer 0 takes 783 numbers, an image has 784"),
        (
            {"layers": [DENSE | {"inputs": 784, "outputs": 20}, DENSE | {"inputs": 21, "outputs": 10}]},
            "layer 1 takes 21 numbers, the layer before gives 20",
        ),
        ({"layers": [DENSE | {"inputs": 784, "outputs": 9}]}, "it gives 9 numbers for 10 classes"),
        ({"layers": []}, "it gives 784 numbers for 10 classes"),
        ({"layers": [{"kind": "convolution"}]}, "its metadata is not valid: layers.0"),
        ({"layers": [{"kind": "relu"}]}, "its first layer is not dense"),
        ({"classes": None}, "its metadata is not valid: classes"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(path, change, message):
    with pytest.raises(UserError, match=message) as caught:
        read_model(1, changed(path, **change))
    assert "\n" not in str(caught.value)


def test_a_file_without_description_is_refused(path):
    path.write_bytes(save(load(path.read_bytes())))
    with pytest.raises(UserError, match="its metadata has no key `network`"):
        read_model(1, path)


@pytest.mark.parametrize("content", [b"", b"not a model", b"\xff" * 100])
def test_what_is_no_safetensors_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match="it is no safetensors file"):
        read_model(1, path)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(UserError, match="is missing; `dvc repro` makes it"):
        read_model(1, tmp_path / "model.safetensors")
