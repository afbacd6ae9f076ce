"""An average of the weights over the steps: it lies nearer to the middle of the valley than the last step does."""

import numpy as np

from nn.flat import Array


class ExponentialMovingAverage:
    """The exponential moving average of params (size,).

    average = average + (1 - d) (params - average), with d = min(decay, (1 + t) / (10 + t)) at step t: short at
    first, so that the beginning is soon forgotten. (B. T. Polyak, A. B. Juditsky, Acceleration of Stochastic
    Approximation by Averaging, 1992.)
    """

    def __init__(self, params: Array, decay: float) -> None:
        self.params = params
        self.decay = decay
        self.average = params.copy()
        self.steps = 0
        self.share = 0.0

    def begin_step(self) -> None:
        """Settle how much of the new parameters this step takes."""
        self.steps += 1
        self.share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))

    def update(self, block: slice, scratch: Array) -> None:
        """Move this block of the average; scratch has its length."""
        average = self.average[block]
        np.subtract(self.params[block], average, out=scratch)
        scratch *= self.share
        average += scratch
