"""Dropout: in training, each number is left out with a given probability; in inference none is."""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array
from nn.layers import Layer


class Dropout(Layer):
    """y = x m / (1 - rate), where m is 0 with probability `rate` and else 1, drawn anew for every row and step.

    Backward: dx = dy m / (1 - rate). Dividing by 1 - rate keeps the mean, so that inference needs no change: the
    inference network has no Dropout. (N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks
    from Overfitting, 2014; "inverted" as is common.)
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.x = x  # kept as it is: the layer before needs it for its own backward
        self.y = np.empty_like(x)
        self.factor = np.empty_like(x)
        return self.y

    def begin_epoch(self, rngs: Sequence[np.random.Generator]) -> None:
        self.rngs = rngs

    def forward(self, rows: slice, part: int) -> None:
        factor = self.factor[rows]
        self.rngs[part].random(out=factor, dtype=factor.dtype.type)
        np.greater_equal(factor, self.rate, out=factor)
        factor *= 1 / (1 - self.rate)
        np.multiply(self.x[rows], factor, out=self.y[rows])

    def backward(self, rows: slice, part: int) -> None:
        dy = self.dy[rows]
        dy *= self.factor[rows]
