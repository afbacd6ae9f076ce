"""Activations: element-wise functions between the Dense layers, which would be one linear map without them.

Most can compute their derivative from y alone, so y may overwrite x. A new one is a class here and a name in
mlp.py and stages/settings/train.py; tests/stages/training/test_build.py says what is missing.
"""

from collections.abc import Sequence
from math import pi

import numpy as np

from nn.flat import Array
from nn.layers import Layer


class ReLU(Layer):
    """y = max(x, 0). Backward: dx = dy where y > 0, else 0."""

    caches = (bool,)

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.maximum(x, 0, out=y)

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.multiply(dy, np.greater(y, 0, out=cache[0]), out=dx)  # ten times as fast as dy[y == 0] = 0


class LeakyReLU(Layer):
    """y = x where x > 0, else slope x. Backward: dx = dy where y > 0, else slope dy.

    (A. L. Maas, A. Y. Hannun, A. Y. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.)
    """

    slope = 0.01
    caches = (None,)

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.maximum(x, np.multiply(x, self.slope, out=cache[0]), out=y)

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        factor = np.greater(y, 0, out=cache[0])
        factor *= 1 - self.slope
        factor += self.slope
        np.multiply(dy, factor, out=dx)


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x)). Backward: dx = dy y (1 - y).

    Computed as (1 + tanh(x / 2)) / 2, which is the same and cannot overflow.
    """

    caches = (None,)

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.multiply(x, 0.5, out=y)
        np.tanh(y, out=y)
        y += 1
        y *= 0.5

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        factor = np.subtract(1, y, out=cache[0])
        factor *= y
        np.multiply(dy, factor, out=dx)


class Tanh(Layer):
    """y = tanh(x). Backward: dx = dy (1 - y^2)."""

    caches = (None,)

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.tanh(x, out=y)

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        factor = np.multiply(y, y, out=cache[0])
        np.subtract(1, factor, out=factor)
        np.multiply(dy, factor, out=dx)


class GELU(Layer):
    """y = x (1 + t) / 2 with t = tanh(c (x + a x^3)), c = sqrt(2 / pi), a = 0.044715.

    Backward: dx = dy ((1 + t) / 2 + x (1 - t^2) c (1 + 3 a x^2) / 2).

    (D. Hendrycks, K. Gimpel, Gaussian Error Linear Units, 2016; the form with tanh.)
    """

    c = (2 / pi) ** 0.5
    a = 0.044715
    caches = (None, None)
    keeps_x = True

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        t = np.multiply(x, x, out=cache[0])
        t *= self.a
        t += 1
        t *= x
        t *= self.c
        np.tanh(t, out=t)
        np.add(t, 1, out=y)
        y *= x
        y *= 0.5

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        t, factor = cache
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
        np.multiply(dy, factor, out=dx)
