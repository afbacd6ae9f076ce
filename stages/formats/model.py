"""The model file: the tensors as PyTorch's nn.Sequential of the same layers has them, and a description.

`torch.nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))` names its tensors `0.weight`
(out, in), `0.bias` (out,), `2.weight`, `2.bias`; so does this file. Its only key of metadata, `network`, holds
JSON with sorted keys: safetensors writes several keys in random order, and the bytes would differ from run to run.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nn.flat import Array
from nn.inference import INFERENCE_SHARDS
from nn.layers import Dense, Layer
from nn.mlp import ACTIVATIONS
from nn.network import Network
from nn.normalization import LayerNorm
from stages.formats.arrays import PIXELS, DatasetDescription, Normalization
from stages.runtime.atomic import missing, write
from stages.runtime.errors import UserError
from stages.runtime.params import StrictModel
from stages.runtime.paths import MODEL

Tensor = NDArray[np.float32]


class DenseLayer(StrictModel):
    """y = x W + b; tensors N.weight (outputs, inputs) and N.bias (outputs,)."""

    kind: Literal["dense"] = "dense"
    inputs: Annotated[int, Field(gt=0)]
    outputs: Annotated[int, Field(gt=0)]


class LayerNormLayer(StrictModel):
    """y = gain (x - mean) / sqrt(variance + 1e-5) + shift, over a row; N.weight (the gain) and N.bias (width,)."""

    kind: Literal["layer_norm"] = "layer_norm"
    width: Annotated[int, Field(gt=0)]


class ActivationLayer(StrictModel):
    """An element-wise function; no tensors. PyTorch calls them ReLU, LeakyReLU, GELU("tanh"), Tanh, Sigmoid."""

    kind: Literal["relu", "leaky_relu", "gelu", "tanh", "sigmoid"]


LayerDescription = DenseLayer | LayerNormLayer | ActivationLayer


class Description(StrictModel):
    """The network of the file: its layers in order, the input it expects, the classes it was trained on."""

    layers: list[Annotated[LayerDescription, Field(discriminator="kind")]]
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
    return ActivationLayer.model_validate({"kind": kinds[type(layer)]})


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
        for name, array in zip(("weight", "bias"), arrays, strict=False)
    }


def write_model(network: Network, dataset: DatasetDescription, path: Path = MODEL) -> None:
    """Write an inference network trained on a data set, whole or not at all; equal networks give equal bytes."""
    tensors = {name: np.ascontiguousarray(view, np.float32) for name, view in named_parameters(network).items()}
    description = Description(
        layers=[layer_description(layer) for layer in network.layers],
        normalization=dataset.normalization,
        classes=dataset.classes,
        dataset=dataset.dataset,
    )
    metadata = {"network": json.dumps(description.model_dump(), sort_keys=True)}
    write(path, save(tensors, metadata))


def read_model(rows: int, path: Path = MODEL) -> tuple[Network, Description]:
    """The network in a file, for batches of up to `rows` rows, and its description.

    Raises UserError where the file is missing or damaged, where description and tensors disagree, or where
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
        raise missing(path) from None
    except SafetensorError as error:
        raise unusable(path, f"it is no safetensors file ({error})") from None
    except TypeError as error:  # a type that NumPy does not have
        raise unusable(path, f"it holds other numbers than float32 ({error})") from None
    if "network" not in metadata:
        raise unusable(path, "its metadata has no key `network`")
    try:
        return Description.model_validate_json(metadata["network"]), tensors
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise unusable(path, f"its metadata is not valid: {where}: {first['msg']}") from None


def unusable(path: Path, what: str) -> UserError:
    """The error for a model file that cannot be used."""
    return UserError(f"{path} cannot be used: {what}; `dvc repro --force train` makes it again")
