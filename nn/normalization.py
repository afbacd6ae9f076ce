"""Normalization: give the numbers inside the network mean 0 and variance 1, then let it choose its own.

    y = gain h + shift  with  h = scale (x - mean),  scale = 1 / sqrt(variance + epsilon)

BatchNorm takes mean and variance of each unit over the rows of a shard, LayerNorm those of each row over its
units.
"""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array
from nn.layers import Layer
from nn.subnormals import flush_to_zero

EPSILON = 1e-5


class Normalization(Layer):
    """What both have in common: gain and shift (width,)."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.shapes = [(width,), (width,)]

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        self.gain, self.shift = params

    def build_backward(self, grads: Sequence[Array]) -> None:
        self.dgain, self.dshift = grads

    def initialize(self, rng: np.random.Generator) -> None:
        self.gain[:] = 1
        self.shift[:] = 0


class LayerNorm(Normalization):
    """Over the units of each row. (J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016.)

    Backward: with dh = dy gain, dx = scale (dh - mean(dh) - h mean(dh h)); the two means are there because
    mean and variance depend on x. Gradients: dgain = sum of dy h, dshift = sum of dy over the rows.
    """

    caches = (None, None)  # h, and a product
    keeps_dy = True

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        super().build(params, running_statistics, rows, shards)
        self.scales: list[Array] = [np.empty(0)] * shards  # of the rows of each shard

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        h, _ = cache
        np.subtract(x, x.mean(axis=1, keepdims=True), out=h)
        variance = np.mean(np.multiply(h, h, out=y), axis=1, keepdims=True)
        self.scales[shard] = 1 / np.sqrt(variance + EPSILON)
        h *= self.scales[shard]
        np.multiply(h, self.gain, out=y)
        y += self.shift

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        h, product = cache
        dh = np.multiply(dy, self.gain, out=dx)
        mean_dh = dh.mean(axis=1, keepdims=True)
        mean_dh_h = np.mean(np.multiply(dh, h, out=product), axis=1, keepdims=True)
        dh -= mean_dh
        dh -= np.multiply(h, mean_dh_h, out=product)
        dh *= self.scales[shard]

    def bias_gradient(self, dy: Array, cache: Sequence[Array], shards: int) -> None:
        h, product = cache
        np.sum(np.multiply(dy, h, out=product), axis=0, out=self.dgain)
        np.sum(dy, axis=0, out=self.dshift)


class BatchNorm(Normalization):
    """Over the rows of each shard of a batch; in inference, with averages over the steps of training.

    Gradients: dgain = sum of dy h, dshift = sum of dy over the rows. Backward: with those of a shard of n rows,
    dx = gain scale (dy - (dshift + h dgain) / n); the sums are there because mean and variance depend on x.
    What is kept is not h but `centered`, x - mean, which saves a pass: h = scale centered.

    running = running + momentum (that of this step - running), for mean and unbiased variance. In inference the
    layer is y = a x + c with a = gain / sqrt(running variance + epsilon) and c = shift - a (running mean), which
    folds into the Dense before it. (S. Ioffe, C. Szegedy, Batch Normalization, 2015.)
    """

    momentum = 0.1
    min_rows = 2  # one has no variance
    backward_sums = True
    caches = (None, None)  # x - mean, and a product for backward

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.running_shapes = [(width,), (width,)]

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        super().build(params, running_statistics, rows, shards)
        self.running_mean, self.running_variance = running_statistics
        self.rows = rows
        self.ones = np.ones(rows, self.gain.dtype)  # ones @ x is the sum over the rows
        # Of each shard: rows, mean, variance, dgain and dshift.
        self.counts = np.zeros(shards, self.gain.dtype)
        self.means, self.variances, self.dgains, self.dshifts = np.empty((4, shards, self.width), self.gain.dtype)

    def initialize(self, rng: np.random.Generator) -> None:
        super().initialize(rng)
        self.running_mean[:] = 0
        self.running_variance[:] = 1

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        centered, _ = cache
        n, mean, variance = len(x), self.means[shard], self.variances[shard]
        np.dot(self.ones[:n], x, out=mean)
        mean /= n
        np.subtract(x, mean, out=centered)
        np.dot(self.ones[:n], np.multiply(centered, centered, out=y), out=variance)
        variance /= n
        np.multiply(centered, self.gain / np.sqrt(variance + EPSILON), out=y)
        y += self.shift
        self.counts[shard] = n

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        centered, product = cache
        n, dgain, dshift = len(dy), self.dgains[shard], self.dshifts[shard]
        scale = 1 / np.sqrt(self.variances[shard] + EPSILON)
        np.dot(self.ones[:n], dy, out=dshift)
        np.dot(self.ones[:n], np.multiply(dy, centered, out=product), out=dgain)
        dgain *= scale
        np.multiply(centered, scale * dgain / n, out=product)
        product += dshift / n
        np.subtract(dy, product, out=dx)
        dx *= self.gain * scale

    def bias_gradient(self, dy: Array, cache: Sequence[Array], shards: int) -> None:
        np.sum(self.dgains[:shards], axis=0, out=self.dgain)
        np.sum(self.dshifts[:shards], axis=0, out=self.dshift)

    def update_running_statistics(self, n: int, shards: int) -> None:
        """Towards mean and (unbiased) variance of this batch; a smaller batch moves them less."""
        momentum = self.momentum * n / self.rows
        self.running_mean += momentum * (self.counts[:shards] @ self.means[:shards] / n - self.running_mean)
        unbiased = self.counts[:shards] @ self.variances[:shards] / (n - shards)
        self.running_variance += momentum * (unbiased - self.running_variance)
        flush_to_zero(self.running_mean)
        flush_to_zero(self.running_variance)
