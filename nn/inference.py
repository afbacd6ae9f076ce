"""From the network that trains to the one that reads: no dropout, batch normalization folded into Dense."""

import numpy as np

from nn.flat import Array
from nn.layers import Dense, Layer
from nn.network import Network
from nn.normalization import EPSILON, BatchNorm, LayerNorm
from nn.regularization import Dropout

ROWS, PARTS = 2048, 8  # read at once, and in so many parts


def inference_network(network: Network) -> Network:
    """A network of the same Dense layers and activations that reads; `fold` gives it its parameters."""
    layers = [twin(layer) for layer in network.layers if not isinstance(layer, Dropout | BatchNorm)]
    return Network(layers, network.x.shape[1], ROWS, PARTS, network.params.dtype, trains=False)


def twin(layer: Layer) -> Layer:
    """A layer of the same kind and sizes."""
    if isinstance(layer, Dense):
        return Dense(layer.inputs, layer.outputs, layer.variance)
    if isinstance(layer, LayerNorm):
        return LayerNorm(layer.width)
    return type(layer)()


def fold(network: Network, params: Array, statistics: Array, into: Network) -> None:
    """Give an inference network these parameters and statistics, flat as those of the network that trains.

    BatchNorm in inference is y = a x + c, with a = gain / sqrt(running variance + epsilon) and
    c = shift - a (running mean); after Dense, a (x W + b) + c = x (a W) + (a b + c).
    """
    readers = iter(zip(into.layers, into.by_layer(into.params), strict=True))
    arrays: list[Array] = []
    found = network.statistics_by_layer(statistics)
    for layer, values, averages in zip(network.layers, network.by_layer(params), found, strict=True):
        if isinstance(layer, Dropout):
            continue
        if isinstance(layer, BatchNorm):
            gain, shift = values
            mean, variance = averages
            a = gain / np.sqrt(variance + EPSILON)
            W, b = arrays
            W *= a
            b *= a
            b += shift - a * mean
            continue
        _, arrays = next(readers)
        for array, value in zip(arrays, values, strict=True):
            array[:] = value
