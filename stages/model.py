"""The model file: the tensors as PyTorch's nn.Sequential of the same layers has them, and a description.

`torch.nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))` names its tensors `0.weight`
(out, in), `0.bias` (out,), `2.weight`, `2.bias`; so does this file. Its one key of metadata,
`network`, holds JSON with sorted keys: safetensors writes several keys in chance order, and the bytes would
differ from run to run.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nn.layers import Dense, Layer, ReLU
from nn.network import Network
from stages.arrays import PIXELS, Images, Normalization
from stages.errors import UserError
from stages.files import missing, write

MODEL = Path("data/model/model.safetensors")


class Strict(BaseModel):
    """A piece of the description: no key more, none less."""

    model_config = ConfigDict(extra="forbid")


class DenseLayer(Strict):
    """y = x W + b; tensors N.weight (outputs, inputs) and N.bias (outputs,)."""

    kind: Literal["dense"] = "dense"
    inputs: Annotated[int, Field(gt=0)]
    outputs: Annotated[int, Field(gt=0)]


class ReLULayer(Strict):
    """y = max(x, 0); no tensors."""

    kind: Literal["relu"] = "relu"


class Description(Strict):
    """What the file says of the network: its layers in order, and what it expects and means."""

    layers: list[Annotated[DenseLayer | ReLULayer, Field(discriminator="kind")]]
    normalization: Normalization
    classes: list[str]
    dataset: str


def describe(layer: Layer) -> DenseLayer | ReLULayer:
    """A layer as the description names it."""
    if isinstance(layer, Dense):
        return DenseLayer(inputs=layer.inputs, outputs=layer.outputs)
    return ReLULayer()


def write_model(
    network: Network, *, normalization: Normalization, classes: list[str], dataset: str, path: Path = MODEL
) -> None:
    """Put a network into its file, whole or not at all; equal networks give equal bytes."""
    tensors: dict[str, Images] = {}
    for number, layer in enumerate(network.layers):
        if isinstance(layer, Dense):
            tensors[f"{number}.weight"] = np.ascontiguousarray(layer.W.T, np.float32)
            tensors[f"{number}.bias"] = np.ascontiguousarray(layer.b, np.float32)
    description = Description(
        layers=[describe(layer) for layer in network.layers],
        normalization=normalization,
        classes=classes,
        dataset=dataset,
    )
    metadata = {"network": json.dumps(description.model_dump(), sort_keys=True)}
    write(path, save(tensors, metadata))


def read_model(rows: int, path: Path = MODEL) -> tuple[Network, Description]:
    """The network in a file, for batches of up to `rows` rows, and its description.

    Raises UserError where the file is missing or damaged, where description and tensors disagree, or where
    the network does not read 28 x 28 images.
    """
    description, tensors = read_file(path)
    layers: list[Layer] = []
    expected: dict[str, tuple[int, ...]] = {}
    width = PIXELS
    for number, part in enumerate(description.layers):
        if isinstance(part, ReLULayer):
            if not layers:
                raise refused(path, "its first layer is not dense")
            layers.append(ReLU())
            continue
        if part.inputs != width:
            before = "an image has" if width == PIXELS and not expected else "the layer before gives"
            raise refused(path, f"layer {number} takes {part.inputs} numbers, {before} {width}")
        layers.append(Dense(part.inputs, part.outputs))
        expected[f"{number}.weight"] = (part.outputs, part.inputs)
        expected[f"{number}.bias"] = (part.outputs,)
        width = part.outputs
    if width != len(description.classes) or not expected:
        raise refused(path, f"it gives {width} numbers for {len(description.classes)} classes")
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != expected:
        name = next(name for name in sorted({*found, *expected}) if found.get(name) != expected.get(name))
        raise refused(path, f"tensor {name} is {found.get(name)}, its metadata says {expected.get(name)}")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise refused(path, f"tensor {name} is not made of finite float32 numbers")

    network = Network(layers, rows)
    for number, layer in enumerate(layers):
        if isinstance(layer, Dense):
            layer.W[:] = tensors[f"{number}.weight"].T
            layer.b[:] = tensors[f"{number}.bias"]
    return network, description


def read_file(path: Path) -> tuple[Description, dict[str, Images]]:
    """Description and tensors, not yet compared."""
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise missing(path) from None
    except SafetensorError as error:
        raise refused(path, f"it is no safetensors file ({error})") from None
    except TypeError as error:  # a type that NumPy does not have
        raise refused(path, f"it holds other numbers than float32 ({error})") from None
    if "network" not in metadata:
        raise refused(path, "its metadata has no key `network`")
    try:
        return Description.model_validate_json(metadata["network"]), tensors
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise refused(path, f"its metadata is not as it should be: {where}: {first['msg']}") from None


def refused(path: Path, what: str) -> UserError:
    """The error for a model file that cannot be used."""
    return UserError(f"{path} cannot be used: {what}; `dvc repro --force train` makes it again")
