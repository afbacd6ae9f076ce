"""Small networks in float64, and one plain step through them, for tests."""

import numpy as np

from nn.blocks import parameter_blocks
from nn.losses import SoftmaxCrossEntropy
from nn.mlp import mlp
from nn.network import Network

WIDTHS = [12, 16, 8, 5]


def small_network(rng, *, rows=20, shards=1, dtype=np.float64, **options):
    """A network of WIDTHS with parameters that are nowhere zero."""
    network = Network(mlp(WIDTHS, **options), WIDTHS[0], rows, shards, dtype)
    network.initialize(rng)
    network.params += 0.1 * rng.standard_normal(network.params.size)
    return network


def loss_and_gradients(network, x, labels, smoothing=0.0):
    """Forward, loss, backward and gradients of one batch, done in one shard; the loss."""
    n = len(x)
    network.x[:n] = x
    loss = SoftmaxCrossEntropy(network.rows, network.logits.shape[1], smoothing, network.params.dtype.type)
    rows = slice(0, n)
    total = loss.loss_and_gradient(rows, network.forward(rows), labels, n)
    network.backward(rows)
    gradients(network, n)
    return total / n


def gradients(network, n, shards=1, blocks=None):
    """The gradients of all parameters, block by block, from the n rows of a batch."""
    for block in blocks or parameter_blocks(network):
        for layer, rows in block.weights:
            network.weight_gradient(layer, rows, n)
        if block.biases:
            network.bias_gradients(n, shards)
