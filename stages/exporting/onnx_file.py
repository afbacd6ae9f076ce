"""The model as an ONNX file: from pixels to probabilities, written without the package onnx.

An ONNX file is one message of Protocol Buffers (https://onnx.ai/onnx/repo-docs/IR.html), and a message is a row of
fields: a key, number << 3 | type, and a value. Three types occur: 0, an integer in groups of seven bits, the low
ones first; 2, a length and that many bytes, which may be a message; 5, a float32. The numbers of the fields stand
below beside their names in onnx.proto.

Operator set 13 and IR version 7 are those of ONNX 1.8, of 2020, which every onnxruntime since reads.
"""

import json
import struct
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn.flat import Array
from nn.layers import Dense, Layer
from nn.network import Network
from nn.normalization import EPSILON, LayerNorm

IR_VERSION, OPERATOR_SET = 7, 13
FLOAT = 1  # of TensorProto.DataType
OPERATORS = {ReLU: "Relu", Tanh: "Tanh", Sigmoid: "Sigmoid"}  # of layers that are one operator without attributes


def onnx_file(
    network: Network, mean: float, standard_deviation: float, classes: Sequence[str], dataset: str
) -> bytes:
    """The bytes of the file: `image` (n, 784), pixels from 0, paper, to 1, ink; `probabilities` (n, classes)."""
    graph = Graph()
    x = graph.add("Sub", "image", graph.constant("mean", mean))
    x = graph.add("Div", x, graph.constant("standard_deviation", standard_deviation))
    for number, layer in enumerate(network.layers):
        x = add_layer(graph, layer, f"{number}", x)
    graph.add("Softmax", x, output="probabilities", axis=1)
    inputs, outputs = network.x.shape[1], network.outputs
    metadata = {
        "classes": json.dumps(list(classes)),
        "dataset": dataset,
        "input": "image, float32 (n, 784): 28 x 28 pixels row by row, from 0 (paper) to 1 (ink), not normalized",
        "normalization": f"in the graph: (image - {mean!r}) / {standard_deviation!r}",
        "output": "probabilities, float32 (n, classes), in the order of the classes",
    }
    parts = [
        integer(1, IR_VERSION),
        text(2, "digits-in-numpy"),  # producer_name
        *message(7, [*graph.fields(), *rows(11, "image", inputs), *rows(12, "probabilities", outputs)]),
        *message(8, [text(1, ""), integer(2, OPERATOR_SET)]),  # opset_import: domain and version
    ]
    for name, value in metadata.items():
        parts += message(14, [text(1, name), text(2, value)])  # metadata_props
    return b"".join(parts)


class Graph:
    """A GraphProto: its nodes and, as initializers, its parameters and constants."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.initializers: dict[str, list[bytes]] = {}

    def fields(self) -> list[bytes]:
        """What the message holds, as everywhere here in the order of the numbers."""
        return [*self.nodes, text(2, "network"), *chain.from_iterable(self.initializers.values())]

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: float | list[int]) -> str:
        """A node after the others; returns the name of its output."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        parts = [*(text(1, one) for one in inputs), text(2, name), text(3, name), text(4, operator)]
        for argument, value in attributes.items():
            parts += message(5, [text(1, argument), *attribute(value)])
        self.nodes.append(b"".join(message(1, parts)))
        return name

    def tensor(self, name: str, array: Array) -> str:
        """An initializer: dims, data_type, name, raw_data."""
        dims = [integer(1, n) for n in array.shape]
        raw = message(9, [np.ascontiguousarray(array, "<f4").tobytes()])
        self.initializers[name] = message(5, [*dims, integer(2, FLOAT), text(8, name), *raw])
        return name

    def constant(self, name: str, value: float) -> str:
        """An initializer of one number, shared by the nodes that name it."""
        return self.tensor(name, np.array(value))


def add_layer(graph: Graph, layer: Layer, name: str, x: str) -> str:
    """The nodes of a layer, its parameters named and shaped as in the model file; returns the name of its y."""
    if isinstance(layer, Dense):
        weight, bias = graph.tensor(f"{name}.weight", layer.W.T), graph.tensor(f"{name}.bias", layer.b)
        return graph.add("Gemm", x, weight, bias, transB=1)
    if isinstance(layer, LeakyReLU):
        return graph.add("LeakyRelu", x, alpha=layer.slope)
    if isinstance(layer, GELU):
        one, half = graph.constant("one", 1.0), graph.constant("half", 0.5)
        t = graph.add("Mul", graph.add("Mul", x, x), graph.constant("gelu_a", layer.a))
        t = graph.add("Mul", graph.add("Add", t, one), x)
        t = graph.add("Tanh", graph.add("Mul", t, graph.constant("gelu_c", layer.c)))
        return graph.add("Mul", graph.add("Mul", graph.add("Add", t, one), x), half)
    if isinstance(layer, LayerNorm):
        gain, shift = graph.tensor(f"{name}.weight", layer.gain), graph.tensor(f"{name}.bias", layer.shift)
        centered = graph.add("Sub", x, graph.add("ReduceMean", x, axes=[1]))
        variance = graph.add("ReduceMean", graph.add("Mul", centered, centered), axes=[1])
        deviation = graph.add("Sqrt", graph.add("Add", variance, graph.constant("epsilon", EPSILON)))
        h = graph.add("Div", centered, deviation)
        return graph.add("Add", graph.add("Mul", h, gain), shift)
    return graph.add(OPERATORS[type(layer)], x)


def rows(number: int, name: str, width: int) -> list[bytes]:
    """A ValueInfoProto: float32 (n, width) for any n."""
    shape = [*message(1, [text(2, "n")]), *message(1, [integer(1, width)])]  # dim_param, dim_value
    tensor_type = [integer(1, FLOAT), *message(2, shape)]
    return message(number, [text(1, name), *message(2, message(1, tensor_type))])


def attribute(value: float | list[int]) -> Iterator[bytes]:
    """The value of an AttributeProto, and its type: f is 1, i is 2, ints is 7."""
    if isinstance(value, list):
        yield from (integer(8, one) for one in value)
        yield integer(20, 7)
    elif isinstance(value, int):
        yield integer(3, value) + integer(20, 2)
    else:
        yield key(2, 5) + struct.pack("<f", value) + integer(20, 1)


def message(number: int, parts: list[bytes]) -> list[bytes]:
    """A field that holds the fields in `parts`."""
    return [key(number, 2) + varint(sum(map(len, parts))), *parts]


def text(number: int, value: str) -> bytes:
    """A field that holds text."""
    return b"".join(message(number, [value.encode()]))


def integer(number: int, value: int) -> bytes:
    """A field that holds a whole number."""
    return key(number, 0) + varint(value)


def key(number: int, kind: int) -> bytes:
    """What a field begins with."""
    return varint(number << 3 | kind)


def varint(value: int) -> bytes:
    """A whole number in groups of seven bits, the low ones first; all but the last have the eighth bit set."""
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])
