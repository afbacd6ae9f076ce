"""A multilayer perceptron: from widths and names to layers, as most fully-connected networks have them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from nn.activations import GELU, LeakyReLU, ReLU, Sigmoid, Tanh
from nn.layers import Dense, Layer, glorot, he, lecun
from nn.normalization import BatchNorm, LayerNorm
from nn.regularization import Dropout

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "gelu": GELU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
}
NORMALIZATIONS: dict[str, type[BatchNorm] | type[LayerNorm]] = {"batch": BatchNorm, "layer": LayerNorm}
INITIALIZATIONS: dict[str, Callable[[int, int], float]] = {
    "relu": he,
    "leaky_relu": he,
    "gelu": he,
    "tanh": glorot,
    "sigmoid": glorot,
}


def mlp(
    widths: Sequence[int],
    activation: str = "relu",
    *,
    normalization: str | None = None,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
) -> list[Layer]:
    """Layers from each width to the next, such as [784, 256, 10].

    Input dropout; then for each hidden width Dense, normalization, activation, dropout; then Dense. What is None
    or 0 is left out. The variance of the first weights is the one that suits the activation; of the last layer,
    which no activation follows, LeCun's.
    """
    layers: list[Layer] = [Dropout(input_dropout)] if input_dropout else []
    *hidden, last = pairwise(widths)
    for inputs, outputs in hidden:
        layers.append(Dense(inputs, outputs, INITIALIZATIONS[activation](inputs, outputs)))
        if normalization:
            layers.append(NORMALIZATIONS[normalization](outputs))
        layers.append(ACTIVATIONS[activation]())
        if dropout:
            layers.append(Dropout(dropout))
    return [*layers, Dense(*last, lecun(*last))]
