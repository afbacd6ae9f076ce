"""The layers: each computes y from x (forward) and, from dy, its gradients and dx (backward).

A layer is made with its sizes and then connected: it gets views for its parameters and their gradients, and
makes its buffers. `shapes` says which parameters it wants.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from nn.flat import Array


class Layer(Protocol):
    """What a network asks of a layer."""

    @property
    def shapes(self) -> Sequence[tuple[int, ...]]:
        """The shapes of its parameters; none for a layer that learns nothing."""

    def connect(self, params: Sequence[Array], grads: Sequence[Array], rows: int, dtype: DTypeLike) -> None:
        """Take views for parameters and gradients, in the order of `shapes`; make buffers for `rows` rows."""

    def initialize(self, rng: np.random.Generator) -> None:
        """Give the parameters their first values."""

    def forward(self, x: Array) -> Array:
        """Y from x; may overwrite x."""

    def backward(self, dy: Array, *, first: bool) -> Array:
        """Write the gradients of the parameters and return dx; the first layer returns dy instead.

        May overwrite dy and what forward returned.
        """


class Dense:
    """y = x W + b, with W (inputs, outputs) and b (outputs,).

    Backward: dW = x^T dy, db = sum of dy over the rows, dx = dy W^T.

    Initialisation: W normal with variance 2 / inputs, which keeps the size of the signal through ReLU layers
    (He et al., Delving Deep into Rectifiers, 2015); b zero.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        self.inputs = inputs
        self.outputs = outputs

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [(self.inputs, self.outputs), (self.outputs,)]

    def connect(self, params: Sequence[Array], grads: Sequence[Array], rows: int, dtype: DTypeLike) -> None:
        self.W, self.b = params
        self.dW, self.db = grads
        self.y: Array = np.empty((rows, self.outputs), dtype)
        self.dx: Array | None = None  # made when it is first asked for: the first layer never needs it

    def initialize(self, rng: np.random.Generator) -> None:
        self.W[:] = rng.standard_normal(self.W.shape)
        self.W *= (2 / self.inputs) ** 0.5
        self.b[:] = 0

    def forward(self, x: Array) -> Array:
        self.x = x
        y = np.matmul(x, self.W, out=self.y[: len(x)])
        y += self.b
        return y

    def backward(self, dy: Array, *, first: bool) -> Array:
        np.matmul(self.x.T, dy, out=self.dW)
        np.sum(dy, axis=0, out=self.db)
        if first:  # nobody asks for the gradient by the images: a third of the work in most networks
            return dy
        if self.dx is None:
            self.dx = np.empty((len(self.y), self.inputs), dy.dtype)
        return np.matmul(dy, self.W.T, out=self.dx[: len(dy)])


class ReLU:
    """y = max(x, 0), in place. Backward: dx = dy where y > 0, else 0, in place."""

    shapes: tuple[tuple[int, ...], ...] = ()

    def connect(self, params: Sequence[Array], grads: Sequence[Array], rows: int, dtype: DTypeLike) -> None:
        """Nothing to connect: it has no parameters and works in the buffers of its neighbours."""

    def initialize(self, rng: np.random.Generator) -> None:
        """Nothing to initialise."""

    def forward(self, x: Array) -> Array:
        self.y = np.maximum(x, 0, out=x)
        return self.y

    def backward(self, dy: Array, *, first: bool) -> Array:
        # The layer above has used y for its dW by now, so the mask may take its place: no buffer, no branch,
        # and ten times as fast as dy[y == 0] = 0.
        dy *= np.greater(self.y, 0, out=self.y)
        return dy
