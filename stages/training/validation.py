"""Validation: how well the network that learns does on images that it does not learn from."""

from math import ceil, isfinite

import numpy as np

from nn.inference import fold, inference_network
from nn.losses import cross_entropy
from nn.network import Network
from nn.prediction import predict
from nn.stopping import EarlyStopping
from nn.training import Diverged, Trainer
from stages.formats import arrays

FEWEST_VALIDATIONS = 20  # of a run, unless validate_every says otherwise


def validation_due(step: int, every: int | None, steps: int, an_epoch: int) -> bool:
    """Whether this step is followed by a validation: every so many steps, or, by default, after each epoch.

    A run of few epochs is looked at several times an epoch by default, evenly spread, so that its curve has
    at least FEWEST_VALIDATIONS points.
    """
    if every is not None:
        return step % every == 0
    times_an_epoch = ceil(FEWEST_VALIDATIONS * an_epoch / steps)
    return step * times_an_epoch % an_epoch < times_an_epoch


class Validation:
    """The network that reads, measured on the validation images now and then; it becomes the model."""

    def __init__(
        self, network: Network, images: arrays.Images, labels: arrays.Labels, patience: int | None
    ) -> None:
        self.reader = inference_network(network)
        self.images, self.labels = images, labels
        self.stopping = EarlyStopping(patience) if patience else None
        self.best: arrays.Images | None = (
            None  # the reader's parameters at the lowest loss, if that may end the run
        )

    def measure(self, trainer: Trainer, step: int) -> tuple[float, float] | None:
        """Let the reader have what has been learned; loss and accuracy, None without validation images.

        Raises Diverged where the loss is not finite.
        """
        fold(trainer.network, *trainer.inference_parameters(), self.reader)
        if not len(self.labels):
            return None
        logits = predict(self.reader, self.images, trainer.team)
        loss = cross_entropy(logits, self.labels)
        if not isfinite(loss):
            raise Diverged(f"the validation loss is {loss} at iteration {step}")
        if self.stopping is not None and self.stopping.improved(loss):
            self.best = self.reader.params.copy()
        return loss, float(np.mean(logits.argmax(axis=1) == self.labels))

    @property
    def exhausted(self) -> bool:
        """Has the loss not fallen for too long?"""
        return self.stopping is not None and self.stopping.exhausted

    def settle_on_best(self) -> bool:
        """With early stopping, let the reader be the one of the lowest loss."""
        if self.best is None:
            return False
        self.reader.params[:] = self.best
        return True
