"""What a layer is, and the one that learns most: Dense.

A network works on a batch in parts, ranges of rows, each on its own core (see network.py). So a layer does its
work in four methods, and the four of Dense are all of backpropagation:

    forward          y from x         for the rows of one part
    backward         dx from dy       for the rows of one part; the parts have nothing to say to each other
    weight_gradient  dW from x, dy    for the whole batch, a block of rows of W at a time
    offset_gradient  db from dy       for the whole batch

The arrays x, y, dx and dy are made once for the whole batch and wired from layer to layer: one layer's y is the
next one's x, and its dx is the dy of the layer before.
"""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array

Shapes = Sequence[tuple[int, ...]]


class Layer:
    """A layer without parameters that works in place; the others say what they do otherwise.

    weights and offsets are the shapes of its parameters: weights are what weight decay makes smaller, offsets
    (biases, gains) what it leaves alone.
    """

    weights: Shapes = ()
    offsets: Shapes = ()
    statistics: Shapes = ()  # of what is learned from the data, but not by its gradient
    x: Array
    y: Array
    dy: Array
    dx: Array | None

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        """Take the input x (rows, inputs) and views for the parameters; return the output y (rows, outputs)."""
        self.x = self.y = x
        return self.y

    def connect_statistics(self, statistics: Sequence[Array]) -> None:
        """Take views for the statistics."""

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        """Take dy (rows, outputs) and views for the gradients; return dx (rows, inputs)."""
        self.dy = self.dx = dy
        return self.dx

    def initialize(self, rng: np.random.Generator) -> None:
        """Give the parameters their first values."""

    def begin_epoch(self, rngs: Sequence[np.random.Generator]) -> None:
        """Take a generator for each part, for what is random in this epoch."""

    def forward(self, rows: slice, part: int) -> None:
        """y[rows] from x[rows], which are the rows of this part."""

    def backward(self, rows: slice, part: int) -> None:
        """dx[rows] from dy[rows]."""

    def weight_gradient(self, rows: slice, block: slice) -> None:
        """The gradient of these rows of the weights, from the rows of the whole batch."""

    def offset_gradient(self, rows: slice, parts: int) -> None:
        """The gradient of the offsets, from the rows of the whole batch."""


class Dense(Layer):
    """y = x W + b, with W (inputs, outputs) and b (outputs,).

    Backward: dx = dy W^T. Gradients: dW = x^T dy, db = sum of dy over the rows.

    W begins normal with the given variance (see initialization.py), b at zero.
    """

    def __init__(self, inputs: int, outputs: int, variance: float) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.variance = variance
        self.weights = [(inputs, outputs)]
        self.offsets = [(outputs,)]

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.x = x
        self.W, self.b = params
        self.y = np.empty((len(x), self.outputs), x.dtype)
        return self.y

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.dy = dy
        self.dW, self.db = grads
        # Nobody asks for the gradient by the images: a third of the work in most networks.
        self.dx = np.empty((len(dy), self.inputs), dy.dtype) if needs_dx else None
        self.ones = np.ones(len(dy), dy.dtype)
        return self.dx

    def initialize(self, rng: np.random.Generator) -> None:
        rng.standard_normal(out=self.W, dtype=self.W.dtype.type)
        self.W *= self.variance**0.5
        self.b[:] = 0

    def forward(self, rows: slice, part: int) -> None:
        y = self.y[rows]
        np.matmul(self.x[rows], self.W, out=y)
        y += self.b

    def backward(self, rows: slice, part: int) -> None:
        if self.dx is not None:
            np.matmul(self.dy[rows], self.W.T, out=self.dx[rows])

    def weight_gradient(self, rows: slice, block: slice) -> None:
        np.matmul(self.x[rows, block].T, self.dy[rows], out=self.dW[block])

    def offset_gradient(self, rows: slice, parts: int) -> None:
        np.dot(self.ones[rows], self.dy[rows], out=self.db)  # the sum over the rows; np.sum takes twice as long
