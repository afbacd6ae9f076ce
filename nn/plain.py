"""All of backpropagation on one page: a network of Dense layers and ReLU, learning by gradient descent.

It computes what Dense, ReLU, the loss and SGD in the rest of nn compute, without their speed. Only tests and
docs use it; tests hold the fast code against it. A network is a list of (W, b), one pair for each layer. x
(n, inputs) holds n examples as rows, labels (n,) their classes, numbers from 0.

    y = x W + b     forward, each layer: x is the output of the layer before, after max(x, 0), ReLU
    dW = x^T dy     backward, each layer: d<name> is the gradient of the loss by <name>, and has its shape
    db = sum of dy over the rows
    dx = dy W^T     which is the dy of the layer before where its output was above 0, and 0 elsewhere

Why these products: y_rj = sum_i x_ri W_ij + b_j for the row r, so a little more of W_ij changes the loss by
sum_r x_ri dy_rj times as much, and a little more of x_ri by sum_j dy_rj W_ij times as much.

(D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning representations by back-propagating errors, 1986.)
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Labels = NDArray[np.integer]
Params = list[tuple[Array, Array]]
Gradients = list[tuple[Array, Array]]


def initialize(widths: list[int], rng: np.random.Generator) -> Params:
    """(W, b) of each layer, from each width to the next: W (inputs, outputs) normal, b (outputs,) zero.

    The variance of W is 2 / inputs, so that the outputs have the variance of the inputs: ReLU stops half of them.
    (K. He et al., Delving Deep into Rectifiers, 2015.)
    """
    return [(rng.standard_normal((i, o)) * (2 / i) ** 0.5, np.zeros(o)) for i, o in pairwise(widths)]


def forward(params: Params, x: Array) -> tuple[list[Array], Array]:
    """The input of each layer, and the logits (n, classes): the output of the last, which has no ReLU."""
    inputs = [x]
    for W, b in params[:-1]:
        inputs.append(np.maximum(inputs[-1] @ W + b, 0))  # Dense, then ReLU
    W, b = params[-1]
    return inputs, inputs[-1] @ W + b


def loss_and_gradient(logits: Array, labels: Labels) -> tuple[float, Array]:
    """The loss, and its gradient by the logits (n, classes): softmax and cross-entropy together.

    Softmax makes probabilities of the logits, p = exp(logits) / sum of exp(logits). The loss is the mean over the
    rows of -log p of the right class. Together their gradient is simple: (p - t) / n, where t is 1 for the right
    class and 0 for the others, because d log p_k / d logit_j is 1 - p_j for j = k and -p_j else.
    """
    rows = np.arange(len(labels))
    z = logits - logits.max(axis=1, keepdims=True)  # gives the same p, and exp cannot overflow
    total = np.exp(z).sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - z[rows, labels])  # -log p, without the log of a p that has become 0
    dlogits = np.exp(z) / total
    dlogits[rows, labels] -= 1
    return float(loss), dlogits / len(labels)


def backward(params: Params, inputs: list[Array], dlogits: Array) -> Gradients:
    """(dW, db) of each layer, by the chain rule: from the last layer to the first, then turned round."""
    dy = dlogits
    grads: Gradients = []
    for (W, _), x in zip(reversed(params), reversed(inputs), strict=True):
        grads.append((x.T @ dy, dy.sum(axis=0)))
        if x is not inputs[0]:  # nobody asks for the gradient by the images
            dy = (dy @ W.T) * (x > 0)  # back through Dense, then through the ReLU whose output x is
    return grads[::-1]


def step(params: Params, x: Array, labels: Labels, learning_rate: float) -> float:
    """One step of gradient descent, in place: every parameter moves down its gradient. Returns the loss before."""
    inputs, logits = forward(params, x)
    loss, dlogits = loss_and_gradient(logits, labels)
    for arrays, gradients in zip(params, backward(params, inputs, dlogits), strict=True):
        for p, g in zip(arrays, gradients, strict=True):
            p -= learning_rate * g
    return loss
