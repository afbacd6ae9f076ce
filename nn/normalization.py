"""Normalization: give the numbers inside the network mean 0 and variance 1, then let it choose its own.

    y = gain h + shift  with  h = scale (x - mean),  scale = 1 / sqrt(variance + epsilon)

BatchNorm takes mean and variance of each unit over the rows of a shard, LayerNorm those of each row over its
units.
"""

from collections.abc import Sequence

import numpy as np

from nn.flat import Array
from nn.layers import Layer

EPSILON = 1e-5


class Normalization(Layer):
    """What both have in common; gain and shift (width,), means along `axis`.

    Backward: with dh = dy gain, dx = scale (dh - mean(dh) - h mean(dh h)); the two means are there because
    mean and variance depend on x.
    Gradients: dgain = sum of dy h, dshift = sum of dy over the rows.
    """

    caches = (None, None)  # h, and a product
    keeps_dy = True

    def __init__(self, width: int, axis: int) -> None:
        self.width = width
        self.axis = axis
        self.shapes = [(width,), (width,)]

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        self.gain, self.shift = params
        self.means: list[Array] = [np.empty(0)] * shards  # of each shard, what its last forward found
        self.variances = self.means.copy()

    def build_backward(self, grads: Sequence[Array]) -> None:
        self.dgain, self.dshift = grads

    def initialize(self, rng: np.random.Generator) -> None:
        self.gain[:] = 1
        self.shift[:] = 0

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        h, _ = cache
        mean = x.mean(axis=self.axis, keepdims=True)
        np.subtract(x, mean, out=h)
        variance = np.mean(np.multiply(h, h, out=y), axis=self.axis, keepdims=True)
        h *= 1 / np.sqrt(variance + EPSILON)
        np.multiply(h, self.gain, out=y)
        y += self.shift
        self.means[shard], self.variances[shard] = mean, variance

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        h, product = cache
        dh = np.multiply(dy, self.gain, out=dx)
        mean_dh = dh.mean(axis=self.axis, keepdims=True)
        mean_dh_h = np.mean(np.multiply(dh, h, out=product), axis=self.axis, keepdims=True)
        dh -= mean_dh
        dh -= np.multiply(h, mean_dh_h, out=product)
        dh *= 1 / np.sqrt(self.variances[shard] + EPSILON)

    def bias_gradient(self, dy: Array, cache: Sequence[Array]) -> None:
        h, product = cache
        np.sum(np.multiply(dy, h, out=product), axis=0, out=self.dgain)
        np.sum(dy, axis=0, out=self.dshift)


class LayerNorm(Normalization):
    """Over the units of each row. (J. L. Ba, J. R. Kiros, G. E. Hinton, Layer Normalization, 2016.)"""

    def __init__(self, width: int) -> None:
        super().__init__(width, axis=1)


class BatchNorm(Normalization):
    """Over the rows of each shard of a batch; in inference, with averages over the steps of training.

    running = running + momentum (that of this step - running), for mean and unbiased variance. In inference the
    layer is y = a x + c with a = gain / sqrt(running variance + epsilon) and c = shift - a (running mean), which
    folds into the Dense before it. (S. Ioffe, C. Szegedy, Batch Normalization, 2015.)
    """

    momentum = 0.1
    min_rows = 2  # one has no variance

    def __init__(self, width: int) -> None:
        super().__init__(width, axis=0)
        self.running_shapes = [(width,), (width,)]

    def build(self, params: Sequence[Array], running_statistics: Sequence[Array], rows: int, shards: int) -> None:
        super().build(params, running_statistics, rows, shards)
        self.running_mean, self.running_variance = running_statistics
        self.rows = rows
        self.counts = [0] * shards  # rows in each shard

    def initialize(self, rng: np.random.Generator) -> None:
        super().initialize(rng)
        self.running_mean[:] = 0
        self.running_variance[:] = 1

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        super().forward(x, y, cache, shard)
        self.counts[shard] = len(x)

    def update_running_statistics(self, n: int, shards: int) -> None:
        """Towards mean and (unbiased) variance of this batch; a smaller batch moves them less."""
        counts = self.counts[:shards]
        mean = sum(count * found[0] for count, found in zip(counts, self.means[:shards], strict=True)) / n
        squares = sum(count * found[0] for count, found in zip(counts, self.variances[:shards], strict=True))
        momentum = self.momentum * n / self.rows
        self.running_mean += momentum * (mean - self.running_mean)
        self.running_variance += momentum * (squares / (n - shards) - self.running_variance)
