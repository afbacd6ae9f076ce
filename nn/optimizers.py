"""Optimisers, in order of increasing complexity. They see two flat vectors and no layer.

Each is made for params and grads (size,), of which the first `decayed` numbers are weights and the rest offsets
(biases, gains), and steps in two acts: begin_step(learning_rate) settles what is the same for all parameters, and
update(block, change) changes one block of them, with a scratch array of its length. Blocks may be updated in any
order and side by side. Scalars are Python floats: NumPy then computes in the type of the vectors.

In the formulas g is the gradient of the loss by the parameters p, and r the learning rate.
"""

import numpy as np

from nn.flat import Array


class Optimizer:
    """What all have in common."""

    def __init__(self, params: Array, grads: Array, decayed: int) -> None:
        self.params = params
        self.grads = grads
        self.decayed = decayed
        self.steps = 0
        self.rate = 0.0

    def begin_step(self, learning_rate: float) -> None:
        """Settle what is the same for all parameters in this step."""
        self.steps += 1
        self.rate = learning_rate

    def update(self, block: slice, change: Array) -> None:
        """Change the parameters of this block in place."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent: p = p - r g."""

    def update(self, block: slice, change: Array) -> None:
        params = self.params[block]
        np.multiply(self.grads[block], self.rate, out=change)
        params -= change


class Momentum(Optimizer):
    """Gradient descent with momentum: v = momentum v + g;  p = p - r v.

    (B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.)
    """

    def __init__(self, params: Array, grads: Array, decayed: int, momentum: float = 0.9) -> None:
        super().__init__(params, grads, decayed)
        self.momentum = momentum
        self.velocity = np.zeros_like(params)

    def update(self, block: slice, change: Array) -> None:
        params, velocity = self.params[block], self.velocity[block]
        velocity *= self.momentum
        velocity += self.grads[block]
        np.multiply(velocity, self.rate, out=change)
        params -= change


class Nesterov(Momentum):
    """Momentum that looks ahead: v = momentum v + g;  p = p - r (g + momentum v).

    (Y. Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2), 1983; in the
    form of I. Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.)
    """

    def update(self, block: slice, change: Array) -> None:
        params, grads, velocity = self.params[block], self.grads[block], self.velocity[block]
        velocity *= self.momentum
        velocity += grads
        np.multiply(velocity, self.momentum, out=change)
        change += grads
        change *= self.rate
        params -= change


class RMSprop(Optimizer):
    """Each step is divided by the size that the gradient has had lately.

    s = decay s + (1 - decay) g^2;  p = p - r g / (sqrt(s) + epsilon)

    (T. Tieleman, G. Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012.)
    """

    def __init__(
        self, params: Array, grads: Array, decayed: int, decay: float = 0.99, epsilon: float = 1e-8
    ) -> None:
        super().__init__(params, grads, decayed)
        self.decay, self.epsilon = decay, epsilon
        self.square = np.zeros_like(params)

    def update(self, block: slice, change: Array) -> None:
        params, grads, square = self.params[block], self.grads[block], self.square[block]
        square *= self.decay
        np.multiply(grads, grads, out=change)
        change *= 1 - self.decay
        square += change
        np.sqrt(square, out=change)
        change += self.epsilon
        np.divide(grads, change, out=change)
        change *= self.rate
        params -= change


class Adam(Optimizer):
    """RMSprop with momentum, and both averages corrected for the zeros that they begin with.

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    p = p - r m' / (sqrt(v') + epsilon)  with  m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t)

    (D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2015.)
    """

    def __init__(
        self,
        params: Array,
        grads: Array,
        decayed: int,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(params, grads, decayed)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.mean = np.zeros_like(params)
        self.square = np.zeros_like(params)

    def update(self, block: slice, change: Array) -> None:
        params, grads = self.params[block], self.grads[block]
        mean, square = self.mean[block], self.square[block]
        mean *= self.beta1
        mean += np.multiply(grads, 1 - self.beta1, out=change)
        square *= self.beta2
        np.multiply(grads, grads, out=change)
        change *= 1 - self.beta2
        square += change

        np.sqrt(square, out=change)
        change *= 1 / (1 - self.beta2**self.steps) ** 0.5
        change += self.epsilon
        np.divide(mean, change, out=change)
        change *= self.rate / (1 - self.beta1**self.steps)
        params -= change


class AdamW(Adam):
    """Adam, after the weights have been made smaller by themselves: p = (1 - r decay) p, offsets apart.

    (I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, 2019.)
    """

    def __init__(
        self,
        params: Array,
        grads: Array,
        decayed: int,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, grads, decayed, beta1=beta1, beta2=beta2, epsilon=epsilon)
        self.weight_decay = weight_decay

    def update(self, block: slice, change: Array) -> None:
        weights = self.params[block.start : min(block.stop, self.decayed)]
        weights *= 1 - self.rate * self.weight_decay
        super().update(block, change)


class Lion(Optimizer):
    """Steps of one size in each direction; the sign of an average decides which.

    p = p - r (sign(beta1 m + (1 - beta1) g) + decay p);  m = beta2 m + (1 - beta2) g

    (X. Chen et al., Symbolic Discovery of Optimization Algorithms, 2023.)
    """

    def __init__(
        self,
        params: Array,
        grads: Array,
        decayed: int,
        *,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, grads, decayed)
        self.beta1, self.beta2, self.weight_decay = beta1, beta2, weight_decay
        self.mean = np.zeros_like(params)

    def update(self, block: slice, change: Array) -> None:
        params, grads, mean = self.params[block], self.grads[block], self.mean[block]
        np.subtract(grads, mean, out=change)  # beta1 m + (1 - beta1) g = m + (1 - beta1) (g - m)
        change *= 1 - self.beta1
        change += mean
        np.sign(change, out=change)
        weights = self.params[block.start : min(block.stop, self.decayed)]
        weights *= 1 - self.rate * self.weight_decay
        change *= self.rate
        params -= change
        np.multiply(grads, 1 - self.beta2, out=change)
        mean *= self.beta2
        mean += change
