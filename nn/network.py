"""A network: layers in a row over one flat vector of parameters and one of gradients."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike
from threadpoolctl import threadpool_limits

from nn.flat import Array, flat
from nn.layers import Dense, Layer, ReLU


def fully_connected(widths: Sequence[int]) -> list[Layer]:
    """Dense layers from each width to the next, with ReLU between them: [784, 256, 10] gives three layers."""
    layers: list[Layer] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs, outputs), ReLU()]
    return layers[:-1]


class Network:
    """Layers in a row, connected for batches of up to `rows` rows.

    params and grads (size,) hold all parameters and their gradients, layer by layer; the layers have views
    into them. Change them in place only: `network.params[:] = ...`.
    """

    def __init__(self, layers: Sequence[Layer], rows: int, dtype: DTypeLike = np.float32) -> None:
        self.layers = layers
        self.rows = rows
        shapes = [shape for layer in layers for shape in layer.shapes]
        self.params, params = flat(shapes, dtype)
        self.grads, grads = flat(shapes, dtype)
        start = 0
        for layer in layers:
            end = start + len(layer.shapes)
            layer.connect(params[start:end], grads[start:end], rows, dtype)
            start = end

    @property
    def outputs(self) -> int:
        """Width of the logits: the number of classes."""
        return [layer.outputs for layer in self.layers if isinstance(layer, Dense)][-1]

    def initialize(self, rng: np.random.Generator) -> None:
        """Give every layer its first parameters."""
        for layer in self.layers:
            layer.initialize(rng)

    def forward(self, x: Array) -> Array:
        """Logits (n, classes) from x (n, inputs), n <= rows; the next call overwrites them."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dlogits: Array) -> None:
        """Write the gradients of the last forward into grads; overwrites dlogits (n, classes)."""
        dy = dlogits
        for index in reversed(range(len(self.layers))):
            dy = self.layers[index].backward(dy, first=index == 0)


def predict(network: Network, x: Array) -> Array:
    """Logits (n, classes) of any number of rows x (n, inputs), computed `network.rows` at a time.

    One BLAS thread, because the number of threads changes the order of sums, and with it the bits.
    """
    logits: Array = np.empty((len(x), network.outputs), network.params.dtype)
    with threadpool_limits(limits=1, user_api="blas"):
        for rows in slices(len(x), network.rows):
            logits[rows] = network.forward(x[rows])
    return logits


def slices(n: int, size: int) -> Iterator[slice]:
    """The slices of n rows, `size` at a time; the last may be shorter."""
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
