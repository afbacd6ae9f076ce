"""A network: layers in a row over one flat vector of parameters and one of gradients."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from nn import aligned
from nn.flat import Array, size, views
from nn.layers import Layer, Shapes


class Node(NamedTuple):
    """A layer and the arrays that it works on, all with the same number of rows."""

    layer: Layer
    x: Array  # (rows, inputs)
    y: Array  # (rows, outputs), the x of the next layer
    cache: list[Array]
    dx: Array | None = None  # the dy of the layer before; None where no layer before it learns
    dy: Array | None = None  # None where neither this layer nor one before it learns

    def at(self, rows: slice) -> "Node":
        """The same with these rows of the arrays."""
        dx, dy = (array if array is None else array[rows] for array in (self.dx, self.dy))
        return Node(self.layer, self.x[rows], self.y[rows], [array[rows] for array in self.cache], dx, dy)


class Network:
    """Layers in a row, for batches of up to `rows` rows, in up to `shards` shards.

    params and grads (size,) hold all weights, layer by layer, and then all other parameters; the layers have views
    into them. Change them in place only: `network.params[:] = ...`. state is params and behind it what is learned
    otherwise than by gradients, the running statistics of batch normalization (as in PyTorch's state_dict).
    A network that does not train has no grads.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        inputs: int,
        rows: int,
        shards: int = 1,
        dtype: DTypeLike = np.float32,
        *,
        trains: bool = True,
    ) -> None:
        self.layers, self.rows, self.shards = layers, rows, shards
        self.min_rows = max(layer.min_rows for layer in layers)  # of a shard
        weights = [shape for layer in layers for shape in layer.shapes if len(shape) == 2]
        self.n_weights = size(weights)  # these come first in params
        self.n_params = sum(size(layer.shapes) for layer in layers)
        n_state = sum(size([*layer.shapes, *layer.running_shapes]) for layer in layers)
        self.state: Array = aligned.zeros(n_state, dtype)
        self.params = self.state[: self.n_params]
        self.x: Array = aligned.empty((rows, inputs), dtype)

        self.nodes: list[Node] = []
        x = self.x
        parts = zip(layers, self.by_layer(self.params), self.running_by_layer(self.state), strict=True)
        for layer, params, statistics in parts:
            layer.build(params, statistics, rows, shards)
            width = layer.output_width(x.shape[1])
            y = aligned.empty((rows, width), dtype) if layer.keeps_x else x
            cache = [aligned.empty((rows, width), kind or dtype) for kind in layer.caches]
            self.nodes.append(Node(layer, x, y, cache))
            x = y
        self.logits = x
        self.sliced: dict[tuple[int, int], list[Node]] = {}
        if trains:
            self.build_backward()

    def build_backward(self) -> None:
        """Make the arrays of the backward pass.

        The loss overwrites the logits with their gradient, so self.logits is the dy of the last layer, whose
        `backward` must therefore not read y; Dense's does not.
        """
        self.grads = aligned.zeros(self.params.shape, self.params.dtype)
        grads = self.by_layer(self.grads)
        # The first layer that learns needs no dx, which saves a third of its own work.
        first = next(index for index, layer in enumerate(self.layers) if layer.shapes)
        dy: Array | None = self.logits
        for index in reversed(range(first, len(self.layers))):
            layer, node = self.layers[index], self.nodes[index]
            layer.build_backward(grads[index])
            dx = aligned.empty(node.x.shape, node.x.dtype) if layer.keeps_dy else dy
            self.nodes[index] = node._replace(dx=dx if index > first or layer.backward_sums else None, dy=dy)
            dy = dx

    def by_layer(self, vector: Array) -> list[list[Array]]:
        """Views into a flat vector such as params, a list for each layer: weights, then its other parameters."""
        weights = [[shape for shape in layer.shapes if len(shape) == 2] for layer in self.layers]
        others = [[shape for shape in layer.shapes if len(shape) != 2] for layer in self.layers]
        pairs = zip(grouped(vector, weights), grouped(vector[self.n_weights :], others), strict=True)
        return [first + second for first, second in pairs]

    def running_by_layer(self, state: Array) -> list[list[Array]]:
        """Views of the running statistics in a vector such as state, a list for each layer."""
        return grouped(state[self.n_params :], [layer.running_shapes for layer in self.layers])

    def initialize(self, rng: np.random.Generator) -> None:
        """Give every layer its first parameters."""
        for layer in self.layers:
            layer.initialize(rng)

    @property
    def outputs(self) -> int:
        """Width of the logits: the number of classes."""
        return int(self.logits.shape[1])

    def at(self, rows: slice) -> list[Node]:
        """The layers with these rows of their arrays; kept for each range: slicing costs as much as a product."""
        key = rows.start, rows.stop
        if key not in self.sliced:
            self.sliced[key] = [node.at(rows) for node in self.nodes]
        return self.sliced[key]

    def forward(self, rows: slice, shard: int = 0, x: Array | None = None) -> Array:
        """Logits (n, classes) of these rows of self.x, a shard of the batch; overwritten by the next call.

        With x (n, inputs), of x instead, which is read where it is and never written to.
        """
        nodes = self.at(rows)
        x = nodes[0].x if x is None else x
        for layer, _, y, cache, _, _ in nodes:  # unpacked, which is quicker than names
            layer.forward(x, y, cache, shard)
            x = y
        return x

    def backward(self, rows: slice, shard: int = 0) -> None:
        """From dlogits, which stand in the place of the logits, every layer's dx of these rows."""
        for layer, x, y, cache, dx, dy in reversed(self.at(rows)):
            if dx is None or dy is None:
                break
            layer.backward(dy, dx, x, y, cache, shard)

    def weight_gradient(self, index: int, block: slice, n: int) -> None:
        """Write the gradient of a block of rows of a layer's W into grads, from the n rows of the batch."""
        layer, x, _, _, _, dy = self.at(slice(0, n))[index]
        if dy is not None:
            layer.weight_gradient(x, dy, block)

    def bias_gradients(self, n: int, shards: int) -> None:
        """Likewise the gradients of all other parameters: biases, gains and shifts."""
        for layer, _, _, cache, _, dy in self.at(slice(0, n)):
            if layer.shapes and dy is not None:
                layer.bias_gradient(dy, cache, shards)


def grouped(vector: Array, shapes: Sequence[Shapes]) -> list[list[Array]]:
    """Views into the vector, one after the other from its beginning, in lists as the shapes are."""
    arrays = iter(views(vector, [shape for some in shapes for shape in some]))
    return [[next(arrays) for _ in some] for some in shapes]


def training_flops_per_example(layers: Sequence[Layer]) -> int:
    """Floating-point operations that one row takes in training: 6 a weight, in the first layer 4."""
    weights = [size(shapes) for layer in layers if (shapes := [s for s in layer.shapes if len(s) == 2])]
    return 6 * sum(weights) - 2 * weights[0]
