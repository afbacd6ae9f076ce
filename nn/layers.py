"""What a layer is, and the one that learns most: Dense.

A layer knows formulas and holds its parameters; the arrays x, y, dx and dy belong to the network (network.py),
which hands it the rows to work on. The four methods of Dense are all of backpropagation:

    forward          y from x         for the rows of one shard of the batch
    backward         dx from dy       for the rows of one shard; the shards have nothing to say to each other
    weight_gradient  dW from x, dy    for the whole batch, a block of rows of W at a time
    bias_gradient    db from dy       for the whole batch, or from the sums of the shards
"""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array

Shapes = Sequence[tuple[int, ...]]


class Layer:
    """A layer without parameters whose y has the shape of x; subclasses override what differs.

    To save memory y may be the same array as x, and dx the same as dy. A layer sets keeps_x if x must survive
    `forward`, because its own `backward` or gradients, or the `backward` of the layer before (whose y it is), read
    it; then y is another array. Likewise keeps_dy, if dy must survive `backward`, because the gradients read it.
    cache holds arrays of the shape of y, one for each dtype in `caches` (None: that of x), which `forward` may
    fill for `backward`, and `backward` for the gradients.
    """

    shapes: Shapes = ()  # of the parameters; those with two dimensions are weights, come first, and decay
    running_shapes: Shapes = ()  # of running statistics: learned from the data, but not by their gradient
    caches: Sequence[type | None] = ()
    min_rows = 1  # that a shard has to have
    backward_sums = False  # whether `bias_gradient` needs what `backward` has summed up, shard by shard
    keeps_x = False
    keeps_dy = False

    def output_width(self, inputs: int) -> int:
        """The width of y for this width of x."""
        return inputs

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        """Take views of the parameters and running statistics; batches have up to so many rows and shards."""

    def build_backward(self, grads: Sequence[Array]) -> None:
        """Take views of the gradients of the parameters."""

    def initialize(self, rng: np.random.Generator) -> None:
        """Give the parameters and running statistics their first values."""

    def begin_epoch(self, rngs: Sequence[np.random.Generator]) -> None:
        """Take a generator for each shard, for what is random in this epoch."""

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        """y (n, outputs) from x (n, inputs), the rows of this shard."""
        raise NotImplementedError

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        """dx (n, inputs) from dy (n, outputs)."""
        raise NotImplementedError

    def weight_gradient(self, x: Array, dy: Array, block: slice) -> None:
        """The gradient of these rows of the weights, from all rows of the batch."""

    def bias_gradient(self, dy: Array, cache: Sequence[Array], shards: int) -> None:
        """The gradient of all other parameters (biases, gains, shifts), from all rows and shards of the batch."""

    def update_running_statistics(self, n: int, shards: int) -> None:
        """Move the running statistics towards those of this batch of n rows in so many shards."""


class Dense(Layer):
    """y = x W + b, with W (inputs, outputs) and b (outputs,).

    Backward: dx = dy W^T. Gradients: dW = x^T dy, db = sum of dy over the rows.

    W begins normal with the given variance, chosen so that signals neither die out nor explode from layer to layer
    (he, glorot, lecun below), b at zero.
    """

    keeps_x = True
    keeps_dy = True

    def __init__(self, inputs: int, outputs: int, variance: float) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.variance = variance
        self.shapes = [(inputs, outputs), (outputs,)]

    def output_width(self, inputs: int) -> int:
        return self.outputs

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        self.W, self.b = params
        self.ones = np.ones(rows, self.W.dtype)  # ones @ dy is the sum over the rows

    def build_backward(self, grads: Sequence[Array]) -> None:
        self.dW, self.db = grads

    def initialize(self, rng: np.random.Generator) -> None:
        rng.standard_normal(out=self.W, dtype=self.W.dtype.type)
        self.W *= self.variance**0.5
        self.b[:] = 0

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.matmul(x, self.W, out=y)
        y += self.b

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.matmul(dy, self.W.T, out=dx)

    def weight_gradient(self, x: Array, dy: Array, block: slice) -> None:
        np.matmul(x[:, block].T, dy, out=self.dW[block])

    def bias_gradient(self, dy: Array, cache: Sequence[Array], shards: int) -> None:
        np.dot(self.ones[: len(dy)], dy, out=self.db)  # the sum over the rows; np.sum takes twice as long


def he(inputs: int, outputs: int) -> float:  # noqa: ARG001 (all take both)
    """The variance 2 / inputs of the first weights: for ReLU and its kin, which stop half of what comes in.

    (K. He et al., Delving Deep into Rectifiers, 2015.)
    """
    return 2 / inputs


def glorot(inputs: int, outputs: int) -> float:
    """2 / (inputs + outputs): for tanh and sigmoid, a compromise between forward and backward.

    (X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.)
    """
    return 2 / (inputs + outputs)


def lecun(inputs: int, outputs: int) -> float:  # noqa: ARG001
    """1 / inputs: keeps the variance through a layer that no activation follows.

    (Y. LeCun et al., Efficient BackProp, 1998.)
    """
    return 1 / inputs
