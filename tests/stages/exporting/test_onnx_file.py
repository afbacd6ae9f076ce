import json
from typing import Any

import numpy as np
import pytest

from nn.inference import inference_network
from nn.layers import Dense
from nn.losses import softmax
from nn.mlp import ACTIVATIONS, mlp
from nn.network import Network
from stages.exporting.onnx_file import onnx_file
from stages.formats import arrays
from stages.formats.model import read_model
from tests import ROOT
from tests.stages.descriptions import DIGITS
from tests.stages.exporting.onnx_reader import read_message

MEAN, DEVIATION = 0.1307, 0.3081
KINDS: list[tuple[list[int], dict[str, Any]]] = [
    ([20, 12], {"activation": name, "normalization": norm}) for name in ACTIVATIONS for norm in (None, "layer")
]
KINDS += [([], {}), ([30], {"normalization": "batch", "dropout": 0.5, "input_dropout": 0.2})]


def network_of(rng, hidden, **options):
    """A network that classifies, with parameters that are nowhere zero."""
    network = inference_network(Network(mlp([784, *hidden, 10], **options), 784, rows=4))
    network.initialize(rng)
    for layer in network.layers:
        if isinstance(layer, Dense):
            layer.W[:] = rng.standard_normal(layer.W.shape) / layer.inputs**0.5
    network.params += 0.1 * rng.standard_normal(network.params.size).astype(np.float32)
    return network


def exported(network):
    return onnx_file(network, MEAN, DEVIATION, DIGITS, "mnist")


def probabilities_by_onnxruntime(content, pixels):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": pixels})
    return found


@pytest.mark.parametrize(("hidden", "options"), KINDS)
def test_onnx_is_content_and_onnxruntime_gives_the_probabilities_of_nn(rng, hidden, options):
    network = network_of(rng, hidden, **options)
    content = exported(network)
    onnx = pytest.importorskip("onnx")
    read = onnx.load_from_string(content)
    onnx.checker.check_model(read, full_check=True)
    assert read.SerializeToString() == content

    pixels = rng.random((300, 784), np.float32)
    ours = softmax(network.forward(slice(0, 300), x=(pixels - np.float32(MEAN)) / np.float32(DEVIATION)).copy())
    assert 0.2 < ours.max(axis=1).mean() < 0.95
    assert np.abs(probabilities_by_onnxruntime(content, pixels) - ours).max() < 1e-5


def test_the_file_holds_the_operators_and_the_parameters_in_the_order_of_the_layers(rng):
    network = network_of(rng, [20], activation="relu")
    model = read_message(exported(network))
    assert model[1] == [7]  # IR version
    assert [read_message(opset)[2] for opset in model[8]] == [[13]]
    graph = read_message(model[7][0])
    operators = [read_message(node)[4][0].decode() for node in graph[1]]
    assert operators == ["Sub", "Div", "Gemm", "Relu", "Gemm", "Softmax"]
    tensors = {read_message(tensor)[8][0].decode(): read_message(tensor) for tensor in graph[5]}
    assert [*tensors] == ["mean", "standard_deviation", "0.weight", "0.bias", "2.weight", "2.bias"]
    assert tensors["0.weight"][1] == [20, 784]
    first = network.layers[0]
    assert isinstance(first, Dense)
    assert tensors["0.weight"][9][0] == first.W.T.astype("<f4").tobytes()


def test_its_metadata_say_input_normalization_and_classes(rng):
    pairs = [read_message(pair) for pair in read_message(exported(network_of(rng, [])))[14]]
    metadata = {pair[1][0].decode(): pair[2][0].decode() for pair in pairs}
    assert [*metadata] == ["classes", "dataset", "input", "normalization", "output"]  # sorted
    assert json.loads(metadata["classes"]) == DIGITS
    assert "float32 (n, 784)" in metadata["input"]
    assert f"(image - {MEAN}) / {DEVIATION}" in metadata["normalization"]


@pytest.mark.slow
def test_on_all_test_images_the_file_gives_the_probabilities_of_evaluate(monkeypatch):
    monkeypatch.chdir(ROOT)
    raw = ROOT / "data/raw/t10k-images-idx3-ubyte"
    if not (raw.exists() and (ROOT / "data/predictions/test.npy").exists()):
        pytest.skip("there is no trained model here: `dvc repro` or `dvc pull` brings one")
    network, described = read_model(rows=1)
    normalization = described.normalization
    content = onnx_file(network, normalization.mean, normalization.standard_deviation, described.classes, "mnist")
    pixels = np.fromfile(raw, np.uint8)[16:].reshape(-1, 784).astype(np.float32) / 255
    ours = arrays.read_predictions("test", len(pixels), len(described.classes))
    theirs = probabilities_by_onnxruntime(content, pixels)
    assert np.abs(theirs - ours).max() < 1e-5
    assert (theirs.argmax(axis=1) == ours.argmax(axis=1)).all()
