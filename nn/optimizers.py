"""Optimisers, in order of increasing complexity. They see two flat vectors and no layer.

Each is made for a vector of `size` numbers and steps in place: step(params, grads, learning_rate) with params
and grads (size,). Scalars stay Python floats: NumPy then computes in the type of the vectors.
"""

from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike

from nn.flat import Array


class Optimizer(Protocol):
    """What training asks of an optimiser."""

    def step(self, params: Array, grads: Array, learning_rate: float) -> None:
        """Change params in place, given the gradient of the loss by them."""


class SGD:
    """Stochastic gradient descent with momentum.

    v = momentum v + g;  params = params - learning_rate v

    With momentum 0 it is plain gradient descent. (B. T. Polyak, Some methods of speeding up the convergence
    of iteration methods, 1964.)
    """

    def __init__(self, size: int, momentum: float = 0.0, dtype: DTypeLike = np.float32) -> None:
        self.momentum = momentum
        self.velocity: Array = np.zeros(size, dtype)
        self.change: Array = np.empty(size, dtype)

    def step(self, params: Array, grads: Array, learning_rate: float) -> None:
        self.velocity *= self.momentum
        self.velocity += grads
        np.multiply(self.velocity, learning_rate, out=self.change)
        params -= self.change


class Adam:
    """Adam: the step of each parameter is scaled by the size that its gradient has had lately.

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    params = params - learning_rate m' / (sqrt(v') + epsilon)

    with m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t), which make up for the zeros that m and v begin
    with. (D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2015.)
    """

    def __init__(
        self,
        size: int,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.mean: Array = np.zeros(size, dtype)
        self.square: Array = np.zeros(size, dtype)
        self.change: Array = np.empty(size, dtype)
        self.steps = 0

    def step(self, params: Array, grads: Array, learning_rate: float) -> None:
        self.steps += 1
        change = self.change
        self.mean *= self.beta1
        self.mean += np.multiply(grads, 1 - self.beta1, out=change)
        self.square *= self.beta2
        np.multiply(grads, grads, out=change)
        change *= 1 - self.beta2
        self.square += change

        np.sqrt(self.square, out=change)
        change *= 1 / (1 - self.beta2**self.steps) ** 0.5
        change += self.epsilon
        np.divide(self.mean, change, out=change)
        change *= learning_rate / (1 - self.beta1**self.steps)
        params -= change
