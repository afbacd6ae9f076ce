"""A network: layers in a row over one flat vector of parameters and one of gradients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from nn.flat import Array, size, split, views
from nn.layers import Layer

BLOCK = 2**17  # numbers: as many gradients as stay in a core's cache until the optimiser has used them
BLOCK_WORK = 10e6  # floating-point operations: a block of less is not worth a core of its own


@dataclass(frozen=True)
class Block:
    """Parameters that lie side by side: rows of the weights of one layer or several, or the offsets, or both."""

    params: slice  # where they are in the flat vectors
    weights: tuple[tuple[Layer, slice], ...] = ()  # layers, and which rows of their weights
    offsets: bool = False  # those of all layers
    work: float = 0.0  # floating-point operations that the gradient takes

    def __add__(self, other: "Block") -> "Block":
        """One block of two, of which the other lies behind this."""
        params = slice(self.params.start, other.params.stop)
        return Block(params, self.weights + other.weights, other.offsets, self.work + other.work)


class Network:
    """Layers in a row, connected for batches of up to `rows` rows, in up to `parts` parts.

    statistics holds what is learned otherwise than by gradients, the running averages of batch normalization.
    params and grads (size,) hold all weights, layer by layer, and then all offsets; the layers have views into
    them. Change them in place only: `network.params[:] = ...`. A network that does not train has no grads.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        inputs: int,
        rows: int,
        parts: int = 1,
        dtype: DTypeLike = np.float32,
        *,
        trains: bool = True,
    ) -> None:
        self.layers = layers
        self.rows = rows
        self.parts = parts
        self.weights = [shape for layer in layers for shape in layer.weights]
        self.offsets = [shape for layer in layers for shape in layer.offsets]
        self.decayed = size(self.weights)  # how many of the parameters are weights; they come first
        self.params: Array = np.zeros(self.decayed + size(self.offsets), dtype)
        self.x: Array = np.empty((rows, inputs), dtype)
        y = self.x
        for layer, params in zip(layers, self.by_layer(self.params), strict=True):
            y = layer.connect(y, params, parts)
        self.logits = y
        shapes = [shape for layer in layers for shape in layer.statistics]
        self.statistics: Array = np.zeros(size(shapes), dtype)
        for layer, found in zip(layers, self.statistics_by_layer(self.statistics), strict=True):
            layer.connect_statistics(found)
        if trains:
            self.grads = np.zeros_like(self.params)
            self.connect_backward()

    def connect_backward(self) -> None:
        """Wire the way back, from the logits, which the loss overwrites with their gradient."""
        self.backward_layers: list[Layer] = []
        dy: Array | None = self.logits
        grads = self.by_layer(self.grads)
        for index in reversed(range(len(self.layers))):
            if dy is None:  # nothing further down learns anything
                break
            layer = self.layers[index]
            learns_below = any(below.weights or below.offsets for below in self.layers[:index])
            dy = layer.connect_backward(dy, grads[index], needs_dx=learns_below)
            self.backward_layers.append(layer)

    def by_layer(self, vector: Array) -> list[list[Array]]:
        """Views into a flat vector such as params, a list for each layer: its weights, then its offsets."""
        arrays = iter(views(vector, [*self.weights, *self.offsets]))
        weights = [[next(arrays) for _ in layer.weights] for layer in self.layers]
        offsets = [[next(arrays) for _ in layer.offsets] for layer in self.layers]
        return [mine + others for mine, others in zip(weights, offsets, strict=True)]

    def statistics_by_layer(self, vector: Array) -> list[list[Array]]:
        """Views into a flat vector such as statistics, a list for each layer."""
        arrays = iter(views(vector, [shape for layer in self.layers for shape in layer.statistics]))
        return [[next(arrays) for _ in layer.statistics] for layer in self.layers]

    def initialize(self, rng: np.random.Generator) -> None:
        """Give every layer its first parameters."""
        for layer in self.layers:
            layer.initialize(rng)

    def forward(self, rows: slice, part: int = 0) -> Array:
        """Logits (n, classes) of these rows of x, which are a part of the batch; overwritten by the next call."""
        for layer in self.layers:
            layer.forward(rows, part)
        return self.logits[rows]

    @property
    def outputs(self) -> int:
        """Width of the logits: the number of classes."""
        return int(self.logits.shape[1])

    def backward(self, rows: slice, part: int = 0) -> None:
        """From dlogits, which stand in the place of the logits, every layer's dx of these rows."""
        for layer in self.backward_layers:
            layer.backward(rows, part)

    def blocks(self) -> list[Block]:
        """The parameters in blocks: at most about BLOCK weights each, and last all offsets.

        A layer has as many blocks as the batch has parts, if there is work for them, so that no core stands by.
        Neighbours with little work are one block: a call of NumPy on 100,000 numbers is cheaper than three.
        """
        found: list[Block] = []
        for block in self.smallest_blocks():
            if found and found[-1].work < BLOCK_WORK and block.params.stop - found[-1].params.start < 1.5 * BLOCK:
                found[-1] += block
            else:
                found.append(block)
        return found

    def smallest_blocks(self) -> Iterator[Block]:
        """The parameters in blocks, before neighbours become one."""
        start = 0
        for layer in self.layers:
            for inputs, outputs in layer.weights:
                work = 2 * inputs * outputs * self.rows
                blocks = max(1, round(inputs * outputs / BLOCK), min(self.parts, round(work / BLOCK_WORK)))
                for rows in split(inputs, blocks):
                    params = slice(start + rows.start * outputs, start + rows.stop * outputs)
                    yield Block(params, ((layer, rows),), work=work / blocks)
                start += inputs * outputs
        yield Block(slice(start, len(self.params)), offsets=True)

    def gradient(self, block: Block, rows: slice, parts: int) -> None:
        """Write the gradients of a block into grads, from these rows, the whole batch, done in `parts` parts."""
        for layer, of_weights in block.weights:
            layer.weight_gradient(rows, of_weights)
        if block.offsets:
            for layer in self.layers:
                layer.offset_gradient(rows, parts)


def training_flops_per_example(layers: Sequence[Layer]) -> int:
    """Floating-point operations that one row takes in training: 6 a weight, in the first layer 4."""
    weights = [size(layer.weights) for layer in layers if layer.weights]
    return 6 * sum(weights) - 2 * weights[0]
