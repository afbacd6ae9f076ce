"""Regularization: what keeps a network from learning its training images by heart.

Deformed images are a file of their own (augmentation.py), weight decay belongs to the optimizers, label smoothing
to the loss.
"""

from collections.abc import Sequence

import numpy as np

from nn import aligned
from nn.flat import Array
from nn.layers import Layer
from nn.subnormals import FLUSH_STEPS, flush_to_zero


class Dropout(Layer):
    """y = x m / (1 - rate), where m is 0 with probability `rate` and else 1, drawn anew for every row and step.

    Backward: dx = dy m / (1 - rate). Dividing by 1 - rate keeps the mean, so that inference needs no change: the
    inference network has no Dropout. (N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks
    from Overfitting, 2014; "inverted" as is common.)
    """

    caches = (None,)
    keeps_x = True  # the layer before needs it for its own backward

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def begin_epoch(self, rngs: Sequence[np.random.Generator]) -> None:
        self.rngs = rngs

    def forward(self, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        factor = cache[0]
        self.rngs[shard].random(out=factor, dtype=factor.dtype.type)
        np.greater_equal(factor, self.rate, out=factor)
        factor *= 1 / (1 - self.rate)
        np.multiply(x, factor, out=y)

    def backward(self, dy: Array, dx: Array, x: Array, y: Array, cache: Sequence[Array], shard: int) -> None:
        np.multiply(dy, cache[0], out=dx)


class ExponentialMovingAverage:
    """The average of a vector (size,) over the steps: nearer to the middle of the valley than the last step is.

    average = d average + (1 - d) vector, with d = min(decay, (1 + t) / (10 + t)) at step t: short at first, so
    that the beginning is soon forgotten. (B. T. Polyak, A. B. Juditsky, Acceleration of Stochastic Approximation
    by Averaging, 1992.)

    scaled is average / (1 - d), which saves a pass: scaled = factor scaled + vector, with the factor
    d (1 - d of the step before) / (1 - d).
    """

    def __init__(self, vector: Array, decay: float) -> None:
        self.vector = vector
        self.decay = decay
        self.steps = 0
        self.factor = 1.0
        self.scaled = aligned.zeros(vector.shape, vector.dtype)
        np.divide(vector, 1 - self.decay_at(0), out=self.scaled)

    def decay_at(self, step: int) -> float:
        """The d of a step, counted from 1; 0 is the beginning."""
        return min(self.decay, (1 + step) / (10 + step))

    def begin_step(self) -> None:
        """Compute the factor of this step."""
        self.steps += 1
        before, now = self.decay_at(self.steps - 1), self.decay_at(self.steps)
        self.factor = now * (1 - before) / (1 - now)

    def update(self, block: slice) -> None:
        """Move this block of the average."""
        scaled = self.scaled[block]
        scaled *= self.factor
        scaled += self.vector[block]
        if self.steps % FLUSH_STEPS == 1:
            flush_to_zero(scaled)

    @property
    def average(self) -> Array:
        """The average (size,), a new array."""
        return self.scaled * (1 - self.decay_at(self.steps))


class EarlyStopping:
    """Stops training after `patience` validations in a row whose loss was not below the lowest so far.

    After that, training only fits the training images better. (L. Prechelt, Early Stopping - But When?, 1998.)
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = float("inf")
        self.bad_validations = 0

    def update(self, loss: float) -> bool:
        """Count a validation loss; True if it is the lowest so far."""
        improved = loss < self.best
        self.best = min(loss, self.best)
        self.bad_validations = 0 if improved else self.bad_validations + 1
        return improved

    @property
    def should_stop(self) -> bool:
        """Whether the loss has not fallen for `patience` validations."""
        return self.bad_validations >= self.patience
