"""Inference: from the network that trains to the one that classifies, and its logits for any number of rows."""

import numpy as np

from nn.flat import Array, slices, split
from nn.layers import Dense, Layer
from nn.network import Network
from nn.normalization import EPSILON, BatchNorm, LayerNorm
from nn.parallel import WorkerPool
from nn.regularization import Dropout

INFERENCE_ROWS, INFERENCE_SHARDS = 2048, 8  # of a batch: at most so many rows, in so many shards
MIN_SHARD_ROWS = 50  # fewer make slow products, and the outputs of a layer are divided up instead
SHARD_ROWS = 250  # of a shard where there are many: more make products hardly faster
MIN_OUTPUTS_FLOPS = 5e6  # floating-point operations: to cut a layer into smaller blocks costs more than it brings
MIN_THREAD_FLOPS = 30e6  # floating-point operations: to hand less to another thread costs more than it takes


def inference_network(network: Network) -> Network:
    """A network of the same layers without Dropout and BatchNorm.

    `fold_batch_norm` gives it its parameters.
    """
    layers = [copy_of(layer) for layer in network.layers if not isinstance(layer, Dropout | BatchNorm)]
    inputs, dtype = network.x.shape[1], network.params.dtype
    return Network(layers, inputs, INFERENCE_ROWS, INFERENCE_SHARDS, dtype, trains=False)


def copy_of(layer: Layer) -> Layer:
    """A layer of the same kind and sizes, not yet built."""
    if isinstance(layer, Dense):
        return Dense(layer.inputs, layer.outputs, layer.variance)
    if isinstance(layer, LayerNorm):
        return LayerNorm(layer.width)
    return type(layer)()


def fold_batch_norm(network: Network, state: Array, into: Network) -> None:
    """Give an inference network the parameters in `state`, a vector such as network.state.

    BatchNorm in inference is y = a x + c, with a = gain / sqrt(running variance + epsilon) and
    c = shift - a (running mean); after Dense, a (x W + b) + c = x (a W) + (a b + c).
    """
    targets = iter(into.by_layer(into.params))
    arrays: list[Array] = []
    parts = zip(network.layers, network.by_layer(state), network.running_by_layer(state), strict=True)
    for layer, params, running_statistics in parts:
        if isinstance(layer, Dropout):
            continue
        if isinstance(layer, BatchNorm):
            gain, shift = params
            mean, variance = running_statistics
            a = gain / np.sqrt(variance + EPSILON)
            W, b = arrays
            W *= a
            b *= a
            b += shift - a * mean
            continue
        arrays = next(targets)
        for array, values in zip(arrays, params, strict=True):
            array[:] = values


def predict(network: Network, x: Array, pool: WorkerPool) -> Array:
    """Logits (n, classes) of any number of rows x (n, inputs), computed `network.rows` at a time, on all cores.

    Bits do not depend on the number of threads.
    """
    logits: Array = np.empty((len(x), network.outputs), network.params.dtype)
    for rows in slices(len(x), network.rows):
        n = rows.stop - rows.start
        # One row: the product waits for memory, not for a core.
        if n == 1 or 2 * n * network.n_weights < MIN_THREAD_FLOPS:
            logits[rows] = network.forward(slice(0, n), x=x[rows])
        elif n < 2 * MIN_SHARD_ROWS:  # too few rows for two shards
            logits[rows] = forward_by_outputs(network, x[rows], pool)
        else:
            logits[rows] = forward_by_rows(network, x[rows], pool)
    return logits


def forward_by_rows(network: Network, x: Array, pool: WorkerPool) -> Array:
    """Logits of the rows x, in shards that go through all layers side by side."""
    n = len(x)
    shards = split(n, min(network.shards, max(2, n // SHARD_ROWS)))

    def forward(shard: int, thread: int) -> None:
        rows = shards[shard]
        network.forward(rows, shard, x=x[rows])

    pool.run(forward, len(shards))
    return network.logits[:n]


def forward_by_outputs(network: Network, x: Array, pool: WorkerPool) -> Array:
    """Logits of the rows x, layer by layer, the outputs of a large Dense layer in blocks side by side."""
    for layer, _, y, cache, _, _ in network.at(slice(0, len(x))):
        if isinstance(layer, Dense) and len(blocks := output_blocks(layer, len(x), network.shards)) > 1:
            forward_blocks(layer, x, y, blocks, pool)
        else:
            layer.forward(x, y, cache, 0)
        x = y
    return x


def forward_blocks(layer: Dense, x: Array, y: Array, blocks: list[slice], pool: WorkerPool) -> None:
    """y = x W + b, these blocks of its columns side by side."""

    def forward(number: int, thread: int) -> None:
        block = blocks[number]
        np.matmul(x, layer.W[:, block], out=y[:, block])
        y[:, block] += layer.b[block]

    pool.run(forward, len(blocks))


def output_blocks(layer: Dense, n: int, shards: int) -> list[slice]:
    """The outputs of a layer in as many blocks as there is work for, at most `shards`; threads do not matter."""
    flops = 2 * layer.inputs * layer.outputs * n
    return split(layer.outputs, max(1, min(shards, round(flops / MIN_OUTPUTS_FLOPS))))
