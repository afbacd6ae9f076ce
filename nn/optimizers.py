"""Optimizers, in order of increasing complexity. They see two flat vectors and no layer.

Each is made for params and grads (size,), of which the first n_weights numbers are weights, which decay, and the
rest biases and gains, which do not. A step has two parts: begin_step(learning_rate) computes what is the same for
all parameters, and update(block, scratch) changes one block of them, with a scratch array of its length. Blocks
may be updated in any order and side by side. Scalars are Python floats: NumPy then computes in the dtype of the
vectors.

In the formulas g is the gradient of the loss by the parameters p, and r the learning rate.

A new one is a class here with `descend`, whose state `running_average` makes, a name in stages/training/build.py
and stages/settings/train.py, and its formula in tests/nn/test_optimizers.py.
"""

import numpy as np

from nn import aligned
from nn.flat import Array
from nn.subnormals import FLUSH_STEPS, flush_to_zero


class Optimizer:
    """What all have in common: weight decay, which pulls weights towards zero.

    With weight_decay d, d p is added to the gradient of the weights: the gradient of the penalty d p^2 / 2, L2
    regularization. Where it is decoupled, p = (1 - r d) p instead, before the step. Both as in PyTorch.
    (A. Krogh, J. A. Hertz, A Simple Weight Decay Can Improve Generalization, 1991; I. Loshchilov, F. Hutter,
    Decoupled Weight Decay Regularization, 2019.)
    """

    decoupled = False

    def __init__(self, params: Array, grads: Array, n_weights: int, *, weight_decay: float = 0.0) -> None:
        self.params = params
        self.grads = grads
        self.n_weights = n_weights
        self.weight_decay = weight_decay
        self.steps = 0
        self.rate = 0.0
        self.decaying = [params]  # what may decay to almost nothing

    def running_average(self) -> Array:
        """A vector like params, of zeros, for an average of the gradients or their squares."""
        self.decaying.append(aligned.zeros(self.params.shape, self.params.dtype))
        return self.decaying[-1]

    def begin_step(self, learning_rate: float) -> None:
        """Compute what is the same for all parameters in this step."""
        self.steps += 1
        self.rate = learning_rate

    def update(self, block: slice, scratch: Array) -> None:
        """Change the parameters of this block in place; scratch has its length."""
        if self.weight_decay:
            self.decay_weights(block, scratch)
        self.descend(block, scratch)
        if self.steps % FLUSH_STEPS == 1:
            for vector in self.decaying:
                flush_to_zero(vector[block])

    def decay_weights(self, block: slice, scratch: Array) -> None:
        """Weight decay of the weights in this block, in place: of the gradient or, decoupled, of themselves."""
        weights = self.params[block.start : min(block.stop, self.n_weights)]
        if self.decoupled:
            weights *= 1 - self.rate * self.weight_decay
        else:
            grads = self.grads[block][: len(weights)]
            grads += np.multiply(weights, self.weight_decay, out=scratch[: len(weights)])

    def descend(self, block: slice, scratch: Array) -> None:
        """The step of this optimizer, down the gradient."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent: p = p - r g."""

    def descend(self, block: slice, scratch: Array) -> None:
        params = self.params[block]
        np.multiply(self.grads[block], self.rate, out=scratch)
        params -= scratch


class Momentum(Optimizer):
    """Gradient descent with momentum: v = momentum v + g;  p = p - r v.

    (B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964.)
    """

    def __init__(
        self, params: Array, grads: Array, n_weights: int, *, momentum: float = 0.9, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, grads, n_weights, weight_decay=weight_decay)
        self.momentum = momentum
        self.velocity = self.running_average()

    def descend(self, block: slice, scratch: Array) -> None:
        params, velocity = self.params[block], self.velocity[block]
        velocity *= self.momentum
        velocity += self.grads[block]
        np.multiply(velocity, self.rate, out=scratch)
        params -= scratch


class Nesterov(Momentum):
    """Momentum that looks ahead: v = momentum v + g;  p = p - r (g + momentum v).

    velocity is momentum v, which saves a pass: w = momentum (w + g);  p = p - r (g + w).
    (Y. Nesterov, A method of solving a convex programming problem with convergence rate O(1/k^2), 1983; in the
    form of I. Sutskever et al., On the importance of initialization and momentum in deep learning, 2013.)
    """

    def descend(self, block: slice, scratch: Array) -> None:
        params, grads, velocity = self.params[block], self.grads[block], self.velocity[block]
        velocity += grads
        velocity *= self.momentum
        np.add(velocity, grads, out=scratch)
        scratch *= self.rate
        params -= scratch


