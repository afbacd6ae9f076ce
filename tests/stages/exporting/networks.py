"""Networks to put into a page: as the metadata describes them, their tensors, and what NumPy makes of images."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from nn.layers import Dense
from nn.losses import softmax
from nn.mlp import ACTIVATIONS
from nn.network import Network
from nn.normalization import LayerNorm
from stages.exporting.page import page_html
from tests import ROOT

MODEL = ROOT / "data/model/model.safetensors"
NORMALIZATION = {"mean": 0.13, "standard_deviation": 0.31}
DIGITS = list("0123456789")


def untrained(hidden, activation="relu", *, layer_norm=False, classes=10, seed=0):
    """Layers and tensors of a network whose numbers are random."""
    rng = np.random.default_rng(seed)
    layers: list[dict[str, Any]] = []
    tensors: dict[str, NDArray[np.float32]] = {}

    def add(layer, weight=None, bias=None):
        if weight is not None:
            tensors[f"{len(layers)}.weight"] = weight.astype(np.float32)
            tensors[f"{len(layers)}.bias"] = bias.astype(np.float32)
        layers.append(layer)

    for number, (inputs, outputs) in enumerate(pairwise([784, *hidden, classes])):
        weight = rng.standard_normal((outputs, inputs)) * (2 / inputs) ** 0.5
        add({"kind": "dense", "inputs": inputs, "outputs": outputs}, weight, rng.standard_normal(outputs) * 0.1)
        if number < len(hidden):
            if layer_norm:
                gain, shift = rng.uniform(0.5, 1.5, outputs), rng.standard_normal(outputs) * 0.1
                add({"kind": "layer_norm", "width": outputs}, gain, shift)
            add({"kind": activation})
    return layers, tensors


def page_of(network, classes=DIGITS):
    """The page for layers and tensors."""
    layers, tensors = network
    return page_html(layers, tensors, NORMALIZATION, classes)


def trained():
    """Layers, tensors, normalization and classes of the model of this checkout."""
    with safe_open(MODEL, framework="numpy") as file:
        description = json.loads(file.metadata()["network"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    return description["layers"], tensors, description["normalization"], description["classes"]


def probabilities(layers, tensors, normalization, images):
    """What nn makes of images of bytes, (n, 784)."""
    build = {
        "dense": lambda layer: Dense(layer["inputs"], layer["outputs"], variance=0),
        "layer_norm": lambda layer: LayerNorm(layer["width"]),
    }
    made = [
        build[layer["kind"]](layer) if layer["kind"] in build else ACTIVATIONS[layer["kind"]]() for layer in layers
    ]
    network = Network(made, 784, len(images), trains=False)
    for number, arrays in enumerate(network.by_layer(network.params)):
        for name, array in zip(("weight", "bias"), arrays, strict=False):
            array.T[:] = tensors[f"{number}.{name}"]
    network.x[:] = (images / np.float32(255) - normalization["mean"]) / normalization["standard_deviation"]
    return softmax(network.forward(slice(0, len(images))))
