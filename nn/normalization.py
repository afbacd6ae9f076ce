"""Normalization: give the numbers inside the network mean 0 and variance 1, then let it choose its own.

    y = gain h + shift  with  h = scale (x - mean),  scale = 1 / sqrt(variance + epsilon)

BatchNorm takes mean and variance of each unit over the rows of a part, LayerNorm those of each row over its units.
"""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array
from nn.layers import Layer

EPSILON = 1e-5


class Normalization(Layer):
    """What both have in common; gain and shift (width,), means along `axis`.

    Backward: with dh = dy gain, dx = scale (dh - mean(dh) - h mean(dh h)): x moves its own mean and variance.
    Gradients: dgain = sum of dy h, dshift = sum of dy over the rows.
    """

    def __init__(self, width: int, axis: int) -> None:
        self.width = width
        self.axis = axis
        self.offsets = [(width,), (width,)]

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.gain, self.shift = params
        self.h = np.empty_like(x)
        self.means: list[Array] = [np.empty(0)] * parts  # of each part, what its last forward found
        self.variances = self.means.copy()
        return super().connect(x, params, parts)

    def connect_backward(self, dy: Array, grads: Sequence[Array], *, needs_dx: bool) -> Array | None:
        self.dgain, self.dshift = grads
        self.dy = dy
        self.dx = np.empty_like(dy)  # not in place: the gradients want dy as it is
        self.product = np.empty_like(dy)
        return self.dx

    def initialize(self, rng: np.random.Generator) -> None:
        self.gain[:] = 1
        self.shift[:] = 0

    def forward(self, rows: slice, part: int) -> None:
        x, h, y = self.x[rows], self.h[rows], self.y[rows]
        mean = x.mean(axis=self.axis, keepdims=True)
        np.subtract(x, mean, out=h)
        variance = np.mean(np.multiply(h, h, out=y), axis=self.axis, keepdims=True)
        h *= 1 / np.sqrt(variance + EPSILON)
        np.multiply(h, self.gain, out=y)
        y += self.shift
        self.means[part], self.variances[part] = mean, variance

    def backward(self, rows: slice, part: int) -> None:
        h, dy, product = self.h[rows], self.dy[rows], self.product[rows]
        assert self.dx is not None  # noqa: S101 (connect_backward made it)
        dh = np.multiply(dy, self.gain, out=self.dx[rows])
        mean_dh = dh.mean(axis=self.axis, keepdims=True)
        mean_dh_h = np.mean(np.multiply(dh, h, out=product), axis=self.axis, keepdims=True)
        dh -= mean_dh
        dh -= np.multiply(h, mean_dh_h, out=product)
        dh *= 1 / np.sqrt(self.variances[part] + EPSILON)

    def offset_gradient(self, rows: slice, parts: int) -> None:
        dy = self.dy[rows]
        np.sum(np.multiply(dy, self.h[rows], out=self.product[rows]), axis=0, out=self.dgain)
        np.sum(dy, axis=0, out=self.dshift)


class LayerNorm(Normalization):
    """Over the units of each row. (J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016.)"""

    def __init__(self, width: int) -> None:
        super().__init__(width, axis=1)


class BatchNorm(Normalization):
    """Over the rows of each part of a batch; in inference, with averages over the steps of training.

    running = running + momentum (that of this step - running), for mean and unbiased variance. In inference the
    layer is y = a x + c with a = gain / sqrt(running variance + epsilon) and c = shift - a (running mean), which
    folds into the Dense before it. (S. Ioffe, C. Szegedy, Batch Normalization, 2015.)
    """

    momentum = 0.1
    running_mean: Array
    running_variance: Array

    def __init__(self, width: int) -> None:
        super().__init__(width, axis=0)
        self.statistics = [(width,), (width,)]

    def connect(self, x: Array, params: Sequence[Array], parts: int) -> Array:
        self.counts = [0] * parts
        return super().connect(x, params, parts)

    def connect_statistics(self, statistics: Sequence[Array]) -> None:
        self.running_mean, self.running_variance = statistics

    def initialize(self, rng: np.random.Generator) -> None:
        super().initialize(rng)
        self.running_mean[:] = 0
        self.running_variance[:] = 1

    def forward(self, rows: slice, part: int) -> None:
        super().forward(rows, part)
        self.counts[part] = rows.stop - rows.start

    def offset_gradient(self, rows: slice, parts: int) -> None:
        """Besides the gradients, move the running averages towards mean and (unbiased) variance of this batch.

        A batch that is smaller than the others moves them less.
        """
        super().offset_gradient(rows, parts)
        n, counts = rows.stop - rows.start, self.counts[:parts]
        if n == parts:  # one row in each part has no variance
            return
        mean = sum(count * found[0] for count, found in zip(counts, self.means[:parts], strict=True)) / n
        squares = sum(count * found[0] for count, found in zip(counts, self.variances[:parts], strict=True))
        momentum = self.momentum * n / len(self.x)
        self.running_mean += momentum * (mean - self.running_mean)
        self.running_variance += momentum * (squares / (n - parts) - self.running_variance)
