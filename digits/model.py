"""The model file: the tensors as PyTorch's nn.Sequential of the same layers has them, and a description.

`torch.nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))` names its tensors `0.weight`
(out, in), `0.bias` (out,), `2.weight`, `2.bias`; so does this file. Its only key of metadata, `network`, holds
JSON with sorted keys: safetensors writes several keys in random order, and the bytes would differ from run to run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from digits.errors import ModelError
from digits.normalization import Normalization
from nn.flat import Array
from nn.inference import INFERENCE_SHARDS
from nn.layers import Dense, Layer
from nn.mlp import ACTIVATIONS
from nn.network import Network
from nn.normalization import LayerNorm

PIXELS = 28 * 28
Tensor = NDArray[np.float32]


@dataclass(frozen=True)
class DenseLayer:
    """y = x W + b; tensors N.weight (outputs, inputs) and N.bias (outputs,)."""

    inputs: int
    outputs: int
    kind: str = "dense"


@dataclass(frozen=True)
class LayerNormLayer:
    """y = gain (x - mean) / sqrt(variance + 1e-5) + shift, over a row; N.weight (the gain) and N.bias (width,)."""

    width: int
    kind: str = "layer_norm"


@dataclass(frozen=True)
class ActivationLayer:
    """An element-wise function of nn.mlp.ACTIVATIONS; no tensors.

    PyTorch calls them ReLU, LeakyReLU, GELU("tanh"), Tanh, Sigmoid.
    """

    kind: str


LayerDescription = DenseLayer | LayerNormLayer | ActivationLayer


@dataclass(frozen=True)
class Description:
    """The network of the file: its layers in order, the input it expects, the classes it was trained on."""

    layers: list[LayerDescription]
    normalization: Normalization
    classes: list[str]
    dataset: str


def layer_description(layer: Layer) -> LayerDescription:
    """The description of a layer of a network."""
    if isinstance(layer, Dense):
        return DenseLayer(inputs=layer.inputs, outputs=layer.outputs)
    if isinstance(layer, LayerNorm):
        return LayerNormLayer(width=layer.width)
    kinds = {activation: kind for kind, activation in ACTIVATIONS.items()}
    return ActivationLayer(kinds[type(layer)])


def build_layer(description: LayerDescription) -> Layer:
    """The layer of a description."""
    if isinstance(description, DenseLayer):
        return Dense(description.inputs, description.outputs, variance=0)
    if isinstance(description, LayerNormLayer):
        return LayerNorm(description.width)
    return ACTIVATIONS[description.kind]()


def named_parameters(network: Network) -> dict[str, Array]:
    """Name and view of each parameter; weights transposed with respect to `nn`: (outputs, inputs)."""
    return {
        f"{number}.{name}": array.T
        for number, arrays in enumerate(network.by_layer(network.params))
        for name, array in zip(("weight", "bias")[: len(arrays)], arrays, strict=True)  # there are no other names
    }


def model_bytes(network: Network, normalization: Normalization, classes: list[str], dataset: str) -> bytes:
    """The file of an inference network; equal networks give equal bytes."""
    tensors = {name: np.ascontiguousarray(view, np.float32) for name, view in named_parameters(network).items()}
    layers = [layer_description(layer) for layer in network.layers]
    description = Description(layers, normalization, classes, dataset)
    return save(tensors, {"network": json.dumps(asdict(description), sort_keys=True)})


def read_model(rows: int, path: Path) -> tuple[Network, Description]:
    """The network in a file, for batches of up to `rows` rows, and its description.

    Raises ModelError where the file is missing or damaged, where description and tensors disagree, or where
    the network does not take 28 x 28 images.
    """
    description, tensors = read_file(path)
    layers = [build_layer(layer) for layer in description.layers]
    width = PIXELS
    for number, layer in enumerate(layers):
        if number == 0 and not isinstance(layer, Dense):
            raise unusable(path, "its first layer is not dense")
        wanted = layer.inputs if isinstance(layer, Dense) else getattr(layer, "width", width)
        if wanted != width:
            before = "an image has" if number == 0 else "the layer before gives"
            raise unusable(path, f"layer {number} takes {wanted} numbers, {before} {width}")
        width = layer.output_width(width)
    if width != len(description.classes) or not layers:
        raise unusable(path, f"it gives {width} numbers for {len(description.classes)} classes")

    network = Network(layers, PIXELS, rows, INFERENCE_SHARDS, trains=False)
    views = named_parameters(network)
    expected = {name: view.shape for name, view in views.items()}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    for name in sorted({*found, *expected}):
        if found.get(name) != expected.get(name):
            raise unusable(path, f"tensor {name} is {found.get(name)}, its metadata says {expected.get(name)}")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise unusable(path, f"tensor {name} is not made of finite float32 numbers")
        views[name][:] = tensor
    return network, description


def read_file(path: Path) -> tuple[Description, dict[str, Tensor]]:
    """Description and tensors, not yet compared."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise ModelError(f"{path} is missing") from None
    except SafetensorError as error:
        raise unusable(path, f"it is no safetensors file ({error})") from None
    except TypeError as error:  # a type that NumPy does not have
        raise unusable(path, f"it holds other numbers than float32 ({error})") from None
    if "network" not in metadata:
        raise unusable(path, "its metadata has no key `network`")
    try:
        return parse_description(json.loads(metadata["network"])), tensors
    except (ValueError, RecursionError) as error:
        raise unusable(path, f"its metadata is not valid: {error}") from None


def parse_description(content: object) -> Description:
    """The description in the metadata; raises ValueError at the first key that is missing, unknown or wrong."""
    keys = values(content, "network", layers=list, normalization=dict, classes=list, dataset=str)
    if not all(isinstance(name, str) for name in keys["classes"]):
        raise ValueError("classes: a name is no text")
    normalization = values(keys["normalization"], "normalization", mean=float, standard_deviation=float)
    layers = [parse_layer(layer, f"layers.{number}") for number, layer in enumerate(keys["layers"])]
    return Description(layers, Normalization(**normalization), keys["classes"], keys["dataset"])


def parse_layer(content: object, where: str) -> LayerDescription:
    """The description of one layer, likewise."""
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind == "dense":
        return DenseLayer(**values(content, where, kind=str, inputs=int, outputs=int))
    if kind == "layer_norm":
        return LayerNormLayer(**values(content, where, kind=str, width=int))
    if kind not in list(ACTIVATIONS):  # a list is compared, not hashed
        raise ValueError(f"{where}: no layer of a known kind")
    return ActivationLayer(**values(content, where, kind=str))


def values(content: object, where: str, **kinds: type) -> dict[str, Any]:
    """The content, if it has these keys and no others, with values of these types; whole numbers are above 0."""
    if not isinstance(content, Mapping) or content.keys() != kinds.keys():
        raise ValueError(f"{where}: its keys are not {', '.join(kinds)}")
    for key, kind in kinds.items():
        if type(content[key]) is not kind or (kind is int and content[key] < 1):
            raise ValueError(f"{key} of {where}: no {kind.__name__}" + " above 0" * (kind is int))
    return dict(content)


def unusable(path: Path, what: str) -> ModelError:
    """The error for a model file that cannot be used."""
    return ModelError(f"{path} cannot be used: {what}")