class RMSprop(Optimizer):
    """Each step is divided by the size that the gradient has had lately.

    s = decay s + (1 - decay) g^2;  p = p - r g / (sqrt(s) + epsilon)

    square is s / (1 - decay), which saves a pass: with k = sqrt(1 - decay), sqrt(s) = k sqrt(square), and the step
    is (r / k) g / (sqrt(square) + epsilon / k).

    (T. Tieleman, G. Hinton, Lecture 6.5 of Neural Networks for Machine Learning, 2012.)
    """

    def __init__(
        self,
        params: Array,
        grads: Array,
        n_weights: int,
        *,
        decay: float = 0.99,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, grads, n_weights, weight_decay=weight_decay)
        self.decay, self.epsilon = decay, epsilon
        self.square = self.running_average()

    def descend(self, block: slice, scratch: Array) -> None:
        params, grads, square = self.params[block], self.grads[block], self.square[block]
        square *= self.decay
        square += np.multiply(grads, grads, out=scratch)

        k = (1 - self.decay) ** 0.5
        np.sqrt(square, out=scratch)
        scratch += self.epsilon / k
        np.divide(grads, scratch, out=scratch)
        scratch *= self.rate / k
        params -= scratch


class Adam(Optimizer):
    """RMSprop with momentum, and both averages corrected for the zeros that they begin with.

    m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
    p = p - r m' / (sqrt(v') + epsilon)  with  m' = m / (1 - beta1^t),  v' = v / (1 - beta2^t)

    mean is m / (1 - beta1) and square v / (1 - beta2), which saves a pass each. With j = (1 - beta1) / (1 -
    beta1^t) and k = sqrt((1 - beta2) / (1 - beta2^t)), m' = j mean and sqrt(v') = k sqrt(square), and the step is
    (r j / k) mean / (sqrt(square) + epsilon / k).

    (D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, 2015.)
    """

    def __init__(
        self,
        params: Array,
        grads: Array,
        n_weights: int,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, grads, n_weights, weight_decay=weight_decay)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.mean = self.running_average()
        self.square = self.running_average()

    def descend(self, block: slice, scratch: Array) -> None:
        params, grads = self.params[block], self.grads[block]
        mean, square = self.mean[block], self.square[block]
        mean *= self.beta1
        mean += grads
        square *= self.beta2
        square += np.multiply(grads, grads, out=scratch)

        j = (1 - self.beta1) / (1 - self.beta1**self.steps)
        k = ((1 - self.beta2) / (1 - self.beta2**self.steps)) ** 0.5
        np.sqrt(square, out=scratch)
        scratch += self.epsilon / k
        np.divide(mean, scratch, out=scratch)
        scratch *= self.rate * j / k
        params -= scratch


class AdamW(Adam):
    """Adam with decoupled weight decay: it does not divide the decay by the size of the gradient.

    (I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, 2019.)
    """

    decoupled = True


class Lion(Optimizer):
    """Steps of one size in each direction; the sign of an average decides which.

    p = p - r sign(beta1 m + (1 - beta1) g);  m = beta2 m + (1 - beta2) g, after decoupled weight decay.

    mean is m / (1 - beta2), which saves a pass, and the sum in the sign divided by 1 - beta1, another.

    (X. Chen et al., Symbolic Discovery of Optimization Algorithms, 2023.)
    """

    decoupled = True

    def __init__(
        self,
        params: Array,
        grads: Array,
        n_weights: int,
        *,
        beta1: float = 0.9,
        beta2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, grads, n_weights, weight_decay=weight_decay)
        self.beta1, self.beta2 = beta1, beta2
        self.mean = self.running_average()

    def descend(self, block: slice, scratch: Array) -> None:
        params, grads, mean = self.params[block], self.grads[block], self.mean[block]
        np.multiply(mean, self.beta1 * (1 - self.beta2) / (1 - self.beta1), out=scratch)
        scratch += grads
        np.sign(scratch, out=scratch)
        scratch *= self.rate
        params -= scratch
        mean *= self.beta2
        mean += grads
