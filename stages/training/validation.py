"""Validation: how well the network that becomes the model does, on images that it learns from and on others.

Both are shown as they are, so the two losses compare: where the one falls and the other rises, the network learns
its training images by heart. The loss of the batches is another measure: their images are deformed, their labels
smoothed.
"""

from collections.abc import Mapping
from math import ceil, isfinite
from typing import NamedTuple

import numpy as np

from nn.flat import Array, Indices
from nn.inference import fold_batch_norm, inference_network, predict
from nn.losses import cross_entropy
from nn.network import Network
from nn.parallel import WorkerPool
from nn.regularization import EarlyStopping
from nn.training import Diverged, Trainer
from stages.formats import arrays

MIN_VALIDATIONS = 20  # of a run, unless validate_every says otherwise
SAMPLE = 5_000  # training images that are measured, or all where there are fewer


def is_validation_step(step: int, every: int | None, steps: int, steps_per_epoch: int) -> bool:
    """Whether a validation follows this step: every so many steps, or, by default, after each epoch.

    A run of few epochs is validated several times an epoch by default, evenly spread, so that its curve has at
    least MIN_VALIDATIONS points.
    """
    if every is not None:
        return step % every == 0
    times_per_epoch = ceil(MIN_VALIDATIONS * steps_per_epoch / steps)
    return step * times_per_epoch % steps_per_epoch < times_per_epoch


def stratified_sample(labels: arrays.Labels, size: int) -> Indices:
    """The positions of `size` images, or all, the same share of each class: evenly spaced, class by class."""
    by_class = np.argsort(labels, kind="stable")
    size = min(size, len(labels))
    return by_class[np.arange(size) * len(labels) // size]


class Validated(NamedTuple):
    """Losses (nats) and accuracies (0 to 1) of the model at one step; val_loss and val_accuracy may be None."""

    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None


class Validation:
    """The inference network, which becomes the model, and the images on which it is measured now and then.

    Those are a fixed sample of the training images, and the validation images, of which there may be none.
    """

    def __init__(
        self,
        network: Network,
        training: tuple[arrays.Images, arrays.Labels],
        validation: tuple[arrays.Images, arrays.Labels],
        patience: int | None,
    ) -> None:
        self.model = inference_network(network)
        images, labels = training
        sample = stratified_sample(labels, SAMPLE)
        self.training, self.validation = (images[sample], labels[sample]), validation
        self.early_stopping = EarlyStopping(patience) if patience else None
        self.is_best = True  # whether the model is to be the one of the last validation
        self.best: Array | None = None  # its parameters at the lowest loss, with early stopping

    def evaluate(self, trainer: Trainer, step: int) -> Validated:
        """Give the model what has been learned, and measure it; raises Diverged where a loss is not finite."""
        fold_batch_norm(trainer.network, trainer.inference_parameters(), self.model)
        train_loss, train_accuracy = self.measure(*self.training, trainer.pool, step)
        val_loss = val_accuracy = None
        if len(self.validation[1]):
            val_loss, val_accuracy = self.measure(*self.validation, trainer.pool, step)
            if self.early_stopping is not None:
                self.is_best = self.early_stopping.update(val_loss)
                if self.is_best:
                    self.best = self.model.params.copy()
        return Validated(train_loss, train_accuracy, val_loss, val_accuracy)

    def measure(
        self, images: arrays.Images, labels: arrays.Labels, pool: WorkerPool, step: int
    ) -> tuple[float, float]:
        """Loss and accuracy of the model on these images; raises Diverged where the loss is not finite."""
        logits = predict(self.model, images, pool)
        loss = cross_entropy(logits, labels)
        if not isfinite(loss):
            raise Diverged(f"the loss at the validation of iteration {step} is {loss}")
        return loss, float(np.mean(logits.argmax(axis=1) == labels))

    def state_dict(self) -> dict[str, Array]:
        """What a checkpoint keeps: with early stopping, the best parameters and what is counted."""
        if self.early_stopping is None or self.best is None:
            return {}
        stopping = self.early_stopping
        return {"best": self.best, "early_stopping": np.array([stopping.best, stopping.bad_validations])}

    def load_state_dict(self, state: Mapping[str, Array]) -> None:
        """Go on with what `state_dict` has kept."""
        if self.early_stopping is not None and "best" in state:
            self.best = state["best"]
            lowest, bad = state["early_stopping"]
            self.early_stopping.best, self.early_stopping.bad_validations = float(lowest), int(bad)

    @property
    def should_stop(self) -> bool:
        """Whether the loss has not fallen for too long."""
        return self.early_stopping is not None and self.early_stopping.should_stop

    def restore_best(self) -> None:
        """With early stopping, let the model be the one of the lowest loss."""
        if self.best is not None:
            self.model.params[:] = self.best
