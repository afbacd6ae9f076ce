"""Validation: how well the network that learns does on images that it does not learn from."""

from math import ceil, isfinite

import numpy as np

from nn.flat import Array
from nn.inference import fold_batch_norm, inference_network, predict
from nn.losses import cross_entropy
from nn.network import Network
from nn.regularization import EarlyStopping
from nn.training import Diverged, Trainer
from stages.formats import arrays

MIN_VALIDATIONS = 20  # of a run, unless validate_every says otherwise


def is_validation_step(step: int, every: int | None, steps: int, steps_per_epoch: int) -> bool:
    """Whether a validation follows this step: every so many steps, or, by default, after each epoch.

    A run of few epochs is validated several times an epoch by default, evenly spread, so that its curve has at
    least MIN_VALIDATIONS points.
    """
    if every is not None:
        return step % every == 0
    times_per_epoch = ceil(MIN_VALIDATIONS * steps_per_epoch / steps)
    return step * times_per_epoch % steps_per_epoch < times_per_epoch


class Validation:
    """The inference network, evaluated on the validation images now and then; it becomes the model."""

    def __init__(
        self, network: Network, images: arrays.Images, labels: arrays.Labels, patience: int | None
    ) -> None:
        self.model = inference_network(network)
        self.images, self.labels = images, labels
        self.early_stopping = EarlyStopping(patience) if patience else None
        self.best: Array | None = None  # the model's parameters at the lowest loss, with early stopping

    def evaluate(self, trainer: Trainer, step: int) -> tuple[float, float] | None:
        """Give the model what has been learned; its loss and accuracy, None without validation images.

        Raises Diverged where the loss is not finite.
        """
        fold_batch_norm(trainer.network, trainer.inference_parameters(), self.model)
        if not len(self.labels):
            return None
        logits = predict(self.model, self.images, trainer.pool)
        loss = cross_entropy(logits, self.labels)
        if not isfinite(loss):
            raise Diverged(f"the validation loss is {loss} at iteration {step}")
        if self.early_stopping is not None and self.early_stopping.update(loss):
            self.best = self.model.params.copy()
        return loss, float(np.mean(logits.argmax(axis=1) == self.labels))

    @property
    def should_stop(self) -> bool:
        """Whether the loss has not fallen for too long."""
        return self.early_stopping is not None and self.early_stopping.should_stop

    def restore_best(self) -> None:
        """With early stopping, let the model be the one of the lowest loss."""
        if self.best is not None:
            self.model.params[:] = self.best
