"""Softmax with cross-entropy: how far the network's probabilities are from the labels."""

import numpy as np
from numpy.typing import NDArray

from nn.flat import Array

Labels = NDArray[np.integer]


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
    simpler, and safer, than each alone. The target t is one-hot, or, with smoothing s, gives s / classes to every
    class and the rest to the label. (C. Szegedy et al., Rethinking the Inception Architecture, 2016.)
    """

    def __init__(
        self, rows: int, classes: int, smoothing: float = 0.0, dtype: type[np.floating] = np.float32
    ) -> None:
        self.classes = classes
        self.smoothing = smoothing
        self.column = np.empty((rows, 1), dtype)  # the largest logit, then the sum of exp, of each row
        self.own = np.empty(rows, dtype)  # of each row the logit, later the probability, of its own label
        self.own_index = np.empty(rows, np.intp)  # where that stands in the flattened logits of its part
        self.row_starts = np.arange(0, rows * classes, classes)

    def part(self, rows: slice, logits: Array, labels: Labels, batch: int) -> float:
        """The sum of the losses of some rows; overwrites their logits with dlogits / batch.

        logits (n, classes) and labels (n,) are those of the rows; batch is the number of rows of the whole batch,
        over which the loss is a mean.
        """
        n = len(logits)
        column, own, index = self.column[rows], self.own[rows], self.own_index[rows]
        np.add(self.row_starts[:n], labels, out=index)
        entries = logits.reshape(-1, copy=False)  # a copy would take the gradient with it

        np.max(logits, axis=1, keepdims=True, out=column)
        logits -= column
        np.take(entries, index, out=own, mode="clip")
        loss = -(1 - self.smoothing) * float(np.sum(own, dtype=np.float64))
        if self.smoothing:
            loss -= self.smoothing / self.classes * float(np.sum(logits, dtype=np.float64))
        np.exp(logits, out=logits)
        np.sum(logits, axis=1, keepdims=True, out=column)
        logits /= column
        loss += float(np.sum(np.log(column, out=column), dtype=np.float64))

        np.take(entries, index, out=own, mode="clip")
        own -= 1 - self.smoothing
        np.put(entries, index, own)
        if self.smoothing:
            logits -= self.smoothing / self.classes
        logits *= 1 / batch
        return loss
