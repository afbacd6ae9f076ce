"""Activations: element-wise functions between the Dense layers, without which all of them were one.

Most work in place, on the output of the layer before, and can tell their derivative from their own output.
"""

from collections.abc import Sequence
from math import pi

import numpy as np

from nn.flat import Array
from nn.layers import Layer


class ReLU(Layer):
    """y = max(x, 0). Backward: dx = dy where y > 0, else 0."""

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.zeros = np.zeros(x.shape[1], x.dtype)  # a row: np.maximum with a number takes twice as long
        return super().connect(x, params, parts)

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.positive = np.empty(dy.shape, bool)
        return super().connect_backward(dy, grads, needs_dx=needs_dx)

    def forward(self, rows: slice, part: int) -> None:
        y = self.y[rows]
        np.maximum(y, self.zeros, out=y)

    def backward(self, rows: slice, part: int) -> None:
        dy = self.dy[rows]
        dy *= np.greater(self.y[rows], 0, out=self.positive[rows])  # ten times as fast as dy[y == 0] = 0


class LeakyReLU(Layer):
    """y = x where x > 0, else slope x. Backward: dx = dy where y > 0, else slope dy.

    (A. L. Maas, A. Y. Hannun, A. Y. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.)
    """

    slope = 0.01

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.scaled = np.empty_like(x)
        return super().connect(x, params, parts)

    def forward(self, rows: slice, part: int) -> None:
        y, scaled = self.y[rows], self.scaled[rows]
        np.maximum(y, np.multiply(y, self.slope, out=scaled), out=y)

    def backward(self, rows: slice, part: int) -> None:
        dy, factor = self.dy[rows], self.scaled[rows]
        np.greater(self.y[rows], 0, out=factor)
        factor *= 1 - self.slope
        factor += self.slope
        dy *= factor


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)). Backward: dx = dy y (1 - y).

    Computed as (1 + tanh(x / 2)) / 2, which is the same and cannot overflow.
    """

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.factor = np.empty_like(dy)
        return super().connect_backward(dy, grads, needs_dx=needs_dx)

    def forward(self, rows: slice, part: int) -> None:
        y = self.y[rows]
        y *= 0.5
        np.tanh(y, out=y)
        y += 1
        y *= 0.5

    def backward(self, rows: slice, part: int) -> None:
        dy, y, factor = self.dy[rows], self.y[rows], self.factor[rows]
        np.subtract(1, y, out=factor)
        factor *= y
        dy *= factor


class Tanh(Layer):
    """y = tanh(x). Backward: dx = dy (1 - y^2)."""

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.factor = np.empty_like(dy)
        return super().connect_backward(dy, grads, needs_dx=needs_dx)

    def forward(self, rows: slice, part: int) -> None:
        y = self.y[rows]
        np.tanh(y, out=y)

    def backward(self, rows: slice, part: int) -> None:
        dy, y, factor = self.dy[rows], self.y[rows], self.factor[rows]
        np.multiply(y, y, out=factor)
        np.subtract(1, factor, out=factor)
        dy *= factor


class GELU(Layer):
    """y = x (1 + t) / 2 with t = tanh(c (x + a x^3)), c = sqrt(2 / pi), a = 0.044715.

    Backward: dx = dy ((1 + t) / 2 + x (1 - t^2) c (1 + 3 a x^2) / 2).

    (D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, 2016; the form with tanh.)
    """

    c = (2 / pi) ** 0.5
    a = 0.044715

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.x = x
        self.y = np.empty_like(x)
        self.t = np.empty_like(x)
        return self.y

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.factor = np.empty_like(dy)
        return super().connect_backward(dy, grads, needs_dx=needs_dx)

    def forward(self, rows: slice, part: int) -> None:
        x, y, t = self.x[rows], self.y[rows], self.t[rows]
        np.multiply(x, x, out=t)
        t *= self.a
        t += 1
        t *= x
        t *= self.c
        np.tanh(t, out=t)
        np.add(t, 1, out=y)
        y *= x
        y *= 0.5

    def backward(self, rows: slice, part: int) -> None:
        x, t, dy, factor = self.x[rows], self.t[rows], self.dy[rows], self.factor[rows]
        np.multiply(x, x, out=factor)
        factor *= 3 * self.a
        factor += 1
        factor *= x
        factor *= self.c  # f = c x (1 + 3 a x^2); what is wanted is (1 + t + f (1 - t^2)) / 2
        np.subtract(1, t, out=t)  # and that is (1 + t) (1 + f (1 - t)) / 2, which needs no further buffer
        factor *= t
        factor += 1
        np.subtract(2, t, out=t)
        factor *= t
        factor *= 0.5
        dy *= factor
