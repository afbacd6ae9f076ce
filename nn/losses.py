"""Softmax with cross-entropy: how far the network's probabilities are from the labels."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.flat import Array

Labels = NDArray[np.integer]

# exp of it is 2e-22, which changes no sum that 1 is in, but keeps the gradient by the logits from being made of
# subnormal numbers (subnormals.py), which exp gives from -87 on.
LOWEST = -50.0


def softmax(logits: Array) -> Array:
    """p = exp(logits) / sum of exp(logits) over the classes, in place; (n, classes) in, (n, classes) out.

    The largest logit of each row is subtracted first: the result is the same, and exp cannot overflow.
    """
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    return logits


def cross_entropy(logits: Array, labels: Labels) -> float:
    """Mean over the rows of -log softmax(logits)[label], in nats; 0 <= loss. (n, classes), (n,) with n > 0.

    Computed as log sum exp(logits) - logits[label], which cannot overflow as long as the differences of logits
    do not.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    own = np.take_along_axis(shifted, labels[:, None].astype(np.intp), axis=1)[:, 0]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - own, dtype=np.float64))


class SoftmaxCrossEntropy:
    """Softmax and cross-entropy as one function for training, with its gradient and buffers for `rows` rows.

    Of each row, loss = sum over the classes of -t log p, and dlogits = p - t: the two derivatives together are
    simpler, and never divide by a p near 0. No exp is below exp(LOWEST). The target t is one-hot,
    or, with smoothing s, gives s / classes to every class and the rest to the label. (C. Szegedy et al.,
    Rethinking the Inception Architecture, 2016.)
    """

    def __init__(self, rows: int, classes: int, smoothing: float = 0.0, dtype: DTypeLike = np.float32) -> None:
        self.smoothed_one_hot = np.full((classes, classes), smoothing / classes, dtype)  # the target of each label
        self.smoothed_one_hot[np.diag_indices(classes)] += 1 - smoothing
        self.targets = np.empty((rows, classes), dtype)
        self.row_scratch = np.empty((rows, 1), dtype)  # the largest logit, then the sum of exp, of each row

    def loss_and_gradient(self, rows: slice, logits: Array, labels: Labels, batch_size: int) -> float:
        """The sum of the losses of some rows; overwrites their logits with dlogits / batch_size.

        logits (n, classes) and labels (n,) are those of the rows; batch_size is the number of rows of the whole
        batch, over which the loss is a mean.
        """
        t, scratch = self.targets[rows], self.row_scratch[rows]
        self.smoothed_one_hot.take(labels, axis=0, out=t, mode="clip")

        np.maximum.reduce(logits, axis=1, keepdims=True, out=scratch)
        logits -= scratch
        loss = -float(np.vdot(t, logits))  # with log p = logits - log sum exp(logits), and t that sum to 1
        np.maximum(logits, LOWEST, out=logits)
        np.exp(logits, out=logits)
        np.add.reduce(logits, axis=1, keepdims=True, out=scratch)
        logits /= scratch
        loss += float(np.add.reduce(np.log(scratch, out=scratch), axis=None, dtype=np.float64))

        logits -= t
        logits *= 1 / batch_size
        return loss
